"""Amounts as an operator writes them, exactly converted to the integers of the gate."""

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Any, Final

__all__ = ["amount", "amount_text"]

_DECIMAL: Final = re.compile(r"[0-9]{1,30}(\.[0-9]{1,30})?", re.ASCII)
_DURATION: Final = re.compile(r"([0-9.]+) ?(ns|us|ms|s|min|h)", re.ASCII)
_NANOSECONDS: Final = {
    "ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9, "min": 60 * 10**9, "h": 3600 * 10**9,
}  # fmt: skip
#: Unit -> sizes of an instrument whose product it is, and how many of it make that product.
_SCALES: Final[dict[str, tuple[tuple[str, ...], int]]] = {
    "ticks": (("tick_size",), 1),
    "double ticks": (("tick_size",), 2),
    "lots": (("lot_size",), 1),
    "ticks * lots": (("tick_size", "lot_size"), 1),
}


def amount(value: object, unit: str, sizes: Mapping[str, Any]) -> object:
    """Return an amount as a whole number of its unit; what is no text is returned as it is.

    A number in quotes is a price, a quantity or their product, in the units of the venue: it is
    divided by ``tick_size``, ``lot_size`` or both. A time in quotes has its unit: ``"50 ms"``.

    Parameters
    ----------
    value : object
        From a limits file.
    unit : str
        As in ``hw/registers.toml``.
    sizes : mapping of str to object
        ``tick_size`` and ``lot_size`` of the instrument as decimal text, where it has them.

    Raises
    ------
    ValueError
        If it is no such number, or not a whole number of the unit.

    Examples
    --------
    >>> amount("1.5 ms", "ns", {})
    1500000
    >>> amount("317.81", "ticks", {"tick_size": "0.01"})
    31781
    """
    if isinstance(value, float):
        raise ValueError(f"expected a whole number of {unit}, or a number in quotes, not {value}")
    if not isinstance(value, str):
        return value
    if unit.startswith("ns"):
        return _nanoseconds(value)
    if unit not in _SCALES:
        raise ValueError(f"expected a whole number of {unit}, not the text {value!r}")
    names, factor = _SCALES[unit]
    missing = [name for name in names if not sizes.get(name)]
    if missing:
        raise ValueError(f"{value!r} in quotes needs {' and '.join(missing)} of the instrument")
    scale = Fraction(factor)
    for name in names:
        scale /= Fraction(sizes[name])
    return _whole(value, scale, unit)


def amount_text(value: int, unit: str, sizes: Mapping[str, Any]) -> str:
    """Return a whole number with its unit, and in the units of the venue where it has them."""
    if unit == "none":
        return str(value)
    if unit.startswith("ns"):
        return _duration_text(value) + unit[2:]
    times = " x" if unit[0].isdigit() else ""
    plain = f"{value}{times} {unit}"
    names, factor = _SCALES.get(unit, ((), 1))
    if not names or not all(sizes.get(name) for name in names):
        return plain
    scaled = Fraction(value, factor)
    for name in names:
        scaled *= Fraction(sizes[name])
    return f"{plain} ({_decimal_text(scaled)})"


def _nanoseconds(text: str) -> int:
    match = _DURATION.fullmatch(text)
    if match is None:
        raise ValueError(f"expected a time such as '50 ms' (ns, us, ms, s, min, h), not {text!r}")
    return _whole(match[1], Fraction(_NANOSECONDS[match[2]]), "ns")


def _whole(text: str, scale: Fraction, unit: str) -> int:
    if not _DECIMAL.fullmatch(text):
        raise ValueError(f"expected a decimal number, not {text!r}")
    result = Fraction(text) * scale
    if result.denominator != 1:
        below = result.numerator // result.denominator
        raise ValueError(
            f"{text!r} is no whole number of {unit}, but between {below} and {below + 1}"
        )
    return result.numerator


def _decimal_text(value: Fraction) -> str:
    """Return a fraction as a decimal; its denominator divides a power of ten."""
    places = 0
    while value.denominator != 1:
        value, places = value * 10, places + 1
    digits = str(value.numerator).rjust(places + 1, "0")
    return f"{digits[:-places]}.{digits[-places:]}" if places else digits


def _duration_text(value: int) -> str:
    name, size = "ns", 1
    for candidate in ("us", "ms", "s"):
        if value and value % _NANOSECONDS[candidate] == 0:
            name, size = candidate, _NANOSECONDS[candidate]
    return f"{value // size} {name}"
