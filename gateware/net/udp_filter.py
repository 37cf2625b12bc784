"""The filter beside the MAC's words: which are UDP datagrams to groups that the host chose."""

from typing import Any, Final

from amaranth import Array, Cat, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from gateware.common.choice import first_of, select
from gateware.common.saturating import count_saturating
from gateware.common.view import view
from gateware.net.layouts import DROPPED, FRAME_END, FRAME_WORD, GROUP, PAYLOAD

__all__ = ["UdpFilter"]

_HEADER_WORDS: Final = 6
_IPV4: Final = 0x0800
_TAGS: Final = (0x8100, 0x88A8)
_UDP: Final = 17
_ETHERNET_BYTES: Final = 14
_PAYLOAD_AT: Final = _ETHERNET_BYTES + 20 + 8
_FCS_BYTES: Final = 4


class UdpFilter(wiring.Component):
    """Say of each frame whether it is a datagram to an enabled group, and where its payload is.

    Ethernet II with up to two VLAN tags (TPID 0x8100 or 0x88A8), IPv4 (RFC 791) without options,
    UDP (RFC 768). The Ethernet destination and the UDP checksum are not looked at: the frame's FCS
    covers both. Of several groups that match, the lowest counts.

    Words do not wait for it: who reads the payload takes them from the MAC, and drops what it made
    of them if ``passes`` is not 1 from the cycle of ``judged`` on. Every frame that passes has one
    ``end``; it is good only if the MAC's was, and if the frame is as long as its IPv4 header says.

    Timing
    ------
    From a frame's sixth word at the input to ``judged``, ``LATENCY`` cycles. ``end`` comes
    ``END_LATENCY`` cycles after the MAC's. Nothing stalls.

    Parameters
    ----------
    groups : int
        Size of the list, 1 to 32.

    Members
    -------
    word_valid, word, end_valid, end : ``In``
        Of ``ReceiveMac``.
    groups : ``In(GROUP[groups])``
        The list, from the register bank. Sampled once for each frame, behind its sixth word.
    index : ``Out(12)``
        Number of the word at the input in its frame, from 0, in the same cycle.
    payload : ``Out(PAYLOAD)``
        Where the payload is. ``begin`` is right from the fourth word of a frame on, the others from
        ``judged`` on, all until the third word of the next frame.
    judged, passes : ``Out(1)``, ``Out(1)``
        The headers have been looked at, for one cycle; from then on, whether the frame passes.
        Frames that end before their seventh word are not judged.
    payload_end_valid, payload_good : ``Out(1)``, ``Out(1)``
        The verdict on a frame that passed.
    passed : ``Out(32)``
        Frames that passed. Counters stop at their largest value.
    passed_bad : ``Out(32)``
        Those of them whose ``end`` was not good.
    truncated, not_udp, options, fragment, bad_checksum, bad_length, no_group : ``Out(32)``
        Frames dropped, counted by the first reason that holds.

    Raises
    ------
    ValueError
        If ``groups`` is out of range.

    See Also
    --------
    sim.models.udp_filter.udp_payload : the reference model.
    """

    LATENCY: Final = 2
    END_LATENCY: Final = 1

    word_valid: Value
    word: Any
    end_valid: Value
    end: Any
    groups: Any
    index: Signal
    payload: Any
    judged: Signal
    passes: Signal
    payload_end_valid: Value
    payload_good: Value
    passed: Signal
    passed_bad: Signal

    def __init__(self, *, groups: int = 16) -> None:
        if not 1 <= groups <= 32:
            raise ValueError(f"groups must be from 1 to 32, not {groups}")
        self.n_groups = groups
        super().__init__(
            {
                "word_valid": In(1),
                "word": In(FRAME_WORD),
                "end_valid": In(1),
                "end": In(FRAME_END),
                "groups": In(data.ArrayLayout(GROUP, groups)),
                "index": Out(12),
                "payload": Out(PAYLOAD),
                "judged": Out(1),
                "passes": Out(1),
                "payload_end_valid": Out(1),
                "payload_good": Out(1),
                "passed": Out(32),
                "passed_bad": Out(32),
                **{name: Out(32) for name in DROPPED.members},
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        self._collect(m)
        self._read_header(m)
        self._judge_header(m)
        self._end(m)
        return m

    def _collect(self, m: Module) -> None:
        """Give each word its index, and keep those that can hold its headers."""
        follows = Signal(12)
        self._header = Array(
            Signal(64, name=f"header{n}", reset_less=True) for n in range(_HEADER_WORDS)
        )
        m.d.comb += self.index.eq(Mux(self.word.first, 0, follows))
        self._complete, self._truncated = Signal(), Signal()
        m.d.sync += [self._complete.eq(0), self._truncated.eq(0)]
        with m.If(self.word_valid):
            m.d.sync += follows.eq(self.index + 1)
            with m.If(self.index < _HEADER_WORDS):
                m.d.sync += [
                    self._header[self.index].eq(self.word.data),
                    self._truncated.eq(self.word.last),
                    self._complete.eq((self.index == _HEADER_WORDS - 1) & ~self.word.last),
                ]

    def _field(self, offset: int, size: int = 2) -> Value:
        """Return a field of the kept bytes in network order."""
        kept = Cat(*self._header)
        return Cat(kept[8 * n : 8 * n + 8] for n in reversed(range(offset, offset + size)))

    def _read_header(self, m: Module) -> None:
        """Skip the VLAN tags, and take the sums and comparisons apart that take long."""
        tagged = [Signal(name=f"tagged{n}") for n in range(2)]
        for n, tag in enumerate(tagged):
            kind = self._field(12 + 4 * n)
            m.d.comb += tag.eq((kind == _TAGS[0]) | (kind == _TAGS[1]))
        self._tags = Signal(range(3))
        m.d.comb += [
            self._tags.eq(Mux(tagged[0], 1 + tagged[1], 0)),
            self.payload.begin.eq(_PAYLOAD_AT + 4 * self._tags),
        ]

        def field(offset: int, size: int = 2) -> Value:
            return Array(self._field(offset + 4 * n, size) for n in range(3))[self._tags]

        ip, udp = _ETHERNET_BYTES, _ETHERNET_BYTES + 20
        self._sums = [Signal(18, name=f"sum{n}", reset_less=True) for n in range(4)]
        for n, part in enumerate(self._sums):
            m.d.sync += part.eq(sum((field(ip + 2 * k) for k in range(n, 10, 4)), start=0))
        self._ip_bytes, self._udp_bytes = Signal(16), Signal(16)
        self._matched = Signal()
        self._is_udp, self._plain, self._whole, self._judging = (
            Signal(name=name) for name in ("is_udp", "plain", "whole", "judging")
        )
        with m.If(self._complete):
            m.d.sync += [
                self._ip_bytes.eq(field(ip + 2)),
                self._udp_bytes.eq(field(udp + 4)),
                self.payload.bytes.eq(field(udp + 4) - 8),
                self._is_udp.eq(
                    (field(12) == _IPV4) & (field(ip, 1)[4:] == 4) & (field(ip + 9, 1) == _UDP)
                ),
                self._plain.eq(field(ip, 1)[:4] == 5),
                self._whole.eq(field(ip + 6)[:14] == 0),
            ]
            self._find_group(m, field(ip + 16, 4), field(udp + 2))
        m.d.sync += self._judging.eq(self._complete)

    def _find_group(self, m: Module, address: Value, port: Value) -> None:
        """Register whether a group matches, and which line of which feed the lowest is."""
        found, matches = Signal(4), Signal(self.n_groups)
        for n in range(self.n_groups):
            group = self.groups[n]
            m.d.comb += matches[n].eq(
                group.enable & (group.address == address) & (group.port == port)
            )
        lowest = first_of(matches)
        m.d.comb += found.eq(
            select(
                [
                    (lowest[n], Cat(self.groups[n].feed, self.groups[n].line))
                    for n in range(self.n_groups)
                ]
            )
        )
        m.d.sync += [
            self._matched.eq(matches.any()),
            Cat(self.payload.feed, self.payload.line).eq(found),
        ]

    def _judge_header(self, m: Module) -> None:
        """Let the frame pass, or count why not."""
        total, folded = Signal(20), Signal(17)
        m.d.comb += [
            total.eq(self._sums[0] + self._sums[1] + self._sums[2] + self._sums[3]),
            folded.eq(total[:16] + total[16:]),
        ]
        why = view(DROPPED)
        reasons = Cat(
            self._truncated,
            self._judging & ~self._is_udp,
            self._judging & ~self._plain,
            self._judging & ~self._whole,
            self._judging & (folded != 0xFFFF),
            self._judging & ((self._udp_bytes <= 8) | (self._udp_bytes + 20 > self._ip_bytes)),
            self._judging & ~self._matched,
        )
        m.d.comb += why.eq(first_of(reasons))
        for name in DROPPED.members:
            count_saturating(m, getattr(self, name), getattr(why, name))
        accepted = Signal()
        m.d.comb += [
            self.judged.eq(self._judging),
            self.passes.eq(Mux(self._judging, ~reasons.any(), accepted)),
        ]
        count_saturating(m, self.passed, self._judging & self.passes)
        with m.If(self._judging):
            m.d.sync += accepted.eq(self.passes)
        with m.Elif(self._truncated):
            m.d.sync += accepted.eq(0)

    def _end(self, m: Module) -> None:
        """Join the MAC's verdict with what the lengths said."""
        short, open_, at_last = Signal(), Signal(), Signal()
        frame_bytes = Signal(15)
        m.d.sync += [
            frame_bytes.eq(Cat(self.word.bytes[:3], self.index + self.word.bytes[3])),
            at_last.eq(self.word_valid & self.word.last),
        ]
        with m.If(at_last):
            needed = self._ip_bytes + _ETHERNET_BYTES + _FCS_BYTES + 4 * self._tags
            m.d.sync += [
                short.eq(frame_bytes < needed),
                open_.eq(self.passes & ~self._truncated),
            ]
        m.d.sync += [
            self.payload_end_valid.eq(self.end_valid & open_),
            self.payload_good.eq(self.end.good & ~short),
        ]
        count_saturating(m, self.passed_bad, self.payload_end_valid & ~self.payload_good)
