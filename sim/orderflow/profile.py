"""What kind of order flow to generate."""

from dataclasses import dataclass
from typing import Final

__all__ = ["NASDAQ_MIX", "PROFILES", "Mix", "Profile"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Mix:
    """Shares of the update kinds; what is missing to 1 are trades and status updates.

    Raises
    ------
    ValueError
        If a share is negative or they sum to more than 1.
    """

    add: float
    delete: float
    replace: float
    execute: float
    reduce: float

    def __post_init__(self) -> None:
        shares = (self.add, self.delete, self.replace, self.execute, self.reduce)
        if min(shares) < 0 or sum(shares) > 1:
            raise ValueError(f"shares must be 0 or more and sum to at most 1, not {shares}")


# Messages of a Nasdaq TotalView-ITCH 5.0 day: A + F, D, U, E + C, X.
NASDAQ_MIX: Final = Mix(
    add=0.436 + 0.0055, delete=0.426, replace=0.081, execute=0.021 + 0.0004, reduce=0.010
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Profile:
    """One kind of order flow.

    Attributes
    ----------
    name, doc : str
        For the user.
    books : int
        Books with flow, at most; the first of the engine. 0: all.
    level_books : int
        How many of them, the last, are depth feeds (L2, ``set``).
    opening : int
        Orders in the opening snapshot of each book [orders].
    mix : Mix
        Shares of the update kinds.
    longest_burst : int
        Most updates of one book back to back [updates].
    stub, crossing : float
        Share of new orders that lie far away, and that cross the other side.
    market_gap, feed_gap, snapshot : float
        Probability per burst that the price jumps by more than the window, that updates are lost
        (then the book is rebuilt), and that the book is rebuilt without need.
    fault : float
        Probability per burst of one step of ``sim.orderflow.faults``.
    """

    name: str
    doc: str
    books: int = 0
    level_books: int = 0
    opening: int = 40
    mix: Mix = NASDAQ_MIX
    longest_burst: int = 500
    stub: float = 5e-4
    crossing: float = 0.0
    market_gap: float = 0.0
    feed_gap: float = 0.0
    snapshot: float = 0.0
    fault: float = 0.0

    @property
    def unusual(self) -> float:
        """Probability per burst of anything but the mix."""
        return self.feed_gap + self.snapshot + self.market_gap + self.fault


PROFILES: Final = {
    profile.name: profile
    for profile in (
        Profile(
            name="nasdaq_mix",
            doc="Order by order, with the message mix and the bursts of a Nasdaq day.",
            opening=200,
            market_gap=1e-4,
        ),
        Profile(
            name="demo",
            doc="Six books, two of them depth feeds, with snapshots, gaps and crossed moments.",
            books=6,
            level_books=2,
            opening=150,
            crossing=2e-4,
            market_gap=2e-4,
            feed_gap=1e-3,
            snapshot=1e-3,
        ),
        Profile(
            name="adversarial",
            doc="Every kind of update and every error of the contract, close together.",
            level_books=1,
            opening=12,
            stub=0.02,
            crossing=0.02,
            market_gap=0.02,
            feed_gap=0.01,
            snapshot=0.02,
            fault=0.5,
        ),
    )
}
