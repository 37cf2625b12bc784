"""Reference model of ``gateware.risk.circuit_breaker``, event by event."""

from collections.abc import Mapping
from typing import Final

from hw.breaker_detectors import BREAKER_DETECTORS, BREAKER_WINDOWS
from hw.limit_rows import limit_fields
from hw.records import BREAKER_ACTION
from hw.risk_parameters import RiskParameters
from sim.models.breaker_averages import FRACTION, BreakerAverages
from sim.models.breaker_state import Instrument, Market, Trip
from sim.models.bucket_clock import BucketClock

__all__ = ["CircuitBreaker"]

_BIT: Final = {name: n for n, name in enumerate(BREAKER_DETECTORS)}
_RETURNS: Final = BREAKER_DETECTORS[:BREAKER_WINDOWS]
_NO_CHANGES: Final = (1 << 32) - 1


class CircuitBreaker:
    """All instruments, without the cycles.

    Every change is judged by all that came before it. What the gateware's round finds, ``visit``
    finds; the caller says when.

    Parameters
    ----------
    parameters : RiskParameters
        Sizes of the build.

    Attributes
    ----------
    limits : list of dict of str to int
        A row of the table "breaker" for each instrument; all 0 at first.
    windows : dict of str to int
        The row of the table "windows".
    now : int
        The time [ns].
    trips : list of Trip
        What the host was told, in order.
    """

    def __init__(self, parameters: RiskParameters) -> None:
        self.parameters = parameters
        row, shared = (limit_fields(name, parameters) for name in ("breaker", "windows"))
        self.limits = [dict.fromkeys(row, 0) for _ in range(parameters.instruments)]
        self.windows = dict.fromkeys(shared, 0)
        self.now = 0
        self.trips: list[Trip] = []
        self.instruments = [Instrument() for _ in range(parameters.instruments)]
        self._clocks = [BucketClock() for _ in range(BREAKER_WINDOWS)]

    def mask(self, action: int) -> int:
        """Return the instruments in which an action is in force, a bit each."""
        return sum(
            (one.actions[action].on or (action == BREAKER_ACTION.halt and not one.watched)) << i
            for i, one in enumerate(self.instruments)
        )

    def band(self, instrument: int) -> tuple[int, int, int]:
        """Return whether a band is in force, its lowest and its highest price [ticks]."""
        top = (1 << self.parameters.tick_bits) - 1
        return self.instruments[instrument].band or (1, top, 0)

    def pass_to(self, now: int) -> None:
        """Let the time pass [ns]."""
        self.now = now
        for w, clock in enumerate(self._clocks):
            clock.set_length(self.windows[f"breaker_bucket{w}"], now)
            ended = clock.pass_to(now)
            if ended == 0:
                continue
            for one in self.instruments:
                one.take_sigma |= w == 0
                one.take_others |= w == 1
                one.count = 0 if w == 1 else one.count
                for _ in range(ended or 0):
                    one.windows[w].next_bucket()
                if ended is None:
                    one.windows[w].empty()

    def change(self, instrument: int, market: Market) -> None:
        """Take a change of an instrument's market."""
        one, limits = self.instruments[instrument], self.limits[instrument]
        one.time, one.count = self.now, min(one.count + 1, _NO_CHANGES)
        one.divergence = max(market.venues) - min(market.venues) if market.venues else 0
        priced = market.bid is not None and market.ask is not None
        if market.bid is not None and market.ask is not None:
            before, one.price = one.price, market.bid[0] + market.ask[0]
            one.spread = max(market.ask[0] - market.bid[0], 0)
            one.depth = min(market.bid[1], market.ask[1])
            self._look(one, before)
        elif one.price is not None:
            self._look(one, one.price)
        measures = self._measures(one, limits)
        names = [*_RETURNS, "spread", "depth"] if priced else []
        self._trip(instrument, measures, [*names, "divergence", "rate"])

    def visit(self, instrument: int) -> None:
        """Do what the round does with an instrument."""
        one, limits = self.instruments[instrument], self.limits[instrument]
        if one.time is None:
            one.time = self.now
        self._average(one)
        self._bound(one, limits)
        one.watched = bool(limits["breaker_flags"] & 1)
        if one.price is not None:
            self._look(one, one.price)
        measures = self._measures(one, limits) if one.watched else {}
        moved = {action: state.moved for action, state in one.actions.items()}
        for action, state in one.actions.items():
            state.moved = False
            state.tripping &= moved[action]
        self._trip(instrument, measures, list(measures))
        for action in (BREAKER_ACTION.reduce, BREAKER_ACTION.widen):
            stirs = moved[action] or self._grade(measures, instrument, action, over=False)
            self._release(instrument, action, stirs=stirs)

    def clear(self, mask: int) -> None:
        """End the halts of instruments, but where what halted them stands."""
        for i, one in enumerate(self.instruments):
            halt = one.actions[BREAKER_ACTION.halt]
            if mask >> i & 1 and not halt.tripping:
                halt.on = False

    def restart(self) -> None:
        """Forget the market."""
        for one in self.instruments:
            one.forget()

    def _look(self, one: Instrument, before: int | None) -> None:
        """Let the price stand in every window."""
        assert one.price is not None
        one.extremes = [window.come(one.price, before) for window in one.windows]

    def _average(self, one: Instrument) -> None:
        """Begin the averages, or move them if a bucket has ended."""
        if one.price is None:
            return
        windows = self.windows
        if one.averages is None:
            one.averages = BreakerAverages(one.price, one.depth)
        else:
            if one.take_sigma:
                one.averages.take_sigma(one.price, windows["sigma_smoothing"])
            if one.take_others:
                shifts = windows["reference_smoothing"], windows["depth_smoothing"]
                one.averages.take_others(one.price, one.depth, shifts)
        one.take_sigma = one.take_others = False

    def _bound(self, one: Instrument, limits: Mapping[str, int]) -> None:
        """Make the thresholds and the band."""
        most, top = (2 << self.parameters.tick_bits) - 1, (1 << self.parameters.tick_bits) - 1
        averages = one.averages
        for w in range(BREAKER_WINDOWS):
            sigma = averages.sigma if averages else 0
            scaled = limits[f"sigma_factor{w}"] * sigma // (16 * FRACTION)
            one.returns[w] = max(limits[f"return_limit{w}"], min(scaled, most))
        one.floor = averages.depth // FRACTION >> limits["depth_shift"] if averages else 0
        low, high = top, 0
        if averages:
            double, distance = averages.reference // FRACTION, limits["luld_band"]
            low, high = max((double + 1) // 2 - distance, 0), min(double // 2 + distance, top)
        one.band = (limits["breaker_flags"] >> 1 & 1, low, high)

    def _measures(self, one: Instrument, limits: Mapping[str, int]) -> dict[str, tuple[int, int]]:
        """Return what is compared with what: the first must not exceed the second."""
        found = {
            "divergence": (one.divergence, limits["divergence_limit"]),
            "rate": (one.count, limits["breaker_rate"]),
            "silence": (self.now - (one.time or 0), limits["breaker_silence"]),
        }
        if one.price is not None:
            for name, (highest, lowest), bound in zip(
                _RETURNS, one.extremes, one.returns, strict=True
            ):
                found[name] = (max(highest - one.price, one.price - lowest), bound)
            found["spread"] = (one.spread, limits["spread_limit"])
            found["depth"] = (one.floor, one.depth)
        return found

    def _trip(
        self, instrument: int, measures: Mapping[str, tuple[int, int]], names: list[str]
    ) -> None:
        """Begin the actions of these detectors; tell the strictest that was not in force."""
        one = self.instruments[instrument]
        if not one.watched:
            return
        over = {n: measures[n] for n in names if measures[n][0] > measures[n][1]}
        strictest = 0
        for action, state in one.actions.items():
            if self._grade(over, instrument, action, over=True):
                strictest = strictest if state.on else action
                state.on = state.moved = state.tripping = True
        if strictest:
            detectors = sum(1 << _BIT[name] for name in over)
            self.trips.append(Trip(instrument, detectors, strictest, released=False))

    def _grade(
        self, measures: Mapping[str, tuple[int, int]], instrument: int, action: int, *, over: bool
    ) -> bool:
        """Say whether a detector with this action is over its threshold, or not calm."""
        actions = self.limits[instrument]["breaker_actions"]
        return any(
            (actions >> 2 * _BIT[name] & 3) == action
            and (measure > bound if over else 4 * measure >= 3 * bound)
            for name, (measure, bound) in measures.items()
        )

    def _release(self, instrument: int, action: int, *, stirs: bool) -> None:
        """End an action whose detectors have been calm for long enough."""
        state = self.instruments[instrument].actions[action]
        if stirs:
            state.stamp = self.now
        elif state.on and self.now - state.stamp >= self.limits[instrument]["breaker_hold"]:
            state.on = False
            self.trips.append(Trip(instrument, 0, action, released=True))
