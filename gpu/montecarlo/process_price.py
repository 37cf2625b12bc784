"""Price of a contract under any process that has paths, with its standard error."""

import math

from gpu.backend import Backend
from gpu.model_task import ModelTask, Output
from gpu.montecarlo.characteristic import BlackScholes
from gpu.montecarlo.closed_forms import lognormal_gain
from gpu.montecarlo.dynamics import Walked, fixings_of, plan, steps_between
from gpu.montecarlo.estimate import Estimate, estimated
from gpu.montecarlo.option import Contract
from gpu.task import Payoff

__all__ = ["expected_control", "process_price", "process_task"]


def process_price(
    process: Walked,
    contract: Contract,
    *,
    paths: int,
    seed: int,
    backend: Backend,
    steps: int = 1,
    antithetic: bool = False,
    control: bool = True,
) -> Estimate:
    """Return the price of a contract by Monte Carlo.

    Parameters
    ----------
    process : Walked
        What the price follows.
    contract : Contract
        What is paid. A barrier needs geometric Brownian motion.
    paths : int
        Independent samples, at least 2.
    seed : int
        Key of the random numbers, 64 bits.
    backend : Backend
        What runs the kernel.
    steps : int
        Least number of steps of a path under a stochastic variance, whose scheme has an error that
        falls with them. Other processes are exact at every fixing.
    antithetic : bool
        Whether a sample is the mean of a path and its mirror.
    control : bool
        Whether the control variate is used: the average of the fixings under an arithmetic one,
        the option without barrier under a barrier, the last price under any other payoff.

    Raises
    ------
    ValueError
        If there are fewer than 2 paths, a number is out of range, or the process cannot have the
        payoff or needs more steps.
    """
    task = process_task(process, contract, paths, seed, steps, antithetic)
    return estimated(
        backend.model_sums([task]),
        paths=paths,
        steps=task.fixings * task.steps,
        walks=2 if antithetic else 1,
        discount=contract.discount,
        expected=expected_control(process, contract) if control else None,
    )


def process_task(
    process: Walked,
    contract: Contract,
    paths: int,
    seed: int,
    steps: int,
    antithetic: bool,
    *,
    between: int | None = None,
    output: Output = Output.VALUE,
    weight: float = 1.0,
) -> ModelTask:
    """Return what the kernel is asked; parameters are those of ``process_price`` and of the task.

    ``between`` is the number of steps from one fixing to the next, if it is not to follow from the
    least number of steps: paths on common random numbers need the same one.

    Raises
    ------
    ValueError
        If a number is out of range, or the process cannot have the payoff or needs more steps.
    """
    fixings = fixings_of(contract)
    between = between or steps_between(process, contract, steps)
    step = contract.expiry / (fixings * between)
    diffusion, jumps = plan(process, contract.rate - contract.dividend, step)
    return ModelTask(
        paths=paths,
        seed=seed,
        fixings=fixings,
        steps=between,
        payoff=contract.payoff,
        antithetic=antithetic,
        call=contract.call,
        spot=contract.spot,
        strike=contract.strike,
        diffusion=diffusion,
        jumps=jumps,
        barrier=math.log(contract.barrier / contract.spot) if contract.barrier else 0.0,
        output=output,
        weight=weight,
    )


def expected_control(process: Walked, contract: Contract) -> float:
    """Return the expectation of the control of ``model.h``, not discounted."""
    drift = contract.rate - contract.dividend
    if contract.payoff == Payoff.ARITHMETIC:
        step = contract.expiry / contract.fixings
        grown = (math.exp(drift * step * k) for k in range(1, contract.fixings + 1))
        return contract.spot * math.fsum(grown) / contract.fixings
    if contract.barrier is not None and isinstance(process, BlackScholes):
        deviation = process.vol * math.sqrt(contract.expiry)
        return lognormal_gain(contract.forward, contract.strike, deviation, contract.sign)
    return contract.forward
