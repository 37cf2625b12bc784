"""Early exercise against Longstaff and Schwartz (2001), table 1, and a binomial tree."""

import math
from typing import Any

import numpy as np
import pytest

from gpu.montecarlo.closed_forms import black_scholes
from gpu.montecarlo.early_exercise import exercise_price
from gpu.montecarlo.option import Option
from gpu.task import Payoff

MARKET: dict[str, Any] = {"strike": 40.0, "rate": 0.06, "payoff": Payoff.EUROPEAN, "call": False}


def tree(option: Option, dates: int, steps: int = 2000) -> float:
    """Return the price by Cox, Ross and Rubinstein, exercised at the dates alone."""
    step = option.expiry / steps
    up = math.exp(option.vol * math.sqrt(step))
    chance = (math.exp((option.rate - option.dividend) * step) - 1 / up) / (up - 1 / up)
    decay = math.exp(-option.rate * step)

    def gain(level: int) -> Any:
        price = option.spot * up ** (2.0 * np.arange(level + 1) - level)
        return np.maximum(option.sign * (price - option.strike), 0.0)

    value = gain(steps)
    for level in range(steps - 1, -1, -1):
        value = decay * (chance * value[1:] + (1 - chance) * value[:-1])
        if level and level % (steps // dates) == 0:
            value = np.maximum(value, gain(level))
    return float(value[0])


# Spot, volatility, expiry, and the finite differences of the paper's table 1.
@pytest.mark.parametrize(
    ("spot", "vol", "expiry", "want"),
    [
        (36.0, 0.2, 1.0, 4.478),
        (36.0, 0.4, 2.0, 8.508),
        (40.0, 0.2, 1.0, 2.314),
        (44.0, 0.2, 1.0, 1.110),
        (44.0, 0.4, 2.0, 5.647),
    ],
)
def test_american_puts_of_the_paper(spot: float, vol: float, expiry: float, want: float) -> None:
    option = Option(spot=spot, vol=vol, expiry=expiry, **MARKET)
    found = exercise_price(option, dates=round(50 * expiry), paths=40_000, seed=3)
    assert 0 < found.stderr < 0.02
    assert want - 0.03 - 4 * found.stderr < found.value < want + 4 * found.stderr


@pytest.mark.parametrize("call", [True, False])
def test_bermudan_is_close_below_a_tree(call: bool) -> None:
    given = {**MARKET, "call": call}
    option = Option(spot=40.0, vol=0.3, expiry=1.0, dividend=0.08, **given)
    found, want = exercise_price(option, dates=4, paths=40_000, seed=5), tree(option, 4)
    assert want - 0.03 - 4 * found.stderr < found.value < want + 4 * found.stderr
    assert want > black_scholes(option) + 0.005


def test_one_date_is_european() -> None:
    option = Option(spot=38.0, vol=0.3, expiry=1.0, **MARKET)
    found = exercise_price(option, dates=1, paths=40_000, seed=1)
    assert abs(found.value - black_scholes(option)) < 4 * found.stderr


def test_bad_counts_are_named() -> None:
    option = Option(spot=38.0, vol=0.3, expiry=1.0, **MARKET)
    with pytest.raises(ValueError, match="dates must be at least 1, not 0"):
        exercise_price(option, dates=0, paths=1000, seed=1)
    with pytest.raises(ValueError, match="paths must be even and at least 1000, not 1001"):
        exercise_price(option, dates=2, paths=1001, seed=1)
