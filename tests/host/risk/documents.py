"""Limits for tests."""

import copy
from typing import Any

from host.risk.fields import SECTIONS
from hw.records import ENUMS

__all__ = ["changed", "document"]


def document() -> dict[str, Any]:
    """Return limits of two instruments, venues, strategies and one of the rest."""
    instrument = {"duplicate_window": 0, "lot_value": 1, "breaker_hold": 0, **_codes("instruments")}
    return {
        "version": 1,
        "instruments": {
            "ETH-USD": {"index": 0, "tick_size": "0.01", "lot_size": "0.001", **instrument},
            "BTC-USD": {"index": 3, **instrument},
        },
        "venues": {
            "alpha": {"index": 1, "cancel_on_disconnect": True},
            "beta": {"index": 0, "cancel_on_disconnect": False},
        },
        "strategies": {"maker": {"index": 2, "instruments": ["BTC-USD"]}, "taker": {"index": 1}},
        "accounts": {"main": {"index": 0, "open": True}},
        "books": {"one": {"index": 5, "instrument": "BTC-USD", "venue": "alpha"}},
        "box": {"max_gross": 12},
    }


def _codes(section: str) -> dict[str, str]:
    return {
        f.name: next(iter(ENUMS[f.part.enum])).name
        for f in SECTIONS[section]
        if f.part is not None and f.part.enum
    }


def changed(path: str, value: Any) -> dict[str, Any]:
    """Return them with one value changed, or without it where the value is None."""
    made = copy.deepcopy(document())
    *where, last = path.split(".")
    place = made
    for name in where:
        place = place[name]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return made
