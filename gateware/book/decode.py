"""From market-update records to pipeline operations, and the checks that need no memory."""

from typing import Final

from amaranth import Cat, Module, Mux, Signal, Value, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from gateware.book.layouts import Op, Shapes
from gateware.common.records import MARKET_UPDATE_LAYOUT
from hw.presets import BookParameters
from hw.records import ERROR, EVENT_KIND, UPDATE_KIND

__all__ = ["EVENT_TAG", "Decode", "issue_layout"]

#: What travels with an operation only to be said in its event.
EVENT_TAG: Final = data.StructLayout(
    {
        "emit": unsigned(1),  # the operation gives an event
        "kind": unsigned(3),  # event kind
        "cause": unsigned(8),  # update kind, as it came
        "book": unsigned(16),
        "order_id": unsigned(64),
        "time": unsigned(64),
        "stamp": unsigned(32),  # cycle of the transfer, low bits
        "index": unsigned(4),  # of a level
    }
)


def issue_layout(shapes: Shapes) -> data.StructLayout:
    """Return the layout of one operation on its way into the pipeline."""
    p = shapes.parameters
    return data.StructLayout(
        {
            "op": Op,
            "book": shapes.book,
            "side": shapes.side,
            "id": unsigned(p.id_bits),
            "new_id": unsigned(p.id_bits),
            "tick": shapes.pk,
            "quantity": shapes.quantity,
            "count": shapes.count,
            "set": shapes.set,
            "pick": shapes.slot,
            "error": unsigned(4),  # found by Decode
            "bare": unsigned(1),  # the error has nothing to do with the state of a book
            "bad_book": unsigned(1),  # there is no such book
            "huge": unsigned(1),  # the quantity does not fit
            "complete": unsigned(1),
            "tag": EVENT_TAG,
        }
    )


class Decode(wiring.Component):
    """Turn a market update into an operation. Combinational.

    Parameters
    ----------
    parameters : BookParameters
        Sizes of the build.

    Members
    -------
    update : ``In(MARKET_UPDATE_LAYOUT)``
        The record.
    stamp : ``In(32)``
        Cycle counter, low bits.
    issue : ``Out(issue_layout)``
        The operation. ``PASS`` if it changes nothing.
    command : ``Out(1)``
        It is not for the pipeline but for the maintenance engine.
    flag : ``Out(1)``
        Bit 0 of the update's flags.
    """

    update: data.View
    stamp: Value
    issue: data.View
    command: Value
    flag: Value

    def __init__(self, *, parameters: BookParameters) -> None:
        self.parameters = parameters
        self.shapes = Shapes(parameters)
        super().__init__(
            {
                "update": In(MARKET_UPDATE_LAYOUT),
                "stamp": In(32),
                "issue": Out(issue_layout(self.shapes)),
                "command": Out(1),
                "flag": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p, u, o = self.parameters, self.update, self.issue
        # Every bit driven in one place: a constant bit of its own becomes a process that some
        # Verilog simulators never run.
        m.d.comb += Value.cast(o).eq(0)
        is_kind = {code.name: Signal(name=f"is_{code.name}") for code in UPDATE_KIND}
        for code in UPDATE_KIND:
            m.d.comb += is_kind[code.name].eq(u.kind == code.value)

        def among(*names: str) -> Value:
            return Cat(is_kind[name] for name in names).any()

        bad_book = u.book[self.shapes.book_bits :].any()
        bad_kind = is_kind["none"] | (u.kind > UPDATE_KIND.read_orders)
        huge = u.quantity[p.quantity_bits :].any() if p.quantity_bits < 64 else 0
        no_quantity = ~u.quantity.any()
        wide = p.id_bits < 64
        bad_id = wide & (
            u.order_id[p.id_bits :].any() | (is_kind["replace"] & u.new_order_id[p.id_bits :].any())
        )
        resting = among("add", "replace", "set")
        on_order = resting | among("execute", "reduce", "delete")
        bare = bad_book | bad_kind

        with m.If(bad_book):
            m.d.comb += o.error.eq(ERROR.bad_book)
        with m.Elif(bad_kind):
            m.d.comb += o.error.eq(ERROR.bad_kind)
        with m.Elif(is_kind["gap"]):
            m.d.comb += o.error.eq(ERROR.feed_gap)
        with m.Elif(on_order & bad_id):
            m.d.comb += o.error.eq(ERROR.id_range)
        with m.Elif(resting & u.tick[p.tick_bits :].any()):
            m.d.comb += o.error.eq(ERROR.tick_range)
        with m.Elif((resting & huge) | (is_kind["replace"] & no_quantity)):
            m.d.comb += o.error.eq(ERROR.quantity_range)
        with m.Elif(among("add", "execute", "reduce") & no_quantity):
            m.d.comb += o.error.eq(ERROR.zero_quantity)

        passing = bare | among("trade", "status")
        m.d.comb += [
            self.command.eq(among("clear", "read_levels", "read_orders") & ~bad_book),
            self.flag.eq(u.flags[0]),
            Value.cast(o.op).eq(Mux(passing, Op.PASS.value, u.kind[:5])),
            o.book.eq(u.book),
            o.side.eq(u.side),
            o.id.eq(u.order_id),
            o.new_id.eq(u.new_order_id),
            o.tick.eq(u.tick),
            o.quantity.eq(u.quantity),
            o.bare.eq(bare),
            o.bad_book.eq(bad_book),
            o.huge.eq(huge),
            o.tag.emit.eq(~is_kind["replace"] | bare),
            o.tag.kind.eq(
                Mux(
                    is_kind["clear"],
                    EVENT_KIND.cleared,
                    Mux(
                        among("read_levels", "read_orders"),
                        EVENT_KIND.read_done,
                        EVENT_KIND.best,
                    ),
                )
            ),
            o.tag.cause.eq(u.kind),
            o.tag.book.eq(u.book),
            o.tag.order_id.eq(u.order_id),
            o.tag.time.eq(u.time),
            o.tag.stamp.eq(self.stamp),
        ]
        return m
