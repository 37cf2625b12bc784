"""Reference model of ``gateware.risk.risk_gate``; see ``docs/concepts/risk-gate.md``."""

from typing import Final

from hw.records import ORDER_KIND, ORDER_STATE, REPORT_ERROR, REQUEST_KIND, RISK_EVENT_KIND, SIDE
from hw.risk_parameters import RiskParameters
from sim.models.risk_checks import first_of, judge, resolved
from sim.models.risk_checks_state import charge, remember
from sim.models.risk_events import Outcome, cancel_of, event, order_of, sent_cancel
from sim.models.risk_reports import open_order, tell
from sim.models.risk_state import OpenOrder, RiskState
from sim.models.risk_world import Request, Targets

__all__ = ["RiskGate"]

_NEW, _CANCEL, _AUDIT = REQUEST_KIND.new, REQUEST_KIND.cancel, REQUEST_KIND.audit
_NEW_ORDER, _CANCEL_ORDER = ORDER_KIND.new, ORDER_KIND.cancel
_PENDING, _CANCELLING = ORDER_STATE.pending, ORDER_STATE.cancelling
_PASSED, _DENIED = RISK_EVENT_KIND.passed, RISK_EVENT_KIND.denied
_CANCEL_SENT, _WITHDRAWN = RISK_EVENT_KIND.cancel_sent, RISK_EVENT_KIND.withdrawn
_ORDER, _POSITION = RISK_EVENT_KIND.order, RISK_EVENT_KIND.position
_AUDIT_DONE: Final = RISK_EVENT_KIND.audit_done
_UNKNOWN_ID: Final = REPORT_ERROR.unknown_id
_BID, _ASK = SIDE.bid, SIDE.ask


