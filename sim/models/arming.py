"""Reference model of ``gateware.risk.arming``: keys, one challenge, and who may answer it."""

from dataclasses import dataclass

from hw.arming import arming_answer

__all__ = ["Arming", "Ask"]

_WORD = 32
_KEY_WORDS = 4
_USE_BITS = 24
_CYCLE_BITS = 40
_REFUSALS = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class Ask:
    """What an operator asks for: who, a ``hw.arming.Scope``, and a mask of instruments."""

    operator: int
    scope: int
    instruments: int


class Arming:
    """Cycles are counted by the caller.

    Parameters
    ----------
    operators : int
    timeout, lockout : int
        How long a challenge can be answered, and how long asks are refused [cycles].

    Attributes
    ----------
    failures, key_refused : int
        Asks and answers, and words of keys, that were refused.
    challenge : int
        What is pending, as it was made; it may have expired since.
    uses : int
        Challenges since power-up.
    """

    def __init__(self, *, operators: int, timeout: int, lockout: int) -> None:
        self.timeout, self.lockout = timeout, lockout
        self.failures = self.key_refused = self.challenge = self.uses = 0
        self._keys: list[dict[int, int]] = [{} for _ in range(operators)]
        self._asked: Ask | None = None
        self._since = 0
        self._row = 0
        self._locked = range(0)  # cycles

    def write_key(self, operator: int, word: int, data: int) -> None:
        """Write a word of a key, lowest word 0."""
        if operator < len(self._keys) and len(self._keys[operator]) < _KEY_WORDS:
            self._keys[operator][word] = data
        else:
            self.key_refused += 1

    def key_of(self, operator: int) -> bytes | None:
        """Return an operator's key, if it is complete and not all zeros."""
        words = self._keys[operator] if operator < len(self._keys) else {}
        key = sum(data << _WORD * word for word, data in words.items())
        complete = len(words) == _KEY_WORDS and key != 0
        return key.to_bytes(_KEY_WORDS * _WORD // 8, "little") if complete else None

    def locked_out(self, cycle: int) -> bool:
        """Say whether every ask is refused."""
        return cycle in self._locked

    def pending(self, cycle: int) -> int:
        """Return the challenge that can be answered in a cycle, 0 if there is none."""
        alive = self._asked is not None and cycle < self._since + self.timeout
        return self.challenge if alive else 0

    def ask(self, ask: Ask, *, cycle: int, count: int, entropy: int = 0) -> bool:
        """Take an ask in a cycle, with the count of cycles since power-up; False if refused."""
        self._asked = None
        spent = self.uses == (1 << _USE_BITS) - 1
        if self.key_of(ask.operator) is None or self.locked_out(cycle) or spent:
            self._fail(cycle + 1)
            return False
        self.uses += 1
        high = (count ^ entropy ^ entropy >> _USE_BITS) % (1 << _CYCLE_BITS)
        self.challenge = high << _USE_BITS | self.uses
        self._asked, self._since = ask, cycle + 1
        return True

    def answer(self, tag: int, *, cycle: int, verdict: int, disturbed: bool = False) -> Ask | None:
        """Judge an answer.

        Parameters
        ----------
        tag : int
            The answer.
        cycle, verdict : int
            When it came, and when it is known whether it is right.
        disturbed : bool
            Another ask or answer came in between.

        Returns
        -------
        Ask or None
            What is granted, if anything.
        """
        challenge, asked = self.pending(cycle), self._asked
        self._asked = None
        if challenge and asked and not disturbed:
            key = self.key_of(asked.operator)
            assert key is not None, "only who has a key is given a challenge"
            right = arming_answer(
                key, challenge=challenge, operator=asked.operator, scope=asked.scope,
                instruments=asked.instruments,
            )  # fmt: skip
            if tag == right:
                self._row = 0
                return asked
        self._fail(verdict)
        return None

    def _fail(self, cycle: int) -> None:
        """Count a refusal that shows in a cycle."""
        self.failures += 1
        if not self.locked_out(cycle - 1):
            self._row += 1
        if self._row == _REFUSALS:
            self._row, self._locked = 0, range(cycle, cycle + self.lockout)
