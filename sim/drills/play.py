"""Play a tape and a strategy through a device, in the order of market time."""

from collections import Counter, deque
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gateware.market.consolidated import ConsolidatedMarket
from gateware.risk.circuit_breaker import CircuitBreaker
from host.device.base import RiskDevice
from host.device.records import UPDATE_DTYPE
from hw.records import (
    BREAKER_ACTION,
    CHECK,
    EVENT_FLAG,
    EVENT_KIND,
    REQUEST_KIND,
    RISK_EVENT_KIND,
)
from sim.drills.account import Account
from sim.drills.strategies import Intent, Strategy
from sim.drills.tape import Print, Tape
from sim.drills.venue import Best, DeafVenue, SimulatedVenue, requests

__all__ = ["Playing", "Seen", "Trip"]

_CLOSING: Final = (EVENT_KIND.best, EVENT_KIND.resolved, EVENT_KIND.cleared)
#: A round through all instruments that the circuit breaker makes: for so long at least it may be
#: left undone [ns], and so long it takes for each instrument [cycles].
_ROUND_EVERY: Final = 6_250_000
_VISIT_CYCLES: Final = 72
_STEP_CYCLES: Final = 48
#: While a best price is looked for: cycles at a time, and time that one takes [ns], as of a box
#: at 100 MHz.
_SEARCH_CYCLES: Final = 512
_CYCLE_NS: Final = 10
_DEFERRED: Final = 1 << EVENT_FLAG.bid_deferred | 1 << EVENT_FLAG.ask_deferred
#: From a best-price event to an action at the earliest [cycles].
_SOONEST: Final = ConsolidatedMarket.LATENCY + CircuitBreaker.LATENCY
_REMEMBERED: Final = 256
Records = NDArray[np.void]
_NO_UPDATES: Final = np.zeros(0, UPDATE_DTYPE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Trip:
    """What the circuit breaker did.

    Attributes
    ----------
    instrument : int
        In which.
    detectors : int
        What was crossed, a bit each.
    action : int
        Of ``breaker_action``.
    time : int
        Exchange time [ns].
    cycles : int
        From the last best-price event that can have caused it to the action in force [cycles].
    """

    instrument: int
    detectors: int
    action: int
    time: int
    cycles: int


@dataclass(slots=True)
class Seen:
    """What came of a drill.

    Attributes
    ----------
    trips, released : list of Trip, int
        What the circuit breaker did, and how often it ended something.
    denied : Counter of str
        Orders denied, by each check that failed; one order may fail several.
    orders, orders_denied, cancels : int
        New orders asked for, those denied, cancels that left.
    kills : list of int
        Causes of each kill of the box, a bit each.
    fills : int
        Of our orders.
    worst : Fraction
        Largest loss at any moment, marked to the consolidated mid [ticks * lots].
    loss : Fraction
        Loss at the end.
    """

    trips: list[Trip] = field(default_factory=list)
    released: int = 0
    denied: Counter[str] = field(default_factory=Counter)
    orders: int = 0
    orders_denied: int = 0
    cancels: int = 0
    kills: list[int] = field(default_factory=list)
    fills: int = 0
    worst: Fraction = Fraction(0)
    loss: Fraction = Fraction(0)


class Playing:
    """One run through a device that is armed.

    Time is that of the tape: between two instants only so many cycles are simulated as the box
    needs to do what it does in that time, and no more than it would have at 100 MHz while it looks
    for a best price.

    Parameters
    ----------
    device : RiskDevice
        Limits in force, armed.
    places : mapping of int to (int, int)
        Instrument and venue of each book.
    strategy : Strategy or None
        Who trades.
    latency : int or None
        To and from a venue [ns]; None: the venues answer nothing.

    Attributes
    ----------
    seen : Seen
        So far.
    account : Account
        Of the desk.
    """

    def __init__(
        self,
        device: RiskDevice,
        places: Mapping[int, tuple[int, int]],
        *,
        strategy: Strategy | None = None,
        latency: int | None = 1_000_000,
    ) -> None:
        self.device, self.places, self.strategy = device, places, strategy
        self.seen, self.account = Seen(), Account()
        venue = DeafVenue if latency is None else SimulatedVenue
        self.venue = venue(self.account, latency=latency or 0)
        self.best: dict[int, Best] = {}
        self._changes: dict[int, deque[int]] = {}  # cycles of the last events, by instrument
        self._round = _VISIT_CYCLES * device.risk.instruments
        self._rounded = 0
        self._widened = False
        self._deferred: set[int] = set()  # books
        self._last = 0  # instant

    def play(self, tape: Tape) -> Seen:
        """Play a tape to its end."""
        for now, updates, prints in tape.steps():
            while (due := self.venue.due) is not None and due < now:
                self._exchange(due, [])
            self.step(now, updates, prints)
        self.seen.fills = self.account.fills
        return self.seen

    def step(self, now: int, updates: Records, prints: Iterable[Print] = ()) -> None:
        """Let one instant happen."""
        self._search(now)
        prints = list(prints)
        events = self.device.transfer(updates)
        came = self.device.collect(self._cycles(now))
        self._events(np.concatenate([events, self.device.transfer(_NO_UPDATES)]))
        self._take(came, now)
        by_book: dict[int, list[Print]] = {book: [] for book in set(updates["book"].tolist())}
        for trade in prints:
            by_book.setdefault(trade.book, []).append(trade)
        for book, traded in by_book.items():
            if book in self.best and book in self.places:
                self.venue.happen(self.places[book], self.best[book], traded)
        self.venue.meet_all(now)
        intents = self.strategy.see(now, prints, widened=self._widened) if self.strategy else []
        self._exchange(now, intents)
        self._mark()

    def rest(self, now: int) -> None:
        """Let the reports come that are due, and the box work in the background for a round."""
        self._exchange(now, [])
        self._take(self.device.collect(self._round), now)

    def ask(self, now: int, intents: Iterable[Intent]) -> list[dict[str, int]]:
        """Send requests and return what the gate said of them."""
        return self._exchange(now, list(intents))

    def double_mid(self, instrument: int) -> int | None:
        """Return best bid + best ask over all venues [double ticks], None if a side is missing."""
        bests = [
            self.best[b] for b, (i, _) in self.places.items() if i == instrument and b in self.best
        ]
        bids = [best.bid for best in bests if best.bid is not None]
        asks = [best.ask for best in bests if best.ask is not None]
        return max(bids) + min(asks) if bids and asks else None

    def _search(self, now: int) -> None:
        """Let the box look for best prices in the time since the last instant."""
        left = min((now - self._last) // _CYCLE_NS, self.device.parameters.deferred_bound)
        self._last = now
        while self._deferred and left > 0:
            self._take(self.device.collect(min(_SEARCH_CYCLES, left)), now)
            self._events(self.device.transfer(_NO_UPDATES))
            left -= _SEARCH_CYCLES

    def _cycles(self, now: int) -> int:
        """Return how many cycles the box needs now."""
        if now - self._rounded < _ROUND_EVERY:
            return _STEP_CYCLES
        self._rounded = now
        return self._round

    def _exchange(self, now: int, intents: list[Intent]) -> list[dict[str, int]]:
        """Send what is due to the gate, and take what it says."""
        self.venue.arrive(now)
        reports = self.venue.reports(now)
        self.seen.orders += sum(i["kind"] == REQUEST_KIND.new for i in intents)
        if not len(reports) and not intents:
            return []
        wanted = requests([{**intent, "time": now} for intent in intents])
        orders, events = self.device.exchange(np.concatenate([reports, wanted]))
        said = self._take((orders, events), now)
        return said + self._take(self.device.collect(_STEP_CYCLES), now)

    def _take(self, came: tuple[Records, Records], now: int) -> list[dict[str, int]]:
        orders, events = came
        if len(orders):
            self.venue.send(orders, now)
        said = [{n: int(event[n]) for n in event.dtype.names} for event in events]
        for event in said:
            self._note(event)
            if self.strategy:
                self.strategy.hear(event)
        return said

    def _note(self, event: dict[str, int]) -> None:
        kind, seen = event["kind"], self.seen
        if kind == RISK_EVENT_KIND.tripped:
            decided = event["cycle"]
            changes = self._changes.get(event["instrument"], ())
            caused = [cycle for cycle in changes if cycle <= decided - _SOONEST]
            after = decided - max(caused, default=0)
            trip: dict[str, Any] = {n: event[n] for n in ("instrument", "action", "time")}
            seen.trips.append(Trip(**trip, detectors=event["failed"], cycles=after))
            self._widened |= event["action"] == BREAKER_ACTION.widen
        elif kind == RISK_EVENT_KIND.released:
            seen.released += 1
            self._widened &= event["action"] != BREAKER_ACTION.widen
        elif kind == RISK_EVENT_KIND.denied:
            seen.orders_denied += 1
            failed = event["failed"]
            seen.denied.update(c.name for c in CHECK if failed >> c.value & 1)
        elif kind == RISK_EVENT_KIND.cancel_sent:
            seen.cancels += 1
        elif kind == RISK_EVENT_KIND.killed:
            seen.kills.append(event["failed"])

    def _events(self, events: Records) -> None:
        """Take what the books say."""
        said = events[np.isin(events["kind"], _CLOSING)]
        for book in np.unique(said["book"]).tolist():
            own = said[said["book"] == book]
            if book in self.places:
                instrument, _ = self.places[book]
                changes = self._changes.setdefault(instrument, deque(maxlen=_REMEMBERED))
                changes.extend(own["cycle"][-_REMEMBERED:].tolist())
            last = own[-1]
            flags = int(last["flags"])
            (self._deferred.add if flags & _DEFERRED else self._deferred.discard)(book)
            bid, ask = flags >> EVENT_FLAG.bid & 1, flags >> EVENT_FLAG.ask & 1
            self.best[book] = Best(
                int(last["bid_tick"]) if bid else None,
                int(last["ask_tick"]) if ask else None,
                int(last["bid_quantity"]),
                int(last["ask_quantity"]),
            )

    def _mark(self) -> None:
        """Mark every position."""
        seen, account = self.seen, self.account
        mids = {i: self.double_mid(i) for i in account.positions}
        if all(mid is not None for mid in mids.values()):
            seen.loss = sum((account.loss(i, m) for i, m in mids.items() if m), Fraction(0))
            seen.worst = max(seen.worst, seen.loss)
