"""The path of each book's best prices over time, in a fixed number of bins."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["NO_PRICE", "BestPath", "PathRecorder", "TimeAxis"]

NO_PRICE: Final = -1
_UNSEEN: Final = -2  # nothing was said of this side in this bin: the last state holds


@dataclass(frozen=True, kw_only=True, slots=True)
class TimeAxis:
    """Equal bins of time.

    Attributes
    ----------
    start, end : int
        First and last instant [ns since epoch, UTC]; what lies outside falls into the edge bins.
    bins : int
        Number of bins, at least 1.
    """

    start: int
    end: int
    bins: int

    def __post_init__(self) -> None:
        if self.bins < 1 or self.end < self.start:
            raise ValueError(
                f"a time axis needs start <= end and at least 1 bin, not {self.start}, "
                f"{self.end}, {self.bins}"
            )

    def bin_of(self, time: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return the bin of each instant [ns], shape as ``time``."""
        width = max((self.end - self.start) // self.bins, 1)
        bins: NDArray[np.int64] = np.clip((time - self.start) // width, 0, self.bins - 1)
        return bins


@dataclass(frozen=True, kw_only=True, slots=True)
class BestPath:
    """Best bid and offer of one book over the bins of a time axis.

    Attributes
    ----------
    bid, ask : array of shape (bins,), int64
        State at the end of each bin [ticks], ``NO_PRICE`` where the side is empty or the book is
        invalid.
    bid_low, ask_high : array of shape (bins,), int64
        Lowest bid and highest offer seen within each bin [ticks], ``NO_PRICE`` where none was.
    """

    bid: NDArray[np.int64]
    ask: NDArray[np.int64]
    bid_low: NDArray[np.int64]
    ask_high: NDArray[np.int64]


class PathRecorder:
    """Collect the best prices that a device says, in memory that does not grow with the run.

    Parameters
    ----------
    books : int
        Number of books.
    axis : TimeAxis
        The bins.
    """

    def __init__(self, *, books: int, axis: TimeAxis) -> None:
        size = books * axis.bins
        self.axis = axis
        self._last = [np.full(size, _UNSEEN, np.int64) for _ in range(2)]
        # Bids keep their lowest, offers their highest: together the widest spread of the bin.
        self._low = np.full(size, np.iinfo(np.int64).max, np.int64)
        self._high = np.full(size, NO_PRICE, np.int64)

    def add(
        self,
        side: int,
        book: NDArray[Any],
        time: NDArray[np.int64],
        tick: NDArray[np.int64],
    ) -> None:
        """Note states of one side, in the order in which the device said them.

        Parameters
        ----------
        side : int
            0 bid, 1 ask.
        book, time, tick : array of shape (n,)
            Book index, instant [ns], and best price [ticks] or ``NO_PRICE``.
        """
        place = book.astype(np.int64) * self.axis.bins + self.axis.bin_of(time)
        self._last[side][place] = tick  # of repeated places NumPy keeps the last
        seen = tick != NO_PRICE
        if side == 0:
            np.minimum.at(self._low, place[seen], tick[seen])
        else:
            np.maximum.at(self._high, place[seen], tick[seen])

    def path(self, book: int) -> BestPath:
        """Return the path of one book; a bin in which nothing was said repeats the one before."""
        part = slice(book * self.axis.bins, (book + 1) * self.axis.bins)
        bid, ask = (_held(last[part]) for last in self._last)
        low, high = self._low[part].copy(), self._high[part].copy()
        low[low == np.iinfo(np.int64).max] = NO_PRICE
        # What held at the start of a bin was seen in it too.
        low = np.where((low == NO_PRICE) | ((bid != NO_PRICE) & (bid < low)), bid, low)
        high = np.maximum(high, ask)
        return BestPath(bid=bid, ask=ask, bid_low=low, ask_high=high)


def _held(states: NDArray[np.int64]) -> NDArray[np.int64]:
    index = np.where(states == _UNSEEN, 0, np.arange(len(states)))
    held = states[np.maximum.accumulate(index)]
    held[held == _UNSEEN] = NO_PRICE
    return held
