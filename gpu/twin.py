"""The kernels in NumPy: the reference of the others, and the backend where no compiler is.

Notes
-----
``philox_words`` equals the kernel bit for bit. ``gbm_paths`` takes the same random words and
goes on in double precision; the kernels in single precision stay close to it, path by path.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from gpu.kernels import CHUNK, SUMS
from gpu.task import GbmTask, Payoff

__all__ = ["NumpyBackend", "gbm_paths", "philox_words"]

_MULTIPLIERS: Final = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
_WEYL: Final = (0x9E3779B9, 0xBB67AE85)
_LOW: Final = np.uint64(0xFFFFFFFF)
_HALF: Final = np.uint64(32)

Floats = NDArray[np.float64]
Words = NDArray[np.uint32]


def philox_words(counters: Words, seed: int) -> Words:
    """Return Philox 4x32-10 of the counters.

    Parameters
    ----------
    counters : array of uint32, shape (n, 4)
        One counter a row.
    seed : int
        Key: its low word first.

    Returns
    -------
    array of uint32, shape (n, 4)
    """
    a, b, c, d = (counters[:, i].astype(np.uint64) for i in range(4))
    keys = [seed & 0xFFFFFFFF, seed >> 32]
    for _ in range(10):
        one, two = a * _MULTIPLIERS[0], c * _MULTIPLIERS[1]
        low, high = np.uint64(keys[0]), np.uint64(keys[1])
        a, b, c, d = two >> _HALF ^ b ^ low, two & _LOW, one >> _HALF ^ d ^ high, one & _LOW
        keys = [(key + step) & 0xFFFFFFFF for key, step in zip(keys, _WEYL, strict=True)]
    return np.stack([a, b, c, d], axis=1).astype(np.uint32)


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
        chunks = range(0, task.paths, CHUNK)
        out = np.empty((len(chunks), SUMS))
        for row, first in zip(out, chunks, strict=True):
            y, x = gbm_paths(task, first, min(CHUNK, task.paths - first)).T
            row[:] = y.sum(), (y * y).sum(), x.sum(), (x * x).sum(), (x * y).sum()
        return out


def _normals(paths: NDArray[np.uint64], block: int, seed: int) -> Floats:
    """Return the normal numbers of four steps, shape (paths, 4)."""
    counters = np.zeros((len(paths), 4), dtype=np.uint32)
    counters[:, 0] = paths & _LOW
    counters[:, 1] = paths >> _HALF
    counters[:, 2] = block
    words = philox_words(counters, seed)
    u = (words[:, ::2] >> np.uint32(1)) * 2.0**-31 + 2.0**-32
    radius = np.sqrt(-2.0 * np.log(np.minimum(u, 1.0)))
    angle = words[:, 1::2] * (2.0 * np.pi * 2.0**-32)
    z = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=2)
    return z.reshape(len(paths), 4)


def _one_way(task: GbmTask, paths: NDArray[np.uint64], vol: float) -> Floats:
    log = np.zeros(len(paths))
    sum_log, total, alive = log.copy(), log.copy(), log + 1.0
    for block in range(-(-task.steps // 4)):
        z = _normals(paths, block, task.seed)
        for step in range(min(4, task.steps - 4 * block)):
            before, log = log, log + (task.drift + vol * z[:, step])
            if task.payoff == Payoff.KNOCK_OUT:
                alive *= _survival(before, log, task.barrier, vol)
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


def _survival(before: Floats, after: Floats, barrier: float, vol: float) -> Floats:
    """Return the chance that a Brownian bridge between two logarithms misses the barrier."""
    gaps = np.maximum(np.sign(barrier) * (barrier - before), 0.0)
    gaps *= np.maximum(np.sign(barrier) * (barrier - after), 0.0)
    result: Floats = -np.expm1(-2.0 * gaps / vol**2)
    return result


def _gain(task: GbmTask, price: Floats) -> Floats:
    return np.maximum(task.sign * (price - task.strike), 0.0)
