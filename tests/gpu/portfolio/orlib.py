"""The portfolio problems of the OR-Library (Beasley 1990), and their published frontiers."""

import lzma
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

__all__ = ["frontier", "problem"]


def problem(folder: Path, number: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return mean and covariance of one of the five problems."""
    values = _numbers(folder / "orlib" / f"port{number}.txt.xz")
    count = int(values[0])
    mean, deviation = values[1 : 1 + 2 * count].reshape(count, 2).T
    entries = values[1 + 2 * count :].reshape(-1, 3)
    row, column = entries[:, :2].astype(int).T - 1
    correlation = np.zeros((count, count))
    correlation[row, column] = correlation[column, row] = entries[:, 2]
    return mean, correlation * np.outer(deviation, deviation)


def frontier(folder: Path, number: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the published returns, falling, and variances."""
    returns, variances = _numbers(folder / "orlib" / f"portef{number}.txt.xz").reshape(-1, 2).T
    return returns, variances


def _numbers(path: Path) -> NDArray[np.float64]:
    with lzma.open(path, "rt") as file:
        return np.array(file.read().split(), dtype=np.float64)
