"""A mean and its standard error, from the sums of samples and of a control variate."""

import math
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["Estimate", "estimated"]

_ROUNDING: Final = 1e-5


@dataclass(frozen=True)
class Estimate:
    """What was found.

    Parameters
    ----------
    value : float
        Price [currency of the spot].
    stderr : float
        Its standard error [currency of the spot].
    paths : int
        Samples; an antithetic one walks two paths.
    steps : int
        Steps of each path.
    path_steps : int
        Steps of all paths together, mirrored ones included.
    """

    value: float
    stderr: float
    paths: int
    steps: int
    path_steps: int


def estimated(
    sums: NDArray[np.float64],
    *,
    paths: int,
    steps: int,
    walks: int,
    discount: float,
    expected: float | None,
    size: float | None = None,
) -> Estimate:
    """Return the discounted mean of samples.

    Parameters
    ----------
    sums : array of float, shape (chunks, 5)
        Of value, value squared, control, control squared, and value times control.
    paths : int
        Samples that they are of, at least 2.
    steps : int
        Steps of each path.
    walks : int
        Paths of each sample.
    discount : float
        Today's value of 1 at the payment.
    expected : float or None
        Expectation of the control; no control without.
    size : float, optional
        Of the numbers whose rounding the control carries; the expectation if it is their sum.

    Raises
    ------
    ValueError
        If there are fewer than 2 samples.

    Notes
    -----
    The coefficient of the control is that of least squares over the same samples: Glasserman
    (2003), "Monte Carlo methods in financial engineering", section 4.1. Its bias is of the order
    of the variance over the number of samples. A control that deviates by less than 1e-5 of its
    size is left out: it may be nothing but the rounding of single precision.
    """
    if paths < 2:
        raise ValueError(f"paths must be at least 2, not {paths}")
    y, yy, x, xx, xy = (math.fsum(column) / paths for column in sums.T)
    mean, variance = y, max(yy - y * y, 0.0)
    spread = xx - x * x
    if expected is not None and spread > (_ROUNDING * (size or expected)) ** 2:
        covariance = xy - x * y
        mean -= covariance / spread * (x - expected)
        variance = max(variance - covariance * covariance / spread, 0.0)
    return Estimate(
        value=discount * mean,
        stderr=discount * math.sqrt(variance / (paths - 1)),
        paths=paths,
        steps=steps,
        path_steps=paths * steps * walks,
    )
