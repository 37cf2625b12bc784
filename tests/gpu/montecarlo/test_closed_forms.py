"""Closed forms against published values and identities."""

import math
from dataclasses import replace
from typing import Any

import pytest

from gpu.montecarlo.closed_forms import black_scholes, geometric_asian, knock_out
from gpu.montecarlo.option import Option
from gpu.task import Payoff
from tests.benchmarks.quantlib_asian import import_quantlib
from tests.gpu.machines import needs_quantlib

OPTION = Option(
    payoff=Payoff.EUROPEAN, call=True, spot=100.0, strike=100.0, rate=0.05, vol=0.2, expiry=1.0
)


def option(**changed: Any) -> Option:
    return replace(OPTION, **changed)


def test_black_and_scholes_give_the_textbook_price() -> None:
    assert black_scholes(option()) == pytest.approx(10.450583572185565, rel=1e-14)


def test_call_less_put_is_the_forward() -> None:
    call, put = (option(call=call, strike=93.0, dividend=0.03) for call in (True, False))
    forward = 100 * math.exp(-0.03) - 93 * math.exp(-0.05)
    assert black_scholes(call) - black_scholes(put) == pytest.approx(forward, rel=1e-12)


def test_one_fixing_is_a_european_option() -> None:
    given = option(fixings=1, strike=110.0, dividend=0.01)
    assert geometric_asian(given) == pytest.approx(black_scholes(given), rel=1e-14)


def test_many_fixings_are_the_continuous_average_of_kemna_and_vorst() -> None:
    vol, rate = 0.2, 0.05
    carried = (rate - vol**2 / 6) / 2
    forward = option(vol=vol / math.sqrt(3), rate=carried)
    expected = black_scholes(forward) * math.exp(carried - rate)
    assert geometric_asian(option(fixings=10**6)) == pytest.approx(expected, rel=1e-5)


@needs_quantlib
@pytest.mark.parametrize("call", [True, False])
@pytest.mark.parametrize("barrier", [70.0, 95.0, 104.0, 150.0])
@pytest.mark.parametrize("strike", [90.0, 100.0, 115.0])
def test_quantlib_knows_the_same_knock_outs(call: bool, barrier: float, strike: float) -> None:
    ql = import_quantlib()
    today = ql.Date(15, 1, 2026)
    ql.Settings.instance().evaluationDate = today
    days = ql.Actual360()
    flat = [ql.YieldTermStructureHandle(ql.FlatForward(today, r, days)) for r in (0.02, 0.05)]
    vol = ql.BlackVolTermStructureHandle(ql.BlackConstantVol(today, ql.NullCalendar(), 0.2, days))
    process = ql.BlackScholesMertonProcess(ql.QuoteHandle(ql.SimpleQuote(100.0)), *flat, vol)
    given = ql.BarrierOption(
        ql.Barrier.UpOut if barrier > 100 else ql.Barrier.DownOut,
        barrier,
        0.0,
        ql.PlainVanillaPayoff(ql.Option.Call if call else ql.Option.Put, strike),
        ql.EuropeanExercise(today + 360),
    )
    given.setPricingEngine(ql.AnalyticBarrierEngine(process))
    market: dict[str, Any] = {
        "spot": 100.0,
        "rate": 0.05,
        "vol": 0.2,
        "expiry": 1.0,
        "dividend": 0.02,
    }
    ours = Option(payoff=Payoff.KNOCK_OUT, call=call, strike=strike, barrier=barrier, **market)
    assert knock_out(ours) == pytest.approx(given.NPV(), abs=1e-9)
