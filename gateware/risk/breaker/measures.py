"""Measures compared with their bounds, one after the other."""

from typing import Any, Final

from amaranth import Array, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["Measures"]

#: Cycles from the start until the first measure is compared.
_STAGES: Final = 3


class Measures(wiring.Component):
    """Say which measures are over their bound, and which are near it: at 3/4 of it, or above.

    Timing
    ------
    ``start`` in cycle 0; the measures and bounds stay from cycle 0 on until ``done``, which is 1 in
    cycle ``latency``. ``over`` and ``near`` are valid from then until the next start.

    Parameters
    ----------
    count : int
        Measures, at least 2.
    bits : int
        Width of them, at least 1 [bits].

    Members
    -------
    start : ``In(1)``
        Compare.
    measures, bounds : ``In(bits)`` for each
        What is compared, of any unit.
    done : ``Out(1)``
        All are compared.
    over : ``Out(count)``
        Measures above their bound.
    near : ``Out(count)``
        Measures of at least 3/4 of it.
    clear : ``In(1)``
        Stop.

    Raises
    ------
    ValueError
        If ``count`` or ``bits`` is too small.
    """

    start: Value
    measures: Any
    bounds: Any
    done: Value
    over: Value
    near: Value
    clear: Value

    def __init__(self, *, count: int, bits: int) -> None:
        if count < 2:
            raise ValueError(f"count must be at least 2, not {count}")
        if bits < 1:
            raise ValueError(f"bits must be at least 1, not {bits}")
        self.count, self.bits = count, bits
        super().__init__(
            {
                "start": In(1),
                "measures": In(bits).array(count),
                "bounds": In(bits).array(count),
                "done": Out(1),
                "over": Out(count),
                "near": Out(count),
                "clear": In(1),
            }
        )

    @property
    def latency(self) -> int:
        """Cycles from ``start`` to ``done``."""
        return self.count + _STAGES

    def elaborate(self, platform: object) -> Module:
        m = Module()
        step, turn = Signal(self.latency), Signal(range(self.count))
        with m.If(self.start):
            m.d.sync += turn.eq(0)
        with m.Else():
            m.d.sync += turn.eq(turn + 1)
        measure, bound = Signal(self.bits), Signal(self.bits)
        quadruple, triple = Signal(self.bits + 2), Signal(self.bits + 2)
        above = Signal()
        m.d.sync += [
            step.eq((step << 1) | self.start),
            measure.eq(Array(self.measures[n] for n in range(self.count))[turn]),
            bound.eq(Array(self.bounds[n] for n in range(self.count))[turn]),
            quadruple.eq(measure << 2),
            triple.eq(bound + (bound << 1)),
            above.eq(measure > bound),
        ]
        # The n-th comes in at the top n + _STAGES cycles after the start, and moves down.
        with m.If(step[_STAGES - 1 : -1].any()):
            for found, bit in ((self.over, above), (self.near, quadruple >= triple)):
                m.d.sync += found.eq((found >> 1) | (bit << (self.count - 1)))
        with m.If(self.clear):
            m.d.sync += step.eq(0)
        m.d.comb += self.done.eq(step[-1])
        return m
