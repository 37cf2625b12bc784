"""Tests of least tail risk: gpu.portfolio.tail_risk, cutting_planes and constraints."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import linprog

from gpu.portfolio.constraints import Constraints, InfeasibleError
from gpu.portfolio.cutting_planes import NotConverged, least_risk
from gpu.portfolio.tail_risk import ConditionalDrawdown, ConditionalValueAtRisk

MEASURES = (ConditionalValueAtRisk, ConditionalDrawdown)


def scenarios(seed: int, rows: int, n: int) -> NDArray[np.float64]:
    """Return returns with fat tails and a common factor."""
    rng = np.random.default_rng(seed)
    common = rng.standard_t(4, (rows, 1)) * rng.normal(0.6, 0.3, n)
    return 0.01 * (common + rng.standard_t(4, (rows, n))) + rng.normal(0.0004, 0.0005, n)


def programme(returns: NDArray[np.float64], level: float, tolerance: float, most: float) -> float:
    """Return the least objective by the whole linear programme of Rockafellar and Uryasev."""
    rows, n = returns.shape
    tail = 1 / ((1 - level) * rows)
    found = linprog(
        np.concatenate((-tolerance * returns.mean(axis=0), [1.0], np.full(rows, tail))),
        A_ub=np.hstack((-returns, -np.ones((rows, 1)), -np.eye(rows))), b_ub=np.zeros(rows),
        A_eq=np.concatenate((np.ones(n), np.zeros(rows + 1)))[None], b_eq=[1.0],
        bounds=[(0, most)] * n + [(None, None)] + [(0, None)] * rows, method="highs",
    )  # fmt: skip
    assert found.fun is not None
    return float(found.fun)


@pytest.mark.parametrize("level", [0.5, 0.9, 0.953, 0.999])
@pytest.mark.parametrize("tolerance", [0.0, 0.7])
def test_the_least_tail_risk_is_that_of_the_whole_linear_programme(
    level: float, tolerance: float
) -> None:
    returns = scenarios(1, 300, 8)
    found = least_risk(
        ConditionalValueAtRisk(returns, level), returns.mean(axis=0),
        Constraints.box(8, upper=0.4), tolerance=tolerance, accuracy=1e-7,
    )  # fmt: skip
    assert found.objective == pytest.approx(programme(returns, level, tolerance, 0.4), rel=1e-6)
    assert found.bound <= found.objective
    assert found.gap <= 1e-7


def test_the_tail_is_the_mean_of_the_worst_and_counts_the_last_in_part() -> None:
    returns = -np.array([[5.0], [4.0], [3.0], [2.0], [1.0]])
    assert ConditionalValueAtRisk(returns, 0.6)(np.ones(1))[0] == pytest.approx(4.5)
    # Half of the tail of 1.5 scenarios more: (5 + 4 / 2) / 1.5.
    assert ConditionalValueAtRisk(returns, 0.7)(np.ones(1))[0] == pytest.approx(14 / 3)
    assert ConditionalValueAtRisk(returns, 0.99)(np.ones(1))[0] == pytest.approx(5.0)


def test_drawdown_is_measured_from_the_highest_value_so_far() -> None:
    returns = np.array([[1.0], [-2.0], [1.5], [-3.0], [9.0]])  # drawdowns 0, 2, 0.5, 3.5, 0
    assert ConditionalDrawdown(returns, 0.8)(np.ones(1))[0] == pytest.approx(3.5)
    assert ConditionalDrawdown(returns, 0.6)(np.ones(1))[0] == pytest.approx(2.75)


@settings(max_examples=80)
@given(seed=st.integers(0, 2**32), level=st.floats(0.05, 0.995), which=st.sampled_from(MEASURES))
def test_a_subgradient_bounds_the_risk_everywhere(
    seed: int, level: float, which: type[ConditionalValueAtRisk]
) -> None:
    rng = np.random.default_rng(seed)
    risk = which(scenarios(seed, int(rng.integers(2, 60)), 4), level)
    one, two = rng.normal(size=(2, 4))
    value, slope = risk(one)
    assert value == pytest.approx(slope @ one, abs=1e-12)
    assert risk(two)[0] >= slope @ two - 1e-12


@pytest.mark.parametrize("which", MEASURES)
def test_groups_and_a_return_are_kept_and_no_better_portfolio_is_found(
    which: type[ConditionalValueAtRisk],
) -> None:
    returns = scenarios(2, 400, 6)
    mean, group = returns.mean(axis=0), np.array([1.0, 1, 1, 0, 0, 0])
    risk = which(returns, 0.9)
    limits = Constraints.box(6).with_row("group", group, most=0.3, least=0.2)
    limits = limits.with_row("return", mean, least=float(np.sort(mean)[2]))
    found = least_risk(risk, mean, limits, accuracy=1e-6)
    assert 0.2 - 1e-9 <= group @ found.weights <= 0.3 + 1e-9
    assert found.expected >= np.sort(mean)[2] - 1e-12
    others = np.random.default_rng(0).dirichlet(np.full(6, 0.4), 20_000)
    share = others @ group
    others = others[(share >= 0.2) & (share <= 0.3) & (others @ mean >= np.sort(mean)[2])]
    assert len(others) > 100
    assert min(risk(w)[0] for w in others) >= found.bound - 1e-12


def test_a_conflict_names_what_must_give_way() -> None:
    limits = Constraints.box(3, upper=0.5).with_row("tech", [1.0, 1, 0], most=0.2)
    limits = limits.with_row("crypto", [0.0, 0, 1], most=0.4)
    with pytest.raises(InfeasibleError, match=r"must give way: .*\(by 0\.4\)"):
        limits.highest(np.ones(3))
    with pytest.raises(InfeasibleError, match="bounds of asset 1 contradict"):
        Constraints(lower=np.array([0.0, 0.6]), upper=np.array([1.0, 0.5])).highest(np.ones(2))


def test_unusable_inputs_are_refused() -> None:
    with pytest.raises(ValueError, match="level must be between 0 and 1, not 1"):
        ConditionalValueAtRisk(np.ones((3, 2)), 1.0)
    with pytest.raises(ValueError, match="not nan in row 0, column 1"):
        ConditionalDrawdown(np.array([[1.0, np.nan]]), 0.9)
    with pytest.raises(ValueError, match="2 named rows need shape"):
        Constraints(
            lower=np.zeros(2), upper=np.ones(2), names=("a", "b"), least=np.zeros(2),
            most=np.ones(2), rows=np.zeros((1, 2)),
        )  # fmt: skip
    returns = scenarios(3, 500, 10)
    risk = ConditionalValueAtRisk(returns, 0.95)
    with pytest.raises(NotConverged, match="after 3 steps"):
        least_risk(risk, returns.mean(axis=0), Constraints.box(10), accuracy=1e-9, steps=3)
