"""Basket prices against Margrabe, Stulz in QuantLib, an integral, and closed forms."""

import importlib
import math
from typing import Any

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import norm

from gpu.backend import Backend, choose
from gpu.basket_task import BasketPayoff
from gpu.montecarlo.basket import BasketOption, basket_price, product_price
from gpu.montecarlo.closed_forms import black_scholes, geometric_asian, lognormal_gain
from gpu.montecarlo.option import Option
from gpu.task import Payoff
from tests.gpu.machines import CACHE, levels, needs_quantlib

SIGMAS = 3.5  # a true price is missed by more once in 2,000 seeds; the seeds are fixed


@pytest.fixture(scope="module")
def backend() -> Backend:
    return choose("native" if levels() else "numpy", CACHE, threads=2)


def pair(payoff: BasketPayoff, *, rho: float = 0.4, **changed: Any) -> BasketOption:
    given: dict[str, Any] = {
        "payoff": payoff,
        "call": True,
        "spots": np.array([100.0, 50.0]),
        "weights": np.array([0.5, 1.0]),
        "vols": np.array([0.2, 0.35]),
        "dividends": np.array([0.01, 0.03]),
        "correlations": np.array([[1.0, rho], [rho, 1.0]]),
        "strike": 100.0 if payoff in (BasketPayoff.SUM, BasketPayoff.PRODUCT) else 50.0,
        "rate": 0.04,
        "expiry": 1.5,
    }
    return BasketOption(**(given | changed))


def integral(option: BasketOption, rho: float) -> float:
    """Return the price on the sum of two assets: given the first, the second is lognormal."""
    growth = (option.rate - option.dividends - option.vols**2 / 2) * option.expiry
    deviations = option.vols * math.sqrt(option.expiry)
    sign = 1 if option.call else -1
    amounts = option.weights * option.spots
    rest = deviations[1] * math.sqrt(1 - rho * rho)

    def given(z: float) -> float:
        first = amounts[0] * math.exp(growth[0] + deviations[0] * z)
        mean = amounts[1] * math.exp(growth[1] + deviations[1] * rho * z + rest**2 / 2)
        strike = option.strike - first
        if strike > 0:
            return lognormal_gain(mean, strike, rest, sign)
        return mean - strike if option.call else 0.0

    value, _ = quad(lambda z: given(z) * norm.pdf(z), -10, 10, epsabs=1e-10, limit=400)
    return option.discount * float(value)


@pytest.mark.parametrize("call", [True, False])
@pytest.mark.parametrize("rho", [-0.7, 0.0, 0.9])
@pytest.mark.parametrize("antithetic", [False, True])
@pytest.mark.parametrize("control", [False, True])
def test_two_assets_agree_with_the_integral(
    backend: Backend, call: bool, rho: float, antithetic: bool, control: bool
) -> None:
    given = pair(BasketPayoff.SUM, rho=rho, call=call)
    found = basket_price(
        given, paths=100_000, seed=1, backend=backend, antithetic=antithetic, control=control
    )
    assert abs(found.value - integral(given, rho)) < SIGMAS * found.stderr
    assert found.stderr < (0.05 if control else 0.1)


def test_the_product_as_control_divides_the_variance_of_a_sum_by_tens(backend: Backend) -> None:
    given = pair(BasketPayoff.SUM)
    plain, controlled = (
        basket_price(given, paths=50_000, seed=2, backend=backend, control=one)
        for one in (False, True)
    )
    assert (plain.stderr / controlled.stderr) ** 2 > 50


@pytest.mark.parametrize("rho", [-1.0, -0.3, 1.0])
def test_an_exchange_of_assets_is_margrabes(backend: Backend, rho: float) -> None:
    """A call on the difference with strike 0: singular correlations, no product."""
    given = pair(BasketPayoff.SUM, rho=rho, weights=np.array([1.0, -2.0]), strike=0.0)
    found = basket_price(given, paths=200_000, seed=3, backend=backend)
    a, b = given.vols
    deviation = math.sqrt((a * a + b * b - 2 * rho * a * b) * given.expiry)
    one, two = np.array([100.0, 100.0]) * np.exp(-given.dividends * given.expiry)
    assert abs(found.value - lognormal_gain(one, two, deviation, 1)) < SIGMAS * found.stderr


