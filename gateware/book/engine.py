"""Book engine: market updates in, best bid and offer out."""

from typing import Any, Final

from amaranth import Cat, Module, Mux, Signal, Value, unsigned
from amaranth.lib import data, stream, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from gateware.book.decode import Decode
from gateware.book.layouts import Op, Shapes
from gateware.book.maintenance import Maintenance
from gateware.book.pipeline import Pipeline, result_layout
from gateware.common.records import BOOK_EVENT_LAYOUT, MARKET_UPDATE_LAYOUT
from gateware.common.view import view
from hw.presets import BookParameters
from hw.records import ERROR, EVENT_FLAG, EVENT_KIND

__all__ = ["BookEngine"]


class BookEngine(wiring.Component):
    """Full-depth order books of many venues and instruments.

    What each update does and what the events say: ``docs/concepts/updates-and-events.md``.

    Timing
    ------
    An update's event is on ``o`` ``LATENCY`` cycles after its transfer on ``i``, that of a replace
    ``REPLACE_LATENCY`` cycles after, if ``o`` is not stalled; clear and read-outs take as long as
    they take. One update per cycle, but updates of the same book at least ``INTERVAL`` cycles
    apart and ``REPLACE_INTERVAL`` after a replace. ``i.ready`` depends combinationally on the book
    and the kind in ``i.payload``. One cycle in ``RESERVED`` is kept from updates while maintenance
    has work.

    Parameters
    ----------
    parameters : BookParameters
        Sizes of the build.

    Members
    -------
    i : ``In(stream.Signature(MARKET_UPDATE_LAYOUT))``
        Market updates.
    o : ``Out(stream.Signature(BOOK_EVENT_LAYOUT))``
        Events. While ``o`` is stalled no update is lost: ``i`` stalls too.
    restart : ``In(1)``
        Clear every book.
    ready : ``Out(1)``
        Every memory is clear.
    cycle : ``In(64)``
        Cycles since reset.
    accepted, told, erred : ``Out(1)``
        In this cycle an update was accepted, an event was put out, an event says an error.
    error : ``Out(4)``
        That error.
    stalled : ``Out(1)``
        In this cycle an update waited.
    refills .. orders_outside : ``Out(32)``
        Counters, see ``hw/registers.toml``.
    """

    LATENCY: Final = 6
    REPLACE_LATENCY: Final = 8
    INTERVAL: Final = 2
    REPLACE_INTERVAL: Final = 4
    RESERVED: Final = 8
    #: Events that fit between the pipeline and ``o``; updates need a place before they start.
    ROOM: Final = 32

    i: stream.Interface
    o: stream.Interface
    restart: Value
    ready: Value
    cycle: Value
    accepted: Value
    told: Value
    erred: Value
    error: Value
    stalled: Value

    def __init__(self, *, parameters: BookParameters) -> None:
        self.parameters = parameters
        self.shapes = Shapes(parameters)
        super().__init__(
            {
                "i": In(stream.Signature(MARKET_UPDATE_LAYOUT)),
                "o": Out(stream.Signature(BOOK_EVENT_LAYOUT)),
                "restart": In(1),
                "ready": Out(1),
                "cycle": In(64),
                "accepted": Out(1),
                "told": Out(1),
                "erred": Out(1),
                "error": Out(4),
                "stalled": Out(1),
            }
            | {name: Out(32) for name in self.COUNTERS}
        )

    COUNTERS: Final = (
        "refills",
        "searches",
        "window_moves",
        "deferrals",
        "deferred_max",
        "orders",
        "orders_outside",
        "stash_max",
    )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.decode = decode = Decode(parameters=self.parameters)
        m.submodules.pipeline = pipeline = Pipeline(parameters=self.parameters)
        m.submodules.maintenance = keeper = Maintenance(parameters=self.parameters)
        for name in self.COUNTERS:
            source = keeper if hasattr(keeper, name) else pipeline
            m.d.comb += getattr(self, name).eq(getattr(source, name))
        m.d.comb += [
            decode.update.eq(self.i.payload),
            decode.stamp.eq(self.cycle),
            keeper.restart.eq(self.restart),
            keeper.report.eq(pipeline.report),
            pipeline.restart.eq(~keeper.ready),
            self.ready.eq(keeper.ready),
        ]
        for name in (
            "scan_book",
            "scan_any_book",
            "scan_side",
            "scan_any_side",
            "scan_limit",
            "scan_above",
            "scan_inside",
            "scan_any_inside",
            "moving",
            "move_book",
            "move_side",
            "move_base",
            "evicting",
        ):
            m.d.comb += getattr(pipeline, name).eq(getattr(keeper, name))
        room = self._emit(m, pipeline)
        self._admit(m, decode, pipeline, keeper, room)
        return m

    def _admit(
        self,
        m: Module,
        decode: Decode,
        pipeline: Pipeline,
        keeper: Maintenance,
        room: Value,
    ) -> None:
        """Choose the operation of this cycle: second half of a replace, maintenance, or input."""
        s = self.shapes
        book = decode.issue.book
        last_valid, last_book = Signal(), Signal(s.book)
        # Which books are held, a cycle late: a hold counts from the last operation of its book, and
        # after a command, whose hold must count at once, the input rests for that cycle.
        held, commanding = Signal(self.parameters.books), Signal()
        holds = list(zip(keeper.hold, keeper.hold_book, strict=True))
        m.d.sync += [
            held.eq(Cat(Cat(h & (b == i) for h, b in holds).any() for i in range(len(held)))),
            commanding.eq(keeper.command_valid),
        ]
        follows = last_valid & (last_book == book)
        second = pipeline.second_due
        turn, wait = Signal(), Signal(range(self.RESERVED))
        mine, clear, enters = Signal(), Signal(), Signal()
        blocked = ~keeper.ready | self.restart | ~room | second | commanding
        m.d.comb += [
            mine.eq(
                turn
                & keeper.issue_valid
                & ~second
                & ~(last_valid & (last_book == keeper.issue.book))
            ),
            clear.eq(~blocked & ~turn & ~held.bit_select(book, 1)),
            # Said once more than needed, so that neither waits for the other.
            enters.eq(self.i.valid & clear & ~decode.command & ~follows),
            self.i.ready.eq(clear & Mux(decode.command, keeper.command_ready, ~follows)),
            self.accepted.eq(self.i.valid & self.i.ready),
            self.stalled.eq(self.i.valid & ~self.i.ready),
            keeper.waiting.eq(self.i.valid),
            keeper.waiting_book.eq(book),
            keeper.command.eq(decode.issue),
            keeper.command_flag.eq(decode.flag),
            keeper.command_valid.eq(self.i.valid & clear & decode.command & keeper.command_ready),
            keeper.issue_taken.eq(mine),
            keeper.may_emit.eq(room),
            keeper.issued.eq(last_valid),
            keeper.issued_book.eq(last_book),
        ]
        issue = pipeline.issue
        m.d.comb += [
            pipeline.update.eq(decode.issue),
            pipeline.slot.eq(keeper.issue),
            pipeline.direct.eq(turn & keeper.issue_direct & ~second),
            issue.eq(Mux(second, pipeline.second_half, Mux(turn, keeper.issue, decode.issue))),
            # Said apart from the operation, which need not wait for it.
            pipeline.enters.eq(enters),
            pipeline.valid.eq(second | mine | enters),
        ]
        # Maintenance gets the cycles that updates leave, and one in RESERVED that they do not.
        m.d.sync += [
            turn.eq(keeper.issue_soon & (~self.i.valid | ~(self.accepted | turn) | (wait == 0))),
            last_valid.eq(pipeline.valid),
            last_book.eq(issue.book),
        ]
        with m.If(mine | ~keeper.issue_valid):
            m.d.sync += wait.eq(Mux(keeper.pressed, 0, self.RESERVED - 2))
        with m.Elif(wait != 0):
            m.d.sync += wait.eq(wait - 1)

    def _emit(self, m: Module, pipeline: Pipeline) -> Value:
        """Put events out; return whether there is room for one more operation's event."""
        result = result_layout(self.shapes)
        shape = data.StructLayout({"result": result, "cycle": unsigned(64)})
        now, head = view(shape), view(shape)
        waiting: Any = Memory(shape=shape, depth=self.ROOM, init=[])
        m.submodules.waiting = waiting
        write, read = waiting.write_port(), waiting.read_port(domain="comb")
        index = range(self.ROOM)
        put, get = Signal(index), Signal(index)
        level = Signal(range(self.ROOM + 1))
        empty, filled = Signal(init=1), Signal()  # once for the data, once for what follows
        leaves = self.o.valid & self.o.ready
        stores = now.result.tag.emit & (filled | ~self.o.ready)
        m.d.comb += [
            now.result.eq(pipeline.result),
            now.cycle.eq(self.cycle),
            write.addr.eq(put),
            write.data.eq(now),
            write.en.eq(stores),
            read.addr.eq(get),
            head.eq(Mux(empty, now, read.data)),
            self.o.valid.eq(filled | now.result.tag.emit),
        ]
        taken = self.o.ready & filled
        filled_next = Mux(filled, ~((level == 1) & taken & ~stores), stores)
        m.d.sync += [
            put.eq(put + stores),
            get.eq(get + taken),
            level.eq(level + stores - taken),
            empty.eq(~filled_next),
            filled.eq(filled_next),
        ]

        # Places are booked when an operation starts and given back when its event leaves, each
        # seen a cycle later: up to three operations can start before a shortage is known.
        booked, some = Signal(range(self.ROOM + 1)), Signal()
        books, given, voided = Signal(), Signal(), Signal()
        emits = pipeline.issue.tag.emit | (pipeline.issue.op == Op.REPLACE)
        m.d.sync += [
            books.eq(pipeline.valid & emits & ~pipeline.second_due),
            given.eq(leaves),
            voided.eq(pipeline.void),
            booked.eq(booked + books - given - voided),
            some.eq(booked < self.ROOM - 3),
        ]
        self._event(m, head)
        m.d.comb += [
            self.told.eq(leaves),
            self.erred.eq(leaves & (head.result.error != 0)),
            self.error.eq(head.result.error),
        ]
        sequence = Signal(64)
        m.d.comb += self.o.payload.sequence.eq(sequence)
        with m.If(self.restart | ~self.ready):
            m.d.sync += sequence.eq(0)
        with m.Elif(leaves):
            m.d.sync += sequence.eq(sequence + 1)
        return some

    def _event(self, m: Module, head: data.View) -> None:
        """Lay the event out as a record; prices back to ticks."""
        o, r = self.o.payload, head.result
        tag = r.tag
        own = (tag.kind == EVENT_KIND.resolved) | (
            (tag.cause == 0) & (r.error == ERROR.level_overflow)
        )
        ticks = []
        for side, name in enumerate(("bid", "ask")):
            level, known = r.levels[side], r.known[side]
            tick = level.pk if side else ~level.pk
            ticks.append(tick[: len(level.pk)])
            m.d.comb += [
                o[f"{name}_tick"].eq(Mux(known, ticks[side], 0)),
                o[f"{name}_quantity"].eq(Mux(known, level.quantity, 0)),
                o[f"{name}_count"].eq(Mux(known, level.count, 0)),
            ]
        bits = {
            "bid": r.known[0],
            "ask": r.known[1],
            "bid_deferred": r.deferred[0],
            "ask_deferred": r.deferred[1],
            "invalid": r.invalid,
            "crossed": r.known.all()
            & (ticks[0] >= ticks[1])
            & (tag.kind != EVENT_KIND.level)
            & (tag.kind != EVENT_KIND.order),
        }
        for code in EVENT_FLAG:
            m.d.comb += o.flags[code.value].eq(bits[code.name])
        m.d.comb += [
            o.time.eq(tag.time),
            o.cycle.eq(head.cycle),
            o.order_id.eq(tag.order_id),
            o.latency.eq(Mux(own, 0, (head.cycle[:32] - tag.stamp)[:32])),
            o.book.eq(tag.book),
            o.kind.eq(tag.kind),
            o.cause.eq(tag.cause),
            o.error.eq(r.error),
            o.index.eq(tag.index),
        ]
