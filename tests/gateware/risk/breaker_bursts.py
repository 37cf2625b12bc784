# amaranth: UnusedElaboratable=no
"""Changes of the circuit breaker's market in every cycle, and what its masks must say in each."""

import random
from collections.abc import Callable
from typing import Any, Final

from gateware.risk.circuit_breaker import CircuitBreaker
from hw.breaker_detectors import BREAKER_DETECTORS, BREAKER_WINDOWS
from hw.records import BREAKER_ACTION
from hw.risk_parameters import RiskParameters
from sim.models.breaker_state import Market
from sim.models.circuit_breaker import CircuitBreaker as Model
from tests.gateware.risk.breaker_traffic import change_fields, row_fields

__all__ = ["BreakerBursts"]

_MASKS: Final = {"widened": "widen", "reducing": "reduce", "halted": "halt"}
_IDLE: Final = {"change_next_valid": 0, "change_valid": 0, "clear": 0, "restart": 0}
_JUDGED: Final = ("return0", "return1", "return2", "spread", "divergence", "rate")


class BreakerBursts:
    """Bursts of changes while the time stands, each from a market that is not known.

    Every mask of every cycle of a burst is that of the model, ``LATENCY`` cycles after the change.

    Parameters
    ----------
    parameters : RiskParameters
        Sizes of the component.
    rng : random.Random
        Source of the inputs.
    """

    def __init__(self, parameters: RiskParameters, rng: random.Random) -> None:
        self.parameters, self._rng = parameters, rng
        self.bursts = 0
        #: Cycles from the price that was left to the change that tripped, if no older one was.
        self.distances: set[int] = set()
        self._model = Model(parameters)
        self._rows: list[dict[str, int]] = []
        self._queue: list[tuple[dict[str, Any], dict[str, int] | None]] = []
        self._expected: dict[str, int] | None = None
        self._came: list[list[tuple[int, int]]] = []
        self._now = 0
        self._select = 0
        visit = CircuitBreaker(parameters=parameters).visit_cycles
        self._settle = 3 * parameters.instruments * visit

    def inputs(self) -> dict[str, Any]:
        """Return the inputs of the next cycle; what is not among them stays."""
        if not self._queue:
            self._burst()
        inputs, self._expected = self._queue.pop(0)
        hold = 0 if self._expected is None else (1 << self.parameters.time_bits) - 1
        limits = {**self._rows[self._select], "breaker_hold": hold}
        return {**inputs, "limits": limits, "trip.ready": 1}

    def check(self, get: Callable[[str], Any]) -> None:
        """Check the masks of this cycle.

        Parameters
        ----------
        get : callable
            From the name of an output to its value.
        """
        self._select = get("limits_select")
        for name, expected in (self._expected or {}).items():
            assert get(name) == expected, (self.bursts, name, len(self._queue))

    def _burst(self) -> None:
        """Begin anew, end what is in force, and let changes come."""
        rng, p = self._rng, self.parameters
        self.bursts += 1
        self._model = model = Model(p)
        self._rows = model.limits
        for row in model.limits:
            self._limit(row)
        model.windows.update({f"breaker_bucket{w}": 50 for w in range(BREAKER_WINDOWS)})
        self._now += 5000
        model.pass_to(self._now)
        for i in range(p.instruments):
            model.visit(i)
        start = {"now": self._now, "windows": model.windows, "restart": 1}
        self._queue = [({**_IDLE, **start}, None), (_IDLE, None)]
        self._queue += [({}, None) for _ in range(self._settle)]
        self._queue += [({"clear": (1 << p.instruments) - 1}, None), (_IDLE, None), ({}, None)]
        self._came = [[] for _ in range(p.instruments)]
        busy, prices = rng.choice([0.2, 0.6, 1.0]), [200] * p.instruments
        who: int | None = None
        for cycle in range(60):
            inputs: dict[str, Any] = {"change_valid": int(who is not None)}
            # The masks still say what was before the change of this cycle.
            expected = {n: model.mask(getattr(BREAKER_ACTION, a)) for n, a in _MASKS.items()}
            if who is not None:
                market = self._market(who, prices)
                inputs["change"] = change_fields(who, market)
                inputs["row"] = row_fields(p, market.venues)
                model.change(who, market)
                self._measure(who, market, cycle)
            who = rng.randrange(p.instruments) if rng.random() < busy and cycle < 58 else None
            inputs["change_next_valid"] = int(who is not None)
            if who is not None:
                inputs["change_next_instrument"] = who
            self._queue.append((inputs, expected))

    def _limit(self, row: dict[str, int]) -> None:
        """Set limits that a burst is likely to cross, each with an action of its own."""
        rng = self._rng
        kinds = [rng.choice([0, 1, 2, 3]) if n in _JUDGED else 0 for n in BREAKER_DETECTORS]
        kinds[:BREAKER_WINDOWS] = rng.sample([1, 2, 3], BREAKER_WINDOWS)
        row.update(
            breaker_flags=1, breaker_actions=sum(kind << 2 * n for n, kind in enumerate(kinds)),
            breaker_silence=(1 << self.parameters.time_bits) - 1,
            return_limit0=rng.randrange(40), return_limit1=rng.randrange(20, 80),
            return_limit2=rng.randrange(40, 160), spread_limit=rng.randrange(8, 14),
            divergence_limit=rng.randrange(8, 14), breaker_rate=rng.randrange(1, 60),
        )  # fmt: skip

    def _market(self, instrument: int, prices: list[int]) -> Market:
        """Return what stands after the next change."""
        rng = self._rng
        prices[instrument] += rng.choice([-40, -9, -3, 0, 3, 9, 40])
        price = prices[instrument] = min(max(prices[instrument], 0), 1000)
        sides = [
            None if rng.random() < 0.05 else (tick, rng.randrange(1, 99))
            for tick in (price, price + rng.randrange(12))
        ]
        apart = tuple(2 * price + rng.randrange(12) for _ in range(self.parameters.venues))
        return Market(sides[0], sides[1], apart[: rng.randrange(len(apart) + 1)])

    def _measure(self, instrument: int, market: Market, cycle: int) -> None:
        """Note how old the price is without which a return had not been over its threshold."""
        if market.bid is None or market.ask is None:
            return
        came, price = self._came[instrument], market.bid[0] + market.ask[0]
        for bound in self._model.instruments[instrument].returns:
            over = [cycle - then for then, old in came if abs(price - old) > bound]
            if over and max(over) <= CircuitBreaker.RECENT:
                self.distances.add(max(over))
        came.append((cycle, price))
