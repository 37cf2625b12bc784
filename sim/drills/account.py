"""What the desk has: cash, positions, and what it has lost."""

from collections import defaultdict
from fractions import Fraction

from hw.records import SIDE

__all__ = ["Account"]


class Account:
    """Cash and positions of each instrument.

    Attributes
    ----------
    cash : dict of int to int
        By instrument [ticks * lots].
    positions : dict of int to int
        By instrument [lots, signed].
    fills : int
        So far.
    """

    def __init__(self) -> None:
        self.cash: defaultdict[int, int] = defaultdict(int)
        self.positions: defaultdict[int, int] = defaultdict(int)
        self.fills = 0

    def fill(self, instrument: int, side: int, tick: int, quantity: int) -> None:
        """Note that an order of ours has traded, at a price [ticks]."""
        signed = quantity if side == SIDE.bid else -quantity
        self.positions[instrument] += signed
        self.cash[instrument] -= signed * tick
        self.fills += 1

    def loss(self, instrument: int, double_mid: int) -> Fraction:
        """Return the loss, realised and marked, at bid + ask [ticks * lots]; a gain is negative."""
        return -self.cash[instrument] - Fraction(self.positions[instrument] * double_mid, 2)
