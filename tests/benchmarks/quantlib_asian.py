"""QuantLib's Monte Carlo of an arithmetic Asian with the geometric control."""

import warnings
from typing import Any

__all__ = ["import_quantlib", "price_with_quantlib"]


def import_quantlib() -> Any:
    """Return the module ``QuantLib``; its SWIG types warn on Python 3.12."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        import QuantLib
    return QuantLib


def price_with_quantlib(
    fixings: int, samples: int, *, days: int = 1, vol: float = 0.2
) -> tuple[float, float]:
    """Return price and standard error of a call at 100, struck at 100, with rate 5 %.

    Parameters
    ----------
    fixings : int
        Averaged prices, ``days`` apart on a year of 360 days.
    samples : int
        Paths.
    """
    ql = import_quantlib()
    today = ql.Date(15, 1, 2026)
    ql.Settings.instance().evaluationDate = today
    counter = ql.Actual360()
    quote = ql.QuoteHandle(ql.SimpleQuote(100.0))
    rate = ql.YieldTermStructureHandle(ql.FlatForward(today, 0.05, counter))
    flat = ql.BlackConstantVol(today, ql.NullCalendar(), vol, counter)
    process = ql.BlackScholesProcess(quote, rate, ql.BlackVolTermStructureHandle(flat))
    dates = [today + days * k for k in range(1, fixings + 1)]
    payoff = ql.PlainVanillaPayoff(ql.Option.Call, 100.0)
    asian = ql.DiscreteAveragingAsianOption(
        ql.Average().Arithmetic, 0.0, 0, dates, payoff, ql.EuropeanExercise(dates[-1])
    )
    engine = ql.MCDiscreteArithmeticAPEngine(
        process, "pseudorandom", controlVariate=True, requiredSamples=samples, seed=42
    )
    asian.setPricingEngine(engine)
    return asian.NPV(), asian.errorEstimate()
