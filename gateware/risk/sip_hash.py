"""SipHash-2-4 of messages of 16 bytes, half a round a cycle."""

from typing import Final

from amaranth import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.sip_hash import INITIAL

__all__ = ["SipHash"]

_WORD: Final = 64
_LENGTH: Final = 16 << 56  # last word: no byte is left over, and the length
_STEPS: Final = 2 * (3 * 2 + 4)  # two halves of a round; 2 rounds for each of 3 words, then 4


class SipHash(wiring.Component):
    """Keyed hash of 16 bytes, SipHash-2-4 of J.-P. Aumasson and D. J. Bernstein (2012).

    A round has two 64-bit additions in a row, so a cycle does half a round: one addition, one
    exclusive or. Both halves are the same circuit with v0 and v2 exchanged; only the rotations
    alternate.

    Timing
    ------
    ``key`` and ``message`` are sampled in the cycle of ``start``; ``done`` is 1 for one cycle,
    ``LATENCY`` cycles later, whatever they are. ``tag`` is right from then until the next
    ``start``. A ``start`` while a hash is being made begins anew.

    Members
    -------
    start : ``In(1)``
        Hash now.
    key : ``In(128)``
        16 bytes, the first one lowest.
    message : ``In(128)``
        16 bytes, the first one lowest.
    done : ``Out(1)``
        The tag is there.
    tag : ``Out(64)``
        The hash.
    """

    LATENCY: Final = _STEPS + 1

    start: Value
    key: Value
    message: Value
    done: Value
    tag: Value

    def __init__(self) -> None:
        super().__init__(
            {
                "start": In(1),
                "key": In(2 * _WORD),
                "message": In(2 * _WORD),
                "done": Out(1),
                "tag": Out(_WORD),
            }
        )
        # v0 to v3; but in the second half of a round v2 stands first and v0 third.
        self._state = tuple(Signal(_WORD, name=f"state{n}", reset_less=True) for n in range(4))
        self._words = tuple(Signal(_WORD, name=f"word{n}", reset_less=True) for n in range(2))
        self._busy, self._step = Signal(), Signal(range(_STEPS))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        a, b, c, d = self._state
        sum_a, sum_c = Signal(_WORD), Signal(_WORD)
        new_b, new_d = Signal(_WORD), Signal(_WORD)
        second = self._step[0]
        m.d.comb += [
            sum_a.eq(a + b),
            sum_c.eq(c + d),
            new_b.eq(Mux(second, b.rotate_left(17), b.rotate_left(13)) ^ sum_a),
            new_d.eq(Mux(second, d.rotate_left(21), d.rotate_left(16)) ^ sum_c),
        ]
        # After every second round the word leaves through v0 and the next one enters through v3.
        leaves, mixed, enters = Signal(_WORD), Signal(8), Signal(_WORD)
        with m.Switch(self._step):
            with m.Case(3):
                m.d.comb += [leaves.eq(self._words[0]), enters.eq(self._words[1])]
            with m.Case(7):
                m.d.comb += [leaves.eq(self._words[1]), enters.eq(_LENGTH)]
            with m.Case(11):
                m.d.comb += [leaves.eq(_LENGTH), mixed.eq(0xFF)]
        last = self._step == _STEPS - 1
        m.d.sync += self.done.eq(self._busy & last & ~self.start)
        with m.If(self._busy):
            m.d.sync += [
                self._step.eq(self._step + 1),
                self._busy.eq(~last),
                a.eq(sum_c ^ leaves),
                b.eq(new_b),
                c.eq(sum_a.rotate_left(32) ^ mixed),
                d.eq(new_d ^ enters),
            ]
        m.d.comb += self.tag.eq(a ^ b ^ c ^ d)
        self._begin(m)
        return m

    def _begin(self, m: Module) -> None:
        """Mix the key with the constants; the first word enters at once."""
        first = Cat(Const(0, 3 * _WORD), self.message[:_WORD])
        constants = Cat(Const(word, _WORD) for word in INITIAL)
        mixed = Cat(self.key, self.key) ^ constants ^ first
        with m.If(self.start):
            m.d.sync += [
                self._busy.eq(1),
                self._step.eq(0),
                *(s.eq(mixed.word_select(n, _WORD)) for n, s in enumerate(self._state)),
                *(w.eq(self.message.word_select(n, _WORD)) for n, w in enumerate(self._words)),
            ]
