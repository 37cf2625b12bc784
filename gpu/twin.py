"""The kernels in NumPy: the reference of the others, and the backend where no compiler is.

Notes
-----
``gbm_paths`` takes the random words of the kernel and goes on in double precision; the kernels in
single precision stay close to it, path by path.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from gpu.basket_task import BasketTask
from gpu.basket_twin import basket_paths
from gpu.kernels import CHUNK, SUMS
from gpu.model_task import ModelTask
from gpu.model_twin import model_paths, survival
from gpu.philox import box_muller, path_words
from gpu.task import GbmTask, Payoff

__all__ = ["NumpyBackend", "gbm_paths"]

Floats = NDArray[np.float64]


def gbm_paths(task: GbmTask, first: int = 0, count: int | None = None) -> Floats:
    """Return value and control of samples, shape (count, 2).

    Parameters
    ----------
    task : GbmTask
        What to sample.
    first, count : int
        Which samples; all without them.
    """
    paths = np.arange(first, first + (task.paths if count is None else count), dtype=np.uint64)
    one = _one_way(task, paths, task.vol)
    return (one + _one_way(task, paths, -task.vol)) / 2 if task.antithetic else one


class NumpyBackend:
    """Kernels as array functions, one thread. Holds the paths of one chunk at a time."""

    name = "numpy"

    def gbm_sums(self, task: GbmTask) -> Floats:
        """Return the sums of each chunk of samples, shape (chunks, 5)."""
        return _sums(task.paths, lambda first, count: gbm_paths(task, first, count))

    def model_sums(self, tasks: Sequence[ModelTask]) -> Floats:
        """Return the sums of each chunk of mixed samples, shape (chunks, 5)."""
        return _sums(tasks[0].paths, lambda first, count: model_paths(tasks, first, count))

    def basket_sums(self, task: BasketTask) -> Floats:
        """Return the sums of each chunk of samples, shape (chunks, 5)."""
        return _sums(task.paths, lambda first, count: basket_paths(task, first, count))


def _sums(paths: int, walk: Callable[[int, int], Floats]) -> Floats:
    chunks = range(0, paths, CHUNK)
    out = np.empty((len(chunks), SUMS))
    for row, first in zip(out, chunks, strict=True):
        y, x = walk(first, min(CHUNK, paths - first)).T
        row[:] = y.sum(), (y * y).sum(), x.sum(), (x * x).sum(), (x * y).sum()
    return out


def _normals(paths: NDArray[np.uint64], block: int, seed: int) -> Floats:
    """Return the normal numbers of four steps, shape (paths, 4)."""
    return box_muller(path_words(paths, block, 0, seed))


def _one_way(task: GbmTask, paths: NDArray[np.uint64], vol: float) -> Floats:
    log = np.zeros(len(paths))
    sum_log, total, alive = log.copy(), log.copy(), log + 1.0
    for block in range(-(-task.steps // 4)):
        z = _normals(paths, block, task.seed)
        for step in range(min(4, task.steps - 4 * block)):
            before, log = log, log + (task.drift + vol * z[:, step])
            if task.payoff == Payoff.KNOCK_OUT:
                alive *= survival(before, log, task.barrier, vol)
            sum_log += log
            total += np.exp(log)
    last = task.spot * np.exp(log)
    if task.payoff == Payoff.EUROPEAN:
        return np.stack([_gain(task, last), last], axis=1)
    if task.payoff == Payoff.KNOCK_OUT:
        return np.stack([_gain(task, last) * alive, _gain(task, last)], axis=1)
    geometric = _gain(task, task.spot * np.exp(sum_log / task.steps))
    if task.payoff == Payoff.GEOMETRIC:
        return np.stack([geometric, last], axis=1)
    return np.stack([_gain(task, task.spot * total / task.steps), geometric], axis=1)


def _gain(task: GbmTask, price: Floats) -> Floats:
    return np.maximum(task.sign * (price - task.strike), 0.0)
