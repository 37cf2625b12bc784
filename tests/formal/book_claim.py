"""What is claimed of the book engine: its events are those of a ghost book."""

from collections.abc import Callable, Mapping
from typing import Any, Final

import pytest
from amaranth import Array, Cat, Module, Mux, Signal, Value
from amaranth.hdl import Assert
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from gateware.book import engine, pipeline
from gateware.book.hashing import bucket_value
from gateware.book.layouts import Shapes
from hw.records import EVENT_FLAG, EVENT_KIND, UPDATE_KIND
from tests.formal.ghost_book import GHOST_UPDATE, KINDS, GhostBook, best_of, level_of, order_at
from tests.formal.prover import without_reset
from tests.formal.reduced_book import BANKS, REDUCED, WAYS

__all__ = ["READY", "EventClaim", "ExactClaim", "Script"]

#: Cycle in which the sweep after reset has ended.
READY: Final = 99
#: By cycles from ``READY`` on, an update: of each field its bits, highest first; ``-`` is free.
Script = Mapping[int, Mapping[str, str]]

SHAPES: Final = Shapes(REDUCED)
_REPLACE: Final = KINDS.index("replace")
_SIDES: Final = ("bid", "ask")


class EventClaim(wiring.Component):
    """Book 0 of a reduced engine whose events are taken at once, and a ghost book beside it.

    Parameters
    ----------
    script : Script, optional
        What comes when; by default any updates, at any time.

    Members
    -------
    update, valid : ``In(GHOST_UPDATE)``, ``In(1)``
        The update at the input, where no script says otherwise. It may be gone before it is taken.
    """

    CLAIMS: tuple[str, ...] = ("time", "kind", "error", "flags", *_SIDES)

    update: Any
    valid: Value

    def __init__(self, script: Script | None = None) -> None:
        self._script = script
        super().__init__({"update": In(GHOST_UPDATE), "valid": In(1)})

    def elaborate(self, platform: object) -> Module:
        """Follow every update through the engine, and compare."""
        m = Module()
        without_reset(m)
        m.submodules.dut = dut = engine.BookEngine(parameters=REDUCED)
        m.submodules.ghost = ghost = GhostBook()
        u = self._drive(m, dut)
        # Updates n cycles after they were taken. Those in the places 7 and 8 are replaces.
        busy: list[Any] = [dut.i.valid & dut.i.ready]
        under_way: list[Any] = [u]
        for n in range(1, dut.REPLACE_LATENCY + 1):
            goes_on = under_way[-1].kind == _REPLACE if n == dut.LATENCY + 1 else 1
            busy.append(Signal(name=f"busy{n}"))
            under_way.append(Signal(GHOST_UPDATE, name=f"under_way{n}"))
            m.d.sync += [busy[n].eq(busy[n - 1] & goes_on), under_way[n].eq(under_way[n - 1])]
        # The ghost takes an update when it reaches the stage that writes the row.
        first, second = dut.LATENCY - 1, dut.REPLACE_LATENCY - 1
        m.d.comb += [
            ghost.valid.eq(busy[first] | busy[second]),
            ghost.insert.eq(busy[second]),
            Value.cast(ghost.update).eq(
                Mux(busy[second], Value.cast(under_way[second]), Value.cast(under_way[first]))
            ),
        ]
        claims = self._events(m, dut, ghost, busy, under_way)
        claims |= self._cuts(m, dut, ghost, busy, under_way)
        for name in self.CLAIMS:
            m.d.comb += Assert(claims[name], name)
        return m

    def _drive(self, m: Module, dut: Any) -> Any:
        """Lead an update to the input, and take every event; return the update."""
        u: Any = Signal(GHOST_UPDATE, name="u")
        valid, cycle, i = Signal(), Signal(range(READY + 256)), dut.i.payload
        m.d.sync += cycle.eq(cycle + 1)
        m.d.comb += [Value.cast(u).eq(Value.cast(self.update)), valid.eq(self.valid)]
        if self._script is not None:
            m.d.comb += [Value.cast(u).eq(0), valid.eq(0)]
            for at, fields in self._script.items():
                with m.If(cycle == READY + at):
                    m.d.comb += valid.eq(1)
                    for name, bits in fields.items():
                        free, field = getattr(self.update, name), getattr(u, name)
                        for n, bit in enumerate(reversed(bits)):
                            m.d.comb += field[n].eq(free[n] if bit == "-" else int(bit))
        m.d.comb += [
            i.kind.eq(Array(getattr(UPDATE_KIND, name) for name in KINDS)[u.kind]),
            i.side.eq(u.side),
            i.order_id.eq(u.id),
            i.new_order_id.eq(u.new_id),
            i.tick.eq(u.tick),
            i.quantity.eq(u.quantity),
            dut.i.valid.eq(valid & dut.ready),
            dut.o.ready.eq(1),
        ]
        return u

    def _events(
        self, m: Module, dut: Any, ghost: GhostBook, busy: list[Any], under_way: list[Any]
    ) -> dict[str, Value]:
        """Return what must hold of the events."""
        o, told = dut.o.payload, dut.o.valid
        plain = busy[dut.LATENCY] & (under_way[dut.LATENCY].kind != _REPLACE)
        late = busy[dut.REPLACE_LATENCY]
        closes = plain | late
        index = Mux(late, under_way[dut.REPLACE_LATENCY].kind, under_way[dut.LATENCY].kind)
        kinds = Array(getattr(UPDATE_KIND, name) for name in KINDS)
        cause = Mux(closes, kinds[index], UPDATE_KIND.none)
        kind = Mux(closes, EVENT_KIND.best, EVENT_KIND.resolved)
        flags = {code.name: o.flags[code.value] for code in EVENT_FLAG}
        claims = {
            "time": (~closes | told) & ~(plain & late),
            "kind": ~told | ((o.kind == kind) & (o.cause == cause)),
            "error": ~told | (o.error == Mux(closes, ghost.error, 0)),
        }
        sides = [self._side(m, o, flags, ghost, side) for side in range(2)]
        ticks = [tick for _, _, tick in sides]
        both = flags["bid"] & flags["ask"]
        said = (flags["invalid"] == ghost.invalid) & (
            flags["crossed"] == (both & (ticks[0] >= ticks[1]))
        )
        for name, (exact, right, _) in zip(_SIDES, sides, strict=True):
            claims[name] = ~told | exact
            said &= right
        claims["flags"] = ~told | said
        return claims

    def _side(
        self, m: Module, o: Any, flags: dict[str, Value], ghost: GhostBook, side: int
    ) -> tuple[Value, Value, Value]:
        """Return whether a side's best price is the ghost's, whether its flags can be, its tick."""
        name, orders = _SIDES[side], list(ghost.orders)
        exists, pk = best_of(m, orders, side)
        quantity, count = level_of(m, orders, side, pk)
        tick = pk if side else (~pk)[: len(pk)]
        known, deferred = flags[name], flags[f"{name}_deferred"]
        said = Cat(o[f"{name}_tick"], o[f"{name}_quantity"], o[f"{name}_count"])
        best = (
            (o[f"{name}_tick"] == tick)
            & (o[f"{name}_quantity"] == quantity)
            & (o[f"{name}_count"] == count)
        )
        more = Signal(name=f"{name}_more")  # there were more levels than the cache holds
        m.d.sync += more.eq(more | self._many(orders, side))
        exact = Mux(known, exists & best, (said == 0) & (deferred | ~exists | ghost.invalid))
        right = ~(known & deferred) & ~(ghost.invalid & (known | deferred)) & (~deferred | more)
        return exact, right, tick

    def _many(self, orders: list[Any], side: int) -> Value:
        """Say whether a side has more levels than are cached."""
        firsts = []  # the first order of each level
        for n, order in enumerate(orders):
            same = [o.valid & (o.side == side) & (o.pk == order.pk) for o in orders[:n]]
            firsts.append(order.valid & (order.side == side) & ~Cat(same).any())
        many: Value = sum(firsts[1:], firsts[0]) > REDUCED.cached_levels
        return many

    def _cuts(
        self, m: Module, dut: Any, ghost: GhostBook, busy: list[Any], under_way: list[Any]
    ) -> dict[str, Value]:
        """Return what else must hold, of the inside of the engine."""
        return {}


