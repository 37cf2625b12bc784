"""The lowest energy of a small problem, by looking at every state."""

import numpy as np
from numpy.typing import NDArray

from gpu.ising.problem import Ising

__all__ = ["MOST_SPINS", "lowest"]

MOST_SPINS = 24
_LOW = 12  # spins whose states are looked at together


def lowest(problem: Ising) -> NDArray[np.int8]:
    """Return a state of the lowest energy, shape (n,).

    Raises
    ------
    ValueError
        If there are more than ``MOST_SPINS`` spins.
    """
    n = problem.size
    if n > MOST_SPINS:
        raise ValueError(f"every state of at most {MOST_SPINS} spins can be looked at, not of {n}")
    couplings = problem.couplings.toarray().astype(np.float64)
    fields = problem.fields.astype(np.float64)
    low = min(n, _LOW)
    near = _states(low)
    own = -np.einsum("si,ij,sj->s", near, couplings[:low, :low] / 2, near) - near @ fields[:low]
    best: NDArray[np.float64] = near[0]
    least = np.inf
    for far in _states(n - low):
        rest = far @ couplings[low:, :low]
        apart = -far @ couplings[low:, low:] @ far / 2 - far @ fields[low:]
        energies = own - near @ rest + apart
        i = int(np.argmin(energies))
        if energies[i] < least:
            least, best = energies[i], np.concatenate((near[i], far))
    return np.asarray(best, dtype=np.int8)


def _states(n: int) -> NDArray[np.float64]:
    numbers = np.arange(1 << n)[:, None]
    return (1 - 2 * (numbers >> np.arange(n) & 1)).astype(np.float64)
