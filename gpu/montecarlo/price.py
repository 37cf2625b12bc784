"""Price of an option, with its standard error."""

import math

from gpu.backend import Backend
from gpu.montecarlo.characteristic import BlackScholes
from gpu.montecarlo.closed_forms import control_price
from gpu.montecarlo.estimate import Estimate, estimated
from gpu.montecarlo.option import Option
from gpu.montecarlo.process_price import process_price
from gpu.task import GBM_PAYOFFS, GbmTask, Payoff

__all__ = ["price"]


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
    if option.payoff not in GBM_PAYOFFS:
        return process_price(
            BlackScholes(vol=option.vol),
            option,
            paths=paths,
            seed=seed,
            backend=backend,
            antithetic=antithetic,
            control=control,
        )
    task = _task(option, paths, seed, antithetic)
    expected = control_price(option) / option.discount if control else None
    return estimated(
        backend.gbm_sums(task),
        paths=paths,
        steps=task.steps,
        walks=2 if antithetic else 1,
        discount=option.discount,
        expected=expected,
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
