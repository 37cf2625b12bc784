"""Depth of each book over time, as the device's own level read-outs say it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from host.device.records import UPDATE_DTYPE
from sim.replay.path import TimeAxis

__all__ = ["DepthGrid", "DepthRecorder", "DepthSampler", "Level", "read_updates"]

Level = tuple[int, int]
"""Price [ticks] and quantity [lots]."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DepthGrid:
    """Level read-outs of one book, at most one for each bin of the axis.

    Attributes
    ----------
    columns : dict of int to (list of Level, list of Level)
        Bids and offers, best first, by bin; bins without a read-out are absent.
    """

    columns: dict[int, tuple[list[Level], list[Level]]]


def read_updates(books: NDArray[Any] | Sequence[int], kind: int, time: int) -> NDArray[np.void]:
    """Return one read-out request of ``kind`` for each book, dtype ``UPDATE_DTYPE``."""
    requests = np.zeros(len(books), UPDATE_DTYPE)
    requests["book"] = books
    requests["kind"] = kind
    requests["time"] = time
    return requests


class DepthSampler:
    """Say where level read-outs belong in a stream of updates.

    A column of the depth picture is read when the first update of a later bin arrives: it shows
    every active book at the end of its bin.

    Parameters
    ----------
    books : int
        Number of books of the device; updates of others are passed over.
    axis : TimeAxis
        One column for each bin.
    """

    def __init__(self, *, books: int, axis: TimeAxis) -> None:
        self._axis = axis
        self._active = np.zeros(books, bool)
        self._column = 0

    def cuts(self, updates: NDArray[np.void]) -> list[tuple[int, int, NDArray[np.int64]]]:
        """Return ``(position, bin, books)``: read ``books`` before the update at ``position``."""
        found = []
        bins = np.maximum.accumulate(self._axis.bin_of(updates["time"].astype(np.int64)))
        bins = np.maximum(bins, self._column)  # a clock that steps back opens no old column
        steps = np.flatnonzero(np.diff(bins, prepend=self._column) > 0)
        done = 0
        for position in steps.tolist():
            self._note(updates["book"][done:position])
            done = position
            active = np.flatnonzero(self._active)
            if len(active):
                found.append((position, self._column, active))
            self._column = int(bins[position])
        self._note(updates["book"][done:])
        return found

    def last(self) -> tuple[int, NDArray[np.int64]]:
        """Return the bin and the books of the read-out at the end of the run."""
        return self._column, np.flatnonzero(self._active)

    def _note(self, books: NDArray[Any]) -> None:
        self._active[books[books < len(self._active)]] = True


class DepthRecorder:
    """Keep the read-outs of the depth picture, by book and bin."""

    def __init__(self) -> None:
        self._grids: dict[int, dict[int, tuple[list[Level], list[Level]]]] = {}

    def add(self, book: int, column: int, bids: list[Level], asks: list[Level]) -> None:
        """Note one read-out."""
        self._grids.setdefault(book, {})[column] = (bids, asks)

    def grid(self, book: int) -> DepthGrid:
        """Return the picture of one book."""
        return DepthGrid(columns=self._grids.get(book, {}))
