"""Price of an option, with its standard error."""

import math
from dataclasses import dataclass

import numpy as np

from gpu.backend import Backend
from gpu.montecarlo.closed_forms import control_price
from gpu.montecarlo.option import Option
from gpu.task import GbmTask, Payoff

__all__ = ["Estimate", "price"]


@dataclass(frozen=True)
class Estimate:
    """What was found.

    Parameters
    ----------
    value : float
        Price [currency of the spot].
    stderr : float
        Its standard error [currency of the spot].
    paths : int
        Samples; an antithetic one walks two paths.
    steps : int
        Steps of each path.
    path_steps : int
        Steps of all paths together, mirrored ones included.
    """

    value: float
    stderr: float
    paths: int
    steps: int
    path_steps: int


def price(
    option: Option,
    *,
    paths: int,
    seed: int,
    backend: Backend,
    antithetic: bool = False,
    control: bool = True,
) -> Estimate:
    """Return the price of an option by Monte Carlo.

    Parameters
    ----------
    option : Option
        What is priced. A European option takes one step, exact; any other a step a fixing;
        a barrier is watched at all times, in between too.
    paths : int
        Independent samples, at least 2.
    seed : int
        Key of the random numbers, 64 bits.
    backend : Backend
        What runs the kernel.
    antithetic : bool
        Whether a sample is the mean of a path and its mirror.
    control : bool
        Whether the control variate is used: the geometric average under an arithmetic one,
        the option without barrier under a knock-out, the last price under any other payoff.

    Raises
    ------
    ValueError
        If there are fewer than 2 paths, or a number is out of range.

    Notes
    -----
    The coefficient of the control is estimated from the same samples. The bias of that is of
    the order of the variance over the number of paths, far below the standard error.
    """
    if paths < 2:
        raise ValueError(f"paths must be at least 2, not {paths}")
    task = _task(option, paths, seed, antithetic)
    y, yy, x, xx, xy = (math.fsum(column) / paths for column in backend.gbm_sums(task).T)
    mean, variance = y, max(yy - y * y, 0.0)
    spread = xx - x * x
    if control and spread > np.finfo(np.float32).eps ** 2 * xx:
        covariance = xy - x * y
        mean -= covariance / spread * (x - control_price(option) / option.discount)
        variance = max(variance - covariance * covariance / spread, 0.0)
    error = math.sqrt(variance / (paths - 1))
    walks = 2 if antithetic else 1
    return Estimate(
        value=option.discount * mean,
        stderr=option.discount * error,
        paths=paths,
        steps=task.steps,
        path_steps=paths * task.steps * walks,
    )


def _task(option: Option, paths: int, seed: int, antithetic: bool) -> GbmTask:
    steps = 1 if option.payoff == Payoff.EUROPEAN else option.fixings
    step = option.expiry / steps
    return GbmTask(
        paths=paths,
        seed=seed,
        steps=steps,
        payoff=option.payoff,
        antithetic=antithetic,
        call=option.call,
        spot=option.spot,
        strike=option.strike,
        drift=(option.rate - option.dividend - option.vol**2 / 2) * step,
        vol=option.vol * math.sqrt(step),
        barrier=math.log(option.barrier / option.spot) if option.barrier else 0.0,
    )
