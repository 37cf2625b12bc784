"""The value that those who know more know: a path in time that several venues can share."""

from random import Random
from typing import Final

__all__ = ["FairValue"]

_KEEP: Final = 4096  # moves that are remembered
_STEPS: Final = (-3, -1, -1, -1, -1, -1, -1, -1, 1, 1, 1, 1, 1, 1, 1, 3)  # [increments]
_LOWEST: Final = 100  # value, so that orders fit below it [increments]


class FairValue:
    """A random walk of one instrument.

    The path is a function of its arguments alone, however often and by whom it is read, as long
    as nobody shocks it.

    Parameters
    ----------
    start : int
        First value [0.0001].
    increment : int
        Of the instrument [0.0001].
    moves_per_s : float
        On average; most are by one increment, some by three. 0: it stands still.
    rng : random.Random
        Source of all chance, used for nothing else.
    begin : int
        Time from which on it moves [ns].
    """

    def __init__(
        self, *, start: int, increment: int, moves_per_s: float, rng: Random, begin: int = 0
    ) -> None:
        if moves_per_s < 0 or start < _LOWEST * increment:
            raise ValueError(f"a fair value starts at {_LOWEST} increments or more, not {start}")
        self.increment = increment
        self._rate = moves_per_s / 1e9
        self._rng = rng
        self._moves = [(begin, start)]
        self._next = self._later(begin)

    def at(self, time: int) -> int:
        """Return the value at a time [ns]; not earlier than some thousand moves ago."""
        while self._next <= time:
            self._move(self._next, self._rng.choice(_STEPS))
            self._next = self._later(self._next)
        moves = self._moves
        i = len(moves) - 1
        while i and moves[i][0] > time:
            i -= 1
        return moves[i][1]

    def shock(self, time: int, increments: int) -> None:
        """Move the value from a time on, which is not before the last move that was read."""
        self.at(time)
        self._move(time, increments)

    def _move(self, time: int, increments: int) -> None:
        value = self._moves[-1][1] + increments * self.increment
        self._moves.append((time, max(value, _LOWEST * self.increment)))
        if len(self._moves) > 2 * _KEEP:
            del self._moves[:-_KEEP]

    def _later(self, time: int) -> int:
        if not self._rate:
            return 1 << 63
        return time + 1 + int(self._rng.expovariate(self._rate))
