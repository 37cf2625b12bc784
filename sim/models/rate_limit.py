"""Reference model of ``gateware.risk.rate_limit``: a token bucket with tokens."""

from fractions import Fraction

__all__ = ["RateLimit"]


class RateLimit:
    """Tokens that are filled up with time, and taken one an order.

    Parameters
    ----------
    period, tolerance : int
        Time of one token; how far a burst may run ahead [ns]. A period of 0 lets nothing through.

    Attributes
    ----------
    tokens : Fraction
        At most 1 + tolerance / period.
    """

    def __init__(self, period: int, tolerance: int) -> None:
        self.period, self.tolerance = period, tolerance
        self.most = 1 + Fraction(tolerance, period) if period else Fraction(0)
        self.tokens, self.time = self.most, 0

    def offer(self, now: int) -> bool:
        """Say whether an order conforms; the time never goes back."""
        if not self.period:
            return False
        self.tokens = min(self.most, self.tokens + Fraction(now - self.time, self.period))
        self.time = now
        return self.tokens >= 1

    def take(self) -> None:
        """Let the order that was offered through."""
        self.tokens -= 1
