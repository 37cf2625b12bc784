"""Sweep: visit every order of a row, or of a book, in the order table."""

from amaranth import Const, Module, Mux, Signal

from gateware.book.layouts import Op
from gateware.book.maintenance_state import MaintenanceState, SweepFor
from gateware.common.choice import first_of
from hw.records import EVENT_KIND

__all__ = ["sweep_states"]


def sweep_states(m: Module, e: MaintenanceState) -> None:
    """Add the states of the job ``sweep``: one step, up to the next set that holds such an order.

    Sets are scanned without a hold, one after the other; the orders in a set that matches are read
    one by one. Those that a window move concerns are changed under a hold; the pipeline checks once
    more that they must be.
    """
    s, r = e.s, e.report
    last = e.parameters.sets - 1
    asking, current = Signal(s.set_bits + 1), Signal(s.set_bits + 1)
    # Slots to deal with: one, and the others behind it.
    pick, picked, rest = Signal(s.slot), Signal(), Signal(s.slot)
    next_pick = first_of(rest)
    under_way = e.under_way
    stopped = Signal()
    found = Signal()  # a set that has such orders
    mode = e.sweep_for
    answered = r.scanned | r.slot_read
    is_dump = mode == SweepFor.DUMP
    is_search = mode == SweepFor.SEARCH
    end = Signal(len(e.move_base) + 1)
    m.d.comb += end.eq(e.move_base + e.parameters.window_ticks - 1)
    beyond = Mux(end[-1], Const(-1, len(e.move_base)), end[: len(e.move_base)])
    with e.fsm.state("sweep"):
        begin = Mux(is_search, e.search_set, Mux(is_dump, e.dump_set, e.move_set))
        book = Mux(is_search, e.search_book, Mux(is_dump, e.kept.book, e.move_book))
        side = Mux(is_search, e.search_side, e.move_side)
        m.d.sync += [
            asking.eq(begin),
            current.eq(begin),
            e.scan_book.eq(book),
            e.scan_side.eq(side),
            e.scan_any_side.eq(is_dump),
            e.scan_inside.eq(mode == SweepFor.EVICT),
            e.scan_any_inside.eq(is_dump),
            e.job_book.eq(book),
            e.job_side.eq(side),
            e.scan_above.eq((mode == SweepFor.EVICT) & ~e.move_worse),
            picked.eq(0),
            rest.eq(0),
            found.eq(0),
            stopped.eq(0),
        ]
        # Only orders that matter: better than what was found, or on the far side of the window
        # to come, or in it.
        with m.If(is_dump | is_search):
            m.d.sync += e.scan_limit.eq(-1)
        with m.Elif((mode == SweepFor.EVICT) & e.move_worse):
            m.d.sync += e.scan_limit.eq(e.move_base - 1)
        with m.Else():
            m.d.sync += e.scan_limit.eq(beyond)
        e.fsm.go("sweep_scan")
    with e.fsm.state("sweep_scan"):
        with m.If(is_search):
            m.d.sync += e.scan_limit.eq(e.found.limit)
        with m.If(~stopped & (asking <= last)):
            e.request(m, Op.SCAN, set=asking)
            with m.If(e.free):
                m.d.sync += asking.eq(asking + 1)
        with m.If(e.next_valid & ~is_search):
            m.d.sync += stopped.eq(1)
        with m.If(r.scanned & ~found):
            with m.If(r.matches.any()):
                m.d.sync += [rest.eq(r.matches), found.eq(1), stopped.eq(1)]
            with m.Else():
                m.d.sync += current.eq(current + 1)
        with m.If((under_way == 0) & (stopped | (asking > last))):
            m.d.sync += [found.eq(0), picked.eq(found), pick.eq(next_pick)]
            m.d.sync += rest.eq(rest & ~next_pick)
            with m.If(~found):
                e.fsm.go("sweep_pause")
            with m.Elif(is_search | is_dump):
                e.fsm.go("sweep_read")
            with m.Else():
                e.fsm.go("sweep_hold")

    with e.fsm.state("sweep_read"):
        with m.If(picked):
            e.request(m, Op.READ_SLOT, set=current, pick=pick)
            with m.If(is_dump):
                m.d.comb += [
                    e.next_issue.tag.eq(e.kept.tag),
                    e.next_issue.tag.kind.eq(EVENT_KIND.order),
                ]
            with m.If(e.free):
                m.d.sync += [pick.eq(next_pick), picked.eq(rest.any()), rest.eq(rest & ~next_pick)]
        mine = (
            r.entry.valid
            & (r.entry.key.book == e.job_book)
            & (r.entry.side == e.job_side)
            & (r.entry.inside == e.scan_inside)
        )
        with m.If(r.slot_read):
            m.d.comb += e.found.put.eq(mine & is_search & (r.entry.pk > e.search_bound))
        with m.If(~picked & (under_way == 0) & ~answered):
            m.d.sync += current.eq(current + 1)
            with m.If(e.next_valid | (e.commanded & ~e.pressed) | (current == last)):
                e.fsm.go("sweep_pause")
            with m.Else():
                m.d.sync += [asking.eq(current + 1), stopped.eq(0)]
                e.fsm.go("sweep_scan")

    with e.fsm.state("sweep_hold"):
        with m.If((e.cooldown == 0) | ~e.in_the_way):
            m.d.sync += e.holding.eq(1)
            e.fsm.go("sweep_act")
    with e.fsm.state("sweep_act"):
        with m.If(e.slots_quiet | e.timer[0]):
            m.d.sync += e.timer.eq(1)
            with m.If(picked):
                e.request(m, Op.EVICT, set=current, pick=pick)
                with m.If(mode == SweepFor.ADMIT):
                    m.d.comb += e.next_issue.op.eq(Op.ADMIT)
                with m.If(e.free):
                    m.d.sync += [
                        pick.eq(next_pick),
                        picked.eq(rest.any()),
                        rest.eq(rest & ~next_pick),
                    ]
            with m.Else():
                e.fsm.go("sweep_settle")
    with e.fsm.state("sweep_settle"):
        m.d.sync += e.timer.eq(0)
        with m.If(e.slots_quiet):
            m.d.sync += [e.holding.eq(0), e.cooldown.eq(24), current.eq(current + 1)]
            e.fsm.go("sweep_pause")

    with e.fsm.state("sweep_pause"):
        with m.Switch(mode):
            with m.Case(SweepFor.SEARCH):
                m.d.sync += e.search_set.eq(current)
            with m.Case(SweepFor.DUMP):
                m.d.sync += e.dump_set.eq(current)
            with m.Default():
                m.d.sync += e.move_set.eq(current)
        e.fsm.go("idle")
        with m.If(current > last):
            with m.Switch(mode):
                with m.Case(SweepFor.SEARCH):
                    m.d.sync += [
                        e.searching.eq(0),
                        e.search_done.eq(1),
                        e.search_true.eq(~e.search_overtaken & ~e.overtaking),
                        e.postponed.eq(0),
                    ]
                    with m.If(e.search_overflow & ~e.search_overtaken & ~e.overtaking):
                        m.d.sync += e.overflow.bit_select(e.search_book, 1).eq(1)
                with m.Case(SweepFor.EVICT):
                    m.d.sync += [e.holding.eq(1), e.timer.eq(0)]
                    e.fsm.go("move_switch")
                with m.Case(SweepFor.ADMIT):
                    m.d.sync += [e.moving.eq(0), e.window_moves.eq(e.window_moves + 1)]
                with m.Case(SweepFor.DUMP):
                    m.d.sync += e.dumping.eq(0)
                    e.fsm.go("command_tell")
