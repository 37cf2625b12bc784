"""How a divisor is told to gateware that does not divide."""

__all__ = ["divisor_fields"]


def divisor_fields(divisor: int, width: int) -> tuple[int, int, int]:
    """Return mask, inverse and bound, by which ``gateware.risk.divisible`` knows multiples.

    For d = 2^k m with m odd: 2^k - 1, the inverse of m modulo 2^width, floor((2^width - 1) / m).

    Parameters
    ----------
    divisor : int
        d, 1 to 2^width - 1.
    width : int
        Of the numbers that are checked [bits].

    Raises
    ------
    ValueError
        If the divisor is out of range.

    References
    ----------
    T. Granlund, P. Montgomery, "Division by invariant integers using multiplication", PLDI 1994,
    section 9; H. Warren, "Hacker's Delight", 2nd edition, section 10-17.

    Examples
    --------
    >>> divisor_fields(10, 8)
    (1, 205, 51)
    """
    if not 1 <= divisor < 1 << width:
        raise ValueError(f"divisor must be from 1 to {(1 << width) - 1}, not {divisor}")
    power = divisor & -divisor
    odd = divisor // power
    return power - 1, pow(odd, -1, 1 << width), ((1 << width) - 1) // odd
