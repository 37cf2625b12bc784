"""Two lines of one feed, A and B, made one: each message once, in order, and gaps seen."""

from typing import Any, Final

from amaranth import Array, Cat, Module, Mux, Signal, Value, unsigned
from amaranth.lib import data, enum, stream, wiring
from amaranth.lib.wiring import In, Out

from gateware.common.records import MARKET_UPDATE_LAYOUT
from gateware.common.saturating import count_saturating
from gateware.feed.layouts import LOCATE, feed_item
from hw.records import UPDATE_KIND

__all__ = ["ArbiterState", "LineArbiter"]

_LINES: Final = 2
_COUNTERS: Final = ("forwarded", "repaired", "duplicates", "gaps", "stale")


class ArbiterState(enum.Enum, shape=2):
    """What the arbiter does with messages."""

    RECOVERING = 0  # drops them: the host has not said where to go on
    SPLICING = 1  # drops those before the splice, holds the others back
    LIVE = 2
    CLOSING = 3  # marks the books of the feed as not to be trusted


class LineArbiter(wiring.Component):
    """Pass each message on once, from the line that has it first.

    Messages are numbered. While live, a message with the number expected passes; one with a lower
    number is dropped. A gap is declared when both lines are past the number expected, or one is,
    or a packet has said so, and the other has nothing for ``patience`` cycles. Then every
    book of the feed gets an update of kind ``gap``, and messages are dropped until the host has
    spliced a snapshot in: it sets ``splice_at`` to the number behind its snapshot (``splice``),
    sends the books itself, then says ``go``. Messages from that number on wait in the line buffers
    meanwhile. After a reset it is as after a gap. A splice that came too late is seen as a gap.

    ``spoil`` is a gap too: what was passed on in express mode proved bad.

    Timing
    ------
    From a line's head to ``update``, ``LATENCY`` cycle. One a cycle while ``update.ready``.

    Parameters
    ----------
    feed : int
        Number of the feed, 0 to 7.
    books : int
        Books of the engine.

    Members
    -------
    heads_valid, heads, takes : ``In(2)``, ``In(feed_item[2])``, ``Out(2)``
        Of the two line buffers.
    next_valid, next : ``In(2)``, ``In(64[2])``
        A good packet of that line has ended; the number behind its last message.
    spoil : ``In(1)``
        Something that was passed on was wrong.
    locates : ``In(LOCATE[books])``
        Which books are of this feed.
    now : ``In(64)``
        The box's time, given to every update [ns].
    patience : ``In(24)``
        How long one line may be ahead of the other [cycles].
    splice, splice_at, go : ``In(1)``, ``In(64)``, ``In(1)``
        The host's words; the first and the last for one cycle.
    update : ``Out(stream of MARKET_UPDATE_LAYOUT)``
        To the book engine.
    state, expected : ``Out(ArbiterState)``, ``Out(64)``
        What it does, and the number that it expects next; while recovering, the one behind the
        highest seen.
    gap_from, gap_to : ``Out(64)``
        Of the last gap: the first number that is missing, and the first that is not.
    forwarded, repaired : ``Out(32)``
        Messages passed on, and those of them that the other line had lost.
    duplicates, gaps, stale : ``Out(32)``
        Messages that the other line had before; gaps; messages dropped while not live. Counters
        stop at their largest value.

    See Also
    --------
    sim.models.mold.Arbiter : the reference model.
    """

    LATENCY: Final = 1

    heads_valid: Value
    heads: Any
    takes: Value
    next_valid: Value
    next: Any
    spoil: Value
    locates: Any
    now: Value
    patience: Value
    splice: Value
    splice_at: Value
    go: Value
    update: stream.Interface
    state: Any
    expected: Signal
    gap_from: Signal
    gap_to: Signal
    forwarded: Signal
    repaired: Signal
    duplicates: Signal
    gaps: Signal
    stale: Signal

    def __init__(self, *, feed: int, books: int) -> None:
        self.feed, self.books = feed, books
        super().__init__(
            {
                "heads_valid": In(_LINES),
                "heads": In(data.ArrayLayout(feed_item(books), _LINES)),
                "takes": Out(_LINES),
                "next_valid": In(_LINES),
                "next": In(data.ArrayLayout(unsigned(64), _LINES)),
                "spoil": In(1),
                "locates": In(data.ArrayLayout(LOCATE, books)),
                "now": In(64),
                "patience": In(24),
                "splice": In(1),
                "splice_at": In(64),
                "go": In(1),
                "update": Out(stream.Signature(MARKET_UPDATE_LAYOUT)),
                "state": Out(ArbiterState),
                "expected": Out(64),
                "gap_from": Out(64),
                "gap_to": Out(64),
                **{name: Out(32) for name in _COUNTERS},
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        self._compare(m)
        self._choose(m)
        self._watch(m)
        self._close(m)
        self._take_word(m)
        self._count(m)
        return m

    def _compare(self, m: Module) -> None:
        """Say of each line's head whether it is old, due or ahead."""
        self._old, self._due, self._ahead = (
            Signal(_LINES, name=name) for name in ("old", "due", "ahead")
        )
        for n in range(_LINES):
            number, valid = self.heads[n].sequence, self.heads_valid[n]
            m.d.comb += [
                self._old[n].eq(valid & (number < self.expected)),
                self._due[n].eq(valid & (number == self.expected)),
                self._ahead[n].eq(valid & (number > self.expected)),
            ]

    def _choose(self, m: Module) -> None:
        """Pass the due message on, and drop what is old, or due on both lines."""
        room = Signal()
        self._live, self._drops = Signal(), Signal()
        self._passes = Signal()
        item = Mux(self._due[0], self.heads[0].as_value(), self.heads[1].as_value())
        chosen: Any = data.View(feed_item(self.books), item)
        m.d.comb += [
            room.eq(~self.update.valid | self.update.ready),
            self._live.eq((self.state == ArbiterState.LIVE) & ~self.splice & ~self.spoil),
            self._drops.eq(self.state == ArbiterState.RECOVERING),
            self._passes.eq(self._live & self._due.any() & room),
            self.takes.eq(
                Mux(self._drops, self.heads_valid, self._old | Mux(self._passes, self._due, 0))
            ),
        ]
        with m.If(room):
            m.d.sync += self.update.valid.eq(self._passes & chosen.wanted)
        with m.If(room & self._live):
            fields = ("book", "kind", "side", "order_id", "new_order_id", "tick", "quantity")
            m.d.sync += [
                self.update.payload.eq(0),
                *(getattr(self.update.payload, name).eq(getattr(chosen, name)) for name in fields),
                self.update.payload.time.eq(self.now),
            ]
        with m.If(self._passes):
            m.d.sync += self.expected.eq(self.expected + 1)
        self._room = room

    def _watch(self, m: Module) -> None:
        """Wait for the line that is behind, and then no longer."""
        told = Signal(64)  # the highest number behind a packet
        waited = Signal.like(self.patience)
        behind = Signal()
        for n in range(_LINES):
            with m.If(self.next_valid[n] & (self.next[n] > told)):
                m.d.sync += told.eq(self.next[n])
        numbers = [self.heads[n].sequence for n in range(_LINES)]
        nearer = Mux(self.heads_valid.all(), numbers[0] < numbers[1], self.heads_valid[0])
        first = Mux(nearer, numbers[0], numbers[1])
        further = Mux(self.heads_valid.all(), numbers[0] > numbers[1], self.heads_valid[0])
        highest = Mux(further, numbers[0], numbers[1])
        m.d.comb += behind.eq(
            self._live & ~self._due.any() & ~self._old.any()
            & (self._ahead.any() | (told > self.expected))
        )  # fmt: skip
        m.d.sync += waited.eq(Mux(behind, Mux(waited == self.patience, waited, waited + 1), 0))
        self._gap = Signal()
        gives_up = behind & (self._ahead.all() | (waited == self.patience))
        m.d.comb += self._gap.eq(gives_up | ((self.state == ArbiterState.LIVE) & self.spoil))
        with m.If(self._gap):
            m.d.sync += [
                self.gap_from.eq(self.expected),
                self.gap_to.eq(Mux(self._ahead.any(), first, Mux(gives_up, told, self.expected))),
            ]
        with m.If(self._drops):
            with m.If(told > self.expected):
                m.d.sync += self.expected.eq(told)
            with m.If(self._due.any() | self._ahead.any()):
                m.d.sync += self.expected.eq(highest + 1)
        with m.If(self.splice):
            m.d.sync += told.eq(0)

    def _close(self, m: Module) -> None:
        """Tell the engine of every book of the feed that it lost updates."""
        book = Signal(range(self.books + 1))
        place = Array(self.locates[n] for n in range(self.books))[book]
        with m.If((self.state == ArbiterState.CLOSING) & self._room):
            with m.If(book == self.books):
                m.d.sync += [book.eq(0), self.state.eq(ArbiterState.RECOVERING)]
            with m.Else():
                m.d.sync += [
                    book.eq(book + 1),
                    self.update.valid.eq(place.enable & (place.feed == self.feed)),
                    self.update.payload.eq(0),
                    self.update.payload.kind.eq(UPDATE_KIND.gap),
                    self.update.payload.book.eq(book),
                    self.update.payload.time.eq(self.now),
                ]

    def _take_word(self, m: Module) -> None:
        """Follow the host, and gaps."""
        with m.If(self._gap):
            m.d.sync += self.state.eq(ArbiterState.CLOSING)
        with m.Elif(self.splice & (self.state != ArbiterState.CLOSING)):
            m.d.sync += [
                self.state.eq(ArbiterState.SPLICING),
                self.expected.eq(self.splice_at),
            ]
        with m.Elif(self.go & (self.state == ArbiterState.SPLICING)):
            m.d.sync += self.state.eq(ArbiterState.LIVE)

    def _count(self, m: Module) -> None:
        """Count each head that leaves; a message that both lines have leaves twice."""
        dropped = Cat(self.takes[n] & ~self._live for n in range(_LINES))
        old = Cat(self.takes[n] & self._live & self._old[n] for n in range(_LINES))
        for counter, when in (
            (self.forwarded, self._passes),
            (self.repaired, self._passes & self._ahead.any()),
            (self.gaps, self._gap),
        ):
            count_saturating(m, counter, when)
        twice = self._due.all() & self._passes
        self._add(m, self.duplicates, old[0] ^ old[1] | twice, old.all())
        self._add(m, self.stale, dropped.any() & ~dropped.all(), dropped.all())

    def _add(self, m: Module, counter: Signal, one: Value, two: Value) -> None:
        """Add one, or two."""
        with m.If(two):
            count_saturating(m, counter, two, 2)
        with m.Else():
            count_saturating(m, counter, one)