class ExactClaim(EventClaim):
    """The same, and what is inside the engine is what the ghost has, in every cycle.

    Nobody need know this; but what was shown of the inside in one cycle makes the next one easy.

    Parameters
    ----------
    monkeypatch : pytest.MonkeyPatch
        To watch the parts inside.
    """

    CLAIMS = (*EventClaim.CLAIMS, "found", "room", "slots", "terms", "rows")

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        super().__init__()
        self._words: dict[str, Any] = {}
        self._table: dict[str, Any] = {
            "hit": Signal(), "room": Signal(), "entry": Signal(SHAPES.entry),
            "stash_used": Signal(REDUCED.stash_slots),
        }  # fmt: skip
        for name in ("OrderTable", "RowCache"):
            base: Any = getattr(pipeline, name)
            watched = type(f"Watched{name}", (base,), {"elaborate": self._watched(base)})
            monkeypatch.setattr(pipeline, name, watched)

    def _watched(self, base: Any) -> Callable[[Any, object], Module]:
        """Return ``elaborate`` of a part, with what is to be watched led outside."""

        def elaborate(part: Any, platform: object) -> Module:
            m: Module = base.elaborate(part, platform)
            for name, word in self._words.items():
                memory, _, address = name.partition("@")
                inside = getattr(m.submodules, memory, None)
                if inside is not None:
                    read = inside.read_port(domain="comb")
                    m.d.comb += [
                        read.addr.eq(int(address)),
                        Value.cast(word).eq(Value.cast(read.data)),
                    ]
            if hasattr(part, "hit"):
                for name, port in self._table.items():
                    m.d.comb += Value.cast(port).eq(Value.cast(getattr(part, name)))
            return m

        return elaborate

    def _word(self, memory: str, address: int, shape: Any) -> Any:
        """Return what stands in a memory inside, by its name."""
        name = f"{memory}@{address}"
        return self._words.setdefault(name, Signal(shape, name=f"word_{memory}_{address}"))

    def _cuts(
        self, m: Module, dut: Any, ghost: GhostBook, busy: list[Any], under_way: list[Any]
    ) -> dict[str, Value]:
        """Compare what is looked up, what stands in the table, and what stands in the rows."""
        orders = list(ghost.orders)
        rows = Cat(self._row(m, orders, side) for side in range(2)).all()
        return {
            **self._lookups(m, ghost, busy, under_way),
            **self._slots(m, dut, orders),
            "rows": ~dut.ready | ghost.invalid | rows,
        }

    def _lookups(
        self, m: Module, ghost: GhostBook, busy: list[Any], under_way: list[Any]
    ) -> dict[str, Value]:
        """Compare the table's answers: 4 cycles after an update, 6 for the rest of a replace."""
        second = busy[6] & (under_way[6].kind == _REPLACE)
        looks = busy[4] & (under_way[4].kind <= KINDS.index("set"))
        key = Mux(second, under_way[6].new_id, under_way[4].id)
        order = order_at(m, list(ghost.orders), key)
        entry = self._table["entry"]
        same = (
            (entry.side == order.side) & (entry.pk == order.pk) & (entry.quantity == order.quantity)
        )
        counts = (second | looks) & ~ghost.invalid
        return {
            "found": ~counts | ((self._table["hit"] == order.valid) & (~order.valid | same)),
            "room": ~counts | order.valid | self._table["room"],
        }

    def _slots(self, m: Module, dut: Any, orders: list[Any]) -> dict[str, Value]:
        """Compare the table, unless its stash is in use: an order has one slot, others none.

        Price and quantity are written a cycle later than the rest.
        """
        ids: list[list[Value]] = [[] for _ in orders]
        slots, terms = [], []
        earlier = [Signal.like(Value.cast(order), name="earlier") for order in orders]
        m.d.sync += [e.eq(Value.cast(o)) for e, o in zip(earlier, orders, strict=True)]
        for n in range(BANKS * WAYS * REDUCED.sets):
            bank, way, place = (
                n // (WAYS * REDUCED.sets),
                n // REDUCED.sets % WAYS,
                n % REDUCED.sets,
            )
            name = f"bank{bank}_way{way}"
            held = self._word(f"{name}_held", place, SHAPES.held)
            term = self._word(f"{name}_terms", place, SHAPES.terms)
            home = (held.key.book == 0) & (
                bucket_value(SHAPES, bank, Value.cast(held.key)) == place
            )
            slots.append(~held.valid | home)
            for i, order in enumerate(orders):
                here = held.valid & (held.key.id == i)
                ids[i].append(here)
                was = type(order)(order.shape(), earlier[i])
                slots.append(~here | (held.side == order.side))
                same = (term.pk == was.pk) & (term.quantity == was.quantity)
                terms.append(~(here & was.valid) | same)
        for places, order in zip(ids, orders, strict=True):
            slots.append(sum(places) == order.valid)
        free = ~dut.ready | self._table["stash_used"].any()
        return {"slots": free | Cat(slots).all(), "terms": free | Cat(terms).all()}

    def _row(self, m: Module, orders: list[Any], side: int) -> Value:
        """Say whether the cache of a side is well formed and exact."""
        name, depth = _SIDES[side], REDUCED.cached_levels
        meta = self._word(f"{name}_meta", 0, SHAPES.meta)
        levels = [self._word(f"{name}{j}", 0, SHAPES.level) for j in range(depth)]
        valid, holds = meta.valid, []
        for j, level in enumerate(levels):
            quantity, count = level_of(m, orders, side, level.pk)
            right = (count != 0) & (level.count == count) & (level.quantity == quantity)
            holds.append(~valid[j] | right)
            holds.append(~(valid[j] & meta.more) | (level.pk <= meta.bound))
            if j:
                holds.append(~valid[j] | (valid[j - 1] & (levels[j - 1].pk < level.pk)))
        for order in orders:
            mine = order.valid & (order.side == side) & (~meta.more | (order.pk <= meta.bound))
            cached = Cat(v & (e.pk == order.pk) for v, e in zip(valid, levels, strict=True)).any()
            holds.append(~mine | cached)
        return Cat(holds).all()
