"""Highest and lowest price of each instrument within a window of time."""

from typing import Any, Final

from amaranth import Cat, Module, Mux, Signal, Value, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from gateware.common.view import view
from gateware.market.layouts import index_of
from gateware.market.tables import table
from hw.breaker_detectors import WINDOW_BUCKETS

__all__ = ["PriceWindow"]


class PriceWindow(wiring.Component):
    """Keep the extremes of the last buckets: the one under way and those that ended before it.

    A price counts in every bucket in which it stood, so that a bucket without a change has the
    price that stood before it. Only the first item of a bucket says what stood; a bucket
    without any is left out, and the next one that has an item has that price.

    Timing
    ------
    An item of cycle 0 is in the extremes that are valid in cycle ``LATENCY``, as are all items
    before it and none after. One item a cycle, of any instruments. ``next_bucket`` or ``empty`` in
    cycle k: items of cycle k and before belong to the bucket that ends.

    Parameters
    ----------
    instruments : int
        A power of two, at least 2.
    price_bits : int
        Width of prices [bits].

    Members
    -------
    valid : ``In(1)``
        There is an item.
    instrument : ``In``
        Whose.
    price, before : ``In(price_bits)``
        Its price from now on, and until now; the same, if it had none.
    next_bucket : ``In(1)``
        The bucket under way ends, and so does what the window's oldest one had.
    empty : ``In(1)``
        Forget all buckets.
    highest, lowest : ``Out(price_bits)``
        Extremes of the item of ``LATENCY`` cycles before, its own prices included.

    Raises
    ------
    ValueError
        If ``instruments`` is no such number, or ``price_bits`` is below 1.
    """

    LATENCY: Final = 4

    valid: Value
    instrument: Value
    price: Value
    before: Value
    next_bucket: Value
    empty: Value
    highest: Value
    lowest: Value

    def __init__(self, *, instruments: int, price_bits: int) -> None:
        if instruments < 2 or instruments & (instruments - 1):
            raise ValueError(f"instruments must be a power of two from 2, not {instruments}")
        if price_bits < 1:
            raise ValueError(f"price_bits must be at least 1, not {price_bits}")
        self.instruments, self.price_bits = instruments, price_bits
        price = unsigned(price_bits)
        self._extremes = data.StructLayout({"highest": price, "lowest": price})
        super().__init__(
            {
                "valid": In(1),
                "instrument": In(index_of(instruments)),
                "price": In(price),
                "before": In(price),
                "next_bucket": In(1),
                "empty": In(1),
                "highest": Out(price),
                "lowest": Out(price),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        place = Signal(WINDOW_BUCKETS, init=1)  # of the bucket under way
        opened, opening = Signal(self.instruments), Signal(self.instruments)
        own = Signal(self.instruments)
        m.d.comb += [
            own.eq(Cat((self.instrument == i) & self.valid for i in range(self.instruments))),
            opening.eq(opened | own),
        ]
        with m.If(self.empty):
            m.d.sync += opened.eq(0)
        with m.Elif(self.next_bucket):
            m.d.sync += [opened.eq(0), place.eq(place.rotate_left(1))]
        with m.Else():
            m.d.sync += opened.eq(opening)
        extremes = self._open(m, opened)
        entries = []
        for n in range(WINDOW_BUCKETS):
            closed = self._closed(m, n, place, opening)
            memory, write = table(m, f"bucket{n}", shape=self._extremes, depth=self.instruments)
            read = memory.read_port(domain="comb")
            entry = view(self._extremes, name=f"entry{n}")
            m.d.comb += [
                write.addr.eq(self.instrument),
                write.data.eq(extremes),
                write.en.eq(self.valid & place[n]),
                read.addr.eq(self.instrument),
            ]
            # What does not count is replaced by what cannot be an extreme.
            counts = closed.bit_select(self.instrument, 1)
            m.d.sync += [
                entry.highest.eq(Mux(counts, read.data.highest, 0)),
                entry.lowest.eq(Mux(counts, read.data.lowest, (1 << self.price_bits) - 1)),
            ]
            with m.If(place[n]):
                m.d.sync += entry.eq(extremes)
            entries.append(entry)
        self._gather(m, entries)
        return m

    def _open(self, m: Module, opened: Value) -> Any:
        """Return the extremes of the bucket under way, this item in it."""
        extremes = view(self._extremes, name="extremes")
        memory, write = table(m, "open", shape=self._extremes, depth=self.instruments)
        read = memory.read_port(domain="comb")
        is_open = opened.bit_select(self.instrument, 1)
        higher, lower = Signal(), Signal()
        m.d.comb += [
            read.addr.eq(self.instrument),
            # Both comparisons at once; which one counts is known as late as they are.
            higher.eq(Mux(is_open, self.price > read.data.highest, self.price > self.before)),
            lower.eq(Mux(is_open, self.price < read.data.lowest, self.price < self.before)),
            extremes.highest.eq(
                Mux(higher, self.price, Mux(is_open, read.data.highest, self.before))
            ),
            extremes.lowest.eq(Mux(lower, self.price, Mux(is_open, read.data.lowest, self.before))),
            write.addr.eq(self.instrument),
            write.data.eq(extremes),
            write.en.eq(self.valid),
        ]
        return extremes

    def _closed(self, m: Module, n: int, place: Value, opening: Value) -> Value:
        """Return which instruments have something in a bucket that has ended."""
        closed = Signal(self.instruments, name=f"closed{n}")
        with m.If(self.empty):
            m.d.sync += closed.eq(0)
        with m.Elif(self.next_bucket & place[n]):
            m.d.sync += closed.eq(opening)
        return closed

    def _gather(self, m: Module, entries: list[Any]) -> None:
        """Find the extremes of all buckets, two and two."""
        level = 0
        while len(entries) > 1:
            level += 1
            halves = []
            for n in range(0, len(entries), 2):
                a, b = entries[n], entries[n + 1]
                half = view(self._extremes, name=f"half{level}_{n}")
                m.d.sync += [
                    half.highest.eq(Mux(a.highest > b.highest, a.highest, b.highest)),
                    half.lowest.eq(Mux(a.lowest < b.lowest, a.lowest, b.lowest)),
                ]
                halves.append(half)
            entries = halves
        m.d.comb += [self.highest.eq(entries[0].highest), self.lowest.eq(entries[0].lowest)]