class RiskGate:
    """The gate, one request after the other.

    What a gate does in the background takes time. Until the caller says that it is done (``mark``,
    ``walk``, or ``settle`` for both), ``self_match`` and ``max_loss`` are *open* where an earlier
    and a later reading differ; so is ``not_ready`` where the caller cannot tell. An open check
    fails, unless the caller says what a real gate found; in all others that is not believed.

    Parameters
    ----------
    parameters : RiskParameters
        The build.

    Attributes
    ----------
    state : RiskState
        Everything it knows.
    limits, market, world : RiskLimits, Market, World
        Those of ``state``; the caller sets the last two.
    requests, passed, denied, faults : int
        Counters since the start.
    denials : list of int
        New orders denied, by the first check that failed.
    """

    def __init__(self, parameters: RiskParameters) -> None:
        self.parameters = parameters
        self.state = RiskState(parameters)
        self.limits = self.state.limits
        self.market = self.state.market
        self.world = self.state.world
        self.requests = 0
        self.passed = 0
        self.denied = 0
        self.faults = 0
        self.denials = [0] * 64

    # Limits.

    def stage(self, name: str, index: int, value: int) -> bool:
        """Write one limit into the staging copy; False if refused."""
        return self.limits.stage(name, index, value)

    def commit(self) -> bool:
        """Bring the staging copy into force; False if refused."""
        if not self.limits.commit():
            return False
        for instrument in range(self.parameters.instruments):
            self.state.note_loss(instrument)
        return True

    def forget(self) -> None:
        """Drop the staging copy."""
        self.limits.forget()

    # Background.

    def quote(self, instrument: int, double_mid: int | None) -> None:
        """Set best bid + best ask of an instrument [ticks], None unless both are known."""
        self.market.double_mid[instrument] = double_mid
        self.state.note_loss(instrument)

    def mark(self, instrument: int) -> bool:
        """Mark an instrument; True if its loss kills the box."""
        reading = self.state.loss_reading(instrument)
        if reading is None:
            return False
        self.state.loss_up[instrument] = reading
        self.state.loss_down[instrument] = not reading
        return reading

    def walk(self) -> None:
        """Narrow the bounds on own prices, as after a whole walk through the table."""
        self.state.narrow()

    def settle(self) -> list[int]:
        """Walk and mark all, as in a long idle time; return whose loss kills the box."""
        self.walk()
        return [i for i in range(self.parameters.instruments) if self.mark(i)]

    # Requests.

    def request(self, request: Request, said: int | None = None) -> Outcome:
        """Take a request.

        Parameters
        ----------
        request : Request
            It.
        said : int, optional
            ``failed`` of a real gate for the same request; decides the checks that are open.
        """
        self.requests += 1
        if request.kind == _NEW:
            return self._new(request, said)
        if request.kind == _CANCEL:
            return self._cancel(request)
        if request.kind == _AUDIT:
            return self._audit()
        outcome = tell(self.state, request)
        self.faults += outcome.fault
        return outcome

    def _new(self, r: Request, said: int | None) -> Outcome:
        s = self.state
        verdict = judge(s, r)
        failed = verdict.failed if said is None else resolved(verdict, said)
        if failed:
            self.denied += 1
            self.denials[first_of(failed)] += 1
            told = event(s, _DENIED, _NEW, r, tick=r.tick, quantity=r.quantity, failed=failed)
            return Outcome(events=[told], failed=failed, open=verdict.open)
        self.passed += 1
        s.enter(open_order(r, _PENDING))
        charge(s, r)
        remember(s, r)
        s.used[r.strategy] += 1
        told = event(
            s,
            _PASSED,
            _NEW,
            r,
            tick=r.tick,
            quantity=r.quantity,
            remaining=r.quantity,
            state=_PENDING,
        )
        return Outcome(events=[told], orders=[order_of(_NEW_ORDER, r)], open=verdict.open)

    def _cancel(self, r: Request) -> Outcome:
        s = self.state
        order = s.orders.get(r.order_id)
        if order is not None:
            return self._send_cancel(order, _CANCEL, r.flags, r.time)
        if r.strategy < self.parameters.strategies:
            s.used[r.strategy] += 1
        told = event(
            s, _CANCEL_SENT, _CANCEL, r, tick=r.tick, quantity=r.quantity, error=_UNKNOWN_ID
        )
        return Outcome(events=[told], orders=[order_of(_CANCEL_ORDER, r)])

    def _send_cancel(self, order: OpenOrder, cause: int, flags: int, time: int) -> Outcome:
        order.state = _CANCELLING
        self.state.used[order.strategy] += 1
        return Outcome(
            events=[sent_cancel(self.state, cause, order)], orders=[cancel_of(order, flags, time)]
        )

    def _audit(self) -> Outcome:
        s = self.state
        events = []
        for order in s.by_slot():
            read = sent_cancel(s, _AUDIT, order)
            events.append(read | {"kind": _ORDER, "position": 0})
        for i, position in enumerate(s.position):
            at = Request(instrument=i, side=_ASK if position < 0 else _BID)
            events.append(event(s, _POSITION, _AUDIT, at, tick=0, quantity=abs(position)))
        done = event(s, _AUDIT_DONE, _AUDIT, Request(), tick=0, quantity=0)
        events.append(done | {"position": 0})
        return Outcome(events=events)

    # Kill.

    def kill(self, targets: Targets) -> Outcome:
        """Kill, and send the cancels."""
        self.world.killed |= targets.box
        self.world.killed_venues |= targets.venues
        self.world.killed_accounts |= targets.accounts
        self.world.killed_instruments |= targets.instruments
        self.world.killed_strategies |= targets.strategies
        return self.cancel_all(targets)

    def cancel_all(self, targets: Targets) -> Outcome:
        """Send the cancels that kills and halts ask for, in the order of their slots.

        One for each open order that any of them stands against, ``targets`` or earlier ones, unless
        its cancel is under way.
        """
        outcome, world = Outcome(), self.world
        for order in self.state.by_slot():
            concerned = (
                targets.box | world.killed
                or order.venue in targets.venues | world.killed_venues
                or order.account in targets.accounts | world.killed_accounts
                or order.instrument in targets.instruments | world.killed_instruments | world.halted
                or order.strategy in targets.strategies | world.killed_strategies
            )
            if concerned and order.state != _CANCELLING:
                sent = self._send_cancel(order, 0, 0, 0)
                outcome.events += sent.events
                outcome.orders += sent.orders
        return outcome

    def withdraw(self, order_id: int) -> Outcome:
        """Withdraw an order that has passed and that the port has not taken.

        Raises
        ------
        KeyError
            If no such order is open.
        """
        s = self.state
        order = s.orders[order_id]
        quantity = order.remaining
        s.leave(order)
        told = event(s, _WITHDRAWN, 0, order, tick=order.tick, quantity=quantity)
        return Outcome(events=[told])
