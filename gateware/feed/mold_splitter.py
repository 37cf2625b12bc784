"""MoldUDP64: the messages of a packet, as its words come."""

from typing import Any, Final

from amaranth import Array, Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from gateware.common.saturating import count_saturating
from gateware.feed.layouts import MESSAGE, MESSAGE_BYTES, PACKET_END, SESSION_BYTES
from gateware.net.layouts import FRAME_WORD, PAYLOAD

__all__ = ["MoldSplitter"]

_HEADER_BYTES: Final = 20
_FIRST_WORD: Final = 5  # the earliest with a byte of a payload
_KEPT_WORDS: Final = 4  # that hold the packet's header
_PAYLOAD_AT: Final = 42  # in a frame without VLAN tags
_ROWS: Final = (MESSAGE_BYTES + 2) // 8  # of a block: a length of two bytes, and the message
_SHORTEST: Final = 8
_END_OF_SESSION: Final = 0xFFFF


class MoldSplitter(wiring.Component):
    """Cut packets into messages, wherever in a word a message begins or ends.

    A packet is a session (10 bytes), the sequence number of its first message (8), a count (2), and
    blocks of a length (2) and a message. A count of 0 is a heartbeat, one of 65535 the end of the
    session; both say which number comes next. Messages of less than 8 bytes do not exist in the
    protocols carried: one that claims to be so short, or to reach beyond the datagram, ends the
    reading of its packet. A packet is good if its frame is, and if its messages fill it.

    Timing
    ------
    From the frame word with a message's last byte to the message, ``LATENCY`` cycle; at most one
    message a word. ``end`` comes with the filter's verdict. Nothing stalls.

    Members
    -------
    word_valid, word : ``In``
        Of ``ReceiveMac``.
    index, payload, passes, payload_end_valid, payload_good : ``In``
        Of ``UdpFilter``.
    sessions : ``In(80[8])``
        The session of each feed, its first byte the lowest. Packets of another one are counted.
    message_valid, message : ``Out(1)``, ``Out(MESSAGE)``
        Messages, before the verdict on their packet.
    end_valid, end : ``Out(1)``, ``Out(PACKET_END)``
        The verdict on each packet of the session.
    packets, heartbeats, ends_of_session, other_session, malformed : ``Out(32)``
        Frames that passed the filter: good ones with messages and without, ends of the session;
        those of another session; good ones that did not hold what they said. They stop at their
        largest value.

    See Also
    --------
    sim.models.mold.read_packet : the reference model.
    """

    LATENCY: Final = 1

    word_valid: Value
    word: Any
    index: Value
    payload: Any
    passes: Value
    payload_end_valid: Value
    payload_good: Value
    sessions: Any
    message_valid: Value
    message: Any
    end_valid: Value
    end: Any
    packets: Signal
    heartbeats: Signal
    ends_of_session: Signal
    other_session: Signal
    malformed: Signal

    def __init__(self) -> None:
        counters = ("packets", "heartbeats", "ends_of_session", "other_session", "malformed")
        super().__init__(
            {
                "word_valid": In(1),
                "word": In(FRAME_WORD),
                "index": In(12),
                "payload": In(PAYLOAD),
                "passes": In(1),
                "payload_end_valid": In(1),
                "payload_good": In(1),
                "sessions": In(data.ArrayLayout(8 * SESSION_BYTES, 8)),
                "message_valid": Out(1),
                "message": Out(MESSAGE),
                "end_valid": Out(1),
                "end": Out(PACKET_END),
                **{name: Out(32) for name in counters},
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        self._read_header(m)
        self._follow(m)
        self._rotate(m)
        self._assemble(m)
        self._emit(m)
        self._judge(m)
        return m

    def _read_header(self, m: Module) -> None:
        """Keep the words with the packet's header, and register its fields."""
        kept = Array(Signal(64, name=f"kept{n}", reset_less=True) for n in range(_KEPT_WORDS))
        for n, word in enumerate(kept):
            with m.If(self.word_valid & (self.index == _FIRST_WORD + n)):
                m.d.sync += word.eq(self.word.data)
        octets = [Cat(*kept)[8 * n : 8 * n + 8] for n in range(8 * _KEPT_WORDS)]
        self._tags = Signal(2)
        m.d.comb += self._tags.eq((self.payload.begin - _PAYLOAD_AT)[2:])

        def field(offset: int, size: int) -> Value:
            begins = [_PAYLOAD_AT - 8 * _FIRST_WORD + 4 * tags + offset for tags in range(3)]
            return Array(Cat(*octets[begin : begin + size]) for begin in begins)[self._tags]

        def number(offset: int, size: int) -> Value:
            return Cat(*(field(offset + n, 1) for n in reversed(range(size))))

        self._ours, self._enough = Signal(), Signal()
        self._sequence, self._count = Signal(64, reset_less=True), Signal(16, reset_less=True)
        self._says_end = Signal()
        self._limit = Signal(17, reset_less=True)  # first byte behind the payload in the frame
        session = Array(self.sessions[n] for n in range(8))[self.payload.feed]
        claimed = number(SESSION_BYTES + 8, 2)
        m.d.sync += [
            self._ours.eq(field(0, SESSION_BYTES) == session),
            self._sequence.eq(number(SESSION_BYTES, 8)),
            self._says_end.eq(claimed == _END_OF_SESSION),
            self._count.eq(Mux(claimed == _END_OF_SESSION, 0, claimed)),
            self._limit.eq(self.payload.begin + self.payload.bytes),
            self._enough.eq(self.payload.bytes >= _HEADER_BYTES),
        ]

    def _follow(self, m: Module) -> None:
        """Follow the chain of lengths: where the next block begins, counted from this word."""
        data = self.word.data
        octets = Array(data[8 * n : 8 * n + 8] for n in range(8))
        self._next = Signal(17)
        self._follows, self._open, half = Signal(), Signal(), Signal()
        high, length = Signal(8), Signal(16)
        self._length = Signal(16)  # of the block under way
        lane = self._next[:3]
        self._starts, self._ends = Signal(), Signal()
        within, reads, short = Signal(), Signal(), Signal()
        m.d.comb += [
            within.eq(self._follows & ~self.word.first),  # not what the last frame left
            self._starts.eq(within & ~half & (self._next < 8)),
            self._ends.eq(within & self._open & ~half & (self._next <= 8) & (self._next != 0)),
            # The length is in this word, or its second byte is.
            reads.eq((within & half) | (self._starts & (lane != 7))),
            length.eq(Mux(half, Cat(octets[0], high), Cat(octets[lane + 1], octets[lane]))),
            short.eq(reads & (length < _SHORTEST)),
        ]
        with m.If(self.word_valid):
            m.d.sync += half.eq(self._starts & (lane == 7))
            with m.If(reads):
                m.d.sync += [
                    self._length.eq(length),
                    self._next.eq(Mux(half, length - 7, length + lane - 6)),
                ]
            with m.Else():
                m.d.sync += self._next.eq(self._next - 8)
            with m.If(self._starts):
                m.d.sync += [high.eq(octets[7]), self._open.eq(1)]
            with m.If(self.word.first | short):
                m.d.sync += self._follows.eq(0)
            with m.If(self.index == _FIRST_WORD):
                ahead = _PAYLOAD_AT + _HEADER_BYTES - 8 * (_FIRST_WORD + 1)
                m.d.sync += [
                    self._follows.eq(1), self._open.eq(0), half.eq(0),
                    self._next.eq(ahead + (self._tags << 2)),
                ]  # fmt: skip

    def _rotate(self, m: Module) -> None:
        """Move the bytes of the block under way, and of the one that begins, to their columns."""
        lane, word = self._next[:3], self.word.data
        column, row = Signal(3), Signal(range(_ROWS + 1))  # of lane 0 in the block under way
        self._moved = Signal()  # a word stands in what follows
        self._tail, self._head = (Signal(64, name=n, reset_less=True) for n in ("tail", "head"))
        self._column, self._row = Signal(3, reset_less=True), Signal.like(row)
        self._in_block, self._begins, self._completes = Signal(), Signal(), Signal()
        self._ends_at = Signal(18, reset_less=True)
        with m.If(self.word_valid):
            with m.If(self._starts):
                m.d.sync += [column.eq(-lane), row.eq(lane == 0)]
            with m.Elif(row != _ROWS):
                m.d.sync += row.eq(row + 1)
            m.d.sync += [
                self._tail.eq((Cat(word, word) << (column << 3))[64:128]),
                self._head.eq(word >> (lane << 3)),
                self._column.eq(column), self._row.eq(row), self._in_block.eq(self._open),
                self._ends_at.eq(Cat(Const(0, 3), self.index) + self._next),
                self.message.length.eq(self._length),
            ]  # fmt: skip
        m.d.sync += [
            self._moved.eq(self.word_valid & self._follows),
            self._begins.eq(self._starts),
            self._completes.eq(self.word_valid & self._ends & self.passes),
        ]

    def _assemble(self, m: Module) -> None:
        """Lay the bytes of this word over those of the block that came before."""
        kept = [Signal(64, name=f"row{n}", reset_less=True) for n in range(_ROWS)]
        block = []
        behind = Signal.like(self._row)
        m.d.comb += behind.eq(self._row + 1)
        for n, row in enumerate(kept):
            octets = []
            for byte in range(8):
                at = slice(8 * byte, 8 * byte + 8)
                here = Mux(self._column <= byte, self._row == n, behind == n)
                octets.append(Mux(self._in_block & here, self._tail[at], row[at]))
            block += octets
            with m.If(self._moved):
                m.d.sync += row.eq(Cat(*octets))
        with m.If(self._moved & self._begins):
            m.d.sync += kept[0].eq(self._head)
        m.d.comb += Cat(*self.message.data).eq(Cat(*block[2:]))

    def _emit(self, m: Module) -> None:
        """Give messages their numbers; hold back what is none of the packet's."""
        self._told, self._reached = Signal(16), Signal.like(self._ends_at)
        follows = Signal(64, reset_less=True)
        m.d.comb += [
            self.message_valid.eq(
                self._completes & self._ours & (self._told != self._count)
                & (self._ends_at <= self._limit)
            ),
            self.message.sequence.eq(Mux(self._told == 0, self._sequence, follows)),
            self.message.feed.eq(self.payload.feed),
        ]  # fmt: skip
        with m.If(self.message_valid):
            m.d.sync += [
                self._told.eq(self._told + 1),
                follows.eq(self.message.sequence + 1),
                self._reached.eq(self._ends_at),
            ]
        with m.If(self.word_valid & (self.index == _FIRST_WORD)):
            m.d.sync += [self._told.eq(0), self._reached.eq(self.payload.begin + _HEADER_BYTES)]

    def _judge(self, m: Module) -> None:
        """Join the filter's verdict with what the packet said of itself."""
        comes, complete = Signal(), Signal()
        m.d.comb += [
            comes.eq(self.payload_end_valid & self._ours & self._enough),
            complete.eq((self._told == self._count) & (self._reached == self._limit)),
            self.end_valid.eq(comes),
            self.end.good.eq(self.payload_good & complete),
            self.end.some.eq(self._told != 0),
            self.end.feed.eq(self.payload.feed),
            self.end.next.eq(self._sequence + self._count),
        ]
        judged = comes & self.end.good
        for counter, when in (
            (self.packets, judged & (self._count != 0)),
            (self.heartbeats, judged & (self._count == 0) & ~self._says_end),
            (self.ends_of_session, judged & self._says_end),
            (
                self.other_session,
                self.payload_end_valid & self.payload_good & self._enough & ~self._ours,
            ),
            (
                self.malformed,
                self.payload_end_valid & self.payload_good
                & (~self._enough | (self._ours & ~complete)),
            ),
        ):  # fmt: skip
            count_saturating(m, counter, when)
