"""The estimate from sums against NumPy's regression on the samples themselves."""

from typing import Any

import numpy as np
import pytest

from gpu.montecarlo.estimate import estimated

PATHS = 1000


def test_mean_and_error_are_those_of_the_regression_on_the_control() -> None:
    generator = np.random.default_rng(4)
    x = generator.normal(3.0, 2.0, PATHS)
    y = 1.5 * x + generator.normal(0.0, 1.0, PATHS)
    columns = np.stack([y, y * y, x, x * x, x * y], axis=1)
    sums = np.stack([columns[:400].sum(axis=0), columns[400:].sum(axis=0)])
    fit = np.polyfit(x - 3.0, y, 1)  # its constant is the mean at the expected control
    rest = y - np.polyval(fit, x - 3.0)
    found = estimated(sums, paths=PATHS, steps=7, walks=2, discount=0.5, expected=3.0)
    assert found.value == pytest.approx(0.5 * fit[1], rel=1e-12)
    assert found.stderr == pytest.approx(0.5 * rest.std() / np.sqrt(PATHS - 1), rel=1e-9)
    assert found.path_steps == 2 * 7 * PATHS
    plain = estimated(sums, paths=PATHS, steps=7, walks=1, discount=1.0, expected=None)
    assert plain.value == pytest.approx(y.mean(), rel=1e-12)
    assert plain.stderr == pytest.approx(y.std(ddof=1) / np.sqrt(PATHS), rel=1e-9)


def test_a_control_that_does_not_vary_is_left_out() -> None:
    y = np.arange(10.0)
    x = np.full(10, 2.0)
    sums = np.array([[y.sum(), y @ y, x.sum(), x @ x, x @ y]])
    found = estimated(sums, paths=10, steps=1, walks=1, discount=1.0, expected=5.0)
    assert found.value == 4.5


def test_a_control_that_is_only_rounding_is_left_out() -> None:
    """A difference of large numbers that are equal but for the rounding of single precision."""
    generator = np.random.default_rng(5)
    y = generator.normal(0.0, 1.0, PATHS)
    x = generator.normal(1e-4, 1e-3, PATHS)  # of numbers about 1000
    sums = np.array([[y.sum(), y @ y, x.sum(), x @ x, x @ y]])
    given: dict[str, Any] = {
        "paths": PATHS,
        "steps": 1,
        "walks": 1,
        "discount": 1.0,
        "expected": 0.0,
    }
    assert estimated(sums, **given, size=1000.0).value == pytest.approx(y.mean(), rel=1e-12)
    assert estimated(sums, **given, size=10.0).value != pytest.approx(y.mean(), rel=1e-12)


def test_one_sample_has_no_error_to_tell() -> None:
    with pytest.raises(ValueError, match="paths must be at least 2, not 1"):
        estimated(np.ones((1, 5)), paths=1, steps=1, walks=1, discount=1.0, expected=None)
