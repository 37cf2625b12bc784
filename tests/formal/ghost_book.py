# amaranth: UnusedElaboratable=no
"""A book of a few orders, as plain as can be: what a proof compares the book engine with."""

from typing import Any, Final

from amaranth import Array, Cat, Const, Module, Mux, Signal, Value, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from hw.records import ERROR
from tests.formal.reduced_book import IDS, REDUCED

__all__ = ["GHOST_ORDER", "GHOST_UPDATE", "KINDS", "GhostBook", "best_of", "level_of", "order_at"]

#: Kinds of updates that the ghost understands; the three-bit ``kind`` is an index into them.
KINDS: Final = ("add", "execute", "reduce", "delete", "replace", "set", "trade", "gap")
GHOST_UPDATE: Final = data.StructLayout(
    {
        "kind": unsigned(3),
        "side": unsigned(1),
        "id": unsigned(2),
        "new_id": unsigned(2),
        "tick": unsigned(REDUCED.tick_bits),
        "quantity": unsigned(2),
    }
)
#: ``pk``: the tick of an ask, the inverted tick of a bid.
GHOST_ORDER: Final = data.StructLayout(
    {
        "valid": unsigned(1),
        "side": unsigned(1),
        "pk": unsigned(REDUCED.tick_bits),
        "quantity": unsigned(2),
    }
)


class GhostBook(wiring.Component):
    """Orders by their id.

    A replace comes in two steps, as in the engine: it removes, and when it comes with ``insert``,
    it rests the new order.

    Timing
    ------
    ``orders``, ``invalid`` and ``error`` show an update one cycle after it came.

    Members
    -------
    update, valid, insert : ``In``
        An update that the engine accepted; there is one; it is the second step of a replace.
    orders : ``IDS`` x ``Out(GHOST_ORDER)``
        Resting orders.
    invalid : ``Out(1)``
        The book is invalid.
    error : ``Out(4)``
        What was wrong with the last update.
    """

    update: Any
    valid: Value
    insert: Value
    orders: Any
    invalid: Value
    error: Value

    def __init__(self) -> None:
        super().__init__(
            {
                "update": In(GHOST_UPDATE),
                "valid": In(1),
                "insert": In(1),
                "orders": Out(GHOST_ORDER).array(IDS),
                "invalid": Out(1),
                "error": Out(4),
            }
        )

    def elaborate(self, platform: object) -> Module:
        """Apply the update if nothing is wrong with it."""
        m = Module()
        u, before = self.update, list(self.orders)
        is_ = {name: (u.kind == n) & ~self.insert for n, name in enumerate(KINDS)}
        old, new = order_at(m, before, u.id), order_at(m, before, u.new_id)
        pk = u.tick ^ (~u.side).replicate(REDUCED.tick_bits)
        error = self._check(m, is_, old, new, pk)
        side, nothing = Signal(), u.quantity == 0  # of what a replace removed
        there = u.tick ^ (~side).replicate(REDUCED.tick_bits)
        with m.If(self.valid):
            m.d.sync += side.eq(old.side)
        for n, order in enumerate(self.orders):
            with m.If(self.valid & (error == 0) & ~self.insert & (u.id == n)):
                with m.If(is_["execute"] | is_["reduce"]):
                    m.d.sync += [
                        order.quantity.eq(old.quantity - u.quantity),
                        order.valid.eq(u.quantity != old.quantity),
                    ]
                with m.If(is_["delete"] | is_["replace"]):
                    m.d.sync += order.valid.eq(0)
                with m.If(is_["add"] | is_["set"]):
                    m.d.sync += order.eq(Cat(~nothing, u.side, pk, u.quantity))
            with m.If(self.valid & (error == 0) & self.insert & (u.new_id == n)):
                m.d.sync += order.eq(Cat(Const(1, 1), side, there, u.quantity))
        return m

    def _check(self, m: Module, is_: dict[str, Value], old: Any, new: Any, pk: Value) -> Value:
        """Return what is wrong with the update; remember it, and whether it is fatal."""
        u, error = self.update, Signal(4)
        takes, nothing = is_["execute"] | is_["reduce"], u.quantity == 0
        checks = (
            (self.insert & (self.error != 0), self.error),
            (is_["gap"], ERROR.feed_gap),
            (self.invalid, ERROR.book_invalid),
            (is_["replace"] & nothing, ERROR.quantity_range),
            ((is_["add"] | takes) & nothing, ERROR.zero_quantity),
            (is_["add"] & old.valid, ERROR.duplicate_id),
            ((takes | is_["delete"] | is_["replace"]) & ~old.valid, ERROR.unknown_id),
            (takes & (u.quantity > old.quantity), ERROR.over_reduce),
            (self.insert & new.valid, ERROR.duplicate_id),
            (
                is_["set"] & old.valid & ((old.side != u.side) | (old.pk != pk)),
                ERROR.tick_mismatch,
            ),
        )
        for n, (condition, code) in enumerate(checks):
            with m.If(condition) if n == 0 else m.Elif(condition):
                m.d.comb += error.eq(code)
        fatal = Cat(error == code.value for code in ERROR if code.invalidates).any()
        with m.If(self.valid):
            m.d.sync += [self.error.eq(error), self.invalid.eq(self.invalid | fatal)]
        return error


def order_at(m: Module, orders: list[Any], index: Value) -> Any:
    """Return one of the orders."""
    order: Any = Signal(GHOST_ORDER, name="order")
    m.d.comb += Value.cast(order).eq(Array(Value.cast(one) for one in orders)[index])
    return order


def level_of(m: Module, orders: list[Any], side: int, pk: Value) -> tuple[Signal, Signal]:
    """Return quantity and count of the level at ``pk``."""
    quantity, count = Signal(REDUCED.quantity_bits), Signal(REDUCED.count_bits)
    there = [o.valid & (o.side == side) & (o.pk == pk) for o in orders]
    m.d.comb += [
        quantity.eq(sum(Mux(t, o.quantity, 0) for t, o in zip(there, orders, strict=True))),
        count.eq(sum(there)),
    ]
    return quantity, count


def best_of(m: Module, orders: list[Any], side: int) -> tuple[Value, Value]:
    """Return whether a side has orders, and the smallest ``pk`` of them."""
    keys: list[Value] = [Cat(o.pk, ~(o.valid & (o.side == side))) for o in orders]
    while len(keys) > 1:
        keys = [Mux(a < b, a, b) for a, b in zip(keys[::2], keys[1::2], strict=True)]
    best = Signal(REDUCED.tick_bits + 1)
    m.d.comb += best.eq(keys[0])
    return ~best[-1], best[:-1]
