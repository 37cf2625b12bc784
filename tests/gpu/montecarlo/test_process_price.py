"""Prices under every process against cosine series, Spitzer's identity, closed forms, QuantLib."""

import importlib
import math

import numpy as np
import pytest
from numpy.typing import NDArray

from gpu.backend import Backend, choose
from gpu.montecarlo.characteristic import BlackScholes, Heston
from gpu.montecarlo.closed_forms import black_scholes, geometric_asian, knock_out
from gpu.montecarlo.dynamics import Walked
from gpu.montecarlo.fourier import Market, european_prices
from gpu.montecarlo.option import Contract, Option
from gpu.montecarlo.process_price import process_price
from gpu.task import Payoff
from gpu.twin import NumpyBackend
from tests.gpu.machines import CACHE, levels, needs_quantlib
from tests.gpu.processes import PROCESSES, contract

Floats = NDArray[np.float64]

SIGMAS = 3.5  # a true price is missed by more once in 2,000 seeds; the seeds are fixed
EXACT_STEPS = [name for name, one in PROCESSES.items() if not isinstance(one, Heston)]


@pytest.fixture(scope="module")
def backend() -> Backend:
    return choose("native" if levels() else "numpy", CACHE, threads=2)


def cosine_price(process: Walked, given: Contract) -> float:
    market = Market(spot=given.spot, rate=given.rate, dividend=given.dividend)
    strikes, calls = np.array([given.strike]), np.array([given.call])
    return float(european_prices(process, market, given.expiry, strikes, calls)[0])


@pytest.mark.parametrize("name", PROCESSES)
@pytest.mark.parametrize(("call", "strike"), [(True, 100.0), (True, 125.0), (False, 85.0)])
@pytest.mark.parametrize("antithetic", [False, True])
def test_european_prices_are_those_of_the_cosine_series(
    backend: Backend, name: str, call: bool, strike: float, antithetic: bool
) -> None:
    given = contract(Payoff.EUROPEAN, call=call, strike=strike)
    process = PROCESSES[name]
    found = process_price(
        process, given, paths=100_000, seed=5, backend=backend, steps=64, antithetic=antithetic
    )
    assert 0 < found.stderr < 0.04
    assert abs(found.value - cosine_price(process, given)) < SIGMAS * found.stderr


@pytest.mark.parametrize("name", ["kou", "merton"])
def test_many_jumps_take_more_steps_and_keep_the_price(backend: Backend, name: str) -> None:
    given = contract(Payoff.EUROPEAN, expiry=30.0)
    found = process_price(PROCESSES[name], given, paths=100_000, seed=6, backend=backend)
    assert found.steps == {"kou": 12, "merton": 3}[name]  # at most 8 jumps expected in each
    assert abs(found.value - cosine_price(PROCESSES[name], given)) < SIGMAS * found.stderr


@pytest.mark.parametrize("name", PROCESSES)
def test_the_expected_price_is_the_forward_with_few_steps_too(backend: Backend, name: str) -> None:
    """A call far in the money, without the control that would hide it."""
    given = contract(Payoff.EUROPEAN, strike=1e-3)
    found = process_price(
        PROCESSES[name], given, paths=200_000, seed=7, backend=backend, steps=4, control=False
    )
    exact = given.discount * (given.forward - 1e-3)
    assert abs(found.value - exact) < SIGMAS * found.stderr


def highest_price(process: Walked, given: Contract, call: bool) -> float:
    """Return the discounted expectation of the highest of today's price and the fixings, or least.

    Spitzer (1956), "A combinatorial lemma and its application to probability theory": with
    ``b_k = E max(1, S_k)`` for steps of one fixing, ``n a_n = sum b_k a_(n-k)`` and ``a_0 = 1``
    give the expectation ``a_n`` of the highest; with min in both places, that of the least.
    """
    unit = given.expiry / given.fixings
    ends = []
    for k in range(1, given.fixings + 1):
        plain = contract(Payoff.EUROPEAN, call=call, spot=1.0, strike=1.0, expiry=unit * k)
        gain = cosine_price(process, plain) / plain.discount
        ends.append(1.0 + gain if call else 1.0 - gain)
    means = [1.0]
    for n in range(1, given.fixings + 1):
        means.append(math.fsum(ends[k - 1] * means[n - k] for k in range(1, n + 1)) / n)
    return given.discount * given.spot * means[-1]


@pytest.mark.parametrize("name", EXACT_STEPS)
@pytest.mark.parametrize("call", [True, False])
@pytest.mark.parametrize("fixings", [1, 12])
def test_lookbacks_satisfy_spitzers_identity(
    backend: Backend, name: str, call: bool, fixings: int
) -> None:
    process = PROCESSES[name]
    floating = contract(Payoff.LOOKBACK_FLOATING, call=call, fixings=fixings)
    found = process_price(process, floating, paths=100_000, seed=8, backend=backend)
    last = floating.discount * floating.forward
    extreme = highest_price(process, floating, not call)
    assert abs(found.value - floating.sign * (last - extreme)) < SIGMAS * found.stderr
    # A strike that today's price already beats: the payment is certain to be in the money.
    strike = 95.0 if call else 105.0
    fixed = contract(Payoff.LOOKBACK_FIXED, call=call, fixings=fixings, strike=strike)
    found = process_price(process, fixed, paths=100_000, seed=9, backend=backend)
    exact = fixed.sign * (highest_price(process, fixed, call) - strike * fixed.discount)
    assert abs(found.value - exact) < SIGMAS * found.stderr


