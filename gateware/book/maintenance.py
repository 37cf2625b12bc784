"""Maintenance engine: everything of the book engine that is not on the way of an update.

It works with operations in the same pipeline, on slots that updates do not use or that are
reserved for it. Where an operation needs a book to itself, it *holds* the book: updates of that
book wait at the input until nothing of it is under way and the operation is done. Its jobs:

* clear all memories after reset, and one book on ``clear``,
* refill a row's cache from the window, or, with a search of the order table, from outside it,
* move a row's window: evict the orders that leave it, then admit those that it now covers,
* read out levels and orders.

A sweep over the order table gives way to more urgent jobs between two sets.
"""

from typing import Final

from amaranth import Cat, Const, Module, Mux, Signal, Value

from gateware.book.commands import command_states
from gateware.book.decode import issue_layout
from gateware.book.deferrals import time_deferrals
from gateware.book.maintenance_state import JobClass, MaintenanceState, SweepFor
from gateware.book.moves import move_states
from gateware.book.order_table import OrderTable
from gateware.book.pipeline import Pipeline
from gateware.book.refill import refill_states
from gateware.book.sweep import sweep_states
from gateware.common.choice import first_of, one_hot_index
from gateware.common.one_hot import OneHot
from gateware.common.view import view
from hw.records import UPDATE_KIND

__all__ = ["Maintenance"]

_STATES: Final = 64  # at most; those that nobody needs cost nothing


