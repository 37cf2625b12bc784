"""The pipeline of the book engine: one operation a cycle, never stalled."""

from itertools import pairwise
from typing import Final

from amaranth import Cat, Const, Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from gateware.book.decision import Decide, among, decision_layout, kinds_of
from gateware.book.decode import EVENT_TAG, issue_layout
from gateware.book.layouts import Op, Shapes
from gateware.book.level_store import LevelStore
from gateware.book.order_table import OrderTable
from gateware.book.reports import report_layout
from gateware.book.row_cache import RowCache
from gateware.common.view import view, view_resetting
from hw.presets import BookParameters
from hw.records import ERROR, EVENT_KIND

__all__ = ["Pipeline", "result_layout"]

_LOOKUP: Final = (
    Op.ADD,
    Op.EXECUTE,
    Op.REDUCE,
    Op.DELETE,
    Op.REPLACE,
    Op.SET,
)
#: Operations whose side and price are those of the order that was found.
_OF_ORDER: Final = (
    Op.EXECUTE,
    Op.REDUCE,
    Op.DELETE,
    Op.REPLACE,
    Op.READ_SLOT,
    Op.EVICT,
    Op.ADMIT,
)


def result_layout(shapes: Shapes) -> data.StructLayout:
    """Return the layout of what becomes an event."""
    return data.StructLayout(
        {
            "tag": EVENT_TAG,
            "levels": data.ArrayLayout(shapes.level, 2),  # bid, ask
            "known": unsigned(2),
            "deferred": unsigned(2),
            "invalid": unsigned(1),
            "error": unsigned(4),
        }
    )


