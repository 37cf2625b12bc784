"""Least risk over a polytope, by cutting planes, with a bound that certifies it.

A risk measure that is positively homogeneous and convex is the largest of linear functions
(Rockafellar and Uryasev 2000, "Optimization of conditional value-at-risk", Journal of Risk 2, for
CVaR). Each evaluation gives one of them; a linear programme over those found so far gives a lower
bound and where to look next (Kelley 1960; Künzi-Bay and Mayer 2006, "Computational aspects of
minimizing conditional value-at-risk", Computational Management Science 3). Looking nearer to the
best point so far takes a third of the steps (in-out separation, Ben-Ameur and Neto 2007).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

from gpu.portfolio.constraints import Constraints

__all__ = ["Certified", "NotConverged", "Risk", "least_risk"]

_Vector = NDArray[np.float64]
#: Value and a subgradient of the risk at some weights.
Risk = Callable[[_Vector], tuple[float, _Vector]]
#: Share of the best point in the next one.
_NEAR: Final = 0.7


class NotConverged(ArithmeticError):
    """The accuracy was not reached in the steps that were allowed."""


@dataclass(frozen=True)
class Certified:
    """Weights, and proof of how good they are.

    Parameters
    ----------
    weights : ndarray, shape (n,)
        What was found.
    risk, expected : float
        Of these weights.
    objective, bound : float
        ``risk - tolerance * expected``, and what no portfolio can be below.
    steps : int
        Evaluations of the risk.
    """

    weights: _Vector
    risk: float
    expected: float
    objective: float
    bound: float
    steps: int

    @property
    def gap(self) -> float:
        """How far the objective may be from the best, relative to it."""
        scale = max(abs(self.objective), np.finfo(float).tiny)
        return max(self.objective - self.bound, 0.0) / scale


def least_risk(
    risk: Risk, mean: _Vector, constraints: Constraints, *, tolerance: float = 0.0,
    accuracy: float = 1e-5, steps: int = 2000,
) -> Certified:  # fmt: skip
    """Minimise ``risk(w) - tolerance * mean @ w``.

    Parameters
    ----------
    risk : callable
        Returns value and subgradient g, with ``risk(v) >= g @ v`` for every v.
    mean : ndarray, shape (n,)
        Expected returns.
    constraints : Constraints
        Of the weights.
    tolerance : float
        What a unit of expected return is worth [risk].
    accuracy : float
        Of the objective, relative.
    steps : int
        Evaluations at most.

    Raises
    ------
    InfeasibleError
        If no weights meet the constraints.
    NotConverged
        If that takes more steps.
    """
    gain = tolerance * mean
    look = best = constraints.highest(gain)
    value, bound = np.inf, -np.inf
    cuts: list[_Vector] = []
    for step in range(1, steps + 1):
        found, slope = risk(look)
        cuts.append(slope)
        if (objective := found - float(gain @ look)) < value:
            value, best, least = objective, look, found
        corner, lower = _master(cuts, gain, constraints)
        bound = max(bound, lower)
        if value - bound <= accuracy * abs(value):
            return Certified(best, least, float(mean @ best), value, bound, step)
        look = _NEAR * best + (1 - _NEAR) * corner
    raise NotConverged(
        f"objective {value:.9g} and bound {bound:.9g} differ by more than {accuracy:g} of it after "
        f"{steps} steps"
    )


def _master(cuts: list[_Vector], gain: _Vector, constraints: Constraints) -> tuple[_Vector, float]:
    """Return where the largest of all cuts is least, and the objective there."""
    n = constraints.size
    matrix, limits = constraints.inequalities()
    above = np.hstack((np.array(cuts), -np.ones((len(cuts), 1))))
    found = linprog(
        np.append(-gain, 1.0),
        A_ub=np.vstack((above, np.hstack((matrix, np.zeros((len(limits), 1)))))),
        b_ub=np.concatenate((np.zeros(len(cuts)), limits)),
        A_eq=np.append(np.ones(n), 0.0)[None], b_eq=[constraints.budget],
        bounds=[*zip(constraints.lower, constraints.upper, strict=True), (None, None)],
        method="highs",
    )  # fmt: skip
    if found.x is None or found.fun is None:
        raise NotConverged(f"the linear programme of the cuts failed: {found.message}")
    return np.asarray(found.x[:n], dtype=np.float64), float(found.fun)
