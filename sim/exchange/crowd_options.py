"""What a crowd is like, and what its informed participants know."""

from dataclasses import dataclass
from random import Random

from sim.exchange.exchange import Exchange
from sim.exchange.fair import FairValue
from sim.orderflow.profile import NASDAQ_MIX, Mix

__all__ = ["CrowdOptions", "fair_values"]


@dataclass(frozen=True, kw_only=True, slots=True)
class CrowdOptions:
    """What the crowd is like.

    Attributes
    ----------
    rate : float
        Actions a second, on average over all books.
    mix : Mix
        Shares of the market data messages that the actions cause.
    longest_burst : int
        Most actions in one book back to back.
    resting : int
        Orders that rest in a book, about [orders].
    makers : int
        How many quote each book.
    attributed : float
        Share of orders that show their firm.
    fair : int
        Where every book starts [0.0001].
    moves_per_s : float
        How often the fair value of a book moves.
    edge : int
        Informed participants take what is better than the fair value by this [increments].
    """

    rate: float = 10_000.0
    mix: Mix = NASDAQ_MIX
    longest_burst: int = 500
    resting: int = 200
    makers: int = 8
    attributed: float = 0.0055 / 0.4415
    fair: int = 1_000_000
    moves_per_s: float = 20.0
    edge: int = 2

    def __post_init__(self) -> None:
        if not self.rate > 0 or self.resting < 4 or not 1 <= self.makers <= 100:
            raise ValueError("a crowd has a rate above 0, 4 resting orders, and 1 to 100 makers")


def fair_values(
    exchange: Exchange, *, seed: int, options: CrowdOptions, begin: int
) -> list[FairValue]:
    """Return a fair value for each instrument of an exchange, moving from ``begin`` [ns] on."""
    return [
        FairValue(
            start=options.fair,
            increment=listing.increment,
            moves_per_s=options.moves_per_s,
            rng=Random(f"{seed} fair {listing.symbol}"),
            begin=begin,
        )
        for listing in exchange.engine.listings
    ]
