"""What the circuit breaker does: actions that begin at once and end when they may."""

from typing import Any, Final

from amaranth import Cat, Module, Mux, Signal, Value, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from gateware.common.view import view
from gateware.market.layouts import index_of
from gateware.market.tables import table
from gateware.risk.breaker.layouts import GRADES, trip_layout, verdict_layout
from hw.records import BREAKER_ACTION
from hw.risk_parameters import RiskParameters

__all__ = ["BreakerActions"]

_SOURCES: Final = ("change", "visit")
_HALT: Final = GRADES.index("halt")


class BreakerActions(wiring.Component):
    """Keep for each instrument whether it is widened, reducing or halted.

    Widen and reduce end in a visit that finds every detector with that action calm, ``hold`` after
    the last visit that did not, or the last trip. A halt ends when the operator clears it, unless
    what halted still stands: something that sets an action wins over what ends it.

    Timing
    ------
    A trip of ``change`` in cycle k is in the masks in that cycle and from then on; one of ``visit``
    from cycle k + 1 on. ``cancel`` and its event are there in cycle k + 1. ``clear`` in
    cycle k shows in cycle k + 1. An action ends ``RELEASE_LATENCY`` cycles after the visit at most;
    visits are further apart.

    Parameters
    ----------
    parameters : RiskParameters
        Sizes of the build.

    Members
    -------
    change, visit : ``In(verdict_layout)``
        Trips, for one cycle each; ``visit`` counts with ``ended`` only.
    ended, instrument, watch, near : ``In(1)``, ``In``, ``In(1)``, ``In(2)``
        A visit of an instrument: whether it is watched, whether a detector that widens (bit 0) or
        reduces (bit 1) is not calm. ``instrument`` stays until the next visit.
    hold, time : ``In(time_bits)``, ``In(time_bits)``
        How long they must be calm, and as of when the visit says so [ns]; stay like ``instrument``.
    now : ``In(time_bits)``
        The time [ns].
    clear : ``In(instruments)``
        The operator ends the halts of these.
    restart : ``In(1)``
        Nothing is watched until the next visit; what is in force stays.
    widened, reducing, halted : ``Out(instruments)``
        Instruments in which these actions are in force. One that is not watched is halted.
    cancel : ``Out(instruments)``
        For one cycle: these have been halted by a trip.
    watched : ``Out(instruments)``
        Instruments that are watched.
    event_valid, events : ``Out(2)``, ``Out(trip_layout)`` for each, ``time`` and ``cycle`` are 0
        Actions that began or ended, in their order.
    """

    RELEASE_LATENCY: Final = 4

    change: Any
    visit: Any
    ended: Value
    instrument: Value
    watch: Value
    near: Value
    hold: Value
    time: Value
    now: Value
    clear: Value
    restart: Value
    widened: Value
    reducing: Value
    halted: Value
    cancel: Value
    watched: Value
    event_valid: Value
    events: Any

    def __init__(self, *, parameters: RiskParameters) -> None:
        self.parameters = p = parameters
        masks = ("widened", "reducing", "halted", "cancel", "watched")
        super().__init__(
            {
                **{source: In(verdict_layout(p)) for source in _SOURCES},
                "ended": In(1),
                "instrument": In(index_of(p.instruments)),
                "watch": In(1),
                "near": In(2),
                "hold": In(p.time_bits),
                "time": In(p.time_bits),
                "now": In(p.time_bits),
                "clear": In(p.instruments),
                "restart": In(1),
                **{mask: Out(p.instruments) for mask in masks},
                "event_valid": Out(len(_SOURCES)),
                "events": Out(trip_layout(p)).array(len(_SOURCES)),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        count = self.parameters.instruments
        own = Signal(count)  # the instrument of the visit
        m.d.comb += own.eq(Cat(self.instrument == i for i in range(count)))
        self._latches = [Signal(count, name=f"latch_{g}") for g in GRADES]
        self._moved = [Signal(count, name=f"moved_{g}") for g in GRADES]
        self._sets = [self._trips(m, g) for g in range(len(GRADES))]
        releases = self._hold(m, own)
        tripping = Signal(count)
        for g, sets in enumerate(self._sets):
            trips = sets[0] | sets[1]
            ends = self.clear & ~tripping if g == _HALT else Mux(releases[g], own, 0)
            m.d.sync += [
                self._latches[g].eq((self._latches[g] & ~ends) | trips),
                self._moved[g].eq((self._moved[g] & ~Mux(self.ended, own, 0)) | trips),
            ]
            if g == _HALT:
                judged = Mux(self.ended, own & ~self._moved[g], 0)
                m.d.sync += [
                    tripping.eq((tripping & ~judged) | trips),
                    self.cancel.eq(trips & ~self._latches[g]),
                ]
        with m.If(self.restart):
            m.d.sync += self.watched.eq(0)
        with m.Elif(self.ended):
            m.d.sync += self.watched.eq(Mux(self.watch, self.watched | own, self.watched & ~own))
        first = [sets[0] for sets in self._sets]
        m.d.comb += [
            self.widened.eq(self._latches[0] | first[0]),
            self.reducing.eq(self._latches[1] | first[1]),
            self.halted.eq(self._latches[2] | first[2] | ~self.watched),
        ]
        self._tell(m, releases)
        return m

    def _trips(self, m: Module, grade: int) -> list[Value]:
        """Return the instruments that each source trips with a grade."""
        trips: list[Value] = []
        for source in _SOURCES:
            verdict = getattr(self, source)
            mask = Signal(self.parameters.instruments, name=f"{source}_{GRADES[grade]}s")
            counts = verdict.grades[grade] & (self.ended if source == "visit" else 1)
            m.d.comb += mask.eq(Cat(counts & (verdict.instrument == i) for i in range(len(mask))))
            trips.append(mask)
        return trips

    def _hold(self, m: Module, own: Value) -> list[Value]:
        """Say when an action ends: reduce two cycles after a visit, widen three."""
        p = self.parameters
        time = unsigned(p.time_bits)
        stamps = data.StructLayout({GRADES[g]: time for g in range(_HALT)})
        memory, write = table(m, "stamps", shape=stamps, depth=p.instruments)
        read, stamped = memory.read_port(domain="comb"), view(stamps, name="stamped")
        kept = view(stamps, name="kept")
        after = Signal(3)  # cycles since the visit ended
        m.d.sync += [after.eq(Cat(self.ended, after)), kept.eq(stamped)]
        m.d.comb += [
            read.addr.eq(self.instrument), write.addr.eq(self.instrument),
            write.data.eq(stamped), write.en.eq(self.ended),
        ]  # fmt: skip
        releases: list[Value] = []
        for g in range(_HALT):
            name, moved = GRADES[g], (self._moved[g] & own).any()
            calm, elapsed = Signal(name=f"calm{g}"), Signal(time, name=f"elapsed{g}")
            release = Signal(name=f"release_{name}")
            # A trip may be younger than what the visit saw.
            seen = Mux(self.near[g], self.time, read.data[name])
            m.d.comb += stamped[name].eq(Mux(moved, self.now, seen))
            with m.If(self.ended):
                m.d.sync += calm.eq(~moved & ~self.near[g])
            with m.If(after[0]):
                m.d.sync += elapsed.eq(self.time - kept[name])
            stands = (self._latches[g] & own & ~self._moved[g]).any()
            m.d.comb += release.eq(after[2 - g] & calm & stands & (elapsed >= self.hold))
            releases.append(release)
        return releases

    def _tell(self, m: Module, releases: list[Value]) -> None:
        """Say what begins, of each source the strictest, and what ends."""
        begun: list[Value] = list(self._latches)
        for n, source in enumerate(_SOURCES):
            verdict, event = getattr(self, source), self.events[n]
            rises = [(self._sets[g][n] & ~begun[g]).any() for g in range(len(GRADES))]
            m.d.sync += [
                self.event_valid[n].eq(Cat(rises).any()),
                event.instrument.eq(verdict.instrument),
                event.detectors.eq(verdict.over),
                event.released.eq(0),
            ]
            for g, grade in enumerate(GRADES):
                with m.If(rises[g]):
                    m.d.sync += event.action.eq(getattr(BREAKER_ACTION, grade))
            begun = [b | self._sets[g][n] for g, b in enumerate(begun)]
        last = self.events[-1]
        for g, release in enumerate(releases):
            ends = release & ~self._sets[g][0].bit_select(self.instrument, 1)
            with m.If(ends):
                m.d.sync += [
                    self.event_valid[-1].eq(1), last.instrument.eq(self.instrument),
                    last.detectors.eq(0), last.released.eq(1),
                    last.action.eq(getattr(BREAKER_ACTION, GRADES[g])),
                ]  # fmt: skip