@needs_quantlib
@pytest.mark.parametrize("payoff", [BasketPayoff.BEST, BasketPayoff.WORST])
@pytest.mark.parametrize("call", [True, False])
def test_quantlib_finds_the_same_best_and_worst_of_two(
    backend: Backend, payoff: BasketPayoff, call: bool
) -> None:
    """The formula of Stulz."""
    ql = importlib.import_module("QuantLib")
    given = pair(payoff, call=call, weights=np.array([0.5, 1.0]), expiry=1.0)
    today = ql.Date(1, 1, 2025)
    ql.Settings.instance().evaluationDate = today
    count = ql.Actual365Fixed()

    def curve(level: float) -> Any:
        return ql.YieldTermStructureHandle(ql.FlatForward(today, level, count))

    processes = []
    for k in range(2):
        quote = ql.QuoteHandle(ql.SimpleQuote(float(given.spots[k] * given.weights[k])))
        smile = ql.BlackConstantVol(today, ql.NullCalendar(), float(given.vols[k]), count)
        vol = ql.BlackVolTermStructureHandle(smile)
        dividend = curve(float(given.dividends[k]))
        processes.append(ql.BlackScholesMertonProcess(quote, dividend, curve(given.rate), vol))
    plain = ql.PlainVanillaPayoff(ql.Option.Call if call else ql.Option.Put, given.strike)
    kind = ql.MaxBasketPayoff if payoff == BasketPayoff.BEST else ql.MinBasketPayoff
    option = ql.BasketOption(kind(plain), ql.EuropeanExercise(today + 365))
    option.setPricingEngine(ql.StulzEngine(processes[0], processes[1], 0.4))
    found = basket_price(given, paths=200_000, seed=4, backend=backend)
    assert abs(found.value - option.NPV()) < SIGMAS * found.stderr


@pytest.mark.parametrize("fixings", [1, 12])
def test_a_product_has_its_closed_form(backend: Backend, fixings: int) -> None:
    given = pair(BasketPayoff.PRODUCT, fixings=fixings)
    found = basket_price(given, paths=100_000, seed=5, backend=backend)
    assert abs(found.value - product_price(given)) < SIGMAS * found.stderr


def test_equal_assets_that_move_as_one_are_one_asset(backend: Backend) -> None:
    n = 7
    equal: dict[str, Any] = {
        "spots": np.full(n, 100.0),
        "weights": np.full(n, 1 / n),
        "vols": np.full(n, 0.25),
        "dividends": np.zeros(n),
        "correlations": np.ones((n, n)),
    }
    one = Option(
        payoff=Payoff.EUROPEAN, call=True, spot=100.0, strike=100.0, rate=0.04, vol=0.25,
        expiry=1.5, fixings=6,
    )  # fmt: skip
    for payoff in (BasketPayoff.SUM, BasketPayoff.BEST, BasketPayoff.WORST):
        scale = 1.0 if payoff == BasketPayoff.SUM else float(n)
        given = pair(payoff, **{**equal, "weights": equal["weights"] * scale, "strike": 100.0})
        found = basket_price(given, paths=100_000, seed=6, backend=backend, control=False)
        assert abs(found.value - black_scholes(one)) < SIGMAS * found.stderr
    averaged = pair(BasketPayoff.PRODUCT, **equal, fixings=6)
    assert product_price(averaged) == pytest.approx(geometric_asian(one), rel=1e-12)


@pytest.mark.parametrize(
    ("changed", "text"),
    [
        ({"spots": np.array([100.0, 0.0])}, "spots must be positive"),
        ({"vols": np.array([0.2])}, "vols must be 2 finite numbers"),
        ({"correlations": np.eye(3)}, "correlations must be 2 rows of 2"),
        ({"correlations": np.array([[1.0, 0.5], [0.4, 1.0]])}, "must be symmetric"),
        ({"correlations": np.array([[1.0, 0.5], [0.5, 0.9]])}, "must be 1 on the diagonal"),
        ({"rho": 1.2}, "positive semidefinite, not of eigenvalue -0.2"),
        ({"strike": -1.0}, "strike must be finite and not negative, not -1"),
        ({"expiry": 0.0}, "expiry positive"),
        ({"fixings": 0}, "fixings must be at least 1, not 0"),
        ({"weights": np.array([1.0, -1.0])}, "a product needs positive weights"),
    ],
)
def test_a_basket_that_cannot_be_is_refused(changed: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        pair(BasketPayoff.PRODUCT, **changed)


def test_weights_of_both_signs_have_no_product() -> None:
    with pytest.raises(ValueError, match="a product needs positive weights"):
        product_price(pair(BasketPayoff.SUM, weights=np.array([1.0, -1.0])))
