"""Simulated bifurcation of many replicas at a time: quantum-inspired, classical computation.

Goto, Endo, Suzuki, Sakai, Kanao, Hamakawa, Hidaka, Yamasaki and Tatsumura (2021), "High-performance
combinatorial optimization based on classical mechanics", Science Advances 7, eabe7953: ballistic
(bSB) and discrete (dSB). Particles roll in potentials that bifurcate; walls at -1 and +1 stop them.
"""

from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from gpu.ising.anneal import Found
from gpu.ising.problem import Ising

__all__ = ["Kind", "bifurcate"]

#: The variants of the paper.
Kind = Literal["ballistic", "discrete"]

#: Step of the symplectic Euler scheme, and the detuning, as in the paper.
_STEP: Final = 1.0
_DETUNING: Final = 1.0
#: Steps between two looks at the signs.
_LOOK: Final = 10


def bifurcate(
    problem: Ising, *, replicas: int, steps: int, seed: int,
    kind: Kind = "ballistic", step: float = _STEP,
) -> Found:  # fmt: skip
    """Let replicas bifurcate from small random positions, and return their best signs.

    ``y += step (-(1 - a) x + c force); x += step y``; where ``|x| > 1``, x becomes its sign and y
    0; a grows from 0 to 1. The force on a particle is ``J x + h`` (ballistic) or ``J sign(x) + h``
    (discrete), and ``c = 0.5 / (rms(J) sqrt(n))`` (Goto 2021, equations 6 to 12).

    Parameters
    ----------
    problem : Ising
        A dense one suits best: a step is a product of matrices, in single floats.
    replicas, steps : int
        States, and steps of each.
    seed : int
        Of the start.
    kind : {"ballistic", "discrete"}
        Which force.
    step : float
        Of time.

    Raises
    ------
    ValueError
        If a count is not positive, or there is no coupling.
    """
    if replicas < 1 or steps < 1:
        raise ValueError(f"replicas and steps must be positive, not {replicas}, {steps}")
    n, couplings = problem.size, problem.couplings
    squares = float((couplings.astype(np.float64) ** 2).sum())
    if squares == 0:
        raise ValueError("a problem without couplings needs no bifurcation")
    scale = 0.5 / np.sqrt(squares / max(n * (n - 1), 1) * n)
    dense = couplings.nnz > n * n // 20
    matrix: Any = (couplings.toarray() if dense else couplings).astype(np.float32)
    rng = np.random.default_rng(seed)
    x = rng.uniform(-0.1, 0.1, (n, replicas)).astype(np.float32)
    y = rng.uniform(-0.1, 0.1, (n, replicas)).astype(np.float32)
    fields = problem.fields.astype(np.float32)[:, None]
    best = _Best(matrix, fields, x)
    pull, push = np.float32(step * _DETUNING), np.float32(step * scale)
    for k in range(steps):
        seen = x if kind == "ballistic" else np.sign(x)
        force = matrix @ seen + fields
        y += pull * np.float32(k / steps - 1) * x + push * force
        x += np.float32(step) * y
        out = np.abs(x) > 1
        np.clip(x, -1, 1, out=x)
        y[out] = 0
        if k % _LOOK == _LOOK - 1 or k == steps - 1:
            best.look(x)
    return Found(best.spins.T.copy(), tuple(problem.energy(s) for s in best.spins.T))


class _Best:
    """The lowest energy that the signs of each replica have had."""

    def __init__(self, matrix: Any, fields: NDArray[np.float32], x: NDArray[np.float32]) -> None:
        self._matrix, self._fields = matrix, fields
        self.spins = np.where(x >= 0, 1, -1).astype(np.int8)
        self._energies = np.full(x.shape[1], np.inf)

    def look(self, x: NDArray[np.float32]) -> None:
        """Keep what is better than before."""
        signs = np.where(x >= 0, np.float32(1), np.float32(-1))
        force = self._matrix @ signs
        energies = -np.einsum("ir,ir->r", signs, force / 2 + self._fields, dtype=np.float64)
        better = energies < self._energies
        self._energies[better] = energies[better]
        self.spins[:, better] = signs[:, better].astype(np.int8)
