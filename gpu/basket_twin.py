"""The kernel ``basket.h`` in NumPy and double precision, from the same random words."""

import numpy as np

from gpu.basket_task import BasketPayoff, BasketTask
from gpu.philox import Floats, box_muller, path_words

__all__ = ["basket_paths"]


def basket_paths(task: BasketTask, first: int = 0, count: int | None = None) -> Floats:
    """Return value and control of samples, shape (count, 2).

    Parameters
    ----------
    task : BasketTask
        What to sample.
    first, count : int
        Which samples; all without them.
    """
    n, assets = (task.paths if count is None else count), len(task.amounts)
    paths = np.arange(first, first + n, dtype=np.uint64)
    blocks = -(-assets // 4)
    factor = np.zeros((assets, assets))
    for i, row in task.rows():
        factor[i, : i + 1] = row
    z = np.empty((task.fixings, n, 4 * blocks))
    for block in range(task.fixings * blocks):
        words = path_words(paths, block, 0, task.seed)
        fixing, part = divmod(block, blocks)
        z[fixing, :, 4 * part : 4 * part + 4] = box_muller(words)
    changes = z[:, :, :assets] @ factor.T
    one = _one_way(task, changes)
    return (one + _one_way(task, -changes)) / 2 if task.antithetic else one


def _one_way(task: BasketTask, changes: Floats) -> Floats:
    logs = np.cumsum(changes + np.array(task.drifts), axis=0)
    amounts = np.exp(logs) * np.array(task.amounts)
    total = amounts.sum(axis=2).mean(axis=0)
    product = task.total * np.exp((logs @ np.array(task.shares)).mean(axis=0))
    levels = {
        BasketPayoff.SUM: total,
        BasketPayoff.PRODUCT: product,
        BasketPayoff.BEST: amounts.max(axis=2).mean(axis=0),
        BasketPayoff.WORST: amounts.min(axis=2).mean(axis=0),
    }
    value = _gain(task, levels[task.payoff])
    by_product = task.payoff == BasketPayoff.SUM and task.total != 0.0
    return np.stack([value, _gain(task, product) if by_product else total], axis=1)


def _gain(task: BasketTask, level: Floats) -> Floats:
    return np.maximum(task.sign * (level - task.strike), 0.0)
