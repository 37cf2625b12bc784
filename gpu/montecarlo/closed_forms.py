"""Prices that are known exactly, as expectations of control variates and for checks.

References
----------
Black and Scholes (1973), "The pricing of options and corporate liabilities".
Kemna and Vorst (1990), "A pricing method for options based on average asset values".
Reiner and Rubinstein (1991), "Breaking down the barriers".
"""

import math

from gpu.montecarlo.option import Option
from gpu.task import Payoff

__all__ = ["black_scholes", "control_price", "geometric_asian", "knock_out", "lognormal_gain"]


def lognormal_gain(forward: float, strike: float, deviation: float, sign: int) -> float:
    """Return the expected gain over a strike of a price whose logarithm is normal.

    Parameters
    ----------
    forward, strike : float
        Expected price and strike [any currency], positive.
    deviation : float
        Standard deviation of the logarithm, not negative.
    sign : int
        1 of a call, -1 of a put.
    """
    if deviation == 0.0:
        return max(sign * (forward - strike), 0.0)
    d1 = math.log(forward / strike) / deviation + deviation / 2
    return sign * (forward * _normal(sign * d1) - strike * _normal(sign * (d1 - deviation)))


def black_scholes(option: Option) -> float:
    """Return the price of a European option, whatever payoff the option names."""
    deviation = option.vol * math.sqrt(option.expiry)
    return option.discount * lognormal_gain(option.forward, option.strike, deviation, option.sign)


def geometric_asian(option: Option) -> float:
    """Return the price on the geometric average of the fixings, whatever payoff is named."""
    n = option.fixings
    mean = (option.rate - option.dividend - option.vol**2 / 2) * option.expiry * (n + 1) / (2 * n)
    variance = option.vol**2 * option.expiry * (n + 1) * (2 * n + 1) / (6 * n * n)
    forward = option.spot * math.exp(mean + variance / 2)
    gain = lognormal_gain(forward, option.strike, math.sqrt(variance), option.sign)
    return option.discount * gain


def knock_out(option: Option) -> float:
    """Return the price of an option that its barrier ends whenever it is touched.

    Notes
    -----
    It is the option that pays on the near side of the barrier alone, less its mirror image: the
    same option on a price that starts at ``barrier^2 / spot``.
    """
    if option.barrier is None:
        raise ValueError("a knock-out needs a barrier")
    ratio = option.barrier / option.spot
    if option.vol == 0.0:
        raise ValueError("a knock-out needs a positive vol")
    power = 2 * (option.rate - option.dividend) / option.vol**2 - 1
    image = _near_side(option, option.forward * ratio**2)
    return option.discount * (_near_side(option, option.forward) - math.pow(ratio, power) * image)


def _near_side(option: Option, forward: float) -> float:
    """Return the expected gain where the last price is on the side of the spot."""
    assert option.barrier is not None
    low, high = (option.strike, math.inf) if option.call else (0.0, option.strike)
    if option.barrier > option.spot:
        high = min(high, option.barrier)
    else:
        low = max(low, option.barrier)
    if low >= high:
        return 0.0
    deviation = option.vol * math.sqrt(option.expiry)

    def above(level: float, shift: float) -> float:
        if level in (0.0, math.inf):
            return float(level == 0.0)
        return _normal(math.log(forward / level) / deviation + shift)

    half = deviation / 2
    price = forward * (above(low, half) - above(high, half))
    return option.sign * (price - option.strike * (above(low, -half) - above(high, -half)))


def control_price(option: Option) -> float:
    """Return the expectation of the control of ``gbm.h``, discounted."""
    if option.payoff == Payoff.ARITHMETIC:
        return geometric_asian(option)
    if option.payoff == Payoff.KNOCK_OUT:
        return black_scholes(option)
    return option.discount * option.forward


def _normal(x: float) -> float:
    return math.erfc(-x / math.sqrt(2.0)) / 2
