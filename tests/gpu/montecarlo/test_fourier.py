"""Prices by the cosine series against QuantLib, the series of Merton and Kou's own integral."""

import importlib
import math

import numpy as np
import pytest
from scipy.integrate import quad

from gpu.montecarlo.characteristic import Bates, Heston, Kou, Merton, Process
from gpu.montecarlo.closed_forms import lognormal_gain
from gpu.montecarlo.fourier import Market, european_prices
from tests.gpu.machines import needs_quantlib

MARKET = Market(spot=100.0, rate=0.03, dividend=0.01)
STRIKES = np.array([60.0, 90.0, 100.0, 115.0, 170.0])
CALLS = np.array([False, True, True, False, True])
HESTON = Heston(v0=0.04, kappa=1.5, theta=0.06, sigma=0.7, rho=-0.6)
ROUGH = Heston(v0=0.09, kappa=0.5, theta=0.04, sigma=1.0, rho=-0.9)  # Feller's ratio is 0.04
BATES = Bates(
    v0=0.04, kappa=1.5, theta=0.06, sigma=0.7, rho=-0.6, intensity=0.4, jump_mean=-0.1, jump_vol=0.2
)


def quantlib_prices(heston: Heston, expiry: float) -> list[float]:
    ql = importlib.import_module("QuantLib")
    today = ql.Date(1, 1, 2025)
    ql.Settings.instance().evaluationDate = today
    count = ql.Actual365Fixed()
    rate, dividend = (
        ql.YieldTermStructureHandle(ql.FlatForward(today, level, count))
        for level in (MARKET.rate, MARKET.dividend)
    )
    five = (heston.v0, heston.kappa, heston.theta, heston.sigma, heston.rho)
    given = (rate, dividend, ql.QuoteHandle(ql.SimpleQuote(MARKET.spot)), *five)
    if isinstance(heston, Bates):
        jumps = (heston.intensity, heston.jump_mean, heston.jump_vol)
        engine = ql.BatesEngine(ql.BatesModel(ql.BatesProcess(*given, *jumps)), 192)
    else:
        engine = ql.AnalyticHestonEngine(ql.HestonModel(ql.HestonProcess(*given)), 192)
    exercise = ql.EuropeanExercise(today + round(365 * expiry))
    found = []
    for strike, call in zip(STRIKES, CALLS, strict=True):
        payoff = ql.PlainVanillaPayoff(ql.Option.Call if call else ql.Option.Put, float(strike))
        option = ql.VanillaOption(payoff, exercise)
        option.setPricingEngine(engine)
        found.append(option.NPV())
    return found


@needs_quantlib
@pytest.mark.parametrize("heston", [HESTON, ROUGH, BATES])
@pytest.mark.parametrize("days", [30, 365, 3650])
def test_stochastic_volatility_agrees_with_quantlib(heston: Heston, days: int) -> None:
    found = european_prices(heston, MARKET, days / 365, STRIKES, CALLS)
    np.testing.assert_allclose(found, quantlib_prices(heston, days / 365), atol=1e-6)


def test_merton_agrees_with_its_series() -> None:
    merton = Merton(vol=0.15, intensity=0.8, jump_mean=-0.12, jump_vol=0.18)
    for expiry in (0.1, 2.0):
        want = [merton_series(merton, expiry, k, c) for k, c in zip(STRIKES, CALLS, strict=True)]
        found = european_prices(merton, MARKET, expiry, STRIKES, CALLS)
        np.testing.assert_allclose(found, want, atol=1e-9)


def merton_series(merton: Merton, expiry: float, strike: float, call: bool) -> float:
    """Return Merton (1976), equation 19: a sum over the number of jumps."""
    growth = math.expm1(merton.jump_mean + merton.jump_vol**2 / 2)
    total = 0.0
    for n in range(60):
        share = math.exp(-merton.intensity * expiry) * (merton.intensity * expiry) ** n
        forward = MARKET.forward(expiry) * math.exp(
            n * (merton.jump_mean + merton.jump_vol**2 / 2) - merton.intensity * growth * expiry
        )
        deviation = math.sqrt(merton.vol**2 * expiry + n * merton.jump_vol**2)
        gain = lognormal_gain(forward, strike, deviation, 1 if call else -1)
        total += share / math.factorial(n) * gain
    return MARKET.discount(expiry) * total


