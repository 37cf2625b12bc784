"""One problem type: the energy of spins that are +1 or -1, and the same for bits."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import coo_array, csr_array

__all__ = ["Ising", "Qubo", "cut_of", "max_cut"]


@dataclass(frozen=True, eq=False)
class Ising:
    """Minimise ``offset - sum_{i<j} J_ij s_i s_j - sum_i h_i s_i`` over spins s of +1 and -1.

    Parameters
    ----------
    couplings : csr_array, shape (n, n)
        J: symmetric, without diagonal; integers or floats.
    fields : ndarray, shape (n,)
        h, of the same type.
    offset : int or float
        Added to every energy.

    Raises
    ------
    ValueError
        If the shapes do not fit, J is not symmetric or has a diagonal, or a number is not finite.
    """

    couplings: csr_array
    fields: NDArray[Any]
    offset: float = 0

    def __post_init__(self) -> None:
        n = len(self.fields)
        if not n or self.couplings.shape != (n, n) or self.fields.shape != (n,):
            shapes = f"{self.couplings.shape} and {self.fields.shape}"
            raise ValueError(f"shapes must be (n, n) and (n,), not {shapes}")
        if not (np.isfinite(self.couplings.data).all() and np.isfinite(self.fields).all()):
            raise ValueError("couplings and fields must be finite")
        if self.couplings.diagonal().any():
            i = int(np.flatnonzero(self.couplings.diagonal())[0])
            raise ValueError(f"a spin has no coupling with itself, but spin {i} has")
        apart = abs(self.couplings - self.couplings.T).tocoo()
        if apart.nnz and apart.data.max() > 0:
            k = int(np.argmax(apart.data))
            pair = int(apart.coords[0][k]), int(apart.coords[1][k])
            raise ValueError(f"couplings must be symmetric; those of {pair} differ")

    @classmethod
    def from_edges(
        cls, n: int, first: ArrayLike, second: ArrayLike, couplings: ArrayLike,
        fields: ArrayLike | None = None, offset: float = 0,
    ) -> Self:  # fmt: skip
        """Return a problem from each pair once; a pair that comes twice adds up.

        Raises
        ------
        ValueError
            If a spin is coupled with itself or out of range.
        """
        i, j = np.asarray(first, dtype=np.int64), np.asarray(second, dtype=np.int64)
        weight = np.asarray(couplings)
        if len(i) and not (min(i.min(), j.min()) >= 0 and max(i.max(), j.max()) < n):
            raise ValueError(f"spins must be from 0 to {n - 1}")
        both = np.concatenate((i, j)), np.concatenate((j, i))
        matrix = coo_array((np.concatenate((weight, weight)), both), shape=(n, n)).tocsr()
        h = np.zeros(n, dtype=weight.dtype) if fields is None else np.asarray(fields)
        return cls(matrix, h, offset)

    @property
    def size(self) -> int:
        """Spins."""
        return len(self.fields)

    @cached_property
    def exact(self) -> bool:
        """Whether all numbers are integers, so that energies are exact."""
        return self.couplings.dtype.kind in "iu" and self.fields.dtype.kind in "iu"

    def energy(self, spins: ArrayLike) -> float | int:
        """Return the energy of one state, an integer where all numbers are.

        Raises
        ------
        ValueError
            If there is not one spin of +1 or -1 for each.
        """
        s = np.asarray(spins)
        if s.shape != (self.size,) or not (np.abs(s) == 1).all():
            raise ValueError(f"spins must be {self.size} of +1 or -1")
        if self.exact:
            s = s.astype(np.int64)
            pairs = int(s @ (self.couplings.astype(np.int64) @ s))  # each pair twice: even
            return self.offset - pairs // 2 - int(self.fields @ s)
        s = s.astype(np.float64)
        return float(self.offset - s @ (self.couplings @ s) / 2 - self.fields @ s)

    def qubo(self) -> "Qubo":
        """Return the same problem of bits x, with s = 2 x - 1."""
        sums = np.asarray(self.couplings.sum(axis=1)).ravel()
        linear = 2 * sums - 2 * self.fields
        upper = coo_array(self.couplings)
        keep = upper.coords[0] < upper.coords[1]
        pairs = coo_array(
            (-4 * upper.data[keep], (upper.coords[0][keep], upper.coords[1][keep])),
            shape=self.couplings.shape,
        ).tocsr()
        total = self.couplings.sum()
        half = total // 2 if self.exact else total / 2
        return Qubo(pairs, linear, self.offset - half + self.fields.sum())


@dataclass(frozen=True, eq=False)
class Qubo:
    """Minimise ``offset + sum_{i<j} Q_ij x_i x_j + sum_i c_i x_i`` over bits x.

    Parameters
    ----------
    pairs : csr_array, shape (n, n)
        Q: strictly upper triangular.
    linear : ndarray, shape (n,)
        c.
    offset : int or float
        Added to every value.

    Raises
    ------
    ValueError
        If the shapes do not fit or Q has entries on or below its diagonal.
    """

    pairs: csr_array
    linear: NDArray[Any]
    offset: float = 0

    def __post_init__(self) -> None:
        n = len(self.linear)
        if not n or self.pairs.shape != (n, n):
            raise ValueError(f"shapes must be (n, n) and (n,), not {self.pairs.shape} and ({n},)")
        entries = coo_array(self.pairs)
        if (entries.data[entries.coords[0] >= entries.coords[1]] != 0).any():
            raise ValueError("pairs must be above the diagonal; what is on it belongs in linear")

    @classmethod
    def from_dense(cls, matrix: ArrayLike, offset: float = 0) -> Self:
        """Return the problem ``x' matrix x + offset``: as x x = x, the diagonal is linear."""
        q = np.asarray(matrix)
        if q.ndim != 2 or q.shape[0] != q.shape[1]:
            raise ValueError(f"matrix must have shape (n, n), not {q.shape}")
        return cls(csr_array(np.triu(q + q.T, 1)), np.diag(q).copy(), offset)

    @property
    def size(self) -> int:
        """Bits."""
        return len(self.linear)

    def value(self, bits: ArrayLike) -> float | int:
        """Return the value of one state.

        Raises
        ------
        ValueError
            If there is not one bit for each.
        """
        x = np.asarray(bits)
        if x.shape != (self.size,) or not np.isin(x, (0, 1)).all():
            raise ValueError(f"bits must be {self.size} of 0 or 1")
        x = x.astype(self.pairs.dtype)
        found: float | int = self.offset + (x @ (self.pairs @ x) + self.linear @ x).item()
        return found

    def ising(self) -> Ising:
        """Return the same problem of spins s = 2 x - 1: in integers where quarters are integers."""
        both = csr_array(self.pairs + self.pairs.T)
        fields = -(2 * self.linear + np.asarray(both.sum(axis=1)).ravel())
        total = 2 * self.linear.sum() + self.pairs.sum()
        whole = both.dtype.kind in "iu" and fields.dtype.kind in "iu"
        if whole and not ((both.data % 4).any() or (fields % 4).any() or total % 4):
            couplings = both.copy()
            couplings.data = -both.data // 4
            return Ising(couplings, fields // 4, self.offset + int(total) // 4)
        return Ising(csr_array(-both / 4), fields / 4, self.offset + float(total) / 4)


def max_cut(n: int, first: ArrayLike, second: ArrayLike, weights: ArrayLike) -> Ising:
    """Return the problem whose energy is minus the weight of the cut between +1 and -1.

    Weights are doubled and halved exactly only as floats or where their sum is even, so the energy
    is that of ``2 cut``: ``-2 cut = sum w s s - sum w``.
    """
    w = np.asarray(weights)
    return Ising.from_edges(n, first, second, -w, offset=-w.sum().item())


def cut_of(problem: Ising, spins: ArrayLike) -> float | int:
    """Return the weight of a cut of a problem from ``max_cut``."""
    doubled = -problem.energy(spins)
    return int(doubled) // 2 if problem.exact else doubled / 2
