"""Best levels of a stream of orders: what a search of the order table is after."""

from typing import Any, Final

from amaranth import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from gateware.book.layouts import Shapes
from gateware.book.row_update import RowUpdate
from gateware.common.view import view
from hw.presets import BookParameters

__all__ = ["BestLevels"]


class BestLevels(wiring.Component):
    """Collect the best levels among the orders given, as many as a row caches.

    Timing
    ------
    An order shows ``LATENCY`` cycles after ``put``. Orders must be at least ``LATENCY`` cycles
    apart, and ``pop`` and ``clear`` that long after an order.

    Parameters
    ----------
    parameters : BookParameters
        Sizes of the build.

    Members
    -------
    clear : ``In(1)``
        Forget everything.
    put, pk, quantity : ``In(1)``, ``In(pk)``, ``In(quantity)``
        An order.
    pop : ``In(1)``
        Forget the best level.
    best, valid : ``Out(level)``, ``Out(1)``
        The best level that is left.
    more : ``Out(1)``
        There may be levels worse than those collected.
    limit : ``Out(pk)``
        Orders worse than this would not be collected.
    overflow : ``Out(1)``
        A level's quantity or count did not fit.
    """

    LATENCY: Final = 2

    clear: Value
    put: Value
    pk: Value
    quantity: Value
    pop: Value
    best: data.View
    valid: Value
    more: Value
    limit: Value
    overflow: Value

    def __init__(self, *, parameters: BookParameters) -> None:
        self.parameters = parameters
        s = Shapes(parameters)
        super().__init__(
            {
                "clear": In(1),
                "put": In(1),
                "pk": In(s.pk),
                "quantity": In(s.quantity),
                "pop": In(1),
                "best": Out(s.level),
                "valid": Out(1),
                "more": Out(1),
                "limit": Out(s.pk),
                "overflow": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        s, depth = Shapes(self.parameters), self.parameters.cached_levels
        m.submodules.update = update = RowUpdate(parameters=self.parameters)
        levels: list[Any] = [view(s.level, name=f"level{j}") for j in range(depth)]
        meta, filled = view(s.meta, reset=True), Signal()
        pairs = list(zip(meta.valid, levels, strict=True))
        m.d.sync += [
            update.command.insert.eq(self.put),
            update.pk.eq(self.pk),
            update.delta.eq(self.quantity),
            update.quantity.eq(self.quantity),
            update.worse.eq(Cat(valid & (self.pk > level.pk) for valid, level in pairs)),
            update.same.eq(Cat(valid & (self.pk == level.pk) for valid, level in pairs)),
            update.reachable.eq((self.pk <= meta.bound) | ~meta.more),
        ]
        m.d.comb += [
            update.count.eq(1),
            update.meta.eq(meta),
            *(update.levels[j].eq(levels[j]) for j in range(depth)),
            self.overflow.eq(update.command.insert & update.overflow),
            self.best.eq(levels[0]),
            self.valid.eq(meta.valid[0]),
            # Who keeps to the limit never shows what lies beyond: once full, there may be more.
            self.more.eq(filled | meta.more),
            self.limit.eq(Mux(meta.valid[-1], levels[-1].pk, Const(-1, len(self.limit)))),
        ]
        # Without an order the levels stay as they are, so that no enable need fan out to all.
        m.d.sync += [
            meta.eq(update.new_meta),
            filled.eq(filled | update.new_meta.valid[-1]),
            *(levels[j].eq(update.new_levels[j]) for j in range(depth)),
        ]
        with m.If(self.pop):
            m.d.sync += [
                meta.valid.eq(meta.valid[1:]),
                *(levels[j].eq(levels[j + 1]) for j in range(depth - 1)),
            ]
        with m.If(self.clear):
            m.d.sync += [Value.cast(meta).eq(0), filled.eq(0)]
        return m
