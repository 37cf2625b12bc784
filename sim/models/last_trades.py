"""Reference model of ``gateware.market.last_trades``: one call for each cycle."""

from collections import deque
from typing import Final, NamedTuple

from hw.risk_parameters import RiskParameters

__all__ = ["LastTrades", "Trade"]

_QUEUE: Final = 4
_MOST: Final = 2**32 - 1


class Trade(NamedTuple):
    """A trade: its book and its price [ticks]."""

    book: int
    tick: int


class LastTrades:
    """Last trade of each instrument, and the trades that wait.

    Parameters
    ----------
    parameters : RiskParameters
        Sizes of the build.

    Attributes
    ----------
    last : list of int or None
        Price of the last trade of each instrument [ticks].
    waiting : deque of Trade
        Trades that have not had their turn.
    dropped : int
        Trades that found no room.
    """

    def __init__(self, parameters: RiskParameters) -> None:
        self._parameters = parameters
        self.clear()

    def clear(self) -> None:
        """Forget all trades, and count from 0."""
        self.dropped = 0
        self.forget()

    def forget(self) -> None:
        """Forget all trades."""
        self.last: list[int | None] = [None] * self._parameters.instruments
        self.waiting: deque[Trade] = deque()

    def come(self, trade: Trade) -> None:
        """Let a trade come and wait, after this cycle's ``turn``."""
        if trade.book >= self._parameters.books:
            return
        if len(self.waiting) < _QUEUE:
            self.waiting.append(trade)
        else:
            self.dropped = min(self.dropped + 1, _MOST)

    def turn(self) -> Trade | None:
        """Return the trade that has its turn in a cycle in which the mapping is free."""
        return self.waiting.popleft() if self.waiting else None

    def settle(self, trade: Trade, instrument: int) -> None:
        """Put a trade where the mapping says."""
        fits = trade.tick >> self._parameters.tick_bits == 0
        self.last[instrument] = trade.tick if fits else None
