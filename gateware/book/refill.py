"""Refill: bring the next best levels of a row into its cache."""

from amaranth import Cat, Const, Module, Mux, Signal, Value

from gateware.book.layouts import Op
from gateware.book.maintenance_state import MaintenanceState
from gateware.common.choice import first_of, one_hot_index
from hw.records import EVENT_KIND

__all__ = ["refill_states"]


def refill_states(m: Module, e: MaintenanceState) -> None:
    """Add the states of the job ``refill``.

    The job's book is held until nothing of it is under way; what is read then is exact. The next
    level is the better of the next one in the window and the best one outside it. The one outside
    matters only if the window has none, or if there may be orders better than the window; it is
    known only after a search of the table, for which the job ends and starts again.
    """
    s = e.s
    grain = (s.leaf_bits - 1).bit_length()
    r, row = e.report, e.row
    cursor, found, beyond = Signal(s.pk), Signal(s.pk), Signal()
    leaf, lowest, leaf_base = Signal(s.leaf_bits), Signal(s.leaf_bits), Signal(s.pk)
    summary = Signal(s.leaves)
    first, second = Signal(s.leaves), Signal(s.leaves)
    pick, skip = Signal(s.leaves), Signal(range(s.leaves))
    quantity, count = Signal(s.quantity), Signal(s.count)
    grown = Signal()  # the row has changed
    in_window = Signal()  # there is a level in the window too
    here = leaf_base[grain : s.offset_bits]
    base_leaf = row.base[grain : s.offset_bits]
    same_row, in_the_way = Signal(), e.in_the_way
    m.d.sync += same_row.eq(Cat(e.search_side, e.search_book) == e.job_row)
    searched = e.search_true & same_row
    best = e.found.best
    # What is known of the row once it was read, and of the two levels that are to be compared.
    all_inside, plain, outside_better = Signal(), Signal(), Signal()
    after_bound, start = Signal(len(row.bound) + 1), Signal(len(row.bound) + 1)
    depth = Signal(len(row.bound) + 2)
    mask = (Const(-1, s.leaf_bits) << cursor[:grain])[: s.leaf_bits]
    m.d.comb += [
        after_bound.eq(row.bound + 1),
        start.eq(Mux(row.bound >= row.base, after_bound, row.base)),
        depth.eq(Cat(cursor, beyond) - row.base),
    ]
    m.d.sync += [
        all_inside.eq(row.outside == 0),
        plain.eq(~row.better | (row.outside == 0)),
        outside_better.eq(best.pk < found),
    ]

    def search() -> None:
        """Search the table; hold the book all the while if an earlier result was overtaken."""
        with m.If(~e.searching):
            m.d.sync += [
                e.searching.eq(1),
                e.search_hold.eq(e.search_overtaken & same_row),
                e.search_overtaken.eq(0),
                e.search_done.eq(0),
                e.search_true.eq(0),
                e.search_book.eq(e.job_book),
                e.search_side.eq(e.job_side),
                e.search_bound.eq(row.bound),
                e.search_set.eq(0),
                e.search_overflow.eq(0),
                e.searches.eq(e.searches + 1),
            ]
            m.d.sync += e.found.clear.eq(1)
        e.fsm.go("refill_end")
        with m.If(e.searching):
            e.fsm.go("refill_postpone")

    with e.fsm.state("refill"):
        m.d.sync += grown.eq(0)
        with m.If(~e.urgent & in_the_way):
            e.fsm.go("refill_release")
        with m.Elif(e.quiet):
            e.request(m, Op.READ_ROW)
            with m.If(e.free):
                e.fsm.go("refill_row")
    with e.fsm.state("refill_row"):
        with m.If(r.row_read):
            m.d.sync += row.eq(r.row)
            e.fsm.go("refill_decide")
    with e.fsm.state("refill_decide"):
        m.d.sync += Cat(cursor, beyond).eq(start)
        with m.If(e.job_overflow):
            e.fsm.go("refill_release")  # what the window holds cannot be trusted
        with m.Elif(~row.more | row.valid[-1] | e.job_row_moves):
            e.fsm.go("refill_end")
        with m.Else():
            e.fsm.go("refill_begin")
    with e.fsm.state("refill_begin"):
        with m.If((depth >> s.offset_bits).any() | beyond):
            e.fsm.go("refill_outside")
        with m.Else():
            e.fsm.go("refill_leaf")

    with e.fsm.state("refill_leaf"):
        e.request(m, Op.PEEK, pk=cursor)
        with m.If(e.free):
            e.fsm.go("refill_leaf_wait")
    with e.fsm.state("refill_leaf_wait"):
        with m.If(r.peeked):
            m.d.sync += [
                leaf.eq(r.leaf & mask),
                leaf_base.eq(Cat(Const(0, grain), cursor[grain:])),
                summary.eq(r.summary),
            ]
            e.fsm.go("refill_bit")
    with e.fsm.state("refill_bit"):
        m.d.sync += lowest.eq(first_of(leaf))
        with m.If(~e.urgent & in_the_way):
            e.fsm.go("refill_end")
        with m.Elif(leaf.any()):
            e.fsm.go("refill_found")
        with m.Else():
            e.fsm.go("refill_next")
    with e.fsm.state("refill_found"):
        m.d.sync += [
            found.eq(Cat(one_hot_index(lowest), leaf_base[grain:])),
            leaf.eq(leaf & ~lowest),
        ]
        e.fsm.go("refill_weigh")
        with m.If(plain):
            e.fsm.go("refill_level")
    with e.fsm.state("refill_next"):
        # The window is circular: from this leaf up to the end, then up to where it begins.
        above = (Const(-2, s.leaves) << here)[: s.leaves]
        below = ~(Const(-1, s.leaves) << base_leaf)[: s.leaves]
        wrapped = here < base_leaf
        m.d.sync += [
            first.eq(summary & above & (below | (~wrapped).replicate(s.leaves))),
            second.eq(summary & below & (~wrapped).replicate(s.leaves)),
        ]
        e.fsm.go("refill_skip")
    with e.fsm.state("refill_skip"):
        m.d.sync += pick.eq(Mux(first.any(), first_of(first), first_of(second)))
        with m.If(first.any() | second.any()):
            e.fsm.go("refill_where")
        with m.Else():
            e.fsm.go("refill_outside")
    with e.fsm.state("refill_where"):
        m.d.sync += skip.eq(one_hot_index(pick))
        e.fsm.go("refill_far")
    with e.fsm.state("refill_far"):
        m.d.sync += skip.eq(skip - here)
        e.fsm.go("refill_jump")
    with e.fsm.state("refill_jump"):
        m.d.sync += cursor.eq(leaf_base + (skip << grain))
        e.fsm.go("refill_leaf")

    with e.fsm.state("refill_weigh"):
        e.fsm.go("refill_compare")
    with e.fsm.state("refill_compare"):
        with m.If(~searched):
            search()
        with m.Elif(e.found.valid & outside_better):
            m.d.sync += in_window.eq(1)
            e.fsm.go("refill_best")
        with m.Elif(~e.found.valid & e.found.more):
            search()
        with m.Else():
            e.fsm.go("refill_level")
    with e.fsm.state("refill_level"):
        e.request(m, Op.PEEK, pk=found)
        with m.If(e.free):
            e.fsm.go("refill_level_wait")
    with e.fsm.state("refill_level_wait"):
        with m.If(r.peeked):
            m.d.sync += [quantity.eq(r.level_quantity), count.eq(r.level_count)]
            e.fsm.go("refill_append")
    # With the level under way the cache is full, or holds enough while updates wait.
    enough = min(e.URGENT_ENOUGH, e.parameters.cached_levels) - 1
    done = row.valid[-2] | (in_the_way & (~e.urgent | row.valid[enough - 1]))

    def appended(pk: Value, then: str) -> None:
        """Note a level that is on its way into the cache."""
        m.d.sync += [
            grown.eq(1),
            row.bound.eq(pk),
            row.valid.eq(Cat(Const(1, 1), row.valid[:-1])),
        ]
        e.fsm.go(then)
        with m.If(done):
            e.fsm.go("refill_end")

    with e.fsm.state("refill_append"):
        e.request(m, Op.APPEND, pk=found, quantity=quantity, count=count)
        with m.If(e.free):
            m.d.sync += e.refills.eq(e.refills + 1)
            appended(found, "refill_bit")

    with e.fsm.state("refill_outside"):
        with m.If(all_inside):
            e.fsm.go("refill_all")
        with m.Elif(~searched):
            search()
        with m.Elif(e.found.valid):
            m.d.sync += in_window.eq(0)
            e.fsm.go("refill_best")
        with m.Elif(e.found.more):
            search()
        with m.Else():
            e.fsm.go("refill_all")
    with e.fsm.state("refill_best"):
        e.request(m, Op.APPEND, pk=best.pk, quantity=best.quantity, count=best.count)
        with m.If(e.free):
            m.d.sync += e.found.pop.eq(1)
            appended(best.pk, "refill_rest")
    with e.fsm.state("refill_rest"):
        with m.If(in_window):
            e.fsm.go("refill_weigh")
        with m.Else():
            e.fsm.go("refill_outside")
    with e.fsm.state("refill_all"):
        e.request(m, Op.CLEAR_MORE)
        with m.If(e.free):
            m.d.sync += grown.eq(1)
            e.fsm.go("refill_end")

    with e.fsm.state("refill_postpone"):  # another row is being searched
        m.d.sync += e.postponed.bit_select(e.job_row, 1).eq(1)
        e.fsm.go("refill_end")
    with e.fsm.state("refill_end"):
        with m.If(~grown):
            e.fsm.go("refill_release")
        with m.Elif(e.quiet):
            with m.If(e.job_deferred):
                e.request(m, Op.NOTIFY)
                m.d.comb += [
                    e.next_issue.tag.emit.eq(1),
                    e.next_issue.tag.kind.eq(EVENT_KIND.resolved),
                    e.next_issue.tag.book.eq(e.job_book),
                ]
                with m.If(e.free):
                    e.fsm.go("refill_told")
            with m.Else():
                e.fsm.go("refill_release")
    with e.fsm.state("refill_told"):
        with m.If(e.quiet):
            e.fsm.go("refill_release")
    with e.fsm.state("refill_release"):
        m.d.sync += e.holding.eq(0)
        with m.If(same_row & ~e.searching):
            m.d.sync += [e.search_done.eq(0), e.search_hold.eq(0)]
        e.fsm.go("idle")