class Pipeline(wiring.Component):
    """Order table, row cache and level store in line.

    Timing
    ------
    An operation is sampled in cycle 0, its result is valid in cycle ``LATENCY``. Operations that
    change rows of the same book must be at least ``INTERVAL`` cycles apart. See ``OrderTable`` for
    what the operations on slots need.

    ======  ==========================================================
    stage   work
    ======  ==========================================================
    0       hash the key; address the table
    1       the table answers
    2       compare the keys
    3       select the order; read the rows
    4       decide; compare with the cached levels; locate in the window
    5       shift the row; write the order
    6       the result is out; the level store goes on to stage 10
    ======  ==========================================================

    Parameters
    ----------
    parameters : BookParameters
        Sizes of the build.

    Members
    -------
    issue : ``In(issue_layout)``
        Operation of this cycle.
    valid, enters : ``In(1)``
        There is one; it is the one from the input.
    update, slot, direct : ``In(issue_layout)``, ``In(issue_layout)``, ``In(1)``
        ``issue`` before it is chosen, so that the table need not wait for the choice: the one from
        the input; the one from the maintenance engine; it is the latter, and on a slot or a set.
    scan_book, scan_any_book, scan_side, scan_any_side, scan_limit, scan_above, scan_inside,
    scan_any_inside : ``In``
        See ``OrderTable``.
    moving, move_book, move_side, move_base, evicting : ``In``
        The window move that is under way.
    result : ``Out(result_layout)``
        Valid if ``result.tag.emit``.
    report : ``Out(report_layout)``
        For the maintenance engine.
    second_half, second_due : ``Out(issue_layout)``, ``Out(1)``
        The rest of a replace; to be issued in this cycle if it is due.
    void : ``Out(1)``
        The operation that could have given an event in this cycle gave none.
    restart : ``In(1)``
        Set the counts below to 0.
    orders, orders_outside, stash_max : ``Out(32)``
        Orders in the table; those outside the windows; most that the stash ever held.
    """

    LATENCY: Final = 6
    INTERVAL: Final = 2
    SPACING: Final = 14  # after which nothing of an operation is under way any more

    issue: data.View
    valid: Value
    enters: Value
    update: data.View
    slot: data.View
    direct: Value
    scan_book: Value
    scan_any_book: Value
    scan_side: Value
    scan_any_side: Value
    scan_limit: Value
    scan_above: Value
    scan_inside: Value
    scan_any_inside: Value
    moving: Value
    move_book: Value
    move_side: Value
    move_base: Value
    evicting: Value
    result: data.View
    report: data.View
    second_half: data.View
    second_due: Value
    void: Value
    restart: Value
    orders: Value
    orders_outside: Value
    stash_max: Value

    def __init__(self, *, parameters: BookParameters) -> None:
        self.parameters = parameters
        self.shapes = s = Shapes(parameters)
        super().__init__(
            {
                "issue": In(issue_layout(s)),
                "valid": In(1),
                "enters": In(1),
                "update": In(issue_layout(s)),
                "slot": In(issue_layout(s)),
                "direct": In(1),
                "scan_book": In(s.book),
                "scan_any_book": In(1),
                "scan_side": In(s.side),
                "scan_any_side": In(1),
                "scan_limit": In(s.pk),
                "scan_above": In(1),
                "scan_inside": In(1),
                "scan_any_inside": In(1),
                "moving": In(1),
                "move_book": In(s.book),
                "move_side": In(s.side),
                "move_base": In(s.pk),
                "evicting": In(1),
                "result": Out(result_layout(s)),
                "report": Out(report_layout(s)),
                "second_half": Out(issue_layout(s)),
                "second_due": Out(1),
                "void": Out(1),
                "restart": In(1),
                "orders": Out(32),
                "orders_outside": Out(32),
                "stash_max": Out(32),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        s = self.shapes
        m.submodules.table = table = OrderTable(parameters=self.parameters)
        m.submodules.rows = rows = RowCache(parameters=self.parameters)
        m.submodules.store = store = LevelStore(parameters=self.parameters)

        # p[n]: the operation n cycles after it was issued.
        layout = issue_layout(s)
        p = [self.issue]
        p += [view_resetting(layout, "op", "tag.emit", name=f"p{n}") for n in range(1, 7)]
        for before, after in pairwise(p):
            m.d.sync += after.eq(before)
        # No operation is one that does nothing; made so a stage late, where time is left.
        valid1 = Signal()
        m.d.sync += valid1.eq(self.valid)
        with m.If(~valid1):
            m.d.sync += [p[2].op.eq(Op.NONE), p[2].tag.emit.eq(0)]
        self._ask_table(m, table, p[1])
        self._give_second_half(m, valid1 & (p[1].op == Op.REPLACE), p[2])

        # Stage 3: an update's own side and price; a replace keeps the side of what it replaced,
        # which is two stages ahead.
        m.submodules.decide = decide = Decide(parameters=self.parameters)
        decision4, decision5 = decide.decision, view(decision_layout(s), reset=True)
        side5 = Signal()
        insert3 = p[3].op == Op.INSERT
        own4 = Signal(len(decide.own), reset_less=True)
        m.d.comb += decide.own.eq(own4)
        m.d.comb += [
            table.own.eq(~among(p[3], *_OF_ORDER)),
            table.own_side.eq(Mux(insert3, side5, p[3].side)),
            table.own_pk.eq(p[3].tick ^ (~table.own_side).replicate(len(p[3].tick))),
            rows.book.eq(p[2].book),
            rows.valid.eq(Value.cast(p[2].op).any()),
        ]
        m.d.sync += [
            side5.eq(table.side),
            decision5.eq(decision4),
            Value.cast(decide.kinds).eq(kinds_of(p[3])),
            own4.eq(Cat(table.own_side, table.own_pk)),
            decide.first_error.eq(Mux(insert3, decision5.error, 0)),
        ]

        # Stage 4.
        moving4 = Signal()  # a window of the book is being moved
        m.d.sync += moving4.eq(self.moving & (p[3].book == self.move_book))
        m.d.comb += [
            decide.error.eq(p[4].error),
            decide.book.eq(p[4].book),
            decide.quantity.eq(p[4].quantity),
            decide.huge.eq(p[4].huge),
            decide.hit.eq(table.hit),
            decide.entry.eq(table.entry),
            decide.room.eq(table.room),
            decide.invalid.eq(rows.state.invalid),
            decide.complete.eq(rows.state.complete),
            decide.moving.eq(moving4 & (table.entry.side == self.move_side)),
        ]
        self._write_order(m, table, rows, p[4], decision4)
        self._command_row(m, table, rows, p[4], decision4, moving4)
        # Stage 5: only now is it known whether the price lies in the window.
        entry5, decision6 = view(s.entry), view(decision_layout(s), reset=True)
        located5 = view(decision_layout(s))
        d5, inside = decision5, rows.inside
        placed = d5.insert | d5.leave | d5.enter
        m.d.comb += [
            located5.eq(decision5),
            located5.leave.eq(d5.leave & ~inside),
            located5.enter.eq(d5.enter & inside),
            located5.inside.eq(Mux(placed, inside, d5.inside)),
            table.u_inside.eq(located5.inside),
        ]
        m.d.sync += [
            entry5.eq(table.entry),
            decision6.eq(located5),
        ]
        self._update_level(m, table, store, p[4], decision4, located5)
        self._conclude(m, rows, p, entry5, decision5, decision6)
        self._report(m, table, rows, store, p, entry5, decision6)
        self._count(m, table, rows, p, decision6)
        return m

    def _ask_table(self, m: Module, table: OrderTable, p1: data.View) -> None:
        """Stage 0."""
        m.d.comb += [
            table.key.id.eq(self.update.id),
            table.key.book.eq(self.update.book),
            table.second.eq(self.second_due),
            table.second_key.id.eq(p1.new_id),
            table.second_key.book.eq(p1.book),
            # Only updates look for orders.
            table.lookup.eq(self.second_due | (self.enters & among(self.update, *_LOOKUP))),
            table.placing.eq(self.second_due | (self.enters & among(self.update, Op.ADD, Op.SET))),
            table.direct.eq(self.direct),
            table.set.eq(self.slot.set),
            table.pick.eq(self.slot.pick),
            table.scan_book.eq(self.scan_book),
            table.scan_any_book.eq(self.scan_any_book),
            table.scan_side.eq(self.scan_side),
            table.scan_any_side.eq(self.scan_any_side),
            table.scan_limit.eq(self.scan_limit),
            table.scan_above.eq(self.scan_above),
            table.scan_inside.eq(self.scan_inside),
            table.scan_any_inside.eq(self.scan_any_inside),
        ]

    def _give_second_half(self, m: Module, coming: Value, first: data.View) -> None:
        """Two cycles after a REPLACE its INSERT is due: the earliest that the row allows."""
        half = self.second_half
        m.d.comb += half.eq(first)
        m.d.sync += self.second_due.eq(coming)
        m.d.comb += [
            half.op.eq(Op.INSERT),
            half.id.eq(first.new_id),
            half.tag.emit.eq(1),
        ]

    def _write_order(
        self, m: Module, table: OrderTable, rows: RowCache, p4: data.View, decision: data.View
    ) -> None:
        """Stage 4: say what becomes of the order."""
        entry, new = table.entry, table.u_entry
        takes = among(p4, Op.EXECUTE, Op.REDUCE)
        keeps = among(p4, Op.EVICT, Op.ADMIT)
        writes = (
            decision.insert | decision.remove | decision.change | decision.leave | decision.enter
        )
        m.d.comb += [
            table.u_write.eq(writes),
            table.u_place.eq(decision.insert),
            table.u_clear.eq(p4.op == Op.CLEAR_SET),
            new.valid.eq(~decision.remove),
            new.side.eq(table.side),
            new.pk.eq(table.pk),
            new.key.id.eq(Mux(keeps, entry.key.id, p4.id)),
            new.key.book.eq(p4.book),
            new.quantity.eq(
                Mux(takes, entry.quantity - p4.quantity, Mux(keeps, entry.quantity, p4.quantity))
            ),
        ]

    def _command_row(
        self,
        m: Module,
        table: OrderTable,
        rows: RowCache,
        p4: data.View,
        decision: data.View,
        moving4: Value,
    ) -> None:
        """Stage 4: say what happens to the row."""
        c = rows.command
        append = p4.op == Op.APPEND
        m.d.comb += [
            c.insert.eq(decision.insert | append),
            c.append.eq(append),
            c.remove.eq(decision.remove),
            c.change.eq(decision.change),
            c.leave.eq(decision.leave),
            c.enter.eq(decision.enter),
            c.clear_more.eq(p4.op == Op.CLEAR_MORE),
            c.start_move.eq(p4.op == Op.START_MOVE),
            c.set_base.eq(p4.op == Op.SET_BASE),
            c.reset.eq(p4.op == Op.RESET_BOOK),
            c.complete.eq(p4.complete & c.reset),
            c.invalidate.eq(decision.fatal),
            rows.side.eq(table.side),
            rows.pk.eq(table.pk),
            rows.delta.eq(decision.delta),
            rows.quantity.eq(p4.quantity),
            rows.count.eq(Mux(append, p4.count, 1)),
            rows.outside.eq(~decision.inside),  # of an order that was there
            rows.base.eq(self.move_base),
            rows.moving.eq(moving4 & (table.side == self.move_side)),
            rows.evicting.eq(self.evicting),
        ]

    def _update_level(
        self,
        m: Module,
        table: OrderTable,
        store: LevelStore,
        p4: data.View,
        decision4: data.View,
        located5: data.View,
    ) -> None:
        """Stage 4 decides, stage 5 begins: change the level behind the cache."""
        d = located5
        m.d.comb += [
            store.add.eq((d.insert & d.inside) | d.enter),
            store.remove.eq((d.remove & d.inside) | d.leave),
            store.change.eq(d.change & d.inside),
        ]
        m.d.sync += [
            store.book.eq(p4.book),
            store.side.eq(table.side),
            store.offset.eq(table.pk),
            store.delta.eq(decision4.delta),
            store.zero.eq(p4.op == Op.CLEAR_SET),
            store.peek.eq(p4.op == Op.PEEK),
        ]

    def _conclude(
        self,
        m: Module,
        rows: RowCache,
        p: list[data.View],
        entry5: data.View,
        decision5: data.View,
        decision6: data.View,
    ) -> None:
        """Stages 5 and 6: the result, out of the row or out of what was asked for."""
        s, result = self.shapes, self.result
        is_level5, is_order5 = Signal(), Signal()
        m.d.sync += [is_level5.eq(p[4].op == Op.LEVEL), is_order5.eq(p[4].op == Op.READ_SLOT)]
        order = Cat(entry5.pk, entry5.quantity, Const(1, s.count.width))
        said6, said_known6 = view(data.ArrayLayout(s.level, 2)), Signal(2)
        says6, order_id6 = Signal(), Signal(64)
        m.d.comb += rows.index.eq(p[4].tag.index)
        for side in range(2):
            mine = entry5.side == side
            m.d.sync += [
                Value.cast(said6[side]).eq(Mux(is_order5, order, Value.cast(rows.told[side]))),
                said_known6[side].eq(Mux(is_order5, mine, rows.told_valid[side])),
            ]
        emit6 = Signal()
        m.d.sync += [
            says6.eq(is_level5 | is_order5),
            order_id6.eq(Mux(is_order5, entry5.key.id, p[5].tag.order_id)),
            emit6.eq(p[5].tag.emit & (~is_order5 | decision5.mine)),
        ]
        trusted = ~rows.invalid & ~p[6].bad_book
        m.d.comb += [
            result.tag.eq(p[6].tag),
            result.tag.emit.eq(emit6),
            result.tag.order_id.eq(order_id6),
            self.void.eq(p[6].tag.emit & ~emit6),
            result.error.eq(Mux(rows.overflow, ERROR.level_overflow, decision6.error)),
            result.invalid.eq(rows.invalid & ~p[6].bad_book),
            result.known.eq(Mux(says6, said_known6, rows.known) & trusted.replicate(2)),
            result.deferred.eq(Mux(says6, 0, rows.deferred) & trusted.replicate(2)),
        ]
        for side in range(2):
            m.d.comb += Value.cast(result.levels[side]).eq(
                Mux(says6, Value.cast(said6[side]), Value.cast(rows.best[side]))
            )

    def _report(
        self,
        m: Module,
        table: OrderTable,
        rows: RowCache,
        store: LevelStore,
        p: list[data.View],
        entry5: data.View,
        decision6: data.View,
    ) -> None:
        r = self.report
        ran5, ran6, side5, side6, outside6 = (Signal() for _ in range(5))
        m.d.sync += [
            ran5.eq(Value.cast(rows.command).any()),
            ran6.eq(ran5),
            side5.eq(rows.side),
            side6.eq(side5),
        ]
        m.d.sync += [
            r.scanned.eq(p[3].op == Op.SCAN),
            r.slot_read.eq(p[4].op == Op.READ_SLOT),
            r.row_read.eq(p[4].op == Op.READ_ROW),
            r.told.eq(
                self.result.tag.emit
                & ~p[6].bad_book
                & (self.result.tag.kind != EVENT_KIND.order)
                & (self.result.tag.kind != EVENT_KIND.level)
            ),
            r.told_book.eq(p[6].book),
            r.told_deferred.eq(self.result.deferred),
        ]
        touched = decision6.insert | decision6.remove | decision6.change
        m.d.comb += [
            outside6.eq(touched & ~decision6.inside),
            r.matches.eq(table.matches),
            r.entry.eq(entry5),
            r.row.eq(rows.meta),
            r.other_row.eq(rows.other_meta),
            r.row_best.eq(rows.levels[0].pk),
            r.peeked.eq(store.peeked),
            r.level_quantity.eq(store.level_quantity),
            r.level_count.eq(store.level_count),
            r.leaf.eq(store.leaf),
            r.summary.eq(store.summary),
            r.ran.eq(ran6),
            r.ran_book.eq(p[6].book),
            r.ran_side.eq(side6),
            r.ran_row.eq(rows.after),
            r.ran_best.eq(Mux(side6, rows.best[1].pk, rows.best[0].pk)),
            r.ran_outside.eq(outside6),
            r.ran_dropped.eq(rows.dropped),
            r.ran_invalid.eq(rows.invalid),
            r.ran_update.eq(decision6.by_update),
            r.overflow.eq(store.overflow),
            r.overflow_book.eq(store.overflow_book),
        ]

    def _count(
        self,
        m: Module,
        table: OrderTable,
        rows: RowCache,
        p: list[data.View],
        d: data.View,
    ) -> None:
        """Count orders; ``d`` is the decision of stage 6. In small steps: nobody waits for it."""
        count = self.shapes.count.width
        freed, stashed = Signal(range(self.shapes.slots + 1)), Signal(range(17))
        forgotten, reset6 = Signal(count + 1), Signal()
        change, change_outside = Signal(signed(7)), Signal(signed(count + 4))
        m.d.sync += [
            freed.eq(
                Mux(
                    p[4].op == Op.CLEAR_SET,
                    sum(table.matches[i] for i in range(self.shapes.slots)),
                    0,
                )
            ),
            stashed.eq(sum(bit for bit in table.stash_used)),
            reset6.eq(p[5].op == Op.RESET_BOOK),
            forgotten.eq(rows.meta.outside + rows.other_meta.outside),
            change.eq(d.insert - d.remove - freed),
            change_outside.eq(
                ((d.insert & ~d.inside) + d.leave)
                - ((d.remove & ~d.inside) + d.enter)
                - Mux(reset6, forgotten, 0)
            ),
            self.orders.eq(self.orders + change),
            self.orders_outside.eq(self.orders_outside + change_outside),
        ]
        with m.If(stashed > self.stash_max):
            m.d.sync += self.stash_max.eq(stashed)
        with m.If(self.restart):
            m.d.sync += [
                self.orders.eq(0),
                self.orders_outside.eq(0),
                self.stash_max.eq(0),
            ]
