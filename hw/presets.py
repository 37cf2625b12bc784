"""The build parameters of the book engine, from ``presets.toml``."""

import tomllib
from dataclasses import asdict, dataclass
from importlib.resources import files
from typing import Final

__all__ = ["PRESETS", "USABLE", "WAYS_PER_SET", "BookParameters"]

WAYS_PER_SET: Final = 16  # 4 banks of 4 slots
USABLE: Final = 0.6  # of order_slots; why: docs/decisions/0005

_SOURCE: Final = files("hw").joinpath("presets.toml").read_bytes()


@dataclass(frozen=True, kw_only=True, slots=True)
class BookParameters:
    """Size of a book engine.

    Attributes
    ----------
    books : int
        Number of books, a power of two, 2 to 1024.
    window_ticks : int
        Ticks of one side that have a level store [ticks], a power of two, 64 to 65536.
    order_slots : int
        Slots of the order table, a power of two, at least 256.
    stash_slots : int
        Fully associative slots for what the table has no room for, 1 to 16.
    cached_levels : int
        Best levels held per side, 2 to 16.
    id_bits, tick_bits, quantity_bits, count_bits : int
        Widths [bits]. What needs more makes the book invalid.
    name, doc, holds : str
        Of the preset; empty for parameters made by hand.
    """

    books: int
    window_ticks: int
    order_slots: int
    stash_slots: int = 4
    cached_levels: int = 10
    id_bits: int = 48
    tick_bits: int = 32
    quantity_bits: int = 40
    count_bits: int = 14
    name: str = ""
    doc: str = ""
    holds: str = ""

    def __post_init__(self) -> None:
        for key, low, high in (
            ("books", 2, 1024),
            ("window_ticks", 64, 65536),
            ("order_slots", 256, 2**24),
        ):
            value = getattr(self, key)
            if not low <= value <= high or value & (value - 1):
                raise ValueError(f"{key} must be a power of two from {low} to {high}, not {value}")
        for key, low, high in (
            ("stash_slots", 1, 16),
            ("cached_levels", 2, 16),
            ("id_bits", 16, 64),
            ("tick_bits", 16, 48),
            ("quantity_bits", 8, 64),
            ("count_bits", 8, 32),
        ):
            value = getattr(self, key)
            if not low <= value <= high:
                raise ValueError(f"{key} must be from {low} to {high}, not {value}")

    @property
    def usable_orders(self) -> int:
        """Resting orders or levels that fit where ids hash evenly [orders]."""
        return int(self.order_slots * USABLE)

    @property
    def sets(self) -> int:
        """Sets of the order table: one bucket of each bank."""
        return self.order_slots // WAYS_PER_SET

    @property
    def deferred_bound(self) -> int:
        """Most cycles for which a best price can stay deferred [cycles].

        Every row deferred at once, every slot of the table in use, other books taking every second
        cycle: the command under way ends, the window move under way ends if it is the row's, and
        each row is searched twice (once more if updates overtook the first search). A step of a
        sweep costs 2 cycles a set, and at most 32 for an order that is read, 128 for one that a
        move changes. What real feeds see is the register ``deferred_max``.
        """
        command = 2 * max(2 * self.window_ticks, self.sets) + 64
        slots = self.order_slots + self.stash_slots
        move = 2 * (2 * self.sets + 128 * slots)
        rows = 2 * self.books
        searches = 2 * (rows * (2 * self.sets + 512) + 32 * slots)
        return command + move + searches

    def sizes(self) -> dict[str, int]:
        """Return the numbers alone: what the gateware and ``MAP_ID`` depend on."""
        return {k: v for k, v in asdict(self).items() if isinstance(v, int)}


PRESETS: Final = {
    name: BookParameters(name=name, **values)
    for name, values in tomllib.loads(_SOURCE.decode()).items()
}
