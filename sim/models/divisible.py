"""Reference model of ``gateware.risk.divisible``."""

__all__ = ["divisible"]


def divisible(value: int, divisor: int) -> bool:
    """Say whether a value is a multiple of a divisor; of 0, which no limit names, nothing is."""
    return divisor != 0 and value % divisor == 0
