"""Window moves: put the window of a row where its best price is."""

from amaranth import Cat, Const, Module, Mux, Signal

from gateware.book.layouts import Op
from gateware.book.maintenance_state import MaintenanceState

__all__ = ["move_states"]


def move_states(m: Module, e: MaintenanceState) -> None:
    """Add the states of the job ``move``.

    The job only begins a move; sweeps carry it out while updates flow. Until every order that
    leaves the window is evicted, a new order is inside if it is in both windows; from then on the
    new window counts, and the sweep admits those that it now covers.
    """
    s, row, r = e.s, e.row, e.report
    grain = (s.leaf_bits - 1).bit_length()
    quarter = e.parameters.window_ticks // 4
    down = e.row_best - quarter
    target, differs = Signal(s.pk), Signal()

    with e.fsm.state("move"):
        with m.If(e.quiet):
            e.request(m, Op.READ_ROW)
            with m.If(e.free):
                e.fsm.go("move_row")
    with e.fsm.state("move_row"):
        with m.If(r.row_read):
            m.d.sync += [row.eq(r.row), e.row_best.eq(r.row_best)]
            e.fsm.go("move_target")
    with e.fsm.state("move_target"):
        begin = Cat(Const(0, grain), down[grain : len(e.row_best)])
        m.d.sync += target.eq(Mux(e.row_best < quarter, 0, begin))
        e.fsm.go("move_compare")
    with e.fsm.state("move_compare"):
        m.d.sync += [differs.eq(target != row.base), e.move_worse.eq(target > row.base)]
        e.fsm.go("move_decide")
    with e.fsm.state("move_decide"):
        m.d.sync += e.want.bit_select(e.job_row, 1).eq(0)
        with m.If(row.valid[0] & (differs | row.better)):
            m.d.sync += [
                e.move_book.eq(e.job_book),
                e.move_side.eq(e.job_side),
                e.move_base.eq(target),
                e.move_set.eq(0),
            ]
            e.fsm.go("move_start")
        with m.Else():
            e.fsm.go("move_settle")
    with e.fsm.state("move_start"):
        e.request(m, Op.START_MOVE)
        with m.If(e.free):
            m.d.sync += [e.moving.eq(1), e.evicting.eq(1)]
            with m.If(Cat(e.search_side, e.search_book) == e.job_row):
                m.d.sync += e.search_true.eq(0)
            e.fsm.go("move_settle")
    with e.fsm.state("move_switch"):  # every order that leaves has left
        with m.If(e.quiet):
            e.request(m, Op.SET_BASE)
            with m.If(e.free):
                m.d.sync += [e.evicting.eq(0), e.move_set.eq(0)]
                e.fsm.go("move_settle")
    with e.fsm.state("move_settle"):
        with m.If(e.quiet):
            m.d.sync += [e.holding.eq(0), e.cooldown.eq(24)]
            e.fsm.go("idle")
