"""What the tests of the consolidated market share: a narrow build with four venues."""

from dataclasses import replace
from typing import Final

from tests.gateware.risk.bench import NARROW

__all__ = ["MARKET"]

#: Several books for a place, so that they meet there.
MARKET: Final = replace(NARROW, books=8, instruments=2, venues=4)
