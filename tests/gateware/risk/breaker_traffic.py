# amaranth: UnusedElaboratable=no
"""Random use of the circuit breaker, cycle by cycle, and what it must say."""

import random
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from gateware.risk.circuit_breaker import CircuitBreaker
from hw.breaker_detectors import BREAKER_WINDOWS
from hw.records import BREAKER_ACTION
from hw.risk_parameters import RiskParameters
from sim.models.breaker_state import Market, Trip
from sim.models.circuit_breaker import CircuitBreaker as Model
from tests.gateware.risk.bench import NARROW

__all__ = ["BREAKER", "BreakerTraffic", "change_fields", "row_fields"]

#: Two instruments, so that the round is short.
BREAKER: Final = replace(NARROW, instruments=2, venues=2)
#: Rounds after which nothing moves any more, if the time stands.
_ROUNDS: Final = 3
_MASKS: Final = {"widened": "widen", "reducing": "reduce", "halted": "halt"}


def change_fields(instrument: int, market: Market) -> dict[str, Any]:
    """Return the fields of a change."""

    def side(best: tuple[int, int] | None) -> dict[str, int]:
        return {"known": 0} if best is None else {"known": 1, "tick": best[0], "quantity": best[1]}

    return {"instrument": instrument, "bid": side(market.bid), "ask": side(market.ask)}


