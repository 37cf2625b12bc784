"""The round through all instruments: what changes with time alone, and what ends by itself."""

from typing import Any, Final

from amaranth import Cat, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from gateware.common.multiplier import Multiplier
from gateware.common.view import view
from gateware.market.layouts import index_of
from gateware.risk.breaker.averages import Averages
from gateware.risk.breaker.layouts import (
    FRACTION_BITS,
    breaker_band,
    depth_shape,
    grades_of,
    snapshot_layout,
    thresholds_layout,
    verdict_layout,
)
from gateware.risk.breaker.measures import Measures
from gateware.risk.limit_words import row_layout
from hw.breaker_detectors import BREAKER_DETECTORS, BREAKER_WINDOWS
from hw.risk_parameters import RiskParameters

__all__ = ["Survey"]

_FACTOR_FRACTION_BITS: Final = 4
#: Cycles between two visits, so that what follows from the first is done.
_PAUSE: Final = 4
#: Detectors that mean nothing without a price.
_PRICED: Final = sum(1 << n for n in range(BREAKER_DETECTORS.index("divergence")))


class Survey(wiring.Component):
    """Visit one instrument after the other.

    A visit looks at the instrument, moves its averages if a bucket has ended, makes its thresholds
    and its band, looks at it again, and compares all that stands with what is allowed.

    Timing
    ------
    ``asks`` is 1 until ``granted``; one cycle later ``limits`` has the row of the instrument, and
    ``seen_valid`` follows when ``seen`` holds it. Twice for each visit. ``ended`` is 1 for one
    cycle, ``MEASURE`` cycles after the second ``seen_valid``, and what was found stays until the
    next one. The next visit begins ``PAUSE`` cycles after ``ended``. A visit takes ``VISIT`` cycles
    and those from ``granted`` to ``seen_valid``, if it is never kept waiting.

    Parameters
    ----------
    parameters : RiskParameters
        Sizes of the build.

    Members
    -------
    asks, turn, granted : ``Out(1)``, ``Out``, ``In(1)``
        Wants a look at an instrument; gets it.
    limits, windows : ``In(row_layout("breaker"))``, ``In(row_layout("windows"))``
        Limits.
    seen_valid, seen : ``In(1)``, ``In(snapshot_layout)``
        What the look has found.
    ends, behind : ``In(2)``, ``In(2)``
        A bucket of window 0, of window 1 has ended; more of them may follow at once.
    now : ``In(time_bits)``
        The time [ns].
    store, thresholds : ``Out(1)``, ``Out(thresholds_layout)``
        New thresholds for the instrument.
    band : ``Out(breaker_band)``
        Its band, with ``store``.
    ended, watched, verdict, near, hold, time : ``Out``
        The visit's outcome: whether the instrument is watched, what trips, whether a detector that
        widens (bit 0) or reduces (bit 1) is not calm, for how long they must be [ns]; as of when
        [ns].
    clear : ``In(1)``
        Forget all averages and begin anew.
    """

    MEASURE: Final = len(BREAKER_DETECTORS) + 6
    PAUSE: Final = _PAUSE + 1
    VISIT: Final = Averages.LATENCY + BREAKER_WINDOWS + Multiplier.LATENCY + 5 + MEASURE + _PAUSE

    asks: Value
    turn: Value
    granted: Value
    limits: Any
    windows: Any
    seen_valid: Value
    seen: Any
    ends: Value
    behind: Value
    now: Value
    store: Value
    thresholds: Any
    band: Any
    ended: Value
    watched: Value
    verdict: Any
    near: Value
    hold: Value
    time: Value
    clear: Value

    def __init__(self, *, parameters: RiskParameters) -> None:
        self.parameters = p = parameters
        super().__init__(
            {
                "asks": Out(1),
                "turn": Out(index_of(p.instruments)),
                "granted": In(1),
                "limits": In(row_layout("breaker", p)),
                "windows": In(row_layout("windows", p)),
                "seen_valid": In(1),
                "seen": In(snapshot_layout(p)),
                "ends": In(2),
                "behind": In(2),
                "now": In(p.time_bits),
                "store": Out(1),
                "thresholds": Out(thresholds_layout(p)),
                "band": Out(breaker_band(p)),
                "ended": Out(1),
                "watched": Out(1),
                "verdict": Out(verdict_layout(p)),
                "near": Out(2),
                "hold": Out(p.time_bits),
                "time": Out(p.time_bits),
                "clear": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p = self.parameters
        self._row = view(row_layout("breaker", p), name="own")
        bits = max(p.time_bits, p.tick_bits + 1, depth_shape(p).width, len(self.seen.count))
        m.submodules.averages = self._averages = Averages(parameters=p)
        m.submodules.measures = self._measures = Measures(count=len(BREAKER_DETECTORS), bits=bits)
        self._known = Signal()
        self._step = Signal(range(max(_PAUSE, BREAKER_WINDOWS + Multiplier.LATENCY) + 1))
        m.d.comb += [self._averages.clear.eq(self.clear), self._measures.clear.eq(self.clear)]
        m.d.sync += [self._step.eq(self._step + 1), self.ended.eq(0)]
        self._states(m)
        self._average(m)
        self._bound(m)
        self._limit(m)
        self._measure(m)
        m.d.comb += self.hold.eq(self._row.breaker_hold)
        return m

    def _states(self, m: Module) -> None:
        """Go through a visit."""
        busy = Signal(9, init=1)
        names = ("ask", "row", "see", "average", "bound", "store", "ask_again", "look", "end")
        state = {name: busy[n] for n, name in enumerate(names)}
        self._state = state
        measured = self._measures.done
        go = {
            "ask": self.granted,
            "row": 1,
            "see": self.seen_valid,
            "average": self._averages.done | ~self._known,
            "bound": self._step == BREAKER_WINDOWS + Multiplier.LATENCY,
            "store": 1,
            "ask_again": self.granted,
            "look": measured,
            "end": self._step == _PAUSE,
        }
        for n, name in enumerate(names):
            with m.If(state[name] & go[name]):
                m.d.sync += [busy.eq(1 << (n + 1) % len(names)), self._step.eq(0)]
        with m.If(state["end"] & go["end"]):
            m.d.sync += self.turn.eq(self.turn + 1)
        with m.If(self.clear):
            m.d.sync += busy.eq(1)
        m.d.comb += [
            self.asks.eq((state["ask"] | state["ask_again"]) & ~self.clear),
            self.store.eq(state["store"] & ~self.clear),
        ]

    def _average(self, m: Module) -> None:
        """Move the averages of an instrument that has a price, once a bucket."""
        averages, state, windows = self._averages, self._state, self.windows
        takes = [averages.take_sigma, averages.take_others]
        starts = Signal()
        m.d.sync += starts.eq(state["see"] & self.seen_valid & self.seen.known & ~self.clear)
        with m.If(state["row"]):
            m.d.sync += self._row.eq(self.limits)
        with m.If(state["see"] & self.seen_valid):
            m.d.sync += self._known.eq(self.seen.known)
        for n, take in enumerate(takes):
            due, taken = (
                Signal(self.parameters.instruments, name=f"due{n}"),
                Signal(name=f"take{n}"),
            )
            m.d.comb += take.eq(taken)
            with m.If(state["see"] & self.seen_valid):
                m.d.sync += taken.eq(due.bit_select(self.turn, 1) & ~self.behind[n])
            with m.If(self.ends[n]):
                m.d.sync += due.eq(-1)
            with m.Elif(starts & taken):
                m.d.sync += due.bit_select(self.turn, 1).eq(0)
            with m.If(self.clear):
                m.d.sync += due.eq(0)
        m.d.comb += [
            averages.start.eq(starts), averages.instrument.eq(self.turn),
            averages.price.eq(self.seen.price), averages.depth.eq(self.seen.depth),
            averages.shifts[0].eq(windows.sigma_smoothing),
            averages.shifts[1].eq(windows.reference_smoothing),
            averages.shifts[2].eq(windows.depth_smoothing),
        ]  # fmt: skip

    def _bound(self, m: Module) -> None:
        """Make the thresholds of returns: the fixed one, or a multiple of the volatility."""
        averages, row, known, step = self._averages, self._row, self._known, self._step
        multiplier: Any = Multiplier(a_bits=len(row.sigma_factor0), b_bits=len(averages.sigma))
        m.submodules.multiplier = multiplier
        m.d.comb += multiplier.b.eq(Mux(known, averages.sigma, 0))
        for w in range(BREAKER_WINDOWS):
            bound, fixed = self.thresholds.returns[w], row[f"return_limit{w}"]
            scaled = multiplier.product >> (FRACTION_BITS + _FACTOR_FRACTION_BITS)
            most = Mux(scaled[len(bound) :].any(), (1 << len(bound)) - 1, scaled[: len(bound)])
            with m.If(step == w):
                m.d.comb += multiplier.a.eq(row[f"sigma_factor{w}"])
            with m.If(self._state["bound"] & (step == w + multiplier.LATENCY)):
                m.d.sync += bound.eq(Mux(most > fixed, most, fixed))

    def _limit(self, m: Module) -> None:
        """Make the smallest depth, and the band around the reference."""
        averages, row, known, step = self._averages, self._row, self._known, self._step
        bits = self.parameters.tick_bits
        double = Signal(bits + 1)
        below, above = Signal(bits + 1), Signal(bits + 1)
        low, high = Signal(bits + 1), Signal(bits + 1)
        m.d.comb += [
            double.eq(averages.reference >> FRACTION_BITS),
            low.eq(below - row.luld_band),
            high.eq(above + row.luld_band),
        ]
        m.d.sync += [below.eq((double + 1) >> 1), above.eq(double >> 1)]
        with m.If(self._state["bound"] & (step == 1)):
            depth = averages.depth_average >> FRACTION_BITS
            m.d.sync += [
                self.thresholds.floor.eq(Mux(known, depth >> row.depth_shift, 0)),
                self.band.in_force.eq(row.breaker_flags[1]),
                # Without a reference nothing is inside.
                self.band.low.eq(Mux(known, Mux(low[-1], 0, low), (1 << bits) - 1)),
                self.band.high.eq(Mux(known, Mux(high[-1], (1 << bits) - 1, high), 0)),
            ]

    def _measure(self, m: Module) -> None:
        """Compare what stands with what is allowed."""
        p, row, seen, measures = self.parameters, self._row, self.seen, self._measures
        # The look stands for two cycles before the comparisons: excursions, and the larger ones.
        starts = Signal(2)
        looked = self._state["look"] & self.seen_valid
        m.d.sync += starts.eq(Mux(self.clear, 0, Cat(looked, starts)))
        moved = []
        bits = p.tick_bits + 1
        for w in range(BREAKER_WINDOWS):
            fall, rise, most = (Signal(bits, name=f"{n}{w}") for n in ("fall", "rise", "most"))
            m.d.sync += [
                fall.eq(seen.highest[w] - seen.price), rise.eq(seen.price - seen.lowest[w]),
                most.eq(Mux(fall > rise, fall, rise)),
            ]  # fmt: skip
            moved.append(most)
        silence = Signal(p.time_bits)
        with m.If(looked):
            m.d.sync += [silence.eq(self.now - seen.time), self.time.eq(self.now)]
        bounds = self.thresholds
        pairs = [
            *((moved[w], bounds.returns[w]) for w in range(BREAKER_WINDOWS)),
            (seen.spread, row.spread_limit), (bounds.floor, seen.depth),
            (seen.divergence, row.divergence_limit), (seen.count, row.breaker_rate),
            (silence, row.breaker_silence),
        ]  # fmt: skip
        for n, (measure, bound) in enumerate(pairs):
            m.d.comb += [measures.measures[n].eq(measure), measures.bounds[n].eq(bound)]
        m.d.comb += measures.start.eq(starts[1])
        every = (1 << len(BREAKER_DETECTORS)) - 1
        counts = Mux(row.breaker_flags[0], Mux(seen.known, every, every & ~_PRICED), 0)
        over, near = measures.over & counts, measures.near & counts
        with m.If(measures.done):
            m.d.sync += [
                self.ended.eq(~self.clear),
                self.watched.eq(row.breaker_flags[0]),
                self.verdict.instrument.eq(self.turn),
                self.verdict.over.eq(over),
                self.verdict.grades.eq(grades_of(over, row.breaker_actions)),
                self.near.eq(grades_of(near, row.breaker_actions)[:2]),
            ]
