"""Two-step, authenticated arming: a challenge, and an operator's answer to it."""

from typing import Any, Final

from amaranth import Cat, Const, Module, Mux, Signal, Value, unsigned
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from gateware.risk.sip_hash import SipHash

__all__ = ["Arming"]

_KEY_WORDS: Final = 4
_WORD: Final = 32
_USE_BITS: Final = 24
_CYCLE_BITS: Final = 40
_REFUSALS: Final = 3  # in a row, before it locks out


class Arming(wiring.Component):
    """Grant what an operator asks for, if the answer shows that the operator has the key.

    *Keys* are written word by word, once: with its fourth word a key is locked until reset. A key
    of zeros is none. *Ask* makes a challenge, which no other ask since power-up was given: its low
    24 bits count the challenges, and after the last one there are none. *Answer* is granted if it
    is the tag of ``hw.arming.arming_message`` under the key of the operator who asked. A challenge
    is void after the answer, whatever it is, after the next ask, and after ``2**timeout_bits``
    cycles.

    Refused are: an ask by an operator without a key, while locked out, or with no challenge left;
    an answer that is wrong or has no challenge. An ask or an answer that comes while an answer is
    judged, or an ask together with an answer, is not taken, and that answer is refused. After 3
    refusals in a row, with no grant between, every ask is refused for ``2**lockout_bits`` cycles.

    Timing
    ------
    An ask in cycle k shows in ``challenge``, or in ``refused``, in cycle k + ``LATENCY``. An
    answer in cycle k shows in ``granted`` or ``refused`` in cycle k + ``ANSWER_LATENCY``, whatever
    it is; until the cycle before it is judged. A challenge that shows from cycle k on can be
    answered from cycle k to k + ``2**timeout_bits`` - 1. ``locked_out`` is 1 from the cycle of the
    third ``refused`` on, for ``2**lockout_bits`` cycles. A key can be used from the cycle after its
    fourth word on.

    Parameters
    ----------
    operators : int
        1 to 256.
    instruments : int
        1 to 32.
    timeout_bits, lockout_bits : int
        At least 1.

    Members
    -------
    key_strobe : ``In(1)``
        Write a word of a key.
    key_operator, key_word, key_data : ``In(8)``, ``In(2)``, ``In(32)``
        Whose key, which word of it, lowest first, and the word.
    key_refused : ``Out(32)``
        Words for a key that is locked, or for no operator; stops at its largest value.
    ask : ``In(1)``
        Make a challenge.
    ask_operator, ask_scope, ask_instruments : ``In(8)``, ``In(8)``, ``In(32)``
        Who asks, for what (``hw.arming.Scope``), and about which instruments.
    entropy : ``In(64)``
        Goes into the challenge, where a board has a source; else 0.
    challenge : ``Out(64)``
        What to sign; 0: none is pending.
    answer, answer_tag : ``In(1)``, ``In(64)``
        The operator's answer.
    granted : ``Out(1)``
        An answer was right; a strobe.
    granted_operator, granted_scope : ``Out(8)``, ``Out(8)``
        Of the ask that was answered, in the cycle of ``granted``; the operator also in that of
        ``refused``.
    granted_instruments : ``Out(instruments)``
        Of that ask.
    refused : ``Out(1)``
        An ask or an answer was refused; a strobe.
    failures : ``Out(32)``
        How often ``refused``; stops at its largest value.
    locked_out : ``Out(1)``
        Every ask is refused.

    Raises
    ------
    ValueError
        If a parameter is out of range.
    """

    LATENCY: Final = 1
    ANSWER_LATENCY: Final = SipHash.LATENCY + 3

    key_strobe: Value
    key_operator: Value
    key_word: Value
    key_data: Value
    key_refused: Value
    ask: Value
    ask_operator: Value
    ask_scope: Value
    ask_instruments: Value
    entropy: Value
    challenge: Value
    answer: Value
    answer_tag: Value
    granted: Value
    granted_operator: Value
    granted_scope: Value
    granted_instruments: Value
    refused: Value
    failures: Value
    locked_out: Value

    def __init__(
        self,
        *,
        operators: int = 4,
        instruments: int = 16,
        timeout_bits: int = 34,
        lockout_bits: int = 26,
    ) -> None:
        for name, value, largest in (
            ("operators", operators, 256),
            ("instruments", instruments, 32),
        ):
            if not 1 <= value <= largest:
                raise ValueError(f"{name} must be from 1 to {largest}, not {value}")
        for name, bits in (("timeout_bits", timeout_bits), ("lockout_bits", lockout_bits)):
            if bits < 1:
                raise ValueError(f"{name} must be at least 1, not {bits}")
        self.operators, self.instruments = operators, instruments
        self.timeout_bits, self.lockout_bits = timeout_bits, lockout_bits
        super().__init__(
            {
                "key_strobe": In(1), "key_operator": In(8), "key_word": In(2),
                "key_data": In(_WORD), "key_refused": Out(32),
                "ask": In(1), "ask_operator": In(8), "ask_scope": In(8), "ask_instruments": In(32),
                "entropy": In(64), "challenge": Out(64),
                "answer": In(1), "answer_tag": In(64),
                "granted": Out(1), "granted_operator": Out(8), "granted_scope": Out(8),
                "granted_instruments": Out(instruments),
                "refused": Out(1), "failures": Out(32), "locked_out": Out(1),
            }
        )  # fmt: skip
        #: Operators whose key is complete and not all zeros.
        self._usable = Signal(operators)
        # The ask that the challenge is about.
        self._pending = Signal()
        self._nonce, self._asked_instruments = Signal(64), Signal(32)
        # Not reset: what was once a challenge is none again until power-up.
        self._uses = Signal(_USE_BITS, reset_less=True)
        self._cycles = Signal(_CYCLE_BITS, reset_less=True)
        self._judging = Signal()
        # Events of this cycle: an ask is refused; an answer is judged, and right.
        self._denied, self._judged, self._right = Signal(), Signal(), Signal()

    def elaborate(self, platform: object) -> Module:
        m = Module()
        key = self._keep_keys(m)
        self._take_ask(m)
        self._judge(m, key)
        self._count(m)
        m.d.comb += [
            self.challenge.eq(Mux(self._pending, self._nonce, 0)),
            self.granted_instruments.eq(self._asked_instruments),
        ]
        return m

    def _keep_keys(self, m: Module) -> Value:
        """Write keys, once; return that of the operator who asked, two cycles after the ask."""
        written = [Signal(_KEY_WORDS, name=f"written{n}") for n in range(self.operators)]
        filled = [Signal(_KEY_WORDS, name=f"filled{n}") for n in range(self.operators)]
        word, takes = 1 << self.key_word, Signal()
        for n in range(self.operators):
            with m.If((self.key_operator == n) & ~written[n].all()):
                m.d.comb += takes.eq(self.key_strobe)
                with m.If(self.key_strobe):
                    some = Mux(self.key_data.any(), word, 0)
                    m.d.sync += [
                        written[n].eq(written[n] | word),
                        filled[n].eq((filled[n] & ~word) | some),
                    ]
            m.d.comb += self._usable[n].eq(written[n].all() & filled[n].any())
        with m.If(self.key_strobe & ~takes & ~self.key_refused.all()):
            m.d.sync += self.key_refused.eq(self.key_refused + 1)
        address_bits = max(1, (self.operators - 1).bit_length())
        words = []
        for n in range(_KEY_WORDS):
            memory: Any = Memory(shape=unsigned(_WORD), depth=1 << address_bits, init=[])
            m.submodules[f"key{n}"] = memory
            read, write = memory.read_port(), memory.write_port()
            m.d.comb += [
                read.addr.eq(self.granted_operator),
                write.addr.eq(self.key_operator),
                write.data.eq(self.key_data),
                write.en.eq(takes & (self.key_word == n)),
            ]
            words.append(read.data)
        return Cat(words)

    def _take_ask(self, m: Module) -> None:
        """Make a challenge; let the last one expire."""
        free = ~self._judging & ~self.answer
        spent = self._uses.all()
        usable = self._usable.bit_select(self.ask_operator, 1)
        allowed = usable & ~self.locked_out & ~spent
        left = Signal(self.timeout_bits)
        uses, entropy = Signal(_USE_BITS), self.entropy[:_CYCLE_BITS] ^ self.entropy[_USE_BITS:]
        m.d.comb += [
            uses.eq(self._uses + 1),
            self._denied.eq(self.ask & free & ~allowed),
        ]
        m.d.sync += [self._cycles.eq(self._cycles + 1), left.eq(left - 1)]
        with m.If(left == 0):
            m.d.sync += self._pending.eq(0)
        with m.If(self.answer):
            m.d.sync += self._pending.eq(0)
        with m.Elif(self.ask & free):
            m.d.sync += [
                self._pending.eq(allowed),
                self.granted_operator.eq(self.ask_operator),
                self.granted_scope.eq(self.ask_scope),
                self._asked_instruments.eq(self.ask_instruments),
            ]
            with m.If(allowed):
                m.d.sync += [
                    self._uses.eq(uses),
                    self._nonce.eq(Cat(uses, self._cycles ^ entropy)),
                    left.eq(~Const(0, self.timeout_bits)),
                ]

    def _judge(self, m: Module, key: Value) -> None:
        """Hash the ask and compare, in the same time for every answer."""
        m.submodules.hash = sip_hash = SipHash()
        tag, same, hashed = Signal(64), Signal(), Signal()
        eligible, begin = Signal(), Signal()
        disturbed = self.ask | self.answer
        m.d.comb += [
            sip_hash.start.eq(begin),
            sip_hash.key.eq(key),
            sip_hash.message.eq(
                Cat(
                    self._nonce, self.granted_operator, self.granted_scope, Const(0, 16),
                    self._asked_instruments,
                )
            ),
            self._judged.eq(hashed),
            self._right.eq(same & eligible & ~disturbed),
        ]  # fmt: skip
        m.d.sync += [
            begin.eq(self.answer & ~self._judging),
            same.eq(sip_hash.tag == tag),
            hashed.eq(sip_hash.done),
            self.granted.eq(self._judged & self._right),
            self.refused.eq((self._judged & ~self._right) | self._denied),
        ]
        with m.If(self._judging):
            with m.If(disturbed):
                m.d.sync += eligible.eq(0)
            with m.If(self._judged):
                m.d.sync += self._judging.eq(0)
        with m.Elif(self.answer):
            m.d.sync += [
                self._judging.eq(1),
                tag.eq(self.answer_tag),
                eligible.eq(self._pending & ~self.ask),
            ]

    def _count(self, m: Module) -> None:
        """Count refusals; lock out after some in a row."""
        row, left = Signal(range(_REFUSALS)), Signal(self.lockout_bits)
        fails = (self._judged & ~self._right) | self._denied
        m.d.sync += left.eq(left - 1)
        with m.If(left == 0):
            m.d.sync += self.locked_out.eq(0)
        with m.If(self._judged & self._right):
            m.d.sync += row.eq(0)
        with m.Elif(fails):
            with m.If(~self.failures.all()):
                m.d.sync += self.failures.eq(self.failures + 1)
            with m.If(~self.locked_out):
                m.d.sync += row.eq(row + 1)
                with m.If(row == _REFUSALS - 1):
                    m.d.sync += [
                        row.eq(0),
                        self.locked_out.eq(1),
                        left.eq(~Const(0, self.lockout_bits)),
                    ]
