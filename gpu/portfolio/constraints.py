"""Linear constraints of a portfolio, and which of them contradict each other."""

from dataclasses import dataclass, field
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import LinearConstraint, linprog

__all__ = ["Constraints", "InfeasibleError"]

_Vector = NDArray[np.float64]


class InfeasibleError(ValueError):
    """No portfolio meets the constraints."""


@dataclass(frozen=True, kw_only=True)
class Constraints:
    """Bounds of the weights, which add up to ``budget``, and limits of linear functions of them.

    Parameters
    ----------
    lower, upper : ndarray, shape (n,)
        Of each weight, finite.
    budget : float
        What the weights add up to.
    rows : ndarray, shape (m, n)
        A linear function each: exposure to a group, a sector, a factor, or the return.
    least, most : ndarray, shape (m,)
        Limits of each, infinite where there is none.
    names : tuple of str
        Of the rows, for messages.

    Raises
    ------
    ValueError
        If shapes do not fit, a bound is not finite, or a number is not one.
    """

    lower: _Vector
    upper: _Vector
    budget: float = 1.0
    rows: _Vector = field(default_factory=lambda: np.empty((0, 0)))
    least: _Vector = field(default_factory=lambda: np.empty(0))
    most: _Vector = field(default_factory=lambda: np.empty(0))
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        n = len(self.lower)
        if self.lower.shape != (n,) or self.upper.shape != (n,) or not n:
            shapes = f"{self.lower.shape} and {self.upper.shape}"
            raise ValueError(f"lower and upper must have shape (n,), not {shapes}")
        if not (np.isfinite(self.lower).all() and np.isfinite(self.upper).all()):
            raise ValueError("bounds of weights must be finite")
        m = len(self.names)
        if len(self.least) != m or len(self.most) != m or (m and self.rows.shape != (m, n)):
            raise ValueError(f"{m} named rows need shape ({m}, {n}), not {self.rows.shape}")
        if np.isnan(self.least).any() or np.isnan(self.most).any() or np.isnan(self.rows).any():
            raise ValueError("rows and their limits must be numbers, not NaN")

    @classmethod
    def box(cls, n: int, lower: ArrayLike = 0.0, upper: ArrayLike = 1.0) -> Self:
        """Return bounds for ``n`` weights that add up to 1."""
        low, high = (np.broadcast_to(np.asarray(b, dtype=np.float64), (n,)) for b in (lower, upper))
        return cls(lower=low.copy(), upper=high.copy())

    def with_row(
        self, name: str, row: ArrayLike, *, least: float = -np.inf, most: float = np.inf
    ) -> Self:
        """Return these constraints and one more."""
        added = np.asarray(row, dtype=np.float64)[None]
        return type(self)(
            lower=self.lower, upper=self.upper, budget=self.budget,
            rows=np.vstack((self.rows, added)) if self.names else added,
            least=np.append(self.least, least), most=np.append(self.most, most),
            names=(*self.names, name),
        )  # fmt: skip

    @property
    def size(self) -> int:
        """Weights."""
        return len(self.lower)

    def inequalities(self) -> tuple[_Vector, _Vector]:
        """Return the rows as ``matrix @ weights <= limits``."""
        if not self.names:
            return np.empty((0, self.size)), np.empty(0)
        most, least = np.isfinite(self.most), np.isfinite(self.least)
        matrix = np.vstack((self.rows[most], -self.rows[least]))
        return matrix, np.concatenate((self.most[most], -self.least[least]))

    def scipy(self) -> list[LinearConstraint]:
        """Return budget and rows for ``scipy.optimize``."""
        found = [LinearConstraint(np.ones((1, self.size)), self.budget, self.budget)]
        if self.names:
            found.append(LinearConstraint(self.rows, self.least, self.most))
        return found

    def highest(self, gain: _Vector) -> _Vector:
        """Return the weights with the highest ``gain @ weights``, shape (n,).

        Raises
        ------
        InfeasibleError
            If no weights meet the constraints; it names those that would have to give way.
        """
        matrix, limits = self.inequalities()
        found = linprog(
            -gain, A_ub=matrix, b_ub=limits, A_eq=np.ones((1, self.size)), b_eq=[self.budget],
            bounds=list(zip(self.lower, self.upper, strict=True)), method="highs",
        )  # fmt: skip
        if found.x is None:
            raise InfeasibleError(self._conflict())
        return np.asarray(found.x, dtype=np.float64)

    def _conflict(self) -> str:
        """Say which limits must give way, and by how much, for a portfolio to exist."""
        if (bad := np.flatnonzero(self.lower > self.upper)).size:
            i = int(bad[0])
            return f"bounds of asset {i} contradict: {self.lower[i]:.6g} > {self.upper[i]:.6g}"
        matrix, limits = self.inequalities()
        m, n = len(limits), self.size
        # The least total by which limits and the budget have to be broken.
        found = linprog(
            np.concatenate((np.zeros(n), np.ones(m + 2))),
            A_ub=np.hstack((matrix, -np.eye(m), np.zeros((m, 2)))) if m else None,
            b_ub=limits if m else None,
            A_eq=np.concatenate((np.ones(n), np.zeros(m), [1.0, -1.0]))[None],
            b_eq=[self.budget],
            bounds=[*zip(self.lower, self.upper, strict=True), *[(0, None)] * (m + 2)],
            method="highs",
        )
        by = np.asarray(found.x, dtype=np.float64)[n:]
        most = [f"{name} <= {self.most[i]:.6g}" for i, name in enumerate(self.names)
                if np.isfinite(self.most[i])]  # fmt: skip
        least = [f"{name} >= {self.least[i]:.6g}" for i, name in enumerate(self.names)
                 if np.isfinite(self.least[i])]  # fmt: skip
        budget = f"weights adding up to {self.budget:.6g}"
        broken = [f"{said} (by {off:.6g})" for said, off in
                  zip([*most, *least, budget, budget], by, strict=True) if off > 1e-9]  # fmt: skip
        return f"the constraints contradict each other; what must give way: {', '.join(broken)}"
