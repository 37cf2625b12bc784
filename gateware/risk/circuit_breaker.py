"""The circuit breaker: what the market does, and what may then not be done."""

from typing import Any, Final

from amaranth import Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from gateware.market.layouts import index_of, market_change, market_venue
from gateware.risk.breaker.bands import keep_bands
from gateware.risk.breaker.breaker_actions import BreakerActions
from gateware.risk.breaker.bucket_clock import BucketClock
from gateware.risk.breaker.change_judge import ChangeJudge
from gateware.risk.breaker.layouts import breaker_band, trip_layout
from gateware.risk.breaker.price_history import PriceHistory
from gateware.risk.breaker.recent_fences import RecentFences
from gateware.risk.breaker.survey import Survey
from gateware.risk.breaker.trip_queue import TripQueue
from gateware.risk.limit_words import row_layout
from hw.breaker_detectors import BREAKER_WINDOWS
from hw.risk_parameters import RiskParameters

__all__ = ["CircuitBreaker"]


class CircuitBreaker(wiring.Component):
    """Watch every instrument's market, and act when it crosses a threshold.

    ``docs/concepts/circuit-breaker.md`` says what each detector measures and how each action ends.
    A change is compared at once with fences that were made ready before it: those of the history,
    and those of the changes just before it, which the history does not have yet.

    Timing
    ------
    A change of cycle k that crosses a threshold is in the masks from cycle k + ``LATENCY`` on.
    ``cancel`` comes one cycle after ``halted``, and an event at ``trip`` three cycles after
    ``halted``, or later where others are ahead. One change a cycle.

    A price counts for ``RECENT`` cycles at least, and for less than twice as many beyond what its
    windows say.

    What changes with time or with the limits alone is seen by a round through all instruments: in
    cycles without a change, one visit of ``visit_cycles`` each.

    A band is there ``LATENCY`` cycle after ``band_instrument``, as of the last visit.

    Parameters
    ----------
    parameters : RiskParameters
        Sizes of the build.

    Members
    -------
    change_next_valid, change_next_instrument : ``In(1)``, ``In``
        There is a change in the next cycle, and of which instrument.
    change_valid, change : ``In(1)``, ``In(market_change)``
        A change, as of ``ConsolidatedMarket``.
    row : ``In(market_venue)`` for each venue
        What the venues have in it.
    now, cycle : ``In(time_bits)``, ``In(64)``
        The time [ns], which never goes back, and cycles since reset.
    limits_select, limits : ``Out``, ``In(row_layout("breaker"))``
        A row of limits, there one cycle later.
    windows : ``In(row_layout("windows"))``
        Limits that all instruments share.
    clear : ``In(instruments)``
        The operator ends the halts of these; ignored where what halted still stands.
    restart : ``In(1)``
        Forget the market. Every instrument is halted until it is visited; what is in force stays.
    widened, reducing, halted : ``Out(instruments)``
        Instruments in which strategies must quote wider, in which orders must reduce the position,
        and in which there are none. After reset all are halted, until they are watched.
    cancel : ``Out(instruments)``
        For one cycle: these have been halted by a trip.
    trip : ``Out(stream)``
        What began and what ended.
    trips_lost : ``Out(32)``
        Events that found the queue full; stops at its largest value.
    band_instrument, band : ``In``, ``Out(breaker_band)``
        A look at a band.
    """

    LATENCY: Final = 1
    RECENT: Final = PriceHistory.FENCE_LATENCY
    CANCEL_LATENCY: Final = 2
    TRIP_LATENCY: Final = 4

    change_next_valid: Value
    change_next_instrument: Value
    change_valid: Value
    change: Any
    row: Any
    now: Value
    cycle: Value
    limits_select: Value
    limits: Any
    windows: Any
    clear: Value
    restart: Value
    widened: Value
    reducing: Value
    halted: Value
    cancel: Value
    trip: stream.Interface
    trips_lost: Value
    band_instrument: Value
    band: Any

    def __init__(self, *, parameters: RiskParameters) -> None:
        self.parameters = p = parameters
        masks = ("widened", "reducing", "halted", "cancel")
        super().__init__(
            {
                "change_next_valid": In(1),
                "change_next_instrument": In(index_of(p.instruments)),
                "change_valid": In(1),
                "change": In(market_change(p)),
                "row": In(market_venue(p)).array(p.venues),
                "now": In(p.time_bits),
                "cycle": In(64),
                "limits_select": Out(index_of(p.instruments)),
                "limits": In(row_layout("breaker", p)),
                "windows": In(row_layout("windows", p)),
                "clear": In(p.instruments),
                "restart": In(1),
                **{mask: Out(p.instruments) for mask in masks},
                "trip": Out(stream.Signature(trip_layout(p))),
                "trips_lost": Out(32),
                "band_instrument": In(index_of(p.instruments)),
                "band": Out(breaker_band(p)),
            }
        )

    @property
    def visit_cycles(self) -> int:
        """Cycles of a visit, if no change keeps it waiting."""
        return Survey.VISIT + 2 * (PriceHistory.LATENCY + 1)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p = self.parameters
        m.submodules.judge = self._judge = ChangeJudge(parameters=p)
        m.submodules.history = self._history = PriceHistory(parameters=p)
        m.submodules.recent = self._recent = RecentFences(parameters=p, cycles=self.RECENT)
        m.submodules.survey = self._survey = Survey(parameters=p)
        m.submodules.actions = self._actions = BreakerActions(parameters=p)
        m.submodules.queue = self._queue = TripQueue(parameters=p)
        self._time(m)
        self._come(m)
        self._visit(m)
        self._act(m)
        survey = self._survey
        band = keep_bands(
            m, survey.store, survey.turn, survey.band, self.band_instrument, self.restart, p
        )
        m.d.comb += self.band.eq(band)
        return m

    def _time(self, m: Module) -> None:
        """Cut the time into buckets, for each window."""
        history, survey = self._history, self._survey
        for w in range(BREAKER_WINDOWS):
            clock: Any = BucketClock(time_bits=self.parameters.time_bits)
            m.submodules[f"clock{w}"] = clock
            m.d.comb += [
                clock.now.eq(self.now),
                clock.length.eq(self.windows[f"breaker_bucket{w}"]),
                history.next_bucket[w].eq(clock.next_bucket),
                history.empty[w].eq(clock.empty),
            ]
            if w < len(survey.ends):
                m.d.comb += [
                    survey.ends[w].eq(clock.next_bucket | clock.empty),
                    survey.behind[w].eq(clock.behind),
                ]

    def _come(self, m: Module) -> None:
        """Lead changes, and in the cycles between them looks, to where they are judged."""
        judge, history, survey = self._judge, self._history, self._survey
        walk, looked = Signal.like(survey.turn), Signal.like(survey.turn)
        looks, asked, free = Signal(), Signal(), ~self.change_next_valid
        wanted = Mux(survey.asks, survey.turn, walk)
        with m.If(free & ~survey.asks):
            m.d.sync += walk.eq(walk + 1)
        m.d.sync += [looks.eq(free), asked.eq(survey.granted), looked.eq(wanted)]
        selected = Mux(self.change_next_valid, self.change_next_instrument, wanted)
        change, item, limits = self.change, history.item, self.limits
        m.d.comb += [
            survey.granted.eq(survey.asks & free),
            self.limits_select.eq(selected),
            history.select.eq(selected),
            history.valid.eq(self.change_valid | looks),
            history.look.eq(asked),
            item.change.eq(self.change_valid),
            item.instrument.eq(Mux(self.change_valid, change.instrument, looked)),
            item.priced.eq(change.bid.known & change.ask.known),
            item.bid.eq(change.bid.tick),
            item.ask.eq(change.ask.tick),
            item.bid_quantity.eq(change.bid.quantity),
            item.ask_quantity.eq(change.ask.quantity),
            judge.valid.eq(self.change_valid & ~self.restart),
            judge.change.eq(change),
            judge.limits.eq(limits),
            judge.fences.eq(history.fences),
            judge.fenced.eq(history.fenced),
            judge.count.eq(history.count),
            judge.watched.eq(self._actions.watched.bit_select(change.instrument, 1)),
        ]
        for v in range(self.parameters.venues):
            m.d.comb += [history.row[v].eq(self.row[v]), judge.row[v].eq(self.row[v])]
        self._remember(m, selected)

    def _remember(self, m: Module, selected: Value) -> None:
        """Lead changes to where they are remembered until the history has them."""
        judge, recent, change = self._judge, self._recent, self.change
        m.d.comb += [
            recent.select.eq(selected),
            recent.bounds.eq(self._history.bounds),
            recent.valid.eq(self.change_valid & change.bid.known & change.ask.known),
            recent.instrument.eq(change.instrument),
            recent.bid.eq(change.bid.tick),
            recent.ask.eq(change.ask.tick),
            recent.clear.eq(self.restart),
            judge.recent_fenced.eq(recent.fenced),
            *(a.eq(b) for a, b in zip(judge.recent, recent.fences, strict=True)),
        ]

    def _visit(self, m: Module) -> None:
        """Lead to the round what it needs."""
        history, survey = self._history, self._survey
        m.d.comb += [
            survey.limits.eq(self.limits),
            survey.windows.eq(self.windows),
            survey.seen_valid.eq(history.seen_valid),
            survey.seen.eq(history.seen),
            survey.now.eq(self.now),
            survey.clear.eq(self.restart),
            history.now.eq(self.now),
            history.store.eq(survey.store),
            history.store_instrument.eq(survey.turn),
            history.thresholds.eq(survey.thresholds),
            history.clear.eq(self.restart),
        ]

    def _act(self, m: Module) -> None:
        """Lead what was found to the actions, and what they say to the host."""
        survey, actions, queue = self._survey, self._actions, self._queue
        wiring.connect(m, queue.trip, wiring.flipped(self.trip))
        before = Signal(64)  # an event comes one cycle after its decision
        m.d.sync += before.eq(self.cycle)
        m.d.comb += [
            queue.cycle.eq(before),
            actions.change.eq(self._judge.verdict),
            actions.visit.eq(survey.verdict),
            actions.ended.eq(survey.ended),
            actions.instrument.eq(survey.turn),
            actions.watch.eq(survey.watched),
            actions.near.eq(survey.near),
            actions.hold.eq(survey.hold),
            actions.time.eq(survey.time),
            actions.now.eq(self.now),
            actions.clear.eq(self.clear),
            actions.restart.eq(self.restart),
            *(getattr(self, n).eq(getattr(actions, n)) for n in ("widened", "reducing")),
            *(getattr(self, n).eq(getattr(actions, n)) for n in ("halted", "cancel")),
            queue.event_valid.eq(actions.event_valid),
            queue.now.eq(self.now),
            self.trips_lost.eq(queue.lost),
        ]
        for n, event in enumerate(queue.events):
            m.d.comb += event.eq(actions.events[n])
