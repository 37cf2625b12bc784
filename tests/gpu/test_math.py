"""The elementary functions of the kernels, against NumPy in double precision."""

import numpy as np
import pytest

from gpu.native import LEVELS
from tests.gpu.machines import native

EPS = 2.0**-24  # half a unit in the last place of 1 in single precision
EVERY_LEVEL = pytest.mark.parametrize("level", range(len(LEVELS)))


@EVERY_LEVEL
def test_exp_is_within_two_half_units(level: int) -> None:
    x = np.linspace(-87.0, 88.0, 200_001).astype(np.float32)
    found = native(level).exp_log(x)[0]
    assert np.abs(found / np.exp(x.astype(np.float64)) - 1.0).max() < 2 * EPS


@EVERY_LEVEL
def test_exp_holds_the_edge_outside_its_range(level: int) -> None:
    x = np.array([-200.0, -87.0, 88.0, 200.0, np.inf, -np.inf], dtype=np.float32)
    low, edge_low, edge_high, high, infinite, minus = native(level).exp_log(x)[0]
    assert low == minus == edge_low > 0
    assert high == infinite == edge_high < np.inf


@EVERY_LEVEL
def test_log_is_within_two_half_units_of_its_value(level: int) -> None:
    small = np.exp(np.linspace(-87.0, 88.0, 100_001)).astype(np.float32)
    near_one = np.linspace(0.7, 1.4, 100_001).astype(np.float32)
    x = np.concatenate([small, near_one, np.array([1.0, 2.0**-32], dtype=np.float32)])
    exact = np.log(x.astype(np.float64))
    found = native(level).exp_log(x)[1]
    assert (np.abs(found - exact) <= 2 * EPS * np.abs(exact)).all()


@EVERY_LEVEL
def test_sine_and_cosine_are_within_two_half_units_of_one(level: int) -> None:
    edges = np.array([k * 2**29 + d for k in range(8) for d in (-1, 0, 1)]) % 2**32
    spread = np.arange(100_003, dtype=np.uint64) * 42949 % 2**32
    turns = np.concatenate([edges, spread]).astype(np.uint32)
    angle = turns * (2.0 * np.pi * 2.0**-32)
    sine, cosine = native(level).sine_cosine(turns)
    assert np.abs(sine - np.sin(angle)).max() < 2 * EPS
    assert np.abs(cosine - np.cos(angle)).max() < 2 * EPS
