"""Commands: reset, clear, read-outs, and books found invalid after the event."""

from amaranth import Cat, Const, Module, Mux, Signal

from gateware.book.layouts import Op
from gateware.book.maintenance_state import MaintenanceState, SweepFor
from hw.records import EVENT_KIND

__all__ = ["command_states"]


def command_states(m: Module, e: MaintenanceState) -> None:
    """Add the states that clear memories and answer commands."""
    _clear_states(m, e)
    _dispatch_states(m, e)
    _tell_states(m, e)


def _clear_states(m: Module, e: MaintenanceState) -> None:
    """Clear one book, or with ``everything`` all of them and every slot of the table."""
    s, p = e.s, e.parameters
    levels = 2 * p.window_ticks
    index = Signal(range(max(levels, p.sets)))
    everything = Signal()
    scanned = ~everything | (e.job_book == 0)  # the table needs only one pass
    last = Mux(scanned, max(levels, p.sets) - 1, levels - 1)
    with e.fsm.state("reset"):
        m.d.sync += [
            e.clear.eq(0),
            e.restarting.eq(0),
            everything.eq(1),
            e.scan_any_book.eq(1),
            e.scan_limit.eq(-1),
            e.scan_above.eq(0),
            e.scan_any_side.eq(1),
            e.scan_any_inside.eq(1),
            e.job_book.eq(0),
            index.eq(0),
            *(
                flag.eq(0)
                for flag in (
                    e.holding,
                    e.commanded,
                    e.command_hold,
                    e.dumping,
                    e.moving,
                    e.searching,
                    e.search_done,
                    e.search_true,
                    e.search_overtaken,
                    e.search_hold,
                    e.next_valid,
                    e.postponed,
                    e.overflow,
                    e.timer,
                    e.need,
                    e.low,
                    e.want,
                    e.invalid,
                    e.deferred,
                    e.refills,
                    e.searches,
                    e.window_moves,
                )
            ),
        ]
        with m.If(~e.restart):
            e.fsm.go("clear")
    with e.fsm.state("clear"):
        e.request(
            m,
            Op.CLEAR_SET,
            set=index[: s.set_bits],
            side=index[s.offset_bits],
            pk=index[: s.offset_bits],
        )
        with m.If(e.free):
            m.d.sync += index.eq(index + 1)
            with m.If(index == last):
                e.fsm.go("clear_rows")
    with e.fsm.state("clear_rows"):
        e.request(m, Op.RESET_BOOK, side=0, complete=e.kept_flag & ~everything)
        with m.If(e.free):
            m.d.sync += [e.timer.eq(0), index.eq(0)]
            with m.If(~everything):
                e.fsm.go("clear_settle")
            with m.Elif(e.job_book == p.books - 1):
                e.fsm.go("reset_settle")
            with m.Else():
                m.d.sync += e.job_book.eq(e.job_book + 1)
                e.fsm.go("clear")
    with e.fsm.state("reset_settle"):
        m.d.sync += e.timer.eq(e.timer + 1)
        with m.If(e.timer == 31):
            e.fsm.go("reset_end")
    with e.fsm.state("reset_end"):
        m.d.sync += [e.clear.eq(1), everything.eq(0), e.scan_any_book.eq(0)]
        # What was under way when the restart came has said its last word by now.
        m.d.sync += [v.eq(0) for v in (e.need, e.low, e.want, e.invalid, e.deferred)]
        m.d.sync += [e.overflow.eq(0), e.next_valid.eq(0), e.postponed.eq(0)]
        e.fsm.go("idle")
    with e.fsm.state("clear_start"):
        m.d.sync += [
            index.eq(0),
            everything.eq(0),
            e.overflow.bit_select(e.job_book, 1).eq(0),
            e.scan_book.eq(e.job_book),
            e.scan_limit.eq(-1),
            e.scan_above.eq(0),
            e.scan_any_side.eq(1),
            e.scan_any_inside.eq(1),
        ]
        with m.If(e.move_book == e.job_book):
            m.d.sync += e.moving.eq(0)
        with m.If(e.search_book == e.job_book):
            m.d.sync += [
                e.searching.eq(0),
                e.search_done.eq(0),
                e.search_true.eq(0),
                e.search_hold.eq(0),
                e.postponed.eq(0),
            ]
        e.fsm.go("clear")
    with e.fsm.state("clear_settle"):
        with m.If(e.quiet):
            for vector in (e.need, e.low, e.want):
                for side in range(2):
                    row = Cat(Const(side, 1), e.job_book)
                    m.d.sync += vector.bit_select(row, 1).eq(0)
            e.fsm.go("command_tell")