def row_fields(parameters: RiskParameters, venues: tuple[int, ...]) -> list[dict[str, int]]:
    """Return what the venues have: the first ones these sums, the others nothing that counts."""
    noise = {"part": 1, "valid": 0, "bid_known": 1, "bid_tick": 5, "ask_known": 1, "ask_tick": 9}
    rows = [
        {**noise, "valid": 1, "bid_tick": total // 2, "ask_tick": total - total // 2}
        for total in venues
    ]
    return rows + [noise] * (parameters.venues - len(rows))


class BreakerTraffic:
    """Steps of a random kind, each with as many cycles behind it as it takes to settle.

    Parameters
    ----------
    parameters : RiskParameters
        Sizes of the component.
    rng : random.Random
        Source of the inputs.
    """

    #: What the traffic must have had in it.
    INTERESTING: Final = frozenset(
        {"widen", "reduce", "halt", "widen released", "reduce released", "cleared", "refused"}
    )

    def __init__(self, parameters: RiskParameters, rng: random.Random) -> None:
        self.parameters, self._rng = parameters, rng
        self.model = Model(parameters)
        self.seen: set[str] = set()
        self.steps = 0
        self._prices = [300] * parameters.instruments
        self._queue: list[dict[str, Any]] = []
        self._told: list[Trip] = []
        self._checked = 0
        self._select = 0
        self._stalls = 0.0
        self._ready = 0
        self._look = 0
        self._passing = False
        #: When a visit may have found an action's detectors not calm last, by instrument.
        self._stirred: dict[tuple[int, int], int] = {}
        visit = CircuitBreaker(parameters=parameters).visit_cycles
        self._settle = (_ROUNDS + 1) * parameters.instruments * visit + 20

    def inputs(self) -> dict[str, Any]:
        """Return the inputs of the next cycle; what is not among them stays."""
        if not self._queue:
            self._step()
        self._ready = int(self._rng.random() >= self._stalls)
        limits = self.model.limits[self._select]
        return {**self._queue.pop(0), "limits": limits, "trip.ready": self._ready}

    def check(self, get: Callable[[str], Any]) -> None:
        """Check the outputs of this cycle.

        Parameters
        ----------
        get : callable
            From the name of an output to its value.
        """
        self._select = get("limits_select")
        if get("trip.valid") and self._ready:
            trip = get("trip.payload")
            fields = (trip.instrument, trip.detectors, trip.action)
            instrument, detectors, action = (int(f) for f in fields)
            self._told.append(Trip(instrument, detectors, action, released=bool(trip.released)))
            assert trip.time == self.model.now
        if self._queue:
            return
        model = self.model
        self._settle_late({name: int(get(name)) for name in _MASKS})
        told = model.trips[self._checked :]
        for name, act in _MASKS.items():
            assert get(name) == model.mask(getattr(BREAKER_ACTION, act)), (self.steps, name)
        assert self._comparable(self._told) == self._comparable(told), self.steps
        assert get("trips_lost") == 0
        band = get("band")
        assert (band.in_force, band.low, band.high) == model.band(self._look), self.steps
        for trip in told:
            name = ("none", "widen", "reduce", "halt")[trip.action]
            self.seen.add(f"{name} released" if trip.released else name)
        self._told, self._checked = [], len(model.trips)

    def _settle_late(self, masks: dict[str, int]) -> None:
        """Let the model end an action as late as the component may.

        A visit that is under way when the time moves on has the new time, and may find not calm
        what was not before: the hold begins anew then.
        """
        model = self.model
        for name, mask in masks.items():
            action = getattr(BREAKER_ACTION, _MASKS[name])
            for i, one in enumerate(model.instruments):
                state, since = one.actions[action], self._stirred.get((i, action), 0)
                released = Trip(i, 0, action, released=True)
                young = model.now - since < model.limits[i]["breaker_hold"]
                told = model.trips[self._checked :]
                if mask >> i & 1 and not state.on and young and released in told:
                    state.on, state.stamp = True, since
                    del model.trips[self._checked + told.index(released)]

    def _comparable(self, trips: list[Trip]) -> list[Trip]:
        """Return events as far as the model says them: of each instrument in order.

        A visit that is under way when the time moves on may still see buckets that are ending.
        """
        ending = (1 << BREAKER_WINDOWS) - 1 if self._passing else 0
        told = [replace(t, detectors=t.detectors | ending) for t in trips]
        return sorted(told, key=lambda t: t.instrument)

    def _step(self) -> None:
        """Let something happen, and let it settle."""
        rng = self._rng
        self.steps += 1
        self._stalls, self._look = (
            rng.choice([0.0, 0.6]),
            rng.randrange(self.parameters.instruments),
        )
        kinds = {self._trade: 12, self._pass: 8, self._clear: 3, self._set: 2, self._restart: 0.3}
        kind = self._set if self.steps == 1 else rng.choices(list(kinds), list(kinds.values()))[0]
        self._passing = kind == self._pass
        kind()
        for _ in range(_ROUNDS):
            for i in range(self.parameters.instruments):
                self.model.visit(i)
        idle = {"change_next_valid": 0, "change_valid": 0, "clear": 0, "restart": 0}
        self._queue.append({**idle, "band_instrument": self._look})
        self._queue += [{} for _ in range(self._settle)]

    def _trade(self) -> None:
        """Have changes back to back, of different instruments."""
        who = [i for i in range(self.parameters.instruments) if self._rng.random() < 0.8]
        self._rng.shuffle(who)
        markets = [self._market(i) for i in who]
        for n in range(len(who) + 1):
            now: dict[str, Any] = {
                "change_valid": int(n > 0),
                "change_next_valid": int(n < len(who)),
            }
            if n < len(who):
                now["change_next_instrument"] = who[n]
            if n:
                now["change"] = change_fields(who[n - 1], markets[n - 1])
                now["row"] = row_fields(self.parameters, markets[n - 1].venues)
                self.model.change(who[n - 1], markets[n - 1])
            self._queue.append(now)

    def _market(self, instrument: int) -> Market:
        """Return what stands after the next change."""
        rng, top = self._rng, (1 << self.parameters.tick_bits) - 1
        step = rng.choice([0, 1, 1, 2, 5, 30])
        price = min(max(self._prices[instrument] + rng.choice([-step, step]), 20), top - 60)
        self._prices[instrument] = price
        ask = price + rng.choice([0, 1, 2, 3, 9, 50, -3])
        deep = (1 << self.parameters.quantity_bits) - 1
        sides = [
            None if rng.random() < 0.07 else (tick, rng.choice([rng.randrange(30, 60), 3, deep]))
            for tick in (price, ask)
        ]
        apart = [2 * price + rng.choice([0, 1, 4, 60]) for _ in range(self.parameters.venues)]
        return Market(sides[0], sides[1], tuple(apart[: rng.randrange(len(apart) + 1)]))

    def _pass(self) -> None:
        """Let the time pass."""
        bucket = self.model.windows["breaker_bucket0"] or 20
        passed = self._rng.choice([1, bucket, self._rng.randrange(4 * bucket), 12 * bucket, 60])
        model, now = self.model, self.model.now + passed
        for i, one in enumerate(model.instruments):
            for action, state in one.actions.items():
                if state.on and state.stamp == model.now:
                    self._stirred[i, action] = now
        model.pass_to(now)
        self._queue.append({"now": self.model.now})

    def _clear(self) -> None:
        """Let the operator end halts."""
        mask = self._rng.randrange(1, 1 << self.parameters.instruments)
        halt = BREAKER_ACTION.halt
        on = [one.actions[halt].on for one in self.model.instruments]
        self.model.clear(mask)
        for i, one in enumerate(self.model.instruments):
            if mask >> i & 1 and on[i]:
                self.seen.add("refused" if one.actions[halt].on else "cleared")
        self._queue.append({"clear": mask})

    def _restart(self) -> None:
        """Forget the market."""
        self.model.restart()
        self._queue.append({"restart": 1})

    def _set(self) -> None:
        """Set other limits."""
        rng, model = self._rng, self.model
        for row in model.limits:
            actions = [rng.choice([0, 0, 1, 2, 3]) for _ in range(8)]
            row.update(
                breaker_flags=rng.choice([3, 3, 1, 1, 0]),
                breaker_actions=sum(action << 2 * n for n, action in enumerate(actions)),
                breaker_hold=rng.choice([0, 10, 60, 300]), breaker_silence=rng.choice([30, 400]),
                return_limit0=rng.choice([0, 3, 12]), return_limit1=rng.choice([4, 20]),
                return_limit2=rng.choice([9, 60]), sigma_factor0=rng.choice([0, 40]),
                sigma_factor1=rng.choice([8, 65535]), sigma_factor2=rng.choice([0, 90]),
                depth_shift=rng.randrange(4), spread_limit=rng.choice([0, 2, 20]),
                divergence_limit=rng.choice([0, 3, 50]), breaker_rate=rng.choice([1, 3, 9]),
                luld_band=rng.choice([0, 4, 400]),
            )  # fmt: skip
        model.windows.update(
            {f"breaker_bucket{w}": rng.choice([17, 40, 90, 0]) for w in range(3)},
            **{
                f"{n}_smoothing": rng.choice([0, 1, 3, 15]) for n in ("sigma", "reference", "depth")
            },
        )
        model.pass_to(model.now)
        self._queue.append({"windows": model.windows})
