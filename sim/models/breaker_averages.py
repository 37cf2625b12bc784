"""Reference model of ``gateware.risk.breaker.averages``: of one instrument."""

from collections.abc import Sequence

__all__ = ["FRACTION", "BreakerAverages"]

#: What a double tick or a lot is in an average.
FRACTION = 1 << 16


class BreakerAverages:
    """Exponential averages that begin with the first price.

    Attributes
    ----------
    sigma, reference : int
        [double ticks / 2^16].
    depth : int
        [lots / 2^16].
    """

    def __init__(self, price: int, depth: int) -> None:
        self.sigma, self.reference, self.depth = 0, price * FRACTION, depth * FRACTION
        self._before = price

    def take_sigma(self, price: int, shift: int) -> None:
        """Add how far the price has moved from one end of a bucket to the next."""
        self.sigma += (abs(price - self._before) * FRACTION - self.sigma) >> shift
        self._before = price

    def take_others(self, price: int, depth: int, shifts: Sequence[int]) -> None:
        """Add the price and the depth at the end of a bucket."""
        self.reference += (price * FRACTION - self.reference) >> shifts[0]
        self.depth += (depth * FRACTION - self.depth) >> shifts[1]