def _dispatch_states(m: Module, e: MaintenanceState) -> None:
    """Wait for the command's book to come to rest, then see what is to be done."""
    index = Signal(range(e.parameters.cached_levels + 1))
    valid = Signal(e.parameters.cached_levels)
    with e.fsm.state("command"):
        with m.If(e.dumping):
            m.d.sync += e.sweep_for.eq(SweepFor.DUMP)
            e.fsm.go("sweep")
        with m.Else():
            e.take_job(m, Cat(Const(0, 1), e.kept.book), urgent=1)
            e.fsm.go("command_quiet")
    with e.fsm.state("command_quiet"):
        with m.If(e.quiet):
            with m.If(e.kept_clears):
                e.fsm.go("clear_start")
            with m.Elif(e.job_invalid):
                e.fsm.go("command_tell")
            with m.Else():
                e.fsm.go("command_refill")
    with e.fsm.state("command_refill"):
        bid, ask = e.job_need
        with m.If((bid | ask) & e.job_book_moves):
            # The cache of a row cannot be refilled while its window moves.
            m.d.sync += [
                e.holding.eq(0),
                e.sweep_for.eq(Mux(e.evicting, SweepFor.EVICT, SweepFor.ADMIT)),
            ]
            e.fsm.go("sweep")
        with m.Elif(bid | ask):
            m.d.sync += e.job_side.eq(~bid)
            e.fsm.go("refill")
        with m.Elif(e.kept_reads_orders):
            m.d.sync += [
                e.holding.eq(0),
                e.dumping.eq(1),
                e.dump_set.eq(0),
            ]
            e.fsm.go("idle")
        with m.Else():
            e.request(m, Op.READ_ROW)
            with m.If(e.free):
                e.fsm.go("read_row")
    with e.fsm.state("read_row"):
        m.d.sync += index.eq(0)
        with m.If(e.report.row_read):
            m.d.sync += valid.eq(e.report.row.valid | e.report.other_row.valid)
            e.fsm.go("read_level")
    with e.fsm.state("read_level"):
        with m.If(valid[0]):
            e.request(m, Op.LEVEL)
            m.d.comb += [
                e.next_issue.tag.eq(e.kept.tag),
                e.next_issue.tag.kind.eq(EVENT_KIND.level),
                e.next_issue.tag.index.eq(index),
            ]
            with m.If(e.free):
                m.d.sync += [index.eq(index + 1), valid.eq(valid[1:])]
        with m.Else():
            e.fsm.go("command_tell")


def _tell_states(m: Module, e: MaintenanceState) -> None:
    """Say that a command is done, or that a book is invalid."""
    tag = e.next_issue.tag
    with e.fsm.state("command_tell"):
        e.request(m, Op.NOTIFY, book=e.kept.book, side=0)
        m.d.comb += [
            tag.eq(e.kept.tag),
            tag.kind.eq(Mux(e.kept_clears, EVENT_KIND.cleared, EVENT_KIND.read_done)),
        ]
        with m.If(e.free):
            m.d.sync += [e.holding.eq(1), e.job_book.eq(e.kept.book)]
            e.fsm.go("command_told")
    with e.fsm.state("command_told"):
        with m.If(e.quiet):
            m.d.sync += [e.holding.eq(0), e.commanded.eq(0), e.command_hold.eq(0)]
            e.fsm.go("idle")
    with e.fsm.state("overflow"):
        with m.If(e.quiet & (e.job_invalid | ~e.job_overflow)):
            m.d.sync += e.overflow.bit_select(e.job_book, 1).eq(0)  # its event has said so
            e.fsm.go("move_settle")
        with m.Elif(e.quiet):
            e.request(m, Op.INVALIDATE)
            m.d.comb += [
                tag.emit.eq(1),
                tag.kind.eq(EVENT_KIND.best),
                tag.book.eq(e.job_book),
            ]
            with m.If(e.free):
                m.d.sync += e.overflow.bit_select(e.job_book, 1).eq(0)
                e.fsm.go("move_settle")
