"""The top that is simulated: every port of the device is a register away from the harness.

Verilator evaluates what depends on an input again for each change of it, beside what the clock
edge changes. Behind registers, one evaluation a cycle is enough: it is some three times as fast.
"""

from typing import Any, Final

from amaranth import ClockDomain, ClockSignal, Module, ResetSignal, Shape, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

__all__ = ["ClockedTop"]

_NAMES: Final = {"i": "update", "o": "event"}  # what the harness calls them


class ClockedTop(wiring.Component):
    """Registers in front of a device; the device itself is unchanged, cycle for cycle.

    Timing
    ------
    What the harness drives reaches the device one cycle later. What the device puts out is seen in
    the same cycle, so ``csr_r_data`` belongs to the ``csr_address`` of two cycles before.

    Parameters
    ----------
    device : wiring.Component
        The device. Its ports are streams and plain signals.

    Members
    -------
    clock, reset : ``In(1)``, ``In(1)``
        Clock, and reset in force one cycle later.
    <name>_data, <name>_valid : ``In(width)``, ``In(1)`` for each stream into the device
        The next record; taken if ``<name>_free`` is 1. ``i`` is called ``update`` here.
    <name>_free : ``Out(1)``
        The record that stands before the device, if any, leaves in this cycle.
    <name>_data : ``Out(width)`` for each stream out of the device
        The record that the device puts out in this cycle. ``o`` is called ``event`` here.
    <name>_ready : ``In(1)``
        Take records from the next cycle on.
    <name>_taken : ``Out(1)``
        That record leaves in this cycle.
    <name> : ``In`` or ``Out`` for each plain port of the device
        That port.
    """

    clock: Value
    reset: Value

    def __init__(self, *, device: wiring.Component) -> None:
        self.device = device
        ports: dict[str, Any] = {"clock": In(1), "reset": In(1)}
        for port, member in device.signature.members.items():
            name = _NAMES.get(port, port)
            if member.is_port:
                ports[name] = member.flow(member.shape)
                continue
            record = member.signature.members["payload"]
            width = Shape.cast(record.shape).width
            if member.flow is In:
                ports |= {f"{name}_data": In(width), f"{name}_valid": In(1), f"{name}_free": Out(1)}
            else:
                ports |= {f"{name}_data": Out(width), f"{name}_ready": In(1)}
                ports[f"{name}_taken"] = Out(1)
        super().__init__(ports)

    def elaborate(self, platform: object) -> Module:
        """Return the module."""
        m = Module()
        reset = Signal(init=1)
        m.domains.early = ClockDomain(reset_less=True)
        m.domains.sync = ClockDomain()
        m.d.comb += [
            ClockSignal("early").eq(self.clock),
            ClockSignal().eq(self.clock),
            ResetSignal().eq(reset),
        ]
        m.d.early += reset.eq(self.reset)
        m.submodules.device = self.device
        for port, member in self.device.signature.members.items():
            name, inner = _NAMES.get(port, port), getattr(self.device, port)
            if not member.is_port:
                (self._into if member.flow is In else self._out_of)(m, name, inner)
            elif member.flow is In:
                m.d.comb += Value.cast(inner).eq(self._registered(m, name))
            else:
                m.d.comb += getattr(self, name).eq(inner)
        return m

    def _registered(self, m: Module, name: str) -> Signal:
        """Return a port of the harness, one cycle later."""
        source = getattr(self, name)
        stage = Signal(len(source), name=f"{name}_stage")
        m.d.sync += stage.eq(source)
        return stage

    def _into(self, m: Module, name: str, port: stream.Interface) -> None:
        data, valid, free = (getattr(self, f"{name}_{part}") for part in ("data", "valid", "free"))
        record, waits = Signal(len(data), name=f"{name}_record"), Signal(name=f"{name}_waits")
        m.d.comb += [
            Value.cast(port.payload).eq(record),
            port.valid.eq(waits),
            free.eq(~waits | port.ready),
        ]
        with m.If(free):
            m.d.sync += [record.eq(data), waits.eq(valid)]

    def _out_of(self, m: Module, name: str, port: stream.Interface) -> None:
        data, taken = getattr(self, f"{name}_data"), getattr(self, f"{name}_taken")
        m.d.comb += [
            port.ready.eq(self._registered(m, f"{name}_ready")),
            data.eq(Value.cast(port.payload)),
            taken.eq(port.valid & port.ready),
        ]
