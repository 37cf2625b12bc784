"""Estimators of mean and covariance that make less of the noise in short samples."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "bayes_stein",
    "clipped",
    "constant_correlation",
    "ledoit_wolf",
    "oracle_approximating",
    "sample_covariance",
    "split_covariance",
]

_Matrix = NDArray[np.float64]
_LEAST: Final = 2  # rows that a covariance needs


def sample_covariance(returns: _Matrix) -> _Matrix:
    """Return the maximum-likelihood covariance, divided by the number of rows, shape (n, n).

    Raises
    ------
    ValueError
        If there are fewer than two rows, or a return is not finite.
    """
    centred = _centred(returns)
    covariance: _Matrix = centred.T @ centred / len(centred)
    return covariance


def split_covariance(covariance: _Matrix) -> tuple[_Matrix, _Matrix]:
    """Return the deviations and the correlations, shapes (n,) and (n, n).

    Raises
    ------
    ValueError
        If a variance is not positive.
    """
    variance = np.diag(covariance)
    if not (variance > 0).all():
        raise ValueError(f"variances must be positive, not {variance.min():.6g}")
    deviation = np.sqrt(variance)
    return deviation, covariance / np.outer(deviation, deviation)


def ledoit_wolf(returns: _Matrix) -> tuple[_Matrix, float]:
    """Shrink the covariance towards a multiple of the identity; return it and the weight of that.

    Ledoit and Wolf (2004), "A well-conditioned estimator for large-dimensional covariance
    matrices", Journal of Multivariate Analysis 88, lemma 3.2 to 3.4.

    Raises
    ------
    ValueError
        As ``sample_covariance``.
    """
    centred = _centred(returns)
    sample = centred.T @ centred / len(centred)
    rows, n = centred.shape
    distance = ((sample - np.trace(sample) / n * np.eye(n)) ** 2).sum()
    # Mean over the rows of the squared distance of x x' from the sample covariance.
    noise = ((centred**2).sum(axis=1) ** 2).sum() / rows**2 - (sample**2).sum() / rows
    weight = float(min(noise, distance) / distance) if distance > 0 else 0.0
    return _towards_identity(sample, weight), weight


def oracle_approximating(returns: _Matrix) -> tuple[_Matrix, float]:
    """Shrink as ``ledoit_wolf``, with the weight that is best for normal returns.

    Chen, Wiesel, Eldar and Hero (2010), "Shrinkage algorithms for MMSE covariance estimation",
    IEEE Transactions on Signal Processing 58, equation 23.

    Raises
    ------
    ValueError
        As ``sample_covariance``.
    """
    centred = _centred(returns)
    sample = centred.T @ centred / len(centred)
    # Both sides divided by n^2; the factor 1 - 2 / n of the paper left out, as is usual.
    rows, n = centred.shape
    alpha, level = (sample**2).mean(), np.trace(sample) / n
    below = (rows + 1) * (alpha - level**2 / n)
    weight = float(min((alpha + level**2) / below, 1.0)) if below > 0 else 1.0
    return _towards_identity(sample, weight), weight


def constant_correlation(returns: _Matrix) -> tuple[_Matrix, float]:
    """Shrink all correlations towards their mean; return the covariance and the weight of that.

    Ledoit and Wolf (2004), "Honey, I shrunk the sample covariance matrix", Journal of Portfolio
    Management 30, appendix B.

    Raises
    ------
    ValueError
        As ``sample_covariance``, or if a name never moves.
    """
    centred = _centred(returns)
    rows, n = centred.shape
    sample = centred.T @ centred / rows
    deviation = np.sqrt(np.diag(sample))
    if (still := np.flatnonzero(deviation == 0)).size:
        raise ValueError(f"column {int(still[0])} never moves: it has no correlation")
    correlation = sample / np.outer(deviation, deviation)
    mean = (correlation.sum() - n) / max(n * (n - 1), 1)
    target = mean * np.outer(deviation, deviation)
    np.fill_diagonal(target, deviation**2)
    squares = centred**2
    pi = squares.T @ squares / rows - sample**2
    theta = (centred**3).T @ centred / rows - np.diag(sample)[:, None] * sample
    np.fill_diagonal(theta, 0.0)
    rho = np.diag(pi).sum() + mean * (np.outer(1 / deviation, deviation) * theta).sum()
    gamma = ((target - sample) ** 2).sum()
    weight = float(np.clip((pi.sum() - rho) / gamma / rows, 0, 1)) if gamma > 0 else 0.0
    return weight * target + (1 - weight) * sample, weight


def clipped(covariance: _Matrix, rows: int) -> tuple[_Matrix, int]:
    """Replace the eigenvalues that noise explains by their mean; return how many are left.

    Laloux, Cizeau, Bouchaud and Potters (1999), "Noise dressing of financial correlation matrices",
    Physical Review Letters 83: of the correlation matrix, those below the edge of Marchenko and
    Pastur, ``(1 + sqrt(n / rows))^2``. The diagonal of the covariance stays.

    Parameters
    ----------
    covariance : ndarray, shape (n, n)
        Of a sample.
    rows : int
        Of that sample.

    Raises
    ------
    ValueError
        If a variance is not positive.
    """
    deviation, correlation = split_covariance(covariance)
    values, vectors = np.linalg.eigh(correlation)
    noise = values < (1 + np.sqrt(len(values) / rows)) ** 2
    if noise.any():
        values = np.where(noise, values[noise].mean(), values)
    cleaned = (vectors * values) @ vectors.T
    unit = np.sqrt(np.diag(cleaned))
    return cleaned / np.outer(unit, unit) * np.outer(deviation, deviation), int((~noise).sum())


def bayes_stein(mean: _Matrix, covariance: _Matrix, rows: int) -> tuple[_Matrix, float]:
    """Shrink the means towards that of the least-variance portfolio; return them and the weight.

    Jorion (1986), "Bayes-Stein estimation for portfolio analysis", Journal of Financial and
    Quantitative Analysis 21, equations 14 and 17.

    Parameters
    ----------
    mean, covariance : ndarray, shapes (n,) and (n, n)
        Of a sample.
    rows : int
        Of that sample.

    Raises
    ------
    numpy.linalg.LinAlgError
        If the covariance is singular.
    """
    ones = np.ones(len(mean))
    spread = np.linalg.solve(covariance, np.column_stack((ones, mean)))
    anchor = (ones @ spread[:, 1]) / (ones @ spread[:, 0])
    off = mean - anchor
    distance = off @ np.linalg.solve(covariance, off)
    weight = float((len(mean) + 2) / (len(mean) + 2 + rows * distance))
    return (1 - weight) * mean + weight * anchor, weight


def _towards_identity(sample: _Matrix, weight: float) -> _Matrix:
    """Mix a covariance with the multiple of the identity that has its trace."""
    n = len(sample)
    mixed: _Matrix = (1 - weight) * sample + weight * np.trace(sample) / n * np.eye(n)
    return mixed


def _centred(returns: _Matrix) -> _Matrix:
    if returns.ndim != 2 or len(returns) < _LEAST or not returns.shape[1]:
        raise ValueError(f"returns must have shape (t, n), t at least 2, not {returns.shape}")
    if not np.isfinite(returns).all():
        row, column = (int(i) for i in np.argwhere(~np.isfinite(returns))[0])
        found = f"{returns[row, column]} in row {row}, column {column}"
        raise ValueError(f"returns must be finite, not {found}")
    centred: _Matrix = returns - returns.mean(axis=0)
    return centred
