"""The top that is simulated: every port of the device is a register away from the harness.

Verilator evaluates what depends on an input again for each change of it, beside what the clock
edge changes. Behind registers, one evaluation a cycle is enough: it is some three times as fast.
"""

from amaranth import ClockDomain, ClockSignal, Module, ResetSignal, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from gateware.common.records import BOOK_EVENT_LAYOUT, MARKET_UPDATE_LAYOUT
from gateware.top.book_top import BookTop

__all__ = ["ClockedTop"]


class ClockedTop(wiring.Component):
    """Registers in front of a device; the device itself is unchanged, cycle for cycle.

    Timing
    ------
    What the harness drives reaches the device one cycle later. What the device puts out is seen in
    the same cycle, so ``r_data`` belongs to the ``address`` of two cycles before.

    Parameters
    ----------
    device : BookTop
        The device.

    Members
    -------
    clock, reset : ``In(1)``, ``In(1)``
        Clock, and reset in force one cycle later.
    update_data, update_valid : ``In(384)``, ``In(1)``
        The next update; taken if ``update_free`` is 1.
    update_free : ``Out(1)``
        The update that stands before the device, if any, leaves in this cycle.
    event_data : ``Out(704)``
        The event that the device puts out in this cycle.
    event_ready : ``In(1)``
        Take events from the next cycle on.
    event_taken : ``Out(1)``
        That event leaves in this cycle.
    address, r_stb, r_data, w_stb, w_data : ``In``, ``Out``
        Register bus.
    """

    clock: Value
    reset: Value
    update_data: Value
    update_valid: Value
    update_free: Value
    event_data: Value
    event_ready: Value
    event_taken: Value
    address: Value
    r_stb: Value
    r_data: Value
    w_stb: Value
    w_data: Value

    def __init__(self, *, device: BookTop) -> None:
        self.device = device
        super().__init__(
            {
                "clock": In(1),
                "reset": In(1),
                "update_data": In(MARKET_UPDATE_LAYOUT.size),
                "update_valid": In(1),
                "update_free": Out(1),
                "event_data": Out(BOOK_EVENT_LAYOUT.size),
                "event_ready": In(1),
                "event_taken": Out(1),
                "address": In(16),
                "r_stb": In(1),
                "r_data": Out(32),
                "w_stb": In(1),
                "w_data": In(32),
            }
        )

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
        m.submodules.device = device = self.device
        update, valid = Signal(MARKET_UPDATE_LAYOUT.size), Signal()
        m.d.comb += [
            Value.cast(device.i.payload).eq(update),
            device.i.valid.eq(valid),
            self.update_free.eq(~valid | device.i.ready),
            self.event_data.eq(Value.cast(device.o.payload)),
            self.event_taken.eq(device.o.valid & device.o.ready),
            self.r_data.eq(device.csr_r_data),
        ]
        with m.If(self.update_free):
            m.d.sync += [update.eq(self.update_data), valid.eq(self.update_valid)]
        registered = (
            (device.o.ready, self.event_ready),
            (device.csr_address, self.address),
            (device.csr_r_stb, self.r_stb),
            (device.csr_w_stb, self.w_stb),
            (device.csr_w_data, self.w_data),
        )
        for index, (port, source) in enumerate(registered):
            stage = Signal(source.shape(), name=f"stage{index}")
            m.d.sync += stage.eq(source)
            m.d.comb += port.eq(stage)
        return m
