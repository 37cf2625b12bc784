"""Random numbers for order flow, drawn in blocks because single draws are slow."""

from collections.abc import Callable, Iterator
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["Draws"]

_BLOCK: Final = 4096
_FURTHEST: Final = 20_000  # distance of an ordinary order from the touch [ticks]


class Draws:
    """Endless streams of random numbers, all from one generator.

    The numbers depend on the generator's state and on the order in which the streams are read.

    Parameters
    ----------
    rng : numpy.random.Generator
        Source of all randomness.
    longest_burst : int
        Largest number of ``burst`` [updates].
    largest_quantity : int
        Largest number of ``quantity`` [lots].

    Attributes
    ----------
    uniform : iterator of float
        Uniform in [0, 1).
    distance : iterator of int
        How far from the touch an order rests [ticks]: half of them within 1, with a fat tail.
    quantity : iterator of int
        Size of an order [lots]: round lots and odd lots.
    burst : iterator of int
        Updates of one book back to back, at least 1.
    pause, gap : iterator of int
        Time between bursts, and within a burst [ns].
    step : iterator of int
        Change of a book's price from burst to burst [ticks].
    """

    def __init__(
        self, rng: np.random.Generator, *, longest_burst: int, largest_quantity: int
    ) -> None:
        self.uniform: Iterator[float] = _stream(rng.random)
        self.distance: Iterator[int] = _stream(
            lambda n: np.minimum(1.5 * rng.pareto(1.1, n), _FURTHEST).astype(np.int64)
        )
        self.quantity: Iterator[int] = _stream(
            lambda n: np.minimum(
                np.where(rng.random(n) < 0.7, 100 * rng.geometric(0.4, n), rng.integers(1, 500, n)),
                largest_quantity,
            )
        )
        self.burst: Iterator[int] = _stream(
            lambda n: np.minimum(1 + rng.pareto(1.2, n), longest_burst).astype(np.int64)
        )
        self.pause: Iterator[int] = _stream(
            lambda n: 100 + rng.exponential(40_000, n).astype(np.int64)
        )
        self.gap: Iterator[int] = _stream(lambda n: 17 + rng.geometric(0.02, n))
        self.step: Iterator[int] = _stream(
            lambda n: rng.choice(np.array([-3, -1, 0, 1, 3]), n, p=[0.01, 0.07, 0.84, 0.07, 0.01])
        )

    def below(self, n: int) -> int:
        """Return an integer from 0 to n - 1."""
        return int(next(self.uniform) * n)

    def happens(self, probability: float) -> bool:
        """Return True with a probability."""
        return next(self.uniform) < probability


def _stream(draw: Callable[[int], NDArray[Any]]) -> Iterator[Any]:
    while True:
        yield from draw(_BLOCK).tolist()
