"""Constants of a step against formulas of the papers, in another form."""

import math
from typing import Any

import numpy as np
import pytest
from scipy.stats import ncx2, poisson

from gpu.montecarlo.characteristic import Heston, Merton
from gpu.montecarlo.dynamics import plan, steps_between
from gpu.task import Payoff
from tests.gpu.processes import PROCESSES, contract


@pytest.mark.parametrize("name", ["heston", "sticky", "rising"])
@pytest.mark.parametrize("v", [0.001, 0.04, 0.3])
def test_moments_of_the_variance_are_those_of_the_noncentral_chi_square(
    name: str, v: float
) -> None:
    heston = PROCESSES[name]
    assert isinstance(heston, Heston)
    step = 0.125
    # Cox, Ingersoll and Ross (1985): the next variance over `unit` is a noncentral chi-square.
    unit = heston.sigma**2 * -math.expm1(-heston.kappa * step) / (4 * heston.kappa)
    freedom = 4 * heston.kappa * heston.theta / heston.sigma**2
    centre = v * math.exp(-heston.kappa * step) / unit
    mean, variance = ncx2.mean(freedom, centre), ncx2.var(freedom, centre)
    found, _ = plan(heston, 0.0, step)
    assert v * found.decay + found.pull == pytest.approx(unit * mean, rel=1e-10)
    assert v * found.spread + found.floor == pytest.approx(unit**2 * variance, rel=1e-10)


@pytest.mark.parametrize("expected", [0.0, 1e-3, 0.7, 8.0])
def test_counts_are_the_distribution_of_poisson(expected: float) -> None:
    merton = Merton(vol=0.1, intensity=expected, jump_mean=0.0, jump_vol=0.1)
    _, jumps = plan(merton, 0.0, 1.0)
    exact = poisson.cdf(np.arange(len(jumps.counts)), expected) * 2.0**32
    np.testing.assert_allclose(jumps.counts, exact, atol=1.0)
    beyond = poisson.sf(len(jumps.counts), expected)  # what the table leaves out
    assert beyond < 2.0**-32


def test_jumps_are_compensated_in_the_drift() -> None:
    merton = Merton(vol=0.0, intensity=2.0, jump_mean=0.1, jump_vol=0.0)
    found, _ = plan(merton, 0.05, 0.5)
    assert found.drift == pytest.approx(0.5 * (0.05 - 2.0 * math.expm1(0.1)))


@pytest.mark.parametrize(
    ("name", "changed", "steps", "between"),
    [
        ("heston", {"fixings": 5}, 12, 3),
        ("heston", {"fixings": 5}, 1, 1),
        ("black-scholes", {"fixings": 5}, 12, 1),
        ("kou", {"fixings": 5, "expiry": 27.0}, 1, 3),  # 81 jumps expected, 8 of them a step
        ("bates", {"fixings": 1, "expiry": 20.0}, 1, 2),
    ],
)
def test_steps_between_fixings(
    name: str, changed: dict[str, Any], steps: int, between: int
) -> None:
    given = contract(Payoff.ARITHMETIC, **changed)
    assert steps_between(PROCESSES[name], given, steps) == between


def test_steps_that_are_too_long_are_refused() -> None:
    wild = Heston(v0=0.04, kappa=0.1, theta=0.04, sigma=2.0, rho=0.9)
    with pytest.raises(ValueError, match="a step must be shorter than 1 years"):
        plan(wild, 0.0, 1.0)
    assert plan(wild, 0.0, 0.1)[0].heston
    with pytest.raises(ValueError, match="steps must be at least 1, not 0"):
        steps_between(wild, contract(Payoff.EUROPEAN), 0)
