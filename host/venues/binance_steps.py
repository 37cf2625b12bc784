"""Tick and lot sizes of Binance symbols, which its market data does not carry."""

from collections.abc import Iterable
from typing import Any, Final

from host.venues.instrument import NumberError, decimals_used, step_of

__all__ = ["KNOWN_STEPS", "steps_for"]

# Tick from exchangeInfo of each market, 2024-08. The lot is the last digit that is sent: spot
# books hold rests of orders from times when the lot was finer than what exchangeInfo says now.
KNOWN_STEPS: Final = {
    ("binance", "BTCUSDT"): ("0.01", "0.00000001"),
    ("binance", "ETHUSDT"): ("0.01", "0.00000001"),
    ("binance-usdm", "BTCUSDT"): ("0.1", "0.001"),
    ("binance-usdm", "ETHUSDT"): ("0.01", "0.001"),
    ("binance-coinm", "BTCUSD_PERP"): ("0.1", "1"),
    ("binance-coinm", "ETHUSD_PERP"): ("0.01", "1"),
}


def steps_for(venue: str, symbol: str, sides: Iterable[Any]) -> tuple[str, str, bool]:
    """Return tick size, lot size, and whether they are known facts.

    Where they are not, the tick is the finest decimal that the prices of the given levels use:
    trailing zeros are padding on this venue. The lot is the last digit that is sent.

    Parameters
    ----------
    venue, symbol : str
        The market, such as ``binance``, and the symbol.
    sides : iterable of list of [price, quantity]
        Levels to derive the steps from.

    Raises
    ------
    NumberError
        If a level holds no decimal number.
    """
    known = KNOWN_STEPS.get((venue, symbol))
    if known is not None:
        return (*known, True)
    levels = [level for side in sides for level in side]
    try:
        price = max((decimals_used(level[0]) for level in levels), default=0)
        quantity = max((len(level[1].partition(".")[2]) for level in levels), default=0)
    except ValueError as error:
        raise NumberError("malformed", str(error)) from None
    return step_of(price), step_of(quantity), False
