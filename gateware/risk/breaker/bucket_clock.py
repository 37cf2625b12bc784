"""Time in buckets of equal length."""

from typing import Final

from amaranth import Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.breaker_detectors import WINDOW_BUCKETS

__all__ = ["BucketClock"]


class BucketClock(wiring.Component):
    """Say when a bucket ends and the next one begins.

    If the time has gone by the end of a bucket by as much as a whole window, nothing that was in
    it counts any more, and a bucket begins at that time. If it has gone by less, the buckets end
    one after the other.

    Timing
    ------
    A time that reaches the end of the bucket in cycle k shows as ``next_bucket`` or ``empty`` in
    cycle k + 2 to k + ``LATENCY``, if none did in the cycles before; then as often as needed, every
    ``INTERVAL`` cycles. ``behind`` is 1 from the first of them on until the end of the bucket lies
    ahead.

    Parameters
    ----------
    time_bits : int
        Width of times, 16 to 64 [bits].

    Members
    -------
    now : ``In(time_bits)``
        The time [ns]; never goes back.
    length : ``In(time_bits)``
        Of a bucket [ns]; 0: the bucket never ends. With a new length the bucket ends so much later
        than now.
    next_bucket : ``Out(1)``
        A bucket has ended.
    empty : ``Out(1)``
        All buckets of the window have.
    behind : ``Out(1)``
        More of them may follow at once.

    Raises
    ------
    ValueError
        If ``time_bits`` is out of range.
    """

    LATENCY: Final = 4
    INTERVAL: Final = 3

    now: Value
    length: Value
    next_bucket: Value
    empty: Value
    behind: Value

    def __init__(self, *, time_bits: int) -> None:
        if not 16 <= time_bits <= 64:
            raise ValueError(f"time_bits must be from 16 to 64, not {time_bits}")
        self.time_bits = time_bits
        times = {"now": In(time_bits), "length": In(time_bits)}
        super().__init__({**times, "next_bucket": Out(1), "empty": Out(1), "behind": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bits = (WINDOW_BUCKETS - 1).bit_length()
        length = Signal(self.time_bits)  # of the bucket under way
        end, far = Signal(self.time_bits + 1), Signal(self.time_bits + bits + 1)
        compare, act, measure = Signal(init=1), Signal(), Signal()
        due, gone, changed = Signal(), Signal(), Signal()
        m.d.sync += [act.eq(compare), measure.eq(act), compare.eq(measure)]
        m.d.sync += [self.next_bucket.eq(0), self.empty.eq(0)]
        with m.If(compare):
            m.d.sync += [
                due.eq((self.now >= end) & (length != 0)),
                gone.eq((self.now >= far) & (length != 0)),
                changed.eq(self.length != length),
            ]
        with m.If(act):
            base = Mux(changed | gone, self.now, end)
            step = Mux(changed, self.length, length)
            with m.If(changed | due):
                m.d.sync += [end.eq(base + step), length.eq(step)]
            m.d.sync += [
                self.behind.eq(due & ~changed),
                self.empty.eq(gone & ~changed),
                self.next_bucket.eq(due & ~gone & ~changed),
            ]
        with m.If(measure):
            m.d.sync += far.eq(end + (length << bits))
        return m
