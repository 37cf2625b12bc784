"""Sensitivities by Monte Carlo, each with its standard error.

References
----------
Broadie and Glasserman (1996), "Estimating security price derivatives using simulation".
Glasserman (2003), "Monte Carlo methods in financial engineering", sections 7.1 and 7.2.
"""

import math
from dataclasses import dataclass, fields, replace
from typing import Final

from gpu.backend import Backend
from gpu.model_task import Output
from gpu.montecarlo.characteristic import BlackScholes
from gpu.montecarlo.dynamics import Walked, fixings_of, steps_between
from gpu.montecarlo.estimate import estimated
from gpu.montecarlo.option import Contract
from gpu.montecarlo.process_price import expected_control, process_task
from gpu.task import Payoff

__all__ = ["Greek", "greeks"]

_RELATIVE: Final = 0.01  # bump of spot and expiry
_RATE: Final = 0.005  # bump of the rate [1/year]
_PARAMETER: Final = 0.02  # bump of a parameter, over its size or 0.05
_SMOOTH: Final = (Payoff.EUROPEAN, Payoff.ARITHMETIC, Payoff.GEOMETRIC)


@dataclass(frozen=True)
class Greek:
    """A derivative of the price.

    Parameters
    ----------
    value : float
        Derivative [currency of the spot, over the unit of what it is to].
    stderr : float
        Its standard error, in the same unit. It knows nothing of the bias of a bump.
    method : str
        ``pathwise``, or ``bump`` and the bump.
    """

    value: float
    stderr: float
    method: str


@dataclass(frozen=True)
class _Term:
    """A summand: its weight is that of the discounted sample."""

    process: Walked
    contract: Contract
    weight: float
    output: Output = Output.VALUE


def greeks(
    process: Walked,
    contract: Contract,
    *,
    paths: int,
    seed: int,
    backend: Backend,
    steps: int = 1,
    antithetic: bool = False,
    control: bool = True,
) -> dict[str, Greek]:
    """Return the sensitivities of a price.

    Parameters
    ----------
    process, contract, paths, seed, backend, steps, antithetic, control
        As of ``process_price``.

    Returns
    -------
    dict of str to Greek
        ``delta`` and ``gamma`` to the spot, ``theta`` to time that goes by with the fixings in
        proportion [1/year], ``rho`` to the rate, ``vega`` to the volatility where there is one, and
        ``to_`` each other parameter of the process.

    Raises
    ------
    ValueError
        As ``process_price``.

    Notes
    -----
    Along the path where the payoff has a derivative almost everywhere and no jump: delta of all
    but barriers, and vega of European and Asian options under geometric Brownian motion. Gamma is
    a difference of such deltas. All others are central differences on common random numbers,
    sample by sample, or one-sided where a parameter cannot be bumped both ways.
    """
    terms: dict[str, tuple[str, list[_Term]]] = {
        "delta": _delta(process, contract),
        "gamma": _gamma(process, contract),
        "theta": _theta(process, contract),
        "rho": _rho(process, contract),
    }
    for field in fields(process):
        name = "vega" if field.name == "vol" else f"to_{field.name}"
        terms[name] = _parameter(process, contract, field.name)
    between = steps_between(process, contract, steps)
    found = {}
    for name, (method, summands) in terms.items():
        tasks = [
            process_task(
                one.process, one.contract, paths, seed, steps, antithetic, between=between,
                output=one.output, weight=one.weight * _unit(one, between),
            )
            for one in summands
        ]  # fmt: skip
        controls = [
            task.weight * expected_control(one.process, one.contract)
            for one, task in zip(summands, tasks, strict=True)
        ]
        mean = estimated(
            backend.model_sums(tasks),
            paths=paths,
            steps=tasks[0].fixings * between,
            walks=len(tasks),
            discount=1.0,
            expected=math.fsum(controls) if control else None,
            size=math.fsum(map(abs, controls)),
        )
        found[name] = Greek(value=mean.value, stderr=mean.stderr, method=method)
    return found


def _unit(term: _Term, between: int) -> float:
    """Return what a sample is multiplied by: the discount, and of a vega the root of a step."""
    contract = term.contract
    if term.output != Output.VEGA:
        return contract.discount
    return contract.discount * math.sqrt(contract.expiry / (fixings_of(contract) * between))


def _central(
    process: Walked, contract: Contract, name: str, bump: float
) -> tuple[str, list[_Term]]:
    value = getattr(contract, name)
    up, down = (replace(contract, **{name: value + sign * bump}) for sign in (1, -1))
    half = 0.5 / bump
    return f"bump {bump:g}", [_Term(process, up, half), _Term(process, down, -half)]


def _delta(process: Walked, contract: Contract) -> tuple[str, list[_Term]]:
    if contract.barrier is None:
        return "pathwise", [_Term(process, contract, 1.0, Output.DELTA)]
    return _central(process, contract, "spot", _spot_bump(contract))


def _gamma(process: Walked, contract: Contract) -> tuple[str, list[_Term]]:
    bump = _spot_bump(contract)
    method, (up, down) = _central(process, contract, "spot", bump)
    if contract.barrier is None:
        return method, [replace(one, output=Output.DELTA) for one in (up, down)]
    square = 1.0 / bump**2
    ends = [replace(one, weight=square) for one in (up, down)]
    return method, [*ends, _Term(process, contract, -2.0 * square)]


def _spot_bump(contract: Contract) -> float:
    """Return a bump that keeps the spot on its side of the barrier."""
    bump = _RELATIVE * contract.spot
    return (
        bump if contract.barrier is None else min(bump, abs(contract.barrier - contract.spot) / 2)
    )


def _theta(process: Walked, contract: Contract) -> tuple[str, list[_Term]]:
    method, terms = _central(process, contract, "expiry", _RELATIVE * contract.expiry)
    return method, [replace(one, weight=-one.weight) for one in terms]


def _rho(process: Walked, contract: Contract) -> tuple[str, list[_Term]]:
    return _central(process, contract, "rate", _RATE)


def _parameter(process: Walked, contract: Contract, name: str) -> tuple[str, list[_Term]]:
    if isinstance(process, BlackScholes) and contract.payoff in _SMOOTH:
        return "pathwise", [_Term(process, contract, 1.0, Output.VEGA)]
    value = getattr(process, name)
    bump = _PARAMETER * max(abs(value), 0.05)
    sides = []
    for change in (bump, -bump):
        try:
            sides.append((replace(process, **{name: value + change}), change))
        except ValueError:
            sides.append((process, 0.0))
    (up, above), (down, below) = sides
    weight = 1.0 / (above - below)
    return f"bump {bump:g}", [_Term(up, contract, weight), _Term(down, contract, -weight)]
