# amaranth: UnusedElaboratable=no
"""A book engine small enough for bounded proofs: the sources as they are, with less of all."""

from typing import Any, Final

import pytest

from gateware.book import hashing, layouts, order_table
from gateware.book.engine import BookEngine
from hw.presets import BookParameters

__all__ = ["BANKS", "IDS", "REDUCED", "WAYS", "reduce_sources"]

BANKS: Final = 2
WAYS: Final = 2
#: Different order ids; no more orders can rest.
IDS: Final = 4


class _Reduced(BookParameters):
    """Parameters below the limits of a build."""

    def __post_init__(self) -> None:
        """Leave the limits alone: they are those of a useful build, not of a working one."""

    @property
    def sets(self) -> int:
        """Sets of an order table with fewer ways."""
        return self.order_slots // (BANKS * WAYS)


REDUCED: Final = _Reduced(
    books=2, window_ticks=8, order_slots=8, stash_slots=1, cached_levels=2, id_bits=2,
    tick_bits=4, quantity_bits=4, count_bits=3,
)  # fmt: skip


def reduce_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give the order table fewer banks and ways, and the engine less room for events."""
    module: Any
    for module in (layouts, order_table, hashing):
        for name, number in (("BANKS", BANKS), ("WAYS", WAYS)):
            if hasattr(module, name):
                monkeypatch.setattr(module, name, number)
    monkeypatch.setattr(BookEngine, "ROOM", 8)
