"""Random traffic for arming, cycle by cycle, and what the model makes of it."""

import random
from dataclasses import dataclass
from typing import Final

from gateware.risk.arming import Arming
from hw.arming import arming_answer
from sim.models.arming import Arming as Model
from sim.models.arming import Ask

__all__ = ["INSTRUMENTS", "LOCKOUT_BITS", "OPERATORS", "TIMEOUT_BITS", "Operators"]

OPERATORS: Final = 3
INSTRUMENTS: Final = 16
TIMEOUT_BITS: Final = 6
LOCKOUT_BITS: Final = 6
_STROBES: Final = ("key_strobe", "ask", "answer")


@dataclass(kw_only=True, slots=True)
class _Judged:
    """An answer that is being judged."""

    tag: int
    cycle: int
    disturbed: bool = False


class Operators:
    """Operators with keys, without one and with one of zeros; some do not know theirs.

    Call ``inputs`` then ``outputs`` in every cycle.

    Parameters
    ----------
    rng : random.Random
        Source of what they do.

    Attributes
    ----------
    model : Model
        What has heard all of it.
    keys : list
        Of each operator, the words that are written.
    granted, refused, locked : int
        Answers that were granted, refusals, and cycles locked out, so far.
    """

    def __init__(self, rng: random.Random) -> None:
        self.model = Model(
            operators=OPERATORS, timeout=1 << TIMEOUT_BITS, lockout=1 << LOCKOUT_BITS
        )
        self.granted = self.refused = self.locked = 0
        self._rng = rng
        self._cycle = -1
        self._judged: _Judged | None = None
        self._asked: Ask | None = None
        self._told: dict[str, int] = {}
        self.keys = [[rng.getrandbits(32) for _ in range(4)] for _ in range(OPERATORS - 1)]
        self.keys += [[0] * 4]
        self._calm = 0

    def inputs(self, *, count: int) -> dict[str, int]:
        """Return the inputs of the next cycle, and tell them to the model.

        Parameters
        ----------
        count : int
            Cycles since power-up.
        """
        rng, self._cycle = self._rng, self._cycle + 1
        strobes = dict.fromkeys(_STROBES, 0)
        if self._calm:
            self._calm -= 1
        else:
            likely = "answer" if self._told.get("challenge") else "ask"
            strobes[likely if rng.random() < 0.7 else rng.choice(_STROBES)] = 1
            strobes["answer"] |= int(rng.random() < 0.03)
            # Seldom into an answer that is being judged.
            self._calm = rng.choice([0, 1, 2, 5]) if not strobes["answer"] else 0
            if strobes["answer"] and rng.random() < 0.9:
                self._calm = Arming.ANSWER_LATENCY - 1 + rng.choice([0, 0, 1, 40])
        inputs = {**strobes, **self._key(), **self._ask(), "entropy": rng.getrandbits(64)}
        inputs["answer_tag"] = self._tag()
        self._tell(inputs, count)
        return inputs

    def outputs(self) -> dict[str, int]:
        """Return what the outputs must be after this cycle's edge."""
        return self._told

    def _key(self) -> dict[str, int]:
        rng = self._rng
        operator, word = rng.choice([0, 0, 1, 2, 3, 255]), rng.randrange(4)
        data = rng.getrandbits(32) if operator >= OPERATORS else self.keys[operator][word]
        return {"key_operator": operator, "key_word": word, "key_data": data}

    def _ask(self) -> dict[str, int]:
        rng = self._rng
        operator = rng.choice([0] * 5 + [1] * 5 + [2, 3, 255])
        return {
            "ask_operator": operator,
            "ask_scope": rng.randrange(256),
            "ask_instruments": rng.getrandbits(32),
        }

    def _tag(self) -> int:
        """Return the right answer to the challenge, most of the time."""
        rng, model = self._rng, self.model
        key = model.key_of(self._asked.operator) if self._asked else None
        if not self._asked or key is None or rng.random() < 0.2:
            return rng.getrandbits(64)
        tag = arming_answer(
            key, challenge=model.challenge, operator=self._asked.operator,
            scope=self._asked.scope, instruments=self._asked.instruments,
        )  # fmt: skip
        return tag ^ (1 << rng.randrange(64) if rng.random() < 0.2 else 0)

    def _tell(self, inputs: dict[str, int], count: int) -> None:
        """Let the model hear this cycle; note what shows in the next one."""
        model, now, failures = self.model, self._cycle, self.model.failures
        granted = None
        judging = self._judged
        if judging:
            judging.disturbed |= bool(inputs["ask"] or inputs["answer"])
            if now == judging.cycle + Arming.ANSWER_LATENCY - 1:
                granted = model.answer(
                    judging.tag, cycle=judging.cycle, verdict=now + 1, disturbed=judging.disturbed
                )
                self._judged = None
        elif inputs["answer"]:
            self._judged = _Judged(
                tag=inputs["answer_tag"], cycle=now, disturbed=bool(inputs["ask"])
            )
        elif inputs["ask"]:
            self._asked = Ask(
                operator=inputs["ask_operator"], scope=inputs["ask_scope"],
                instruments=inputs["ask_instruments"],
            )  # fmt: skip
            model.ask(self._asked, cycle=now, count=count, entropy=inputs["entropy"])
        if inputs["key_strobe"]:
            model.write_key(inputs["key_operator"], inputs["key_word"], inputs["key_data"])
        self._note(granted, refused=model.failures - failures)

    def _note(self, granted: Ask | None, *, refused: int) -> None:
        model, following = self.model, self._cycle + 1
        self._told = {
            "challenge": 0 if self._judged else model.pending(following),
            "granted": int(granted is not None),
            "refused": refused,
            "failures": model.failures,
            "key_refused": model.key_refused,
            "locked_out": int(model.locked_out(following)),
        }
        if granted:
            self._told["granted_operator"] = granted.operator
            self._told["granted_scope"] = granted.scope
            self._told["granted_instruments"] = granted.instruments % (1 << INSTRUMENTS)
        self.granted += self._told["granted"]
        self.refused += refused
        self.locked += self._told["locked_out"]
