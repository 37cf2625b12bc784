"""The box's time: what ages, rates and windows are measured with."""

from typing import Final

from amaranth import Cat, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["TimeBase"]

_FRACTION_BITS: Final = 16


class TimeBase(wiring.Component):
    """Count time, or follow the times of what comes in.

    With ``step`` 0 the time is the latest that was seen: a replay is judged by the time of its
    records. Otherwise it advances with the clock, and records do not move it. It never goes back.

    Timing
    ------
    A time that is seen in cycle k is in ``now`` from cycle k + ``LATENCY`` on.

    Parameters
    ----------
    time_bits : int
        Width of times, 16 to 64 [bits].

    Members
    -------
    step : ``In(32)``
        What a cycle adds [2^-16 ns]; 0 follows.
    seen0, time0, seen1, time1 : ``In(1)``, ``In(64)``
        Times of records [ns].
    now : ``Out(time_bits)``
        The time [ns]; stops at its largest value.
    clear : ``In(1)``
        Start at 0.

    Raises
    ------
    ValueError
        If ``time_bits`` is out of range.
    """

    LATENCY: Final = 1

    step: Value
    seen0: Value
    time0: Value
    seen1: Value
    time1: Value
    now: Value
    clear: Value

    def __init__(self, *, time_bits: int) -> None:
        if not 16 <= time_bits <= 64:
            raise ValueError(f"time_bits must be from 16 to 64, not {time_bits}")
        self.time_bits = time_bits
        ports = {"seen0": In(1), "time0": In(64), "seen1": In(1), "time1": In(64)}
        super().__init__({"step": In(32), **ports, "now": Out(time_bits), "clear": In(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        fraction = Signal(_FRACTION_BITS)
        count = Signal(self.time_bits + _FRACTION_BITS + 1)
        m.d.comb += count.eq(Cat(fraction, self.now) + self.step)
        latest = Signal(64)
        first = Mux(self.seen0, self.time0, 0)
        second = Mux(self.seen1, self.time1, 0)
        m.d.comb += latest.eq(Mux(first > second, first, second))
        with m.If(self.step == 0):
            with m.If(latest > self.now):
                beyond = latest[self.time_bits :].any()
                m.d.sync += self.now.eq(Mux(beyond, (1 << self.time_bits) - 1, latest))
        with m.Elif(~count[-1]):
            m.d.sync += [fraction.eq(count), self.now.eq(count[_FRACTION_BITS:])]
        with m.If(self.clear):
            m.d.sync += [fraction.eq(0), self.now.eq(0)]
        return m
