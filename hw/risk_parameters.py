"""The build parameters of the risk gate."""

from dataclasses import asdict, dataclass
from typing import Self

from hw.presets import BookParameters

__all__ = ["RiskParameters"]

_TICKS = ["tick_mask", "tick_inverse", "tick_bound", "min_tick", "max_tick", "collar"]
_TICKS += ["spread_limit", "luld_band"]
_DOUBLE_TICKS = ["return_limit0", "return_limit1", "return_limit2", "divergence_limit"]
_TIMES = ("_period", "_tolerance", "_age", "_window", "_hold", "_silence", "_bucket")
_LOTS = ["min_quantity", "max_quantity", "lot_mask", "lot_inverse", "lot_bound"]


@dataclass(frozen=True, kw_only=True, slots=True)
class RiskParameters:
    """Size of a risk gate and of the consolidated market that it looks at.

    Attributes
    ----------
    books : int
        Books of the engine, a power of two, 2 to 256.
    instruments, venues, strategies, accounts : int
        Powers of two: 2 to 32, 2 to 8, 2 to 16, 2 to 8.
    order_slots : int
        Slots of the open-order table, 4 ways, a power of two, 8 to 4096 [orders].
    id_bits : int
        Of client order ids, 8 to 64 [bits].
    tick_bits : int
        Of prices, 8 to 48 [bits]; as in the book engine.
    quantity_bits : int
        Of an order's quantity, 8 to 32 [bits].
    position_bits : int
        Of a position with its sign, from quantity_bits + 4 to 48 [bits].
    lot_value_bits : int
        Of the value of a lot, 4 to 32 [bits].
    time_bits : int
        Of times and durations, 16 to 64 [bits].
    """

    books: int = 16
    instruments: int = 16
    venues: int = 4
    strategies: int = 16
    accounts: int = 4
    order_slots: int = 256
    id_bits: int = 64
    tick_bits: int = 32
    quantity_bits: int = 32
    position_bits: int = 40
    lot_value_bits: int = 24
    time_bits: int = 64

    def __post_init__(self) -> None:
        for key, low, high in (
            ("books", 2, 256),
            ("instruments", 2, 32),
            ("venues", 2, 8),
            ("strategies", 2, 16),
            ("accounts", 2, 8),
            ("order_slots", 8, 4096),
        ):
            value = getattr(self, key)
            if not low <= value <= high or value & (value - 1):
                raise ValueError(f"{key} must be a power of two from {low} to {high}, not {value}")
        for key, low, high in (
            ("id_bits", 8, 64),
            ("tick_bits", 8, 48),
            ("quantity_bits", 8, 32),
            ("position_bits", self.quantity_bits + 4, 48),
            ("lot_value_bits", 4, 32),
            ("time_bits", 16, 64),
        ):
            value = getattr(self, key)
            if not low <= value <= high:
                raise ValueError(f"{key} must be from {low} to {high}, not {value}")

    @classmethod
    def beside(cls, book: BookParameters) -> Self:
        """Return the usual size of a gate beside a book engine.

        An instrument and a strategy for each book, up to 16; client order ids, prices and
        quantities as wide as in the books; positions 256 times the largest order.
        """
        many, quantity_bits = min(book.books, 16), min(book.quantity_bits, 32)
        return cls(
            books=book.books, instruments=many, strategies=many, id_bits=book.id_bits,
            tick_bits=book.tick_bits, quantity_bits=quantity_bits, position_bits=quantity_bits + 8,
        )  # fmt: skip

    def sizes(self) -> dict[str, int]:
        """Return the numbers: what the gateware and ``MAP_ID`` depend on."""
        return asdict(self)

    def limit_bits(self, name: str, width: int) -> int:
        """Return how many bits of a limit this build holds; a write with more is refused.

        Parameters
        ----------
        name : str
            Of the limit, as in ``registers.toml``.
        width : int
            Its width there [bits].
        """
        bits = width
        if name in _TICKS:
            bits = self.tick_bits
        elif name in _DOUBLE_TICKS:
            bits = self.tick_bits + 1
        elif name in _LOTS:
            bits = self.quantity_bits
        elif name in ("max_long", "max_short"):
            bits = self.position_bits - 1
        elif name == "lot_value":
            bits = self.lot_value_bits
        elif name.endswith(_TIMES):
            bits = self.time_bits
        return min(bits, width)