class Maintenance(MaintenanceState):
    """Keep caches filled and windows in place; carry out commands.

    Ports and parameters: see ``MaintenanceState``.
    """

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.found = self.found
        m.d.comb += Value.cast(self.next_issue).eq(0)  # every bit in one place, see Decode
        self._issue(m)
        self._watch(m)
        time_deferrals(m, self)
        self._seek(m)
        self._look(m)
        m.d.sync += self.pressed.eq(self.deferred.any())
        m.d.comb += [
            self.hold.eq(Cat(self.holding, self.search_hold, self.command_hold)),
            self.hold_book[0].eq(self.job_book),
            self.hold_book[1].eq(self.search_book),
            self.hold_book[2].eq(self.kept.book),
            self.command_ready.eq(self.ready & ~self.commanded),
            self.ready.eq(self.clear & ~self.restarting),
        ]
        with m.If(self.restart):  # however short, and whatever the job at hand
            m.d.sync += self.restarting.eq(1)
        with m.If(~self.commanded):  # whatever it is: who knows better comes later in the cycle
            m.d.sync += [
                self.kept.eq(self.command),
                self.kept_flag.eq(self.command_flag),
                self.kept_clears.eq(self.command.tag.cause == UPDATE_KIND.clear),
                self.kept_reads_orders.eq(self.command.tag.cause == UPDATE_KIND.read_orders),
            ]
        with m.If(self.command_valid & self.command_ready):
            m.d.sync += [self.commanded.eq(1), self.command_hold.eq(1)]
        self.fsm = OneHot(m, init="reset", width=_STATES)
        with self.fsm.states():
            command_states(m, self)
            refill_states(m, self)
            sweep_states(m, self)
            move_states(m, self)
            self._choose(m)
        return m

    def _issue(self, m: Module) -> None:
        """Hold one operation ready for the pipeline; know when the job's book is quiet."""
        # Two places in turn, so that asking need not know whether one is given up in this cycle.
        places = [view(issue_layout(self.s), name=f"place{i}") for i in range(2)]
        full, direct, needs_room = Signal(2), Signal(2), Signal(2)
        # Which one is to go, once for what it holds and once for what follows from it; both taken.
        put, get, head, both = Signal(), Signal(), Signal(2, init=1), Signal()
        asked = self.ask & self.free
        m.d.comb += [
            Value.cast(self.issue).eq(Mux(get, Value.cast(places[1]), Value.cast(places[0]))),
            self.issue_direct.eq(direct.bit_select(get, 1)),
            self.issue_valid.eq((head & full & (~needs_room | self.may_emit.replicate(2))).any()),
            self.issue_soon.eq(full.any()),
            self.free.eq(~both),
        ]
        m.d.sync += [
            put.eq(put ^ asked),
            get.eq(get ^ self.issue_taken),
            head.eq(Mux(self.issue_taken, head.rotate_left(1), head)),
            both.eq(~self.issue_taken & (both | (asked & full.any()))),
        ]
        for i, place in enumerate(places):
            with m.If(~full[i]):
                m.d.sync += [
                    place.eq(self.next_issue),
                    direct[i].eq(self.ask_direct),
                    needs_room[i].eq(self.next_issue.tag.emit),
                    full[i].eq(asked & (put == i)),
                ]
            with m.Elif(self.issue_taken & (get == i)):
                m.d.sync += full[i].eq(0)
        answered = self.report.scanned | self.report.slot_read
        m.d.sync += self.under_way.eq(self.under_way + (self.ask_table & self.free) - answered)
        still = Signal(range(Pipeline.SPACING + 1))  # cycles without anything of the job's book
        busy = self.issued & (self.issued_book == self.job_book)
        stirs = busy | full.any() | asked | ~self.holding
        with m.If(stirs):
            m.d.sync += still.eq(0)
        with m.Elif(~self.quiet):
            m.d.sync += still.eq(still + 1)
        m.d.sync += [
            self.quiet.eq(~stirs & (still >= Pipeline.SPACING - 1)),
            self.slots_quiet.eq(~stirs & (still >= OrderTable.SPACING_SLOT - 1)),
        ]
        move_row = Cat(self.move_side, self.move_book)
        m.d.sync += [
            self.job_deferred.eq(self.deferred.bit_select(self.job_row, 1)),
            self.job_overflow.eq(self.overflow.bit_select(self.job_book, 1)),
            self.job_invalid.eq(self.invalid.bit_select(self.job_book, 1)),
            self.job_need.eq(self.need.word_select(self.job_book, 2)),
            self.job_row_moves.eq(self.moving & (move_row == self.job_row)),
            self.job_book_moves.eq(self.moving & (self.move_book == self.job_book)),
            self.in_the_way.eq(self.waiting & (self.waiting_book == self.job_book)),
        ]
        with m.If(self.cooldown != 0):
            m.d.sync += self.cooldown.eq(self.cooldown - 1)

    def _watch(self, m: Module) -> None:
        """Keep the state of each row from what the pipeline reports."""
        r, s = self.report, self.s
        row = Cat(r.ran_side, r.ran_book)
        window = self.parameters.window_ticks
        short = r.ran_row.more & ~r.ran_invalid
        depth = Signal(len(r.ran_best) + 1)
        # One cycle later: is the best price where it should be in the window?
        ran, ran_row, ran_wants = Signal(), Signal(range(s.rows)), Signal()
        at_edge = Signal()
        m.d.sync += [
            ran.eq(r.ran),
            ran_row.eq(row),
            depth.eq(r.ran_best - r.ran_row.base),
            at_edge.eq(r.ran_row.base != 0),
            ran_wants.eq(r.ran_row.valid[0] & ~r.ran_invalid),
        ]
        with m.If(r.ran):
            m.d.sync += [
                self.need.bit_select(row, 1).eq(short & ~r.ran_row.valid[-1]),
                self.low.bit_select(row, 1).eq(short & ~r.ran_row.valid[self.urgent_level]),
                self.invalid.bit_select(r.ran_book, 1).eq(r.ran_invalid),
            ]
            with m.If(r.ran_invalid):
                both = Cat(~r.ran_side, r.ran_book)
                m.d.sync += [
                    self.need.bit_select(both, 1).eq(0),
                    self.low.bit_select(both, 1).eq(0),
                    self.want.bit_select(both, 1).eq(0),
                ]
        with m.If(ran):
            far = (depth[:-1] >= window // 2) & ~depth[-1]
            near = (depth[:-1] < window // 16) & at_edge
            m.d.sync += self.want.bit_select(ran_row, 1).eq(ran_wants & (far | near | depth[-1]))
        m.d.comb += self.overtaking.eq(
            r.ran
            & (r.ran_book == self.search_book)
            & (r.ran_side == self.search_side)
            & r.ran_update
            & (r.ran_outside | r.ran_dropped)
        )
        with m.If(self.overtaking):
            m.d.sync += self.search_true.eq(0)
            with m.If(self.searching | self.search_done):
                m.d.sync += self.search_overtaken.eq(1)
        m.d.sync += [self.found.clear.eq(0), self.found.pop.eq(0)]
        m.d.comb += [self.found.pk.eq(r.entry.pk), self.found.quantity.eq(r.entry.quantity)]
        with m.If(self.found.overflow):
            m.d.sync += self.search_overflow.eq(1)
        with m.If(r.overflow):
            m.d.sync += self.overflow.bit_select(r.overflow_book, 1).eq(1)

    @property
    def urgent_level(self) -> int:
        """Index of the cached level whose absence makes a refill urgent."""
        return min(self.URGENT_BELOW, self.parameters.cached_levels) - 1

    def _seek(self, m: Module) -> None:
        """Look for the next row whose refill is urgent, one row a cycle, whatever else goes on."""
        row = self.seek
        moves = self.moving & (Cat(self.move_side, self.move_book) == row)
        waits = self.low.bit_select(row, 1) & ~self.postponed.bit_select(row, 1) & ~moves
        m.d.sync += self.next_low.eq(self.low.bit_select(self.next_row, 1))
        with m.If(~self.next_valid):
            m.d.sync += row.eq(Mux(row == self.s.rows - 1, 0, row + 1))
            with m.If(waits):
                m.d.sync += [self.next_valid.eq(1), self.next_row.eq(row), self.next_low.eq(1)]

    def _look(self, m: Module) -> None:
        """Look at what a job can be needed for, one row a cycle.

        All of it is a cycle late when ``_choose`` sees it: each job looks again.
        """
        here, move_row = self.round, Cat(self.move_side, self.move_book)
        moving_here = self.moving & (move_row == here)
        in_the_way = self.waiting & (self.waiting_book == here[1:])
        m.d.sync += [
            here.eq(Mux(here == self.s.rows - 1, 0, here + 1)),
            self.seen.eq(here),
            self.wants.eq(self.want.bit_select(here, 1)),
            self.needs.eq(self.need.bit_select(here, 1) & ~in_the_way & ~moving_here),
            self.move_deferred.eq(self.deferred.bit_select(move_row, 1)),
            self.overflowed.eq(self.overflow.any()),
            self.overflowed_book.eq(one_hot_index(first_of(self.overflow))),
        ]

    def _choose(self, m: Module) -> None:
        """Choose a job in one cycle, classes in turn, so that none starves; start it in the next.

        What a choice rests on does not end before the job starts, or the job looks again.
        """
        row, chosen = Signal(range(self.s.rows)), Signal(9)
        classes = {
            JobClass.REFILL: self.next_valid & self.next_low,
            JobClass.SEARCH: self.searching,
            # While a best price is deferred, only what brings it back goes on.
            JobClass.COMMAND: self.commanded & ~self.pressed,
            JobClass.MOVE: self.moving & (~self.pressed | self.move_deferred),
        }
        restart, overflow, found, want, need = (1 << i for i in range(4, 9))
        with self.fsm.state("idle"):
            self.fsm.go("start")
            m.d.sync += row.eq(self.seen)
            with m.If(self.next_valid & ~self.next_low):
                m.d.sync += self.next_valid.eq(0)
            with m.If(self.restarting):
                m.d.sync += chosen.eq(restart)
            with m.Elif(self.overflowed):
                m.d.sync += [chosen.eq(overflow), row.eq(Cat(Const(0, 1), self.overflowed_book))]
            with m.Elif(self.search_done):
                m.d.sync += [chosen.eq(found), row.eq(Cat(self.search_side, self.search_book))]
            with m.Elif(Cat(classes.values()).any()):
                with m.Switch(self.served):
                    for i, last in enumerate(classes):
                        with m.Case(last):
                            order = [*classes][i + 1 :] + [*classes][: i + 1]
                            for j, job in enumerate(order):
                                with m.If(classes[job]) if j == 0 else m.Elif(classes[job]):
                                    m.d.sync += [self.served.eq(job), chosen.eq(1 << job.value)]
                m.d.sync += row.eq(self.next_row)
            with m.Elif(self.wants & ~self.pressed & ~self.moving):
                m.d.sync += chosen.eq(want)
            with m.Elif(self.needs):
                m.d.sync += chosen.eq(need)
            with m.Else():
                self.fsm.go("idle")
        with self.fsm.state("start"):
            refill, search, command, move = (chosen[job.value] for job in classes)
            is_restart, is_overflow, is_found, is_want, is_need = chosen[4:]
            with m.If(is_restart):
                self.fsm.go("reset")
            with m.If(command):
                self.fsm.go("command")
            with m.If(search | move):
                kind = Mux(self.evicting, SweepFor.EVICT, SweepFor.ADMIT)
                m.d.sync += self.sweep_for.eq(Mux(search, SweepFor.SEARCH, kind))
                self.fsm.go("sweep")
            with m.If(is_overflow | is_want | refill | is_found | is_need):
                self.take_job(m, row, urgent=~is_need)
                self.fsm.go("refill")
            with m.If(is_overflow):
                self.fsm.go("overflow")
            with m.If(is_want):
                self.fsm.go("move")
            with m.If(refill):
                m.d.sync += self.next_valid.eq(0)
