"""What an instrument's market was, and the fences that its next change must stay within."""

from typing import Any, Final

from amaranth import Cat, Module, Mux, Signal, Value, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from gateware.common.view import view
from gateware.market.layouts import index_of, market_venue
from gateware.market.tables import table
from gateware.risk.breaker.divergence import DIVERGENCE_LATENCY, measure_divergence
from gateware.risk.breaker.fences import keep_fences, set_fences
from gateware.risk.breaker.layouts import (
    COUNT_BITS,
    fences_layout,
    item_layout,
    snapshot_layout,
    thresholds_layout,
)
from gateware.risk.breaker.price_window import PriceWindow
from hw.breaker_detectors import BREAKER_WINDOWS
from hw.risk_parameters import RiskParameters

__all__ = ["PriceHistory"]


class PriceHistory(wiring.Component):
    """Keep the prices that stood, and the changes of the bucket; set the fences.

    An item is a change, or a look at what stands: it renews the fences, as if what stands had come
    again.

    Timing
    ------
    Item in cycle 0. Its fences, by all items of its instrument up to it, are found by a select in
    cycle ``FENCE_LATENCY`` or later; they are there one cycle after the select, and so is the count
    of all changes up to the cycle of the select. ``bounds`` are there at once. One item a cycle.

    ``seen_valid`` is 1 in cycle ``LATENCY`` of an item with ``look``, and ``seen`` is valid from
    then on; two of those are at least ``LATENCY`` cycles apart. Thresholds that are stored in cycle
    k are in the fences of items of cycle k - 4 or later.

    Parameters
    ----------
    parameters : RiskParameters
        Sizes of the build.

    Members
    -------
    valid, item, look : ``In(1)``, ``In(item_layout)``, ``In(1)``
        An item.
    row : ``In(market_venue)`` for each venue
        What the venues have; of a change only.
    now : ``In(time_bits)``
        The time [ns].
    next_bucket, empty : ``In(3)``, ``In(3)``
        As of ``PriceWindow``, a bit for each window.
    store, store_instrument, thresholds : ``In(1)``, ``In``, ``In(thresholds_layout)``
        New thresholds of an instrument.
    select, fences, fenced : ``In``, ``Out(fences_layout)``, ``Out(1)``
        The fences of an instrument, and whether it has any.
    bounds, count : ``Out`` for each window, ``Out(32)``
        How far it may move [double ticks], and its changes in the bucket of window 1 under way.
    seen_valid, seen : ``Out(1)``, ``Out(snapshot_layout)``
        What an item with ``look`` saw, itself included.
    clear : ``In(1)``
        Forget all instruments, and what is under way.
    """

    LATENCY: Final = 7
    FENCE_LATENCY: Final = 8

    valid: Value
    item: Any
    look: Value
    row: Any
    now: Value
    next_bucket: Value
    empty: Value
    store: Value
    store_instrument: Value
    thresholds: Any
    select: Value
    fences: Any
    fenced: Value
    bounds: Any
    count: Value
    seen_valid: Value
    seen: Any
    clear: Value

    def __init__(self, *, parameters: RiskParameters) -> None:
        self.parameters = p = parameters
        self._price = unsigned(p.tick_bits + 1)
        super().__init__(
            {
                "valid": In(1),
                "item": In(item_layout(p)),
                "look": In(1),
                "row": In(market_venue(p)).array(p.venues),
                "now": In(p.time_bits),
                "next_bucket": In(BREAKER_WINDOWS),
                "empty": In(BREAKER_WINDOWS),
                "store": In(1),
                "store_instrument": In(index_of(p.instruments)),
                "thresholds": In(thresholds_layout(p)),
                "select": In(index_of(p.instruments)),
                "fences": Out(fences_layout(p)),
                "fenced": Out(1),
                "bounds": Out(thresholds_layout(p)["returns"].shape),
                "count": Out(COUNT_BITS),
                "seen_valid": Out(1),
                "seen": Out(snapshot_layout(p)),
                "clear": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p = self.parameters
        self._snapshot = view(snapshot_layout(p), name="snapshot")
        # What goes along with an item; a bit that counts by itself is cleared.
        tag = data.StructLayout({"change": 1, "stands": 1, "instrument": index_of(p.instruments)})
        self._tags = [view(tag, name=f"tag{n}") for n in range(self.LATENCY + 1)]
        self._valid = [Signal(name=f"valid{n}") for n in range(self.LATENCY + 1)]
        self._looks = [Signal(name=f"look{n}") for n in range(self.LATENCY + 1)]
        m.d.comb += [
            self._valid[0].eq(self.valid & ~self.clear), self._looks[0].eq(self.look & self.valid),
            self._tags[0].change.eq(self.item.change),
            self._tags[0].instrument.eq(self.item.instrument),
        ]  # fmt: skip
        for n in range(self.LATENCY):
            m.d.sync += [
                self._valid[n + 1].eq(self._valid[n] & ~self.clear),
                self._looks[n + 1].eq(self._looks[n] & ~self.clear),
                self._tags[n + 1].eq(self._tags[n]),
            ]
        price, before = self._stand(m)
        self._count(m)
        self._diverge(m)
        self._fence(m, price, before)
        m.d.comb += [self.seen.eq(self._snapshot), self.seen_valid.eq(self._looks[-1])]
        return m

    def _mask(self, m: Module, name: str, stage: int, sets: Value, *forgets: Value) -> Value:
        """Keep a bit for each instrument; return that of the item in a stage."""
        mask = Signal(self.parameters.instruments, name=name)
        index = self._tags[stage].instrument
        with m.If(Cat(self.clear, *forgets).any()):
            m.d.sync += mask.eq(0)
        with m.Elif(sets & self._valid[stage]):
            m.d.sync += mask.bit_select(index, 1).eq(1)
        return mask.bit_select(index, 1)

    def _kept(self, m: Module, name: str, shape: Any, stage: int, sets: Value, new: Any) -> Any:
        """Keep a word for each instrument; return that of the item in a stage."""
        memory, write = table(m, name, shape=shape, depth=self.parameters.instruments)
        read = memory.read_port(domain="comb")
        m.d.comb += [
            read.addr.eq(self._tags[stage].instrument),
            write.addr.eq(self._tags[stage].instrument),
            write.data.eq(new),
            write.en.eq(sets & self._valid[stage]),
        ]
        return read.data

    def _stand(self, m: Module) -> tuple[Value, Value]:
        """Find what stands after the item, in cycle 1; return its price and that before it."""
        item, tag, seen = self.item, self._tags[1], self._snapshot
        fields = snapshot_layout(self.parameters)
        shape = data.StructLayout({n: fields[n].shape for n in ("price", "spread", "depth")})
        come, stands = view(shape, name="come"), view(shape, name="stands")
        priced = Signal()
        spread, deeper = Signal(self.parameters.tick_bits), item.bid_quantity > item.ask_quantity
        m.d.comb += spread.eq(item.ask - item.bid)
        m.d.sync += [
            priced.eq(item.change & item.priced),
            come.price.eq(item.bid + item.ask),
            come.spread.eq(Mux(item.ask > item.bid, spread, 0)),
            come.depth.eq(Mux(deeper, item.ask_quantity, item.bid_quantity)),
        ]
        known = self._mask(m, "known", 1, priced)
        old = self._kept(m, "standing", shape, 1, priced, come)
        price, before = Signal(self._price, reset_less=True), Signal(self._price, reset_less=True)
        m.d.comb += stands.eq(Mux(priced, Value.cast(come), Value.cast(old)))
        m.d.sync += [
            self._tags[2].stands.eq(known | priced),
            price.eq(stands.price),
            before.eq(Mux(known, old.price, stands.price)),
        ]
        heard, latest = Signal(), Signal(self.parameters.time_bits)
        told = tag.change | ~heard
        m.d.comb += heard.eq(self._mask(m, "heard", 1, told))
        time = self._kept(m, "times", self.parameters.time_bits, 1, told, self.now)
        m.d.comb += latest.eq(Mux(told, self.now, time))
        with m.If(self._looks[1]):
            m.d.sync += [
                seen.known.eq(known | priced), seen.price.eq(stands.price), seen.time.eq(latest),
                seen.spread.eq(stands.spread), seen.depth.eq(stands.depth),
            ]  # fmt: skip
        return price, before

    def _count(self, m: Module) -> None:
        """Count the changes of the bucket, in cycle 0; show what the selected instrument has."""
        change, ends = self.item.change & self._valid[0], Cat(self.next_bucket[1], self.empty[1])
        memory, write = table(
            m, "counts", shape=unsigned(COUNT_BITS), depth=self.parameters.instruments
        )
        begun = Signal(self.parameters.instruments)
        counts: list[Value] = []
        for whose, more in (
            (self.item.instrument, change),
            (self.select, change & (self.select == self.item.instrument)),
        ):
            read = memory.read_port(domain="comb")
            stood = Signal(COUNT_BITS, name=f"stood{len(counts)}")
            m.d.comb += [
                read.addr.eq(whose),
                stood.eq(Mux(begun.bit_select(whose, 1), read.data, 0)),
            ]
            counts.append((stood + (more & ~stood.all()))[:COUNT_BITS])
        m.d.comb += [
            write.addr.eq(self.item.instrument), write.data.eq(counts[0]), write.en.eq(change),
        ]  # fmt: skip
        over = ends.any() | self.clear
        with m.If(over):
            m.d.sync += begun.eq(0)
        with m.Elif(change):
            m.d.sync += begun.bit_select(self.item.instrument, 1).eq(1)
        m.d.sync += self.count.eq(Mux(over, 0, counts[1]))
        with m.If(self._looks[0]):
            m.d.sync += self._snapshot.count.eq(counts[0])

    def _diverge(self, m: Module) -> None:
        """Keep how far the venues were apart."""
        stage = DIVERGENCE_LATENCY
        change = self._tags[stage].change
        new = measure_divergence(m, self.row, self.parameters)
        known = self._mask(m, "diverged", stage, change)
        old = self._kept(m, "divergences", self._price, stage, change, new)
        with m.If(self._looks[stage]):
            m.d.sync += self._snapshot.divergence.eq(Mux(change, new, Mux(known, old, 0)))

    def _fence(self, m: Module, price: Value, before: Value) -> None:
        """Set fences about the extremes in cycle 6; they are there in cycle 7, and then kept."""
        p = self.parameters
        memory, write = table(m, "thresholds", shape=thresholds_layout(p), depth=p.instruments)
        read, selected = memory.read_port(domain="comb"), memory.read_port(domain="comb")
        bounds = view(thresholds_layout(p), name="own")
        m.d.comb += [
            write.addr.eq(self.store_instrument),
            write.data.eq(self.thresholds),
            write.en.eq(self.store),
            read.addr.eq(self._tags[5].instrument),
            selected.addr.eq(self.select),
            self.bounds.eq(selected.data.returns),
        ]
        fences = view(fences_layout(p), name="new")
        m.d.sync += [bounds.eq(read.data), fences.floor.eq(bounds.floor)]
        for w in range(BREAKER_WINDOWS):
            highest, lowest = self._window(m, w, price, before)
            low, high = fences.lows[w], fences.highs[w]
            m.d.sync += set_fences(highest, lowest, bounds.returns[w], low, high)
        done = self._valid[7] & self._tags[7].stands
        shown, fenced = keep_fences(
            m, done, self._tags[7].instrument, fences, self.select, self.clear, p
        )
        m.d.comb += [self.fences.eq(shown), self.fenced.eq(fenced)]

    def _window(self, m: Module, w: int, price: Value, before: Value) -> tuple[Value, Value]:
        """Lead the items to a window; return its extremes in cycle 6."""
        instruments, seen = self.parameters.instruments, self._snapshot
        window: Any = PriceWindow(instruments=instruments, price_bits=self._price.width)
        m.submodules[f"window{w}"] = window
        m.d.comb += [
            window.valid.eq(self._valid[2] & self._tags[2].stands),
            window.instrument.eq(self._tags[2].instrument),
            window.price.eq(price),
            window.before.eq(before),
            window.next_bucket.eq(self.next_bucket[w]),
            window.empty.eq(self.empty[w] | self.clear),
        ]
        with m.If(self._looks[6]):
            m.d.sync += [seen.highest[w].eq(window.highest), seen.lowest[w].eq(window.lowest)]
        return window.highest, window.lowest
