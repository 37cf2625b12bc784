"""The kernel ``model.h`` in NumPy and double precision, from the same random words.

Notes
-----
The number of jumps and their directions are decided on integers, as in the kernel, so they are
the same. The branch of a stochastic variance is decided on floats: a path whose ratio lies within
rounding of 1.5 may take the other one there.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from gpu.model_task import Diffusion, JumpKind, ModelTask, Output, structs
from gpu.philox import Floats, Words, box_muller, exponential, path_words
from gpu.task import Payoff

__all__ = ["model_paths", "survival"]

_BRANCH: Final = 1.5  # the same in model.h


def survival(before: Floats, after: Floats, barrier: float, vol: float) -> Floats:
    """Return the chance that a Brownian bridge between two logarithms misses the barrier.

    Parameters
    ----------
    before, after : array of float, shape (n,)
        Logarithms of price over spot at both ends.
    barrier : float
        Logarithm of barrier over spot, not 0.
    vol : float
        Standard deviation of the change between them, positive.
    """
    gaps = np.maximum(np.sign(barrier) * (barrier - before), 0.0)
    gaps *= np.maximum(np.sign(barrier) * (barrier - after), 0.0)
    result: Floats = -np.expm1(-2.0 * gaps / vol**2)
    return result


def model_paths(tasks: Sequence[ModelTask], first: int = 0, count: int | None = None) -> Floats:
    """Return value and control of mixed samples, shape (count, 2).

    Parameters
    ----------
    tasks : sequence of ModelTask
        What is mixed, by the weights of the tasks.
    first, count : int
        Which samples; all without them.

    Raises
    ------
    ValueError
        As ``structs``.
    """
    structs(tasks)
    n = tasks[0].paths if count is None else count
    paths = np.arange(first, first + n, dtype=np.uint64)
    total = np.zeros((n, 2))
    for task in tasks:
        ways = (False, True) if task.antithetic else (False,)
        for mirrored in ways:
            total += task.weight / len(ways) * _one_way(task, paths, mirrored)
    return total


@dataclass
class _State:
    """What a walk keeps; logarithms are of price over spot."""

    log: Floats
    variance: Floats
    high: Floats
    low: Floats
    alive: Floats
    slope: Floats
    sum_log: Floats
    total: Floats
    sum_slope: Floats
    sum_priced: Floats


def _one_way(task: ModelTask, paths: NDArray[np.uint64], mirrored: bool) -> Floats:
    zero = np.zeros(len(paths))
    s = _State(zero, zero + task.diffusion.start, zero, zero, zero + 1.0, *[zero] * 5)
    step = 0
    for _ in range(task.fixings):
        for _ in range(task.steps):
            _advance(task, s, paths, step, mirrored)
            step += 1
        price = np.exp(s.log)
        s.high, s.low = np.maximum(s.high, s.log), np.minimum(s.low, s.log)
        s.sum_log, s.total = s.sum_log + s.log, s.total + price
        s.sum_slope, s.sum_priced = s.sum_slope + s.slope, s.sum_priced + price * s.slope
    return _settled(task, s)


def _advance(
    task: ModelTask, s: _State, paths: NDArray[np.uint64], step: int, mirrored: bool
) -> None:
    words = path_words(paths, step, 1, task.seed)
    sign, flip = (-1.0, np.uint32(0xFFFFFFFF)) if mirrored else (1.0, np.uint32(0))
    z = box_muller(words[:, :2]) * sign
    model, before = task.diffusion, s.log
    if model.heston:
        following, growth = _next_variance(model, s.variance, z[:, 1], words[:, 2] ^ flip)
        both = (s.variance + following) * model.noise
        change = following * model.lead - growth - s.variance * model.noise / 2
        s.log = s.log + change + model.drift + np.sqrt(both) * z[:, 0]
        s.variance = following
    else:
        s.log = s.log + z[:, 0] * model.vol + model.drift
        s.slope = s.slope + z[:, 0] - model.vol
    if task.jumps.kind != JumpKind.NONE:
        s.log = s.log + _jumps(task, paths, step, words[:, 3] ^ flip, sign, flip)
    if task.barrier:
        s.alive = s.alive * survival(before, s.log, task.barrier, model.vol)


def _next_variance(model: Diffusion, v: Floats, z: Floats, words: Words) -> tuple[Floats, Floats]:
    """Return the next variance, and the logarithm of its expected tilt."""
    mean = v * model.decay + model.pull
    ratio = (v * model.spread + model.floor) / mean**2
    far = ratio < _BRANCH
    inverse = 2.0 / np.where(far, ratio, _BRANCH)
    square = inverse - 1.0 + np.sqrt(inverse * (inverse - 1.0))
    scale = mean / (square + 1.0)
    narrow = 1.0 - 2.0 * model.tilt * scale
    rest = 2.0 / (np.where(far, _BRANCH, ratio) + 1.0)
    tail = mean / rest
    expected = 1.0 - rest + rest / (1.0 - tail * model.tilt)
    near = tail * np.maximum(exponential(words) + np.log(rest), 0.0)
    following = np.where(far, scale * (np.sqrt(square) + z) ** 2, near)
    growth = model.tilt * square * scale / narrow - np.log(narrow) / 2
    return following, np.where(far, growth, np.log(expected))


def _jumps(
    task: ModelTask,
    paths: NDArray[np.uint64],
    step: int,
    words: Words,
    sign: float,
    flip: np.uint32,
) -> Floats:
    """Return the jumps of a step together."""
    given = task.jumps
    number = np.searchsorted(np.array(given.counts, dtype=np.uint32), words, side="right")
    total = np.zeros(len(paths))
    hit = np.flatnonzero(number)
    if given.kind == JumpKind.NORMAL:
        z = box_muller(path_words(paths[hit], step, 2, task.seed)[:, :2])[:, 0] * sign
        total[hit] = number[hit] * given.mean + np.sqrt(number[hit]) * given.vol * z
        return total
    jump = 0
    while len(hit):
        drawn = path_words(paths[hit], step, 2 + jump // 2, task.seed)
        way, size = drawn[:, jump % 2 * 2], exponential(drawn[:, jump % 2 * 2 + 1] ^ flip)
        total[hit] += size * np.where(way < given.up_below, given.up_mean, -given.down_mean)
        jump += 1
        hit = hit[number[hit] > jump]
    return total


def _level(task: ModelTask, s: _State) -> tuple[Floats, Floats]:
    """Return what the payoff is the gain of, over the spot, and its slope to the volatility."""
    n = task.fixings
    if task.payoff == Payoff.ARITHMETIC:
        return s.total / n, s.sum_priced / n
    if task.payoff == Payoff.GEOMETRIC:
        level = np.exp(s.sum_log / n)
        return level, level * s.sum_slope / n
    if task.payoff == Payoff.LOOKBACK_FIXED:
        return np.exp(s.high if task.call else s.low), np.zeros_like(s.log)
    last = np.exp(s.log)
    return last, last * s.slope


def _settled(task: ModelTask, s: _State) -> Floats:
    level, slope = (task.spot * one for one in _level(task, s))
    control = level if task.payoff == Payoff.ARITHMETIC else task.spot * np.exp(s.log)
    strike: Floats | float = task.strike
    if task.payoff == Payoff.LOOKBACK_FLOATING:
        strike = task.spot * np.exp(s.low if task.call else s.high)
    gain = np.maximum(task.sign * (level - strike), 0.0)
    if task.payoff in (Payoff.KNOCK_OUT, Payoff.KNOCK_IN):
        share = s.alive if task.payoff == Payoff.KNOCK_OUT else 1.0 - s.alive
        return np.stack([gain * share, gain], axis=1)
    value = gain
    if task.output == Output.DELTA:
        value = gain if task.payoff == Payoff.LOOKBACK_FLOATING else task.sign * level * (gain > 0)
        value = value / task.spot
    if task.output == Output.VEGA:
        value = task.sign * slope * (gain > 0)
    return np.stack([value, control], axis=1)
