"""What the model of the circuit breaker knows of one instrument."""

from dataclasses import dataclass, field

from hw.breaker_detectors import BREAKER_WINDOWS
from sim.models.breaker_averages import BreakerAverages
from sim.models.price_window import PriceWindow

__all__ = ["Action", "Instrument", "Market", "Trip"]


@dataclass(frozen=True, slots=True)
class Market:
    """A change: what stands in an instrument after an event of one of its books.

    Attributes
    ----------
    bid, ask : tuple of int, int, or None
        Best price [ticks] and quantity [lots] of a side that is known.
    venues : tuple of int
        Bid + ask of each venue that has both [double ticks].
    """

    bid: tuple[int, int] | None
    ask: tuple[int, int] | None
    venues: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Trip:
    """What the host is told."""

    instrument: int
    detectors: int
    action: int
    released: bool


@dataclass(slots=True)
class Action:
    """One grade of action: whether it is in force, and since when it could end."""

    on: bool = False
    moved: bool = False  # it tripped since the last visit
    stamp: int = 0  # last visit that found it not calm [ns]
    tripping: bool = False  # what tripped it stands


@dataclass(slots=True)
class Instrument:
    """State of one instrument."""

    price: int | None = None
    spread: int = 0
    depth: int = 0
    divergence: int = 0
    count: int = 0
    time: int | None = None
    windows: list[PriceWindow] = field(
        default_factory=lambda: [PriceWindow() for _ in range(BREAKER_WINDOWS)]
    )
    extremes: list[tuple[int, int]] = field(default_factory=list)
    averages: BreakerAverages | None = None
    take_sigma: bool = False
    take_others: bool = False
    returns: list[int] = field(default_factory=lambda: [0] * BREAKER_WINDOWS)
    floor: int = 0
    watched: bool = False
    band: tuple[int, int, int] | None = None
    actions: dict[int, Action] = field(default_factory=lambda: {g: Action() for g in (1, 2, 3)})

    def forget(self) -> None:
        """Forget the market; what is in force stays."""
        fresh = Instrument(actions=self.actions)
        for name in self.__slots__:
            setattr(self, name, getattr(fresh, name))
