"""The decision on an operation: what is wrong with it, and if nothing is, what it does."""

from typing import Final

from amaranth import Cat, Module, Mux, Signal, Value, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from gateware.book.layouts import Op, Shapes
from hw.presets import BookParameters
from hw.records import ERROR

__all__ = ["KINDS", "Decide", "among", "decision_layout", "kinds_of"]

#: What is known of an operation before its order is found.
KINDS: Final = data.StructLayout(
    {
        "by_update": unsigned(1),  # it is an update, not the maintenance engine's
        "takes": unsigned(1),  # execute or reduce
        "adds": unsigned(1),  # add, or the second half of a replace
        "leaves": unsigned(1),  # delete, or the first half of a replace
        "sets": unsigned(1),
        "to_nothing": unsigned(1),  # set to 0 lots
        "evicts": unsigned(1),
        "admits": unsigned(1),
        "invalidates": unsigned(1),  # INVALIDATE
        "raised": unsigned(1),  # its error counts whatever the state of the book
        "erred": unsigned(1),  # it has an error already
        "fatal": unsigned(1),  # and that error is fatal
    }
)


def among(issue: data.View, *ops: Op) -> Value:
    """Say whether an operation is one of several."""
    return Cat(issue.op == op for op in ops).any()


def kinds_of(issue: data.View) -> Value:
    """Return the ``KINDS`` of an operation."""
    code = Value.cast(issue.op)
    fatal = [issue.error == e.value for e in ERROR if e.invalidates]
    flags = {
        "by_update": code.any() & (code <= Op.INSERT.value),
        "takes": among(issue, Op.EXECUTE, Op.REDUCE),
        "adds": among(issue, Op.ADD, Op.INSERT),
        "leaves": among(issue, Op.DELETE, Op.REPLACE),
        "sets": issue.op == Op.SET,
        "to_nothing": (issue.op == Op.SET) & ~issue.quantity.any(),
        "evicts": issue.op == Op.EVICT,
        "admits": issue.op == Op.ADMIT,
        "invalidates": issue.op == Op.INVALIDATE,
        "raised": issue.bare | (issue.op == Op.GAP),
        "erred": issue.error.any(),
        "fatal": Cat(fatal).any(),
    }
    return Cat(flags[name] for name, _ in KINDS)


def decision_layout(shapes: Shapes) -> data.StructLayout:
    """Return the layout of a decision."""
    flags = (
        "by_update",  # the operation is an update, not the maintenance engine's
        "fatal",  # the book is invalid from here on
        "insert",
        "remove",
        "change",
        "leave",  # the order leaves the window unless that still covers it
        "enter",  # it enters the window if that now covers it
        "inside",  # it is inside the window; says nothing of insert
        "mine",  # the slot holds an order of this book
    )
    return data.StructLayout(
        {name: unsigned(1) for name in flags} | {"error": unsigned(4), "delta": shapes.delta}
    )


class Decide(wiring.Component):
    """Decide on one operation. Combinational.

    Parameters
    ----------
    parameters : BookParameters
        Sizes of the build.

    Members
    -------
    kinds : ``In(KINDS)``
        Of the operation.
    error, first_error : ``In(4)``
        What was found before; what the first half of a replace ended with.
    book, quantity, huge : ``In``
        Of the operation.
    own : ``In(1 + tick_bits)``
        Side and ``pk`` that it brings, side in bit 0.
    hit, entry, room : ``In``
        Answer of the order table.
    invalid, complete : ``In(1)``
        State of the book.
    moving : ``In(1)``
        The window of the entry's row is being moved.
    decision : ``Out(decision_layout)``
        What is to be done.
    """

    kinds: data.View
    error: Value
    first_error: Value
    book: Value
    quantity: Value
    huge: Value
    own: Value
    hit: Value
    entry: data.View
    room: Value
    invalid: Value
    complete: Value
    moving: Value
    decision: data.View

    def __init__(self, *, parameters: BookParameters) -> None:
        self.parameters = parameters
        s = Shapes(parameters)
        super().__init__(
            {
                "kinds": In(KINDS),
                "error": In(4),
                "first_error": In(4),
                "book": In(s.book),
                "quantity": In(s.quantity),
                "huge": In(1),
                "own": In(1 + parameters.tick_bits),
                "hit": In(1),
                "entry": In(s.entry),
                "room": In(1),
                "invalid": In(1),
                "complete": In(1),
                "moving": In(1),
                "decision": Out(decision_layout(s)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        k, d, entry, q = self.kinds, self.decision, self.entry, self.quantity
        duplicate = k.adds & self.hit
        unknown = (k.takes | k.leaves) & ~self.hit
        less, same = Signal(), Signal()
        m.d.comb += [
            less.eq((q < entry.quantity) & ~self.huge),
            same.eq((q == entry.quantity) & ~self.huge),
        ]
        over = k.takes & self.hit & ~less & ~same
        mismatch = k.sets & self.hit & (self.own != Cat(entry.side, entry.pk))
        places = k.adds | (k.sets & ~self.hit & ~k.to_nothing)
        full = places & ~self.hit & ~self.room

        conditions = (
            (k.invalidates, ERROR.level_overflow),
            (~k.by_update, 0),
            (k.raised, self.error),
            (self.first_error.any(), self.first_error),
            (self.invalid, ERROR.book_invalid),
            (k.erred, self.error),
            (duplicate, ERROR.duplicate_id),
            (unknown, ERROR.unknown_id),
            (over, ERROR.over_reduce),
            (mismatch, ERROR.tick_mismatch),
            (full, ERROR.table_full),
        )
        for i, (condition, code) in enumerate(conditions):
            with m.If(condition) if i == 0 else m.Elif(condition):
                m.d.comb += d.error.eq(code)

        # Written flat, not through `error`: these are the longest paths of the stage.
        looks = k.by_update & ~k.raised & ~self.first_error.any() & ~self.invalid
        fine = looks & ~k.erred
        found = fine & self.hit
        m.d.comb += [
            d.by_update.eq(k.by_update),
            d.fatal.eq(
                k.invalidates
                | (k.by_update & k.raised & k.fatal)
                | (looks & k.erred & k.fatal)
                | (fine & (duplicate | over | mismatch | full | (unknown & self.complete)))
            ),
            d.insert.eq(fine & places & ~self.hit & self.room),
            d.remove.eq(found & (k.leaves | (k.to_nothing & ~mismatch) | (k.takes & same))),
            d.change.eq(found & ((k.sets & ~k.to_nothing & ~mismatch) | (k.takes & less))),
            d.inside.eq(entry.inside),
            d.mine.eq(entry.valid & (entry.key.book == self.book)),
        ]
        moves = d.mine & self.moving
        m.d.comb += [
            d.leave.eq(k.evicts & moves & entry.inside),
            d.enter.eq(k.admits & moves & ~entry.inside),
        ]
        # gain - loss: both are known before it is known whether anything is wrong.
        gain = Mux(k.adds | k.sets, q, 0) | Mux(k.admits, entry.quantity, 0)
        loss = Mux(k.takes, q, 0) | Mux(k.leaves | k.sets | k.evicts, entry.quantity, 0)
        m.d.comb += d.delta.eq(gain - loss)
        return m
