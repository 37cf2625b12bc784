"""A step of each process, as the kernel ``model.h`` walks it.

References
----------
Andersen (2008), "Simple and efficient simulation of the Heston stochastic volatility model",
sections 3.2 and 4.
Glasserman (2003), "Monte Carlo methods in financial engineering", section 3.5, of jumps.
"""

import math
from typing import Final

from gpu.model_task import MOST_JUMPS, Diffusion, JumpKind, Jumps
from gpu.montecarlo.characteristic import Bates, BlackScholes, Heston, Kou, Merton
from gpu.montecarlo.option import Contract
from gpu.task import Payoff

__all__ = ["Walked", "fixings_of", "plan", "steps_between"]

#: Processes that have paths.
Walked = BlackScholes | Heston | Merton | Kou  # Bates is a Heston

_MOST_EXPECTED: Final = 8.0  # jumps of a step: 33 or more of them have a chance of 1e-11
_WORDS: Final = 1 << 32


def steps_between(process: Walked, contract: Contract, steps: int) -> int:
    """Return how many steps lead from one fixing to the next.

    Parameters
    ----------
    process : Walked
        What the price follows.
    contract : Contract
        Expiry and fixings.
    steps : int
        Least number of a path under a stochastic variance. Without it a step to a fixing is
        exact, and more than one are taken only where 8 or more jumps are expected.

    Raises
    ------
    ValueError
        If the number is not positive.
    """
    if steps < 1:
        raise ValueError(f"steps must be at least 1, not {steps}")
    fixings = fixings_of(contract)
    least = steps if isinstance(process, Heston) else 1
    jumps = getattr(process, "intensity", 0.0) * contract.expiry / _MOST_EXPECTED
    return max(-(-least // fixings), math.ceil(jumps / fixings), 1)


def fixings_of(contract: Contract) -> int:
    """Return the fixings that a path needs: one where the last price is all that counts."""
    return 1 if contract.payoff == Payoff.EUROPEAN else contract.fixings


def plan(process: Walked, drift: float, step: float) -> tuple[Diffusion, Jumps]:
    """Return a step of a process.

    Parameters
    ----------
    process : Walked
        What the price follows.
    drift : float
        Rate less yield [1/year].
    step : float
        Length [years].

    Raises
    ------
    ValueError
        If the price after a step would have no expectation under the scheme: correlation and
        volatility of the variance need shorter steps.
    """
    growth, jumps = _jumps(process, step)
    if isinstance(process, Heston):
        return _heston(process, (drift - growth) * step, step), jumps
    mean = (drift - growth - process.vol**2 / 2) * step
    return Diffusion(drift=mean, vol=process.vol * math.sqrt(step)), jumps


def _heston(process: Heston, drift: float, step: float) -> Diffusion:
    """Return the constants of the scheme, both weights of a step's variances being 1/2."""
    kappa, theta, sigma, rho = process.kappa, process.theta, process.sigma, process.rho
    decay, lost = math.exp(-kappa * step), -math.expm1(-kappa * step)
    spread = sigma**2 * lost / kappa
    lead = step / 2 * (kappa * rho / sigma - 0.5) + rho / sigma
    found = Diffusion(
        drift=drift,
        heston=True,
        start=process.v0,
        decay=decay,
        pull=theta * lost,
        spread=spread * decay,
        floor=theta * spread * lost / 2,
        lead=lead,
        noise=step / 2 * (1.0 - rho * rho),
    )
    # Either branch has a finite expectation if tilt * spread is below 1, whatever the variance.
    if found.tilt * spread >= 1.0:
        raise ValueError(
            f"a step must be shorter than {step:g} years: its tilt times spread must be below 1, "
            f"not {found.tilt * spread:g}: {process}"
        )
    return found


def _jumps(process: Walked, step: float) -> tuple[float, Jumps]:
    """Return what jumps add to the expected price a year, and the jumps of a step."""
    if isinstance(process, Bates | Merton):
        growth = process.intensity * math.expm1(process.jump_mean + process.jump_vol**2 / 2)
        counts = _counts(process.intensity * step)
        mean, vol = process.jump_mean, process.jump_vol
        return growth, Jumps(kind=JumpKind.NORMAL, mean=mean, vol=vol, counts=counts)
    if isinstance(process, Kou):
        up = process.up_share / (process.up_rate - 1.0)
        down = (1.0 - process.up_share) / (process.down_rate + 1.0)
        jumps = Jumps(
            kind=JumpKind.EXPONENTIAL,
            up_mean=1.0 / process.up_rate,
            down_mean=1.0 / process.down_rate,
            up_below=min(round(process.up_share * _WORDS), _WORDS - 1),
            counts=_counts(process.intensity * step),
        )
        return process.intensity * (up - down), jumps
    return 0.0, Jumps()


def _counts(expected: float) -> tuple[int, ...]:
    """Return the distribution of the number of jumps in units of a word, rounded."""
    chance, total, found = math.exp(-expected), 0.0, []
    for jumps in range(MOST_JUMPS):
        total += chance
        if round(total * _WORDS) >= _WORDS:
            break
        found.append(round(total * _WORDS))
        chance *= expected / (jumps + 1)
    return tuple(found)
