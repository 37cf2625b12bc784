"""Drive one component of the bench in cocotb, by the names and shapes of its members."""

import random
from typing import Any

from amaranth.lib import data, wiring
from cocotb.clock import Clock
from cocotb.triggers import ReadOnly, RisingEdge

from sim.drivers.stream import reset
from tests.cosim.bench import part

__all__ = ["Ports", "Stalls"]


class Ports:
    """The members of one component of the bench.

    A plain member has an integer as its value, one with a layout a mapping of its fields, one with
    a dimension a sequence of values.

    Parameters
    ----------
    dut : handle
        The bench.
    name : str
        Of the component, one of ``PARTS``.
    """

    def __init__(self, dut: Any, name: str) -> None:
        self.dut, self.name = dut, name
        members = part(name).signature.members
        self._members = {key: member for key, member in members.items() if member.is_port}

    async def start(self) -> None:
        """Start the clock and reset, with every input of the component at 0."""
        for name, member in self._members.items():
            if member.flow is wiring.In:
                for handle in self._handles(name, member):
                    handle.value = 0
        Clock(self.dut.clk, 10, "ns").start()
        await reset(self.dut)

    def set(self, **inputs: Any) -> None:
        """Set inputs, the others keep their value."""
        for name, value in inputs.items():
            member = self._members[name]
            handles = self._handles(name, member)
            for handle, one in zip(handles, value if member.dimensions else [value], strict=True):
                handle.value = _bits(member.shape, one, len(handle))

    async def drive(self, **inputs: Any) -> None:
        """Set inputs for this cycle; wait until all outputs have settled."""
        self.set(**inputs)
        await ReadOnly()

    async def tick(self) -> None:
        """End the cycle."""
        await RisingEdge(self.dut.clk)

    def get(self, name: str) -> Any:
        """Return an output of this cycle: an integer, a view of a constant, or a list of these."""
        member = self._members[name]
        values = [_value(member.shape, int(h.value)) for h in self._handles(name, member)]
        return values if member.dimensions else values[0]

    def fields(self, name: str) -> Any:
        """Return an output with a layout as a dict of its fields, or as a list of such dicts."""
        value = self.get(name)
        return [_fields(one) for one in value] if isinstance(value, list) else _fields(value)

    def _handles(self, name: str, member: wiring.Member) -> list[Any]:
        base = f"{self.name}__{name}"
        (count,) = member.dimensions or (0,)
        names = [f"{base}__{i}" for i in range(count)] if member.dimensions else [base]
        return [getattr(self.dut, one) for one in names]


def _bits(shape: Any, value: Any, width: int) -> int:
    bits = value
    if isinstance(shape, data.Layout):
        packed: Any = value if isinstance(value, data.Const) else shape.const(value)
        bits = packed.as_bits()
    return int(bits) & (1 << width) - 1


def _value(shape: Any, bits: int) -> Any:
    return shape.from_bits(bits) if isinstance(shape, data.Layout) else bits


def _fields(view: Any) -> dict[str, Any]:
    return {name: getattr(view, name) for name, _ in view.shape()}


class Stalls:
    """Idle cycles that come in stretches: none at all, some, and mostly idle.

    Parameters
    ----------
    rng : random.Random
        Source of the stretches and of the idle cycles in them.
    """

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._left, self._idle = 0, 0.0

    def __call__(self) -> bool:
        """Say whether the next cycle is idle."""
        if not self._left:
            self._left = self._rng.randrange(1, 120)
            self._idle = self._rng.choice([0.0, 0.3, 0.85])
        self._left -= 1
        return self._rng.random() < self._idle