def test_kou_agrees_with_the_single_integral_of_lewis() -> None:
    kou = Kou(vol=0.16, intensity=1.0, up_share=0.4, up_rate=10.0, down_rate=5.0)
    expiry = 0.5

    def characteristic(u: complex) -> complex:
        """Kou's own moment generating function, section 3 of the paper."""
        up, down, share = kou.up_rate, kou.down_rate, kou.up_share
        mean = share * up / (up - 1) + (1 - share) * down / (down + 1) - 1
        s = 1j * u
        jumps = share * up / (up - s) + (1 - share) * down / (down + s) - 1
        drift = -(kou.vol**2) / 2 - kou.intensity * mean
        return complex(
            np.exp(expiry * (s * drift + kou.vol**2 * s * s / 2 + kou.intensity * jumps))
        )

    forward = MARKET.forward(expiry)
    want = []
    for strike, call in zip(STRIKES, CALLS, strict=True):
        log = math.log(forward / strike)
        integral, _ = quad(
            lambda u, x=log: (np.exp(1j * u * x) * characteristic(u - 0.5j)).real / (u * u + 0.25),
            0,
            300,
            limit=500,
            epsabs=1e-12,
        )
        gain = forward - math.sqrt(forward * strike) / math.pi * integral
        want.append(MARKET.discount(expiry) * (gain if call else gain - forward + strike))
    found = european_prices(kou, MARKET, expiry, STRIKES, CALLS)
    np.testing.assert_allclose(found, want, atol=1e-7)


def test_heston_without_volatility_of_variance_is_black_and_scholes() -> None:
    flat = Heston(v0=0.04, kappa=1.0, theta=0.04, sigma=1e-6, rho=-0.5)
    found = european_prices(flat, MARKET, 1.0, STRIKES, CALLS)
    want = [
        MARKET.discount(1.0) * lognormal_gain(MARKET.forward(1.0), k, 0.2, 1 if c else -1)
        for k, c in zip(STRIKES, CALLS, strict=True)
    ]
    np.testing.assert_allclose(found, want, atol=1e-5)


@pytest.mark.parametrize("process", [HESTON, BATES])
def test_characteristic_function_is_that_of_a_martingale(process: Process) -> None:
    at_zero = process.log_characteristic(np.zeros(1), 2.0)
    np.testing.assert_allclose(at_zero, 0.0, atol=1e-15)
    found = european_prices(process, MARKET, 2.0, np.array([1e-3]), np.array([True]))
    want = 100.0 * math.exp(-0.02) - 1e-3 * math.exp(-0.06)
    np.testing.assert_allclose(found, want, rtol=1e-9)


def test_bad_numbers_are_named() -> None:
    with pytest.raises(ValueError, match="rho must be from -1 to 1, not 2"):
        Heston(v0=0.04, kappa=1.0, theta=0.04, sigma=0.3, rho=2.0)
    with pytest.raises(ValueError, match="up_rate must be above 1, not 1"):
        Kou(vol=0.1, intensity=1.0, up_share=0.5, up_rate=1.0, down_rate=2.0)
    with pytest.raises(ValueError, match="intensity must not be negative"):
        Merton(vol=0.1, intensity=-1.0, jump_mean=0.0, jump_vol=0.1)
    with pytest.raises(ValueError, match="strikes must be positive"):
        european_prices(HESTON, MARKET, 1.0, np.array([0.0]), np.array([True]))
    still = Merton(vol=0.0, intensity=0.0, jump_mean=0.0, jump_vol=0.0)
    with pytest.raises(ValueError, match="must have a variance"):
        european_prices(still, MARKET, 1.0, STRIKES, CALLS)
