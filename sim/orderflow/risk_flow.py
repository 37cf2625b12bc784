"""Random traffic for a risk gate: orders near every limit, reports right and wrong, troubles."""

import random
from collections import Counter
from collections.abc import Iterator
from typing import Final

from hw.records import RISK_EVENT_KIND
from hw.risk_parameters import RiskParameters
from sim.models.risk_events import Outcome
from sim.models.risk_gate import RiskGate
from sim.models.risk_state import OpenOrder
from sim.models.risk_world import BookState, Request, Targets
from sim.orderflow.risk_requests import Requests
from sim.orderflow.risk_setting import STEP_TIME, Setting
from sim.orderflow.risk_steps import (
    Ask,
    BookMoved,
    Commit,
    Quoted,
    Settle,
    Stage,
    Step,
    Told,
    Traded,
    apply,
)
from sim.orderflow.risk_troubles import Troubles

__all__ = ["RiskFlow"]

_PASSED: Final = RISK_EVENT_KIND.passed
_FIRST_TIME: Final = 1000 * STEP_TIME  # [ns]
_DEEPEST: Final = 2  # troubles within troubles


class RiskFlow:
    """Traffic that goes on for ever, and the model that it is drawn for.

    Each step of ``steps`` must be taken with ``apply`` before the next is drawn: what comes next
    depends on what the gate knows. The same seed gives the same steps, as long as open checks
    come out alike.

    Parameters
    ----------
    parameters : RiskParameters
        The build.
    seed : int
        Of all randomness.
    troubles : type of Troubles
        What comes between ordinary traffic.

    Attributes
    ----------
    gate : RiskGate
        The model, through all steps so far.
    setting : Setting
        Limits and prices.
    failures : Counter of int
        New orders so far by each check that failed, by its bit number.

    Raises
    ------
    ValueError
        If times of the build are too short for the traffic.
    """

    def __init__(
        self, parameters: RiskParameters, seed: int, *, troubles: type[Troubles] = Troubles
    ) -> None:
        self.gate = RiskGate(parameters)
        self.failures: Counter[int] = Counter()
        self._rng = random.Random(seed)
        self.setting = Setting(parameters)
        self._requests = Requests(self.gate, self.setting, self._rng)
        self._troubles = troubles(self.gate, self.setting, self._requests, self._rng)
        self._depth = 0
        self._full = 0.5  # share of the table that reports leave standing
        self._fault_kills: set[int] = set()
        self._drawn: Step | None = None

    def apply(self, step: Step, said: int | None = None) -> Outcome | None:
        """Take the model through a step; see ``sim.orderflow.risk_steps.apply``."""
        self._drawn = None
        known = self._order_of(step)
        outcome = apply(self.gate, step, said)
        if outcome is None or not isinstance(step, Ask):
            return outcome
        if known is not None and known.order_id not in self.gate.state.orders:
            self._requests.left.append(known)
        if outcome.fault_kill is not None:
            self._fault_kills.add(outcome.fault_kill)
        if outcome.events[0]["kind"] == _PASSED:
            self._requests.passed = step.request
        failed = outcome.failed
        while failed:
            self.failures[(failed & -failed).bit_length() - 1] += 1
            failed &= failed - 1
        return outcome

    def _order_of(self, step: Step) -> OpenOrder | None:
        if not isinstance(step, Ask):
            return None
        return self.gate.state.orders.get(step.request.order_id)

    def steps(self) -> Iterator[Step]:
        """Draw steps without end.

        Raises
        ------
        RuntimeError
            If the last step was not applied.
        """
        for step in self._endless():
            self._drawn = step
            yield step
            if self._drawn is not None:
                raise RuntimeError("each step must be applied before the next one is drawn")

    def requests(self, n: int) -> Iterator[tuple[Request, Outcome]]:
        """Run the model alone through the traffic, and return n requests and their outcomes."""
        for step in self.steps():
            outcome = self.apply(step)
            if isinstance(step, Ask) and outcome is not None:
                yield step.request, outcome
                n -= 1
                if n <= 0:
                    return

    def _endless(self) -> Iterator[Step]:
        yield from self._opening()
        while True:
            yield from self._round()

    def _opening(self) -> Iterator[Step]:
        """Bring the limits and the market into force, and arm."""
        yield Told("now", _FIRST_TIME)
        for name, values in self.setting.limits.items():
            for index, value in enumerate(values):
                yield Stage(name, index, value)
        yield Commit()
        for i, venue in self.setting.places:
            yield BookMoved(i, venue, BookState(part=True, seen=True, time=_FIRST_TIME))
        for i, trading in enumerate(self.setting.trading):
            yield Quoted(i, 2 * trading.price + 1)
            yield Traded(i, trading.price)
        yield Told("deadman_expired", False)
        yield Settle()
        yield Told("armed", True)

    def _round(self) -> Iterator[Step]:
        """Go on a little: time, the market, trouble, a request."""
        rng = self._rng
        yield from self._later()
        if rng.random() < 0.3:
            yield from self._market()
        if self._fault_kills:
            targets = Targets(instruments=frozenset(self._fault_kills))
            self._fault_kills.clear()
            yield from self._through(self._troubles.killed(targets))
        elif rng.random() < 0.2 and self._depth < _DEEPEST:
            yield from self._through(self._troubles.any())
        if rng.random() < 0.02 and self._depth == 0:
            yield from self._troubles.topped_up()
        yield Ask(self._request())

    def _through(self, trouble: Iterator[Step | None]) -> Iterator[Step]:
        """Go through a trouble, with ordinary traffic where it leaves room."""
        self._depth += 1
        for step in trouble:
            if step is not None:
                yield step
                continue
            for _ in range(self._rng.randrange(6)):
                yield from self._round()
        self._depth -= 1

    def _later(self) -> Iterator[Step]:
        """Let time pass; often none or next to none."""
        rng = self._rng
        u = rng.random()
        if u < 0.2:
            return
        passes = rng.randrange(STEP_TIME // 4) if u < 0.4 else rng.expovariate(0.6 / STEP_TIME)
        yield Told("now", self.gate.world.now + int(passes))

    def _market(self) -> Iterator[Step]:
        """Let the market of an instrument move a little, about its middle."""
        rng = self._rng
        i, venue = rng.choice(self.setting.places)
        trading = self.setting.trading[i]
        now = self.gate.world.now
        yield BookMoved(i, venue, BookState(part=True, seen=True, time=now))
        double = 2 * trading.price + rng.randint(-trading.reach, trading.reach) * trading.step // 16
        yield Quoted(i, double)
        yield Traded(i, double // 2)
        if rng.random() < 0.3:
            yield Settle()

    def _request(self) -> Request:
        rng, requests = self._rng, self._requests
        u = rng.random()
        if u < 0.02:
            return requests.word()
        if u < 0.06:
            return requests.cancel()
        share = len(self.gate.state.orders) / self.gate.parameters.order_slots
        if rng.random() < 0.002:
            self._full = rng.choice([0.1, 0.3, 0.5, 0.8])
        if rng.random() < (0.6 if share > self._full else 0.25):
            return requests.report()
        return requests.spoiled() if rng.random() < 0.3 else requests.good()
