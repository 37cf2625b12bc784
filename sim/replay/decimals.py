"""Exact decimal text of prices and quantities: an integer count times a decimal unit."""

from decimal import Decimal

__all__ = ["decimal_text", "unit_parts"]


def unit_parts(unit: Decimal) -> tuple[int, int]:
    """Return ``(multiplier, places)`` with ``unit == multiplier / 10 ** places``.

    Raises
    ------
    ValueError
        If ``unit`` is not a positive finite number.
    """
    if not unit.is_finite() or unit <= 0:
        raise ValueError(f"unit must be a positive decimal number, not {unit}")
    exponent = int(unit.as_tuple().exponent)
    places = max(-exponent, 0)
    return int(unit.scaleb(places)), places


def decimal_text(count: int, unit: Decimal, *, trim: bool = False) -> str:
    """Return ``count * unit`` in plain digits, without rounding.

    Parameters
    ----------
    count : int
        Ticks or lots, 0 or more.
    unit : Decimal
        Tick or lot size.
    trim : bool
        Leave out trailing zeros after the point (for quantities; prices of one book keep theirs,
        so that columns line up).

    Raises
    ------
    ValueError
        If ``count`` is negative or ``unit`` is not a positive finite number.
    """
    if count < 0:
        raise ValueError(f"count must be 0 or more, not {count}")
    multiplier, places = unit_parts(unit)
    whole, rest = divmod(count * multiplier, 10**places)
    digits = f"{rest:0{places}d}" if places else ""
    if trim:
        digits = digits.rstrip("0")
    return f"{whole}.{digits}" if digits else f"{whole}"
