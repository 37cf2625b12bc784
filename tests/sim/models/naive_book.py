"""The contract once more, as slow as can be: everything is recomputed from a list of orders.

Written from ``docs/concepts/updates-and-events.md`` row by row, sharing nothing with ``sim.models``
but the code points.
"""

from dataclasses import dataclass, field

from hw.presets import BookParameters
from hw.records import ERROR, UPDATE_KIND

__all__ = ["NaiveEngine", "NaiveOrder"]


@dataclass(frozen=True)
class NaiveOrder:
    """A resting order."""

    order_id: int
    side: int
    tick: int
    quantity: int


@dataclass
class NaiveBook:
    """A list of orders, and what is known of it."""

    orders: list[NaiveOrder] = field(default_factory=list)
    valid: bool = True
    complete: bool = False

    def levels(self, side: int) -> list[tuple[int, int, int]]:
        """Return tick, quantity and count of every level, best first."""
        ticks = sorted({o.tick for o in self.orders if o.side == side}, reverse=side == 0)
        return [
            (
                tick,
                sum(o.quantity for o in self.orders if (o.side, o.tick) == (side, tick)),
                sum(1 for o in self.orders if (o.side, o.tick) == (side, tick)),
            )
            for tick in ticks
        ]


class NaiveEngine:
    """All books, by the table of effects and errors."""

    def __init__(self, parameters: BookParameters) -> None:
        self.parameters = parameters
        self.books = [NaiveBook() for _ in range(parameters.books)]

    def apply(self, fields: dict[str, int]) -> int:
        """Apply an update and return its error."""
        if fields["book"] >= len(self.books):
            return ERROR.bad_book
        book = self.books[fields["book"]]
        kind = UPDATE_KIND.name_of(fields["kind"])
        if kind.startswith("?") or kind == "none":
            return ERROR.bad_kind
        if kind == "clear":
            self.books[fields["book"]] = NaiveBook(complete=fields["flags"] % 2 == 1)
            return ERROR.none
        if kind == "gap":
            book.valid = False
            return ERROR.feed_gap
        if kind in ("read_levels", "read_orders"):
            return ERROR.none
        if not book.valid:
            return ERROR.book_invalid
        if kind in ("trade", "status"):
            return ERROR.none
        error = self._range_error(kind, fields) or self._table_error(kind, book, fields)
        if not error:
            after = self._after(kind, book, fields)
            error = self._size_error(book, after)
            if not error:
                book.orders = after
        fatal = next(code for code in ERROR if code.value == error).invalidates
        if fatal or (error == ERROR.unknown_id and book.complete):
            book.valid = False
        return error

    def _range_error(self, kind: str, fields: dict[str, int]) -> int:
        p = self.parameters
        prices = kind in ("add", "replace", "set")
        ids = [fields["order_id"]] + ([fields["new_order_id"]] if kind == "replace" else [])
        if any(i >= 2**p.id_bits for i in ids):
            return ERROR.id_range
        if prices and fields["tick"] >= 2**p.tick_bits:
            return ERROR.tick_range
        if prices and fields["quantity"] >= 2**p.quantity_bits:
            return ERROR.quantity_range
        if kind in ("add", "execute", "reduce") and fields["quantity"] == 0:
            return ERROR.zero_quantity
        if kind == "replace" and fields["quantity"] == 0:
            return ERROR.quantity_range
        return ERROR.none

    def _table_error(self, kind: str, book: NaiveBook, fields: dict[str, int]) -> int:
        known = [o for o in book.orders if o.order_id == fields["order_id"]]
        if kind == "add" and known:
            return ERROR.duplicate_id
        if kind in ("execute", "reduce", "delete", "replace") and not known:
            return ERROR.unknown_id
        if kind in ("execute", "reduce") and fields["quantity"] > known[0].quantity:
            return ERROR.over_reduce
        same = (fields["tick"], fields["side"] % 2)
        if kind == "set" and known and (known[0].tick, known[0].side) != same:
            return ERROR.tick_mismatch
        taken = [o for o in book.orders if o.order_id == fields["new_order_id"]]
        if kind == "replace" and taken and fields["new_order_id"] != fields["order_id"]:
            return ERROR.duplicate_id
        return ERROR.none

    def _after(self, kind: str, book: NaiveBook, fields: dict[str, int]) -> list[NaiveOrder]:
        """Return the orders after an update without error."""
        order_id, tick, quantity = fields["order_id"], fields["tick"], fields["quantity"]
        known = [o for o in book.orders if o.order_id == order_id]
        others = [o for o in book.orders if o.order_id != order_id]
        if kind == "replace":
            new = NaiveOrder(fields["new_order_id"], known[0].side, tick, quantity)
        elif kind == "delete":
            return others
        elif kind in ("execute", "reduce"):
            old = known[0]
            new = NaiveOrder(order_id, old.side, old.tick, old.quantity - quantity)
        else:
            new = NaiveOrder(order_id, fields["side"] % 2, tick, quantity)
        return [*others, new] if new.quantity else others

    def _size_error(self, book: NaiveBook, after: list[NaiveOrder]) -> int:
        p = self.parameters
        used = sum(len(b.orders) for b in self.books if b is not book) + len(after)
        if len(after) > len(book.orders) and used > p.order_slots + p.stash_slots:
            return ERROR.table_full
        new = NaiveBook(after)
        for side in (0, 1):
            for _, quantity, count in new.levels(side):
                if quantity >= 2**p.quantity_bits or count >= 2**p.count_bits:
                    return ERROR.level_overflow
        return ERROR.none
