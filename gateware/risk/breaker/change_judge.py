"""Whether a change of the market crosses a threshold, within a cycle."""

from typing import Any, Final

from amaranth import Cat, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from gateware.market.layouts import market_change, market_venue
from gateware.risk.breaker.comparing import exceeds_sum, sum_exceeds
from gateware.risk.breaker.layouts import (
    COUNT_BITS,
    edges_layout,
    fences_layout,
    grades_of,
    verdict_layout,
)
from gateware.risk.limit_words import row_layout
from hw.breaker_detectors import BREAKER_DETECTORS, BREAKER_WINDOWS
from hw.risk_parameters import RiskParameters

__all__ = ["ChangeJudge"]


class ChangeJudge(wiring.Component):
    """Compare a change with prices that were made ready before it came.

    Returns are outside a fence: ``bid + ask`` below a low or above a high. The other detectors
    compare with the limits themselves. Silence is no change; it is judged elsewhere.

    Timing
    ------
    Everything is sampled in cycle 0; ``verdict`` is valid in cycle ``LATENCY``, for one cycle. One
    change a cycle.

    Parameters
    ----------
    parameters : RiskParameters
        Sizes of the build.

    Members
    -------
    valid, change, row : ``In(1)``, ``In(market_change)``, ``In(market_venue)`` for each venue
        A change, as of ``ConsolidatedMarket``.
    limits : ``In(row_layout("breaker"))``
        Of its instrument.
    fences, fenced : ``In(fences_layout)``, ``In(1)``
        Of its instrument; they count only if ``fenced``.
    recent, recent_fenced : ``In(edges_layout)`` for each of 2, ``In(2)``
        As of ``RecentFences``.
    count : ``In(32)``
        Changes of its instrument in this bucket before it.
    watched : ``In(1)``
        The instrument is; otherwise nothing is found.
    verdict : ``Out(verdict_layout)``
        What was found; all 0 without a change.
    """

    LATENCY: Final = 1

    valid: Value
    change: Any
    row: Any
    limits: Any
    fences: Any
    fenced: Value
    recent: Any
    recent_fenced: Value
    count: Value
    watched: Value
    verdict: Any

    def __init__(self, *, parameters: RiskParameters) -> None:
        self.parameters = p = parameters
        super().__init__(
            {
                "valid": In(1),
                "change": In(market_change(p)),
                "row": In(market_venue(p)).array(p.venues),
                "limits": In(row_layout("breaker", p)),
                "fences": In(fences_layout(p)),
                "fenced": In(1),
                "recent": In(edges_layout(p)).array(2),
                "recent_fenced": In(2),
                "count": In(COUNT_BITS),
                "watched": In(1),
                "verdict": Out(verdict_layout(p)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bid, ask, fences, limits = self.change.bid, self.change.ask, self.fences, self.limits
        over, counts, priced = Signal(len(BREAKER_DETECTORS)), Signal(), Signal()
        m.d.comb += [
            counts.eq(self.valid & self.watched & limits.breaker_flags[0]),
            priced.eq(bid.known & ask.known),
        ]
        edges = [(self.fenced, fences), *zip(self.recent_fenced, self.recent, strict=True)]
        found = {
            f"return{w}": Cat(
                stands
                & (
                    exceeds_sum(edge.lows[w], bid.tick, ask.tick)
                    | sum_exceeds(bid.tick, ask.tick, edge.highs[w])
                )
                for stands, edge in edges
            ).any()
            for w in range(BREAKER_WINDOWS)
        }
        found["spread"] = exceeds_sum(ask.tick, bid.tick, limits.spread_limit)
        shallow = (bid.quantity < fences.floor) | (ask.quantity < fences.floor)
        found["depth"] = self.fenced & shallow
        for n, name in enumerate(BREAKER_DETECTORS):
            if name in found:
                m.d.comb += over[n].eq(found[name] & priced)
        # The count before this change; it stops at its largest value, which is above no other.
        m.d.comb += [
            over[BREAKER_DETECTORS.index("divergence")].eq(self._diverges(m)),
            over[BREAKER_DETECTORS.index("rate")].eq(
                (self.count >= limits.breaker_rate) & ~limits.breaker_rate.all()
            ),
        ]
        m.d.sync += [
            self.verdict.instrument.eq(self.change.instrument),
            self.verdict.over.eq(Mux(counts, over, 0)),
            self.verdict.grades.eq(Mux(counts, grades_of(over, limits.breaker_actions), 0)),
        ]
        return m

    def _diverges(self, m: Module) -> Value:
        """Say whether any venue is further above any other than it may be."""
        limit = self.limits.divergence_limit
        venues = [self.row[v] for v in range(self.parameters.venues)]
        usable = [v.valid & v.bid_known & v.ask_known for v in venues]
        sums = []
        for n, venue in enumerate(venues):
            total = Signal(len(limit), name=f"sum{n}")
            m.d.comb += total.eq(venue.bid_tick + venue.ask_tick)
            sums.append(total)
        pairs = [(a, b) for a in range(len(venues)) for b in range(len(venues)) if a != b]
        return Cat(
            usable[a] & usable[b] & exceeds_sum(sums[a], sums[b], limit) for a, b in pairs
        ).any()
