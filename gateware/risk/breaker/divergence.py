"""How far the venues of an instrument are apart."""

from typing import Any, Final

from amaranth import Module, Mux, Signal, Value

from hw.risk_parameters import RiskParameters

__all__ = ["DIVERGENCE_LATENCY", "measure_divergence"]

#: Cycles from the row to the measure.
DIVERGENCE_LATENCY: Final = 5
_LEVELS: Final = 3


def measure_divergence(m: Module, row: Any, parameters: RiskParameters) -> Value:
    """Return the largest less the smallest ``bid + ask`` of all venues that have both.

    0 if less than two have. It is valid ``DIVERGENCE_LATENCY`` cycles after the row: their sums are
    there after one, the extremes after three more.

    Parameters
    ----------
    m : Module
        Where to.
    row : array of View
        What each venue has, as of ``market_venue``.
    parameters : RiskParameters
        Sizes of the build.
    """
    bits = parameters.tick_bits + 1
    highest: list[Value] = []
    lowest: list[Value] = []
    for v in range(parameters.venues):
        venue = row[v]
        high = Signal(bits, name=f"high{v}", reset_less=True)
        low = Signal(bits, name=f"low{v}", reset_less=True)
        usable = venue.valid & venue.bid_known & venue.ask_known
        total = venue.bid_tick + venue.ask_tick
        # A venue without prices has such as cannot be extremes.
        m.d.sync += [high.eq(Mux(usable, total, 0)), low.eq(Mux(usable, total, (1 << bits) - 1))]
        highest.append(high)
        lowest.append(low)
    for level in range(_LEVELS):
        higher = [(a, b, a > b) for a, b in _pairs(highest)]
        lower = [(a, b, a < b) for a, b in _pairs(lowest)]
        highest = _kept(m, higher, f"higher{level}_")
        lowest = _kept(m, lower, f"lower{level}_")
    difference = Signal(bits, reset_less=True)
    m.d.sync += difference.eq(Mux(highest[0] > lowest[0], highest[0] - lowest[0], 0))
    return difference


def _pairs(values: list[Value]) -> list[tuple[Value, Value]]:
    """Return them two and two; one alone is paired with itself."""
    return [(values[n], values[min(n + 1, len(values) - 1)]) for n in range(0, len(values), 2)]


def _kept(m: Module, choices: list[tuple[Value, Value, Value]], name: str) -> list[Value]:
    """Register the first of each pair where the condition holds, else the second."""
    kept: list[Value] = []
    for n, (a, b, first) in enumerate(choices):
        one = Signal(len(a), name=f"{name}{n}", reset_less=True)
        m.d.sync += one.eq(Mux(first, a, b))
        kept.append(one)
    return kept
