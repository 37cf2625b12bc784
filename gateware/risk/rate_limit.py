"""A token bucket as one number: the generic cell rate algorithm."""

from typing import Final

from amaranth import Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["RateLimit"]


class RateLimit(wiring.Component):
    """Judge an order by the theoretical arrival time (tat) of its bucket.

    An order conforms if ``tat <= now + tolerance``; if it is let through, tat becomes
    ``max(now, tat) + period``. That is a bucket of 1 + tolerance / period tokens, one more every
    ``period``: in no interval of length T do more than 1 + (tolerance + T) / period orders conform.
    Nothing is refilled in the background, and a time that stands still or goes back adds nothing.

    A period of 0 never conforms, nor does an order whose next arrival time would not fit.

    Timing
    ------
    The inputs are sampled in cycle 0, ``conforms`` and ``next_tat`` are valid in cycle ``LATENCY``.
    One order a cycle; the state is the caller's.

    Parameters
    ----------
    time_bits : int
        Width of times [bits].
    period_bits : int
        Width of the period, at most ``time_bits`` [bits].

    Members
    -------
    now, tat : ``In(time_bits)``
        The time, and the bucket's theoretical arrival time [ns].
    period, tolerance : ``In(period_bits)``, ``In(time_bits)``
        Mean time between orders [ns]; how far a burst may run ahead [ns].
    conforms : ``Out(1)``
        The order is within the rate.
    next_tat : ``Out(time_bits)``
        Arrival time if it is let through [ns].

    Raises
    ------
    ValueError
        If a width is out of range.

    References
    ----------
    ITU-T I.371 (03/2004), annex A: the virtual scheduling algorithm.
    """

    LATENCY: Final = 2

    now: Value
    tat: Value
    period: Value
    tolerance: Value
    conforms: Value
    next_tat: Value

    def __init__(self, *, time_bits: int = 64, period_bits: int = 48) -> None:
        if not 1 <= period_bits <= time_bits:
            raise ValueError(f"period_bits must be from 1 to {time_bits}, not {period_bits}")
        self.time_bits = time_bits
        self.period_bits = period_bits
        super().__init__(
            {
                "now": In(time_bits),
                "tat": In(time_bits),
                "period": In(period_bits),
                "tolerance": In(time_bits),
                "conforms": Out(1),
                "next_tat": Out(time_bits),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        latest, tat = Signal(self.time_bits), Signal(self.time_bits)
        horizon = Signal(self.time_bits + 1)
        period = Signal(self.period_bits)
        following = Signal(self.time_bits + 1)
        m.d.sync += [
            tat.eq(self.tat),
            latest.eq(Mux(self.tat > self.now, self.tat, self.now)),
            horizon.eq(self.now + self.tolerance),
            period.eq(self.period),
        ]
        m.d.comb += following.eq(latest + period)
        m.d.sync += [
            self.conforms.eq((period != 0) & (tat <= horizon) & ~following[-1]),
            self.next_tat.eq(following),
        ]
        return m
