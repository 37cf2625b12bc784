"""The receiving half of the MAC: frames out of a 64-bit XGMII."""

from typing import Any, Final

from amaranth import Array, Cat, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from gateware.common.choice import first_of
from gateware.common.saturating import count_saturating
from gateware.common.view import view
from gateware.net.crc32 import INITIAL, RESIDUES, fold, step_word
from gateware.net.layouts import FRAME_END, FRAME_WORD

__all__ = ["ReceiveMac"]

_START: Final = 0xFB
_TERMINATE: Final = 0xFD
_DELIMITER: Final = 0xD5
_MIN_BYTES: Final = 64


class ReceiveMac(wiring.Component):
    """Find frames that start in lane 0 or 4, align them to lane 0, and judge each at its end.

    Cut-through: words go out as they come, the verdict follows. The FCS is part of the words. A
    frame ends at the first control code, at the latest where it is longer than ``max_bytes``; every
    frame that began ends with one word ``last`` and then one ``end``. What follows a frame that was
    cut is ignored until the next start. Of the preamble only start and delimiter are looked at.

    Timing
    ------
    From the XGMII word that has the last byte of a word, ``LATENCY`` cycles. The last word goes out
    with the first control code: where that is in the next XGMII word, after it. ``end`` comes
    ``END_LATENCY`` cycles after the word that is ``last``. Nothing stalls: frames may follow each
    other as closely as lanes allow.

    Parameters
    ----------
    max_bytes : int
        Longest good frame, with FCS [bytes], 64 to 16376.

    Members
    -------
    xgmii_data, xgmii_control : ``In(64)``, ``In(8)``
        Of the PHY, in every cycle; lane 0 is the lowest byte.
    word_valid, word : ``Out(1)``, ``Out(FRAME_WORD)``
        Words of frames, to the parser; it cannot refuse.
    end_valid, end : ``Out(1)``, ``Out(FRAME_END)``
        The verdict on the frame whose ``last`` word went out.
    good, bad_code, oversize, runt, bad_fcs : ``Out(32)``
        Frames, counted by verdict; they stop at their largest value.
    bad_start : ``Out(32)``
        Starts in lane 0 or 4 with no delimiter where it belongs; no frame begins.

    Raises
    ------
    ValueError
        If ``max_bytes`` is out of range.
    """

    LATENCY: Final = 1
    END_LATENCY: Final = 2

    xgmii_data: Value
    xgmii_control: Value
    word_valid: Value
    word: Any
    end_valid: Value
    end: Any
    good: Signal
    bad_code: Signal
    oversize: Signal
    runt: Signal
    bad_fcs: Signal
    bad_start: Signal

    def __init__(self, *, max_bytes: int = 1522) -> None:
        if not _MIN_BYTES <= max_bytes <= 16376:
            raise ValueError(f"max_bytes must be from {_MIN_BYTES} to 16376, not {max_bytes}")
        self.max_bytes = max_bytes
        super().__init__(
            {
                "xgmii_data": In(64),
                "xgmii_control": In(8),
                "word_valid": Out(1),
                "word": Out(FRAME_WORD),
                "end_valid": Out(1),
                "end": Out(FRAME_END),
                **{name: Out(32) for name in FRAME_END.members},
                "bad_start": Out(32),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        self._find(m)
        self._cut(m)
        self._judge(m)
        return m

    def _find(self, m: Module) -> None:
        """Find starts, and align the word of the frame under way."""
        high_data, high_control = Signal(32), Signal(4, init=0xF)
        self._shifted, self._begins = Signal(), Signal()
        self._data, self._control = Signal(64), Signal(8)
        data, control = self.xgmii_data, self.xgmii_control
        m.d.sync += [high_data.eq(data[32:]), high_control.eq(control[4:])]
        crossing = Cat(high_data, data[:32]), Cat(high_control, control[:4])
        with m.If(self._shifted):
            m.d.comb += [self._data.eq(crossing[0]), self._control.eq(crossing[1])]
        with m.Else():
            m.d.comb += [self._data.eq(data), self._control.eq(control)]
        starts, delimited = Signal(2), Signal(2)
        for n, (octets, codes) in enumerate(((data, control), crossing)):
            m.d.comb += [
                starts[n].eq(codes[0] & (octets[:8] == _START)),
                delimited[n].eq((codes == 1) & (octets[56:] == _DELIMITER)),
            ]
        m.d.comb += self._begins.eq((starts & delimited).any())
        with m.If(self._begins):
            m.d.sync += self._shifted.eq((starts & delimited)[1])
        # Starts of both lanes in one cycle are at most one frame: the later cuts the earlier.
        count_saturating(m, self.bad_start, (starts & ~delimited).any())

    def _cut(self, m: Module) -> None:
        """Register the aligned word, and end the frame at the first control code."""
        under_way, first = Signal(), Signal()
        index = Signal(range(self.max_bytes // 8 + 2))
        lane, code = Signal(range(9), init=8), Signal(8)
        for n in reversed(range(8)):
            with m.If(self._control[n]):
                m.d.comb += [lane.eq(n), code.eq(self._data[8 * n : 8 * n + 8])]
        full, long = Signal(), Signal()
        m.d.comb += [
            full.eq(lane == 8),
            long.eq(Cat(lane[:3], index + full) > self.max_bytes),
        ]
        ends = Signal()
        m.d.comb += ends.eq(under_way & (~full | long))
        with m.If(self._begins):
            m.d.sync += [under_way.eq(1), first.eq(1), index.eq(0)]
        with m.Else():
            m.d.sync += first.eq(0)
            with m.If(ends):
                m.d.sync += under_way.eq(0)
            with m.If(under_way):
                m.d.sync += index.eq(index + 1)
        self._why = view(FRAME_END, name="why")
        m.d.sync += [
            self.word_valid.eq(under_way),
            self.word.data.eq(self._data),
            self.word.bytes.eq(lane),
            self.word.first.eq(first),
            self.word.last.eq(ends),
            self._why.bad_code.eq(~full & (code != _TERMINATE)),
            self._why.oversize.eq(long),
            self._why.runt.eq(index < _MIN_BYTES // 8),
        ]

    def _judge(self, m: Module) -> None:
        """Fold the word, step the CRC behind it, and say what the frame was."""
        valid, last = Signal(), Signal()
        folded, n_bytes, why = Signal(32), Signal(3), view(FRAME_END, name="why_folded")
        state = Signal(32, init=INITIAL)
        kept = Cat(Mux(n < self.word.bytes, self.word.data[8 * n : 8 * n + 8], 0) for n in range(8))
        mixed, residue = Signal(32), Signal(32)
        m.d.sync += [
            valid.eq(self.word_valid),
            last.eq(self.word_valid & self.word.last),
            folded.eq(fold(kept)),
            n_bytes.eq(self.word.bytes),
            why.eq(self._why),
        ]
        m.d.comb += [mixed.eq(state ^ folded), residue.eq(Array(RESIDUES)[n_bytes])]
        with m.If(last):
            m.d.sync += state.eq(INITIAL)
        with m.Elif(valid):
            m.d.sync += state.eq(step_word(mixed))
        m.d.sync += self.end_valid.eq(last)
        bad = Signal(len(FRAME_END.members) - 1)
        m.d.comb += bad.eq(Cat(why.bad_code, why.oversize, why.runt, mixed != residue))
        m.d.sync += self.end.eq(Cat(~bad.any(), first_of(bad)))
        for name in FRAME_END.members:
            count_saturating(m, getattr(self, name), self.end_valid & self.end[name])
