"""What the jobs of the maintenance engine share: its ports, registers, and the way to ask."""

from typing import Any

from amaranth import Cat, Module, Signal, Value
from amaranth.lib import enum, wiring
from amaranth.lib.wiring import In, Out

from gateware.book.best_levels import BestLevels
from gateware.book.decode import issue_layout
from gateware.book.layouts import DIRECT, Op, Shapes
from gateware.book.reports import report_layout
from gateware.common.one_hot import OneHot
from gateware.common.view import view
from hw.presets import BookParameters

__all__ = ["JobClass", "MaintenanceState", "SweepFor"]


class JobClass(enum.Enum, shape=2):
    """Kinds of jobs that take turns."""

    REFILL = 0
    SEARCH = 1
    COMMAND = 2
    MOVE = 3


class SweepFor(enum.Enum, shape=2):
    """What a sweep is for."""

    SEARCH = 0  # the best level outside the window
    EVICT = 1  # orders that leave the window
    ADMIT = 2  # orders that enter it
    DUMP = 3  # every order of a book


class MaintenanceState(wiring.Component):
    """Ports and registers of ``Maintenance``, for its jobs to share.

    Timing
    ------
    No job has a fixed time: each ends when its operations have passed the pipeline. ``hold`` is
    1 for as long as a job needs its book to itself.

    Parameters
    ----------
    parameters : BookParameters
        Sizes of the build.

    Members
    -------
    restart : ``In(1)``
        Clear everything.
    ready : ``Out(1)``
        Every memory is clear.
    command, command_flag, command_valid, command_ready : ``In``, ``Out``
        A clear or read-out from the input; ``op`` of ``command`` is not used.
    waiting, waiting_book : ``In``
        An update is at the input; its book.
    hold, hold_book : 3 x ``Out``
        Books whose updates must wait.
    issue, issue_valid, issue_direct, issue_taken : ``Out``, ``Out``, ``Out``, ``In``
        The next operation; it is on a slot or a set.
    issue_soon : ``Out(1)``
        There is an operation, or may be one in the next cycle.
    may_emit : ``In(1)``
        There is room for an event.
    pressed : ``Out(1)``
        A best price is deferred: maintenance may have every other cycle.
    issued, issued_book : ``In(1)``, ``In(book)``
        An operation went into the pipeline in the cycle before, from wherever it came; its book.
    report : ``In(report_layout)``
        From the pipeline.
    scan_book .. scan_any_inside, moving .. evicting : ``Out``
        See ``Pipeline``.
    refills, searches, window_moves, deferrals, deferred_max : ``Out(32)``
        Counters, see ``hw/registers.toml``.
    """

    restart: Value
    ready: Value
    command: Any
    command_flag: Value
    command_valid: Value
    command_ready: Value
    waiting: Value
    waiting_book: Value
    hold: Value
    hold_book: Any
    issue: Any
    issue_valid: Value
    issue_direct: Value
    issue_soon: Value
    issue_taken: Value
    may_emit: Value
    pressed: Value
    issued: Value
    issued_book: Value
    report: Any
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
    refills: Value
    searches: Value
    window_moves: Value
    deferrals: Value
    deferred_max: Value

    #: Fewer cached levels than this make a refill urgent.
    URGENT_BELOW = 3
    #: Where updates wait, an urgent refill ends with this many.
    URGENT_ENOUGH = 6

    #: The states of the jobs; entered by ``elaborate``.
    fsm: OneHot

    def __init__(self, *, parameters: BookParameters) -> None:
        self.parameters = parameters
        self.shapes = s = Shapes(parameters)
        self.s = s
        super().__init__(
            {
                "restart": In(1),
                "ready": Out(1),
                "command": In(issue_layout(s)),
                "command_flag": In(1),
                "command_valid": In(1),
                "command_ready": Out(1),
                "waiting": In(1),
                "waiting_book": In(s.book),
                "hold": Out(3),
                "hold_book": Out(s.book).array(3),
                "issue": Out(issue_layout(s)),
                "issue_valid": Out(1),
                "issue_direct": Out(1),
                "issue_soon": Out(1),
                "issue_taken": In(1),
                "may_emit": In(1),
                "pressed": Out(1),
                "issued": In(1),
                "issued_book": In(s.book),
                "report": In(report_layout(s)),
                "scan_book": Out(s.book),
                "scan_any_book": Out(1),
                "scan_side": Out(s.side),
                "scan_any_side": Out(1),
                "scan_limit": Out(s.pk),
                "scan_above": Out(1),
                "scan_inside": Out(1),
                "scan_any_inside": Out(1),
                "moving": Out(1),
                "move_book": Out(s.book),
                "move_side": Out(s.side),
                "move_base": Out(s.pk),
                "evicting": Out(1),
                "refills": Out(32),
                "searches": Out(32),
                "window_moves": Out(32),
                "deferrals": Out(32),
                "deferred_max": Out(32),
            }
        )
        self._registers()

    def _registers(self) -> None:
        """Make the registers that the jobs share."""
        s, rows = self.s, self.s.rows
        self.restarting, self.clear = Signal(), Signal()  # a restart is due; memories are clear
        # The job at hand: the row that it is about, and the hold that goes with it.
        self.job_book, self.job_side = Signal(s.book), Signal()
        self.urgent = Signal()
        self.holding = Signal()
        self.timer = Signal(5)
        self.cooldown = Signal(5)
        self.quiet = Signal()  # nothing of the job's book is under way
        # State of the job's row and book, a cycle late: nothing that they say is new by then.
        self.job_deferred, self.job_overflow, self.job_invalid = Signal(), Signal(), Signal()
        self.job_need = Signal(2)  # bid, ask
        self.job_row_moves, self.job_book_moves = Signal(), Signal()  # its window is being moved
        self.in_the_way = Signal()  # an update of the job's book waits
        self.slots_quiet = Signal()  # nothing of it that changes the table
        # Operation to issue: `ask` hands `next_issue` over if there is a place `free` for it.
        self.ask, self.free = Signal(), Signal()
        self.ask_direct = Signal()  # with ask: it is on a slot or a set
        self.ask_table = Signal()  # with ask: it gets an answer from the table
        self.next_issue = view(issue_layout(s))
        # Row of the job, as READ_ROW told.
        self.row = view(s.meta)
        self.row_best = Signal(s.pk)
        # Search of the table for the best levels outside the window: under way; just done; its
        # result is still true; an update overtook it, so that the next one must hold the book.
        self.searching, self.search_done = Signal(), Signal()
        self.search_true, self.search_overtaken = Signal(), Signal()
        self.search_hold, self.overtaking = Signal(), Signal()
        self.search_overflow = Signal()  # a level that it found is too large
        self.found = BestLevels(parameters=self.parameters)
        self.search_book, self.search_side = Signal(s.book), Signal()
        self.search_bound = Signal(s.pk)
        self.search_set = Signal(s.set_bits + 1)
        # Window move.
        self.move_set = Signal(s.set_bits + 1)
        self.move_worse = Signal()  # the new window lies on the worse side of the old one
        # Command at hand.
        self.commanded, self.command_hold = Signal(), Signal()
        self.kept = view(issue_layout(s))
        self.kept_flag, self.kept_clears, self.kept_reads_orders = Signal(), Signal(), Signal()
        self.dumping, self.dump_set = Signal(), Signal(s.set_bits + 1)
        # State of each row, and of each book.
        self.need, self.low, self.want = Signal(rows), Signal(rows), Signal(rows)
        self.deferred = Signal(rows)
        self.invalid = Signal(self.parameters.books)
        self.overflow = Signal(self.parameters.books)  # a level grew too large
        # Where the sweeps and the round are.
        self.round = Signal(range(rows))
        self.seek = Signal(range(rows))
        self.next_valid, self.next_row = Signal(), Signal(range(rows))  # an urgent row
        self.next_low = Signal()  # it is urgent still
        self.seen, self.wants, self.needs = Signal(range(rows)), Signal(), Signal()  # of the round
        self.move_deferred = Signal()
        self.overflowed, self.overflowed_book = Signal(), Signal(s.book)
        self.postponed = Signal(rows)  # urgent rows that wait for a search of another row
        self.served = Signal(JobClass)
        self.sweep_for = Signal(SweepFor)
        self.under_way = Signal(range(32))  # scans and reads of slots without answer yet

    @property
    def job_row(self) -> Value:
        """Index of the job's row."""
        return Cat(self.job_side, self.job_book)

    def take_job(self, m: Module, row: Value, *, urgent: Value | int) -> None:
        """Make ``row`` the row of the job at hand and hold its book."""
        m.d.sync += [
            Cat(self.job_side, self.job_book).eq(row),
            self.urgent.eq(urgent),
            self.holding.eq(1),
            self.timer.eq(0),
        ]

    def request(self, m: Module, op: Op, **fields: Value | int) -> None:
        """Ask for an operation on the row of the job; with ``free`` it is on its way."""
        own = self.next_issue
        m.d.comb += [
            self.ask.eq(1),
            self.ask_direct.eq(op in DIRECT),
            self.ask_table.eq(op in (Op.SCAN, Op.READ_SLOT)),
            own.op.eq(op),
            own.book.eq(fields.pop("book", self.job_book)),
            own.side.eq(fields.pop("side", self.job_side)),
        ]
        pk = fields.pop("pk", None)
        if pk is not None:
            m.d.comb += own.tick.eq(pk ^ (~own.side).replicate(len(own.tick)))
        for name, value in fields.items():
            m.d.comb += Value.cast(getattr(own, name)).eq(value)
