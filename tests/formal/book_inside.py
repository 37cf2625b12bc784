# amaranth: UnusedElaboratable=no
"""What is claimed of the inside of the book engine: it holds what the ghost book holds."""

from collections.abc import Callable
from typing import Any, Final

import pytest
from amaranth import Cat, Module, Mux, Signal, Value

from gateware.book import pipeline
from gateware.book.hashing import bucket_value
from gateware.book.layouts import Shapes
from tests.formal.book_claim import EventClaim
from tests.formal.ghost_book import KINDS, GhostBook, level_of, order_at
from tests.formal.reduced_book import BANKS, REDUCED, WAYS

__all__ = ["ExactClaim"]


_SIDES: Final = ("bid", "ask")
_REPLACE: Final = KINDS.index("replace")
SHAPES: Final = Shapes(REDUCED)


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