def running_maximum(vol: float, drift: float, fixings: int) -> tuple[Floats, Floats]:
    """Return logarithms on a grid and the distribution of the highest of them there.

    Lindley (1952): the highest of n steps is that of n - 1 and one more step, or 0. The atom at 0
    is the first entry; the rest of a step is integrated over cells.
    """
    grid = np.asarray(np.arange(0, 3000) * 5e-4, dtype=np.float64)
    mass = np.zeros(len(grid))
    mass[0] = 1.0
    normal = np.vectorize(lambda x: math.erfc(-x / math.sqrt(2.0)) / 2)
    cells = np.arange(-3000, 3001) * 5e-4
    step = normal((cells + 2.5e-4 - drift) / vol) - normal((cells - 2.5e-4 - drift) / vol)
    for _ in range(fixings):
        wide = np.convolve(mass, step)
        moved = wide[3000:6000].copy()
        moved[0] += wide[:3000].sum()
        mass = moved
    return grid, mass


@pytest.mark.parametrize("strike", [100.0, 115.0, 130.0])
def test_fixed_lookbacks_agree_with_lindleys_recursion(backend: Backend, strike: float) -> None:
    given = contract(Payoff.LOOKBACK_FIXED, strike=strike, fixings=6)
    step = given.expiry / 6
    grid, mass = running_maximum(
        0.2 * math.sqrt(step), (given.rate - given.dividend - 0.02) * step, 6
    )
    exact = given.discount * float(mass @ np.maximum(100.0 * np.exp(grid) - strike, 0.0))
    found = process_price(
        PROCESSES["black-scholes"], given, paths=200_000, seed=10, backend=backend
    )
    assert abs(found.value - exact) < SIGMAS * found.stderr + 2e-3  # the grid


@pytest.mark.parametrize("call", [True, False])
@pytest.mark.parametrize("barrier", [85.0, 120.0])
@pytest.mark.parametrize("fixings", [1, 12])
def test_barriers_agree_with_reiner_and_rubinstein(
    backend: Backend, call: bool, barrier: float, fixings: int
) -> None:
    exact = Option(
        payoff=Payoff.KNOCK_OUT, call=call, spot=100.0, strike=98.0, rate=0.03, dividend=0.01,
        vol=0.2, expiry=1.0, barrier=barrier,
    )  # fmt: skip
    out = knock_out(exact)
    for payoff, value in ((Payoff.KNOCK_OUT, out), (Payoff.KNOCK_IN, black_scholes(exact) - out)):
        given = contract(payoff, call=call, strike=98.0, barrier=barrier, fixings=fixings)
        found = process_price(BlackScholes(vol=0.2), given, paths=200_000, seed=11, backend=backend)
        assert abs(found.value - value) < SIGMAS * found.stderr + 1e-5


def test_a_geometric_average_has_its_closed_form(backend: Backend) -> None:
    given = contract(Payoff.GEOMETRIC, fixings=12)
    plain = Option(
        payoff=Payoff.GEOMETRIC, call=True, spot=100.0, strike=100.0, rate=0.03, dividend=0.01,
        vol=0.2, expiry=1.0, fixings=12,
    )  # fmt: skip
    process = BlackScholes(vol=0.2)
    found = process_price(process, given, paths=200_000, seed=12, backend=backend)
    assert abs(found.value - geometric_asian(plain)) < SIGMAS * found.stderr


@needs_quantlib
def test_quantlib_finds_the_same_geometric_average_under_heston(backend: Backend) -> None:
    """The semi-analytic engine after Kim and Wee (2014)."""
    ql = importlib.import_module("QuantLib")
    today = ql.Date(1, 1, 2025)
    ql.Settings.instance().evaluationDate = today
    count = ql.Actual365Fixed()
    curves = [
        ql.YieldTermStructureHandle(ql.FlatForward(today, level, count)) for level in (0.03, 0.01)
    ]
    heston = PROCESSES["heston"]
    assert isinstance(heston, Heston)
    five = (heston.v0, heston.kappa, heston.theta, heston.sigma, heston.rho)
    process = ql.HestonProcess(*curves, ql.QuoteHandle(ql.SimpleQuote(100.0)), *five)
    option = ql.DiscreteAveragingAsianOption(
        ql.Average.Geometric,
        1.0,
        0,
        [today + 73 * k for k in range(1, 6)],
        ql.PlainVanillaPayoff(ql.Option.Call, 100.0),
        ql.EuropeanExercise(today + 365),
    )
    option.setPricingEngine(ql.AnalyticDiscreteGeometricAveragePriceAsianHestonEngine(process))
    given = contract(Payoff.GEOMETRIC)
    found = process_price(heston, given, paths=200_000, seed=13, backend=backend, steps=60)
    assert abs(found.value - option.NPV()) < SIGMAS * found.stderr


@pytest.mark.parametrize("name", ["heston", "kou", "bates"])
def test_numpy_finds_the_same_price(backend: Backend, name: str) -> None:
    given = contract(Payoff.ARITHMETIC)
    one, two = (
        process_price(PROCESSES[name], given, paths=5000, seed=3, backend=b, steps=10)
        for b in (backend, NumpyBackend())
    )
    assert one.value == pytest.approx(two.value, rel=1e-4)
    assert one.stderr == pytest.approx(two.stderr, rel=1e-3)


@pytest.mark.parametrize("name", PROCESSES)
def test_the_average_as_control_lowers_the_error_of_an_asian(backend: Backend, name: str) -> None:
    given = contract(Payoff.ARITHMETIC, strike=90.0)
    plain, controlled = (
        process_price(
            PROCESSES[name], given, paths=20_000, seed=4, backend=backend, steps=20, control=one
        )
        for one in (False, True)
    )
    assert controlled.stderr < 0.7 * plain.stderr
    assert abs(plain.value - controlled.value) < SIGMAS * plain.stderr
