"""The shift network of the row cache: one command on one row."""

from typing import Any, Final

from amaranth import Cat, Const, Module, Mux, Signal, Value, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from gateware.book.layouts import Shapes
from hw.presets import BookParameters

__all__ = ["ROW_COMMAND", "RowUpdate"]

#: What a command does to a row.
ROW_COMMAND: Final = data.StructLayout(
    {
        "insert": unsigned(1),  # an order arrives
        "append": unsigned(1),  # with insert: it is a whole level, for the end of the cache
        "remove": unsigned(1),  # an order leaves
        "change": unsigned(1),  # an order's quantity changes
        "leave": unsigned(1),  # an order leaves the window if that no longer covers it
        "enter": unsigned(1),  # an order enters the window if that now covers it
        "clear_more": unsigned(1),  # every level is in the cache
        "start_move": unsigned(1),  # a window move begins
        "set_base": unsigned(1),  # the window is now the new one
        "reset": unsigned(1),  # empty both rows; the book is valid
        "complete": unsigned(1),  # with reset: unknown ids are contradictions from here on
        "invalidate": unsigned(1),  # the book cannot be trusted
    }
)


class RowUpdate(wiring.Component):
    """Apply one command to one row. Combinational.

    Parameters
    ----------
    parameters : BookParameters
        Sizes of the build.

    Members
    -------
    command : ``In(ROW_COMMAND)``
        What to do.
    levels, meta : ``In(level)`` each, ``In(meta)``
        The row.
    pk, delta, quantity, count, outside : ``In``
        As in ``RowCache``.
    worse, same, alone : ``In(cached_levels)``
        For each cached level: ``pk`` is worse than it; ``pk`` is its price; and it has one order.
    reachable : ``In(1)``
        ``pk`` is not worse than the bound, or there is none, or the command appends.
    better : ``In(1)``
        ``pk`` is better than the window.
    rebase, base : ``In(1)``, ``In(pk)``
        Move the window to ``base`` with this insert; the new base for set_base too.
    new_levels, new_meta : ``Out``
        The row after the command.
    overflow : ``Out(1)``
        A level's quantity or count did not fit.
    dropped : ``Out(1)``
        A level fell out of the cache, or never got in because the cache is full.
    """

    command: data.View
    levels: Any
    new_levels: Any
    meta: data.View
    pk: Value
    delta: Value
    quantity: Value
    count: Value
    outside: Value
    worse: Value
    same: Value
    alone: Value
    reachable: Value
    better: Value
    rebase: Value
    base: Value
    new_meta: data.View
    overflow: Value
    dropped: Value

    def __init__(self, *, parameters: BookParameters) -> None:
        self.parameters = parameters
        self.shapes = s = Shapes(parameters)
        depth = parameters.cached_levels
        super().__init__(
            {
                "command": In(ROW_COMMAND),
                "levels": In(s.level).array(depth),
                "meta": In(s.meta),
                "pk": In(s.pk),
                "delta": In(s.delta),
                "quantity": In(s.quantity),
                "count": In(s.count),
                "outside": In(1),
                "worse": In(depth),
                "same": In(depth),
                "alone": In(depth),
                "reachable": In(1),
                "better": In(1),
                "rebase": In(1),
                "base": In(s.pk),
                "new_levels": Out(s.level).array(depth),
                "new_meta": Out(s.meta),
                "overflow": Out(1),
                "dropped": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p, c = self.parameters, self.command
        depth, quantity_bits, count_bits = p.cached_levels, p.quantity_bits, p.count_bits
        meta, new = self.meta, self.new_meta

        place, empties, update = Signal(), Signal(), Signal()
        m.d.comb += [
            place.eq(c.insert & self.reachable & ~self.same.any()),
            empties.eq(c.remove & self.alone.any()),
            update.eq(c.insert | c.remove | c.change),
            self.dropped.eq(place & meta.valid[-1]),
        ]

        overflows = []
        placed = Cat(self.pk, self.quantity, self.count)  # the fields of a level, in order
        for j in range(depth):
            level = self.levels[j]
            quantity = Signal(quantity_bits + 1, name=f"quantity{j}")
            count = Signal(count_bits + 1, name=f"count{j}")
            m.d.comb += [
                quantity.eq(level.quantity + self.delta),
                count.eq(level.count + Cat(c.insert | c.remove, c.remove.replicate(count_bits))),
            ]
            here = self.same[j] & update
            overflows.append(here & (quantity[-1] | (count[-1] & c.insert)))
            changed = Cat(
                level.pk,
                Mux(here, quantity[:quantity_bits], level.quantity),
                Mux(here, count[:count_bits], level.count),
            )
            ahead_worse = self.worse[j - 1] if j else Const(1)
            before = Value.cast(self.levels[j - 1]) if j else placed
            after = Value.cast(self.levels[j + 1]) if j + 1 < depth else placed
            # What would move in is chosen early; whether anything moves is known last. Each level
            # has controls of its own: as one net they would have more loads than any other.
            moves, takes_placed, takes_before = (
                Signal(name=f"{name}{j}") for name in ("moves", "takes_placed", "takes_before")
            )
            m.d.comb += [
                moves.eq((place | empties) & ~self.worse[j]),
                takes_placed.eq(c.insert & ahead_worse),
                takes_before.eq(c.insert & ~ahead_worse),
            ]
            incoming = Mux(takes_placed, placed, Mux(takes_before, before, after))
            m.d.comb += Value.cast(self.new_levels[j]).eq(Mux(moves, incoming, changed))

        valid = Mux(
            place, Cat(Const(1, 1), meta.valid[:-1]), Mux(empties, meta.valid[1:], meta.valid)
        )
        joins = c.insert & ~c.append
        # The last level once another was placed, found without waiting for whether one is.
        pushed = Mux(
            self.worse[-1],
            self.levels[-1].pk,
            Mux(self.worse[-2], self.pk, self.levels[-2].pk),
        )
        m.d.comb += [
            self.overflow.eq(Cat(overflows).any()),
            new.valid.eq(Mux(c.reset, 0, valid)),
            new.more.eq((meta.more | self.dropped) & ~c.clear_more & ~c.reset),
            new.better.eq(((meta.better & ~c.start_move) | (joins & self.better)) & ~c.reset),
            new.bound.eq(
                Mux(
                    self.dropped,
                    pushed,
                    Mux(c.append, self.pk, meta.bound),
                )
            ),
            new.base.eq(Mux(self.rebase | c.set_base, self.base, meta.base)),
        ]
        gains = (joins & self.outside) | c.leave
        loses = (c.remove & self.outside) | c.enter
        m.d.comb += new.outside.eq(
            Mux(c.reset, 0, meta.outside + Cat(gains | loses, loses.replicate(count_bits - 1)))
        )
        return m
