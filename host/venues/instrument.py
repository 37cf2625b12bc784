"""Instruments, and the exact conversion of decimal strings to ticks and lots."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

__all__ = [
    "LARGEST_QUANTITY",
    "LARGEST_TICK",
    "DecimalScale",
    "Instrument",
    "NumberError",
    "decimals_used",
    "step_of",
]

LARGEST_TICK: Final = 2**63 - 1  # tick * 2 + side must fit 64 bits
LARGEST_QUANTITY: Final = 2**64 - 1
_LONGEST: Final = 40  # characters; longer text is no price, and int() of it costs
_MEMO: Final = 1 << 16  # texts remembered; prices and sizes of a feed repeat
_DECIMAL: Final = re.compile(r"[0-9]+(\.[0-9]*)?|\.[0-9]+", re.ASCII)


class NumberError(ValueError):
    """A decimal string that is no whole number of steps.

    Attributes
    ----------
    code : str
        ``off_step``, ``out_of_range`` or ``malformed``.
    """

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


class DecimalScale(dict[str, int]):
    """Convert decimal strings to whole numbers of one step, exactly: ``scale["61.5"]``.

    A mapping that fills itself: a text seen before costs one dictionary look-up.

    Parameters
    ----------
    step : str
        Size of one step as a decimal string, such as ``"0.01"`` or ``"0.25"``.
    largest : int
        Largest number of steps that is accepted.

    Raises
    ------
    ValueError
        If ``step`` is not a positive decimal number.
    """

    def __init__(self, step: str, *, largest: int = LARGEST_QUANTITY) -> None:
        super().__init__()
        numerator, self.places = _digits(step)
        if numerator <= 0:
            raise ValueError(f"a step must be positive, not {step!r}")
        while self.places and numerator % 10 == 0:
            numerator //= 10
            self.places -= 1
        self.step = step
        self._numerator = numerator
        self._largest = largest

    def __missing__(self, text: str) -> int:
        """Convert a text that is not remembered.

        Raises
        ------
        NumberError
            If it is no decimal number, no multiple of the step, or too large.
        """
        steps = self._convert(text)
        if len(self) >= _MEMO:
            self.clear()
        self[text] = steps
        return steps

    def _convert(self, text: str) -> int:
        try:
            digits, places = _digits(text)
        except ValueError as error:
            raise NumberError("malformed", str(error)) from None
        if places > self.places:
            digits, rest = divmod(digits, 10 ** (places - self.places))
        else:
            digits, rest = digits * 10 ** (self.places - places), 0
        steps: int
        steps, over = divmod(digits, self._numerator)
        if rest or over:
            raise NumberError("off_step", f"expected a multiple of {self.step}, got {text}")
        if steps > self._largest:
            expected = f"expected at most {self._largest} steps of {self.step}"
            raise NumberError("out_of_range", f"{expected}, got {text}")
        return steps

    def text(self, steps: int) -> str:
        """Return a number of steps as a decimal string with the digits of the step."""
        whole, rest = divmod(steps * self._numerator, 10**self.places)
        return f"{whole}.{rest:0{self.places}d}" if self.places else str(whole)


def _digits(text: str) -> tuple[int, int]:
    """Return ``(digits, places)`` with the value ``digits / 10 ** places``."""
    if not isinstance(text, str) or len(text) > _LONGEST or not _DECIMAL.fullmatch(text):
        shown = repr(text)[: _LONGEST + 2]
        raise ValueError(f"expected a decimal number of at most {_LONGEST} digits, got {shown}")
    whole, _, fraction = text.partition(".")
    return int(whole + fraction), len(fraction)


def decimals_used(text: str) -> int:
    """Return the decimals of ``text`` up to its last digit that is not 0.

    Raises
    ------
    ValueError
        If ``text`` is no decimal number.
    """
    _digits(text)
    return len(text.partition(".")[2].rstrip("0"))


def step_of(places: int) -> str:
    """Return the step with that many decimals: ``step_of(2)`` is ``"0.01"``."""
    return "0." + "0" * (places - 1) + "1" if places else "1"


@dataclass(frozen=True, kw_only=True, slots=True)
class Instrument:
    """One instrument at one venue: what a book is of.

    Where a venue mixes tick sizes within one book, ``tick_size`` is the finest.

    Attributes
    ----------
    symbol : str
        The venue's name of it.
    venue : str
        Name of the venue, such as ``kraken`` or ``binance-usdm``.
    tick_size, lot_size : str
        One tick and one lot as decimal strings, in the venue's units.
    price_digits, quantity_digits : int
        Decimals of prices and quantities as the venue sends them; -1 where they do not matter.
    ticks, lots : callable of str to int
        Exact conversion of decimal strings; ``NumberError`` where there is none.

    Raises
    ------
    ValueError
        If a size is not a positive decimal number.
    """

    symbol: str
    venue: str
    tick_size: str
    lot_size: str
    price_digits: int = -1
    quantity_digits: int = -1
    ticks: Callable[[str], int] = field(init=False, repr=False, compare=False)
    lots: Callable[[str], int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        ticks = DecimalScale(self.tick_size, largest=LARGEST_TICK)
        object.__setattr__(self, "ticks", ticks.__getitem__)
        object.__setattr__(self, "lots", DecimalScale(self.lot_size).__getitem__)

    def price_text(self, tick: int) -> str:
        """Return a price [ticks] as a decimal string."""
        return DecimalScale(self.tick_size).text(tick)

    def quantity_text(self, lots: int) -> str:
        """Return a quantity [lots] as a decimal string."""
        return DecimalScale(self.lot_size).text(lots)
