"""The exchange without sockets: requests in, answers and market data out."""

from collections.abc import Callable, Sequence
from typing import Final

from host.wire.glimpse import EndOfSnapshot, encode_end
from host.wire.ouch50 import responses
from host.wire.ouch50.codes import CancelReason
from sim.exchange.accounts import Account, answer
from sim.exchange.engine import CLOSED, EXTENDED, REGULAR, Listing, MatchingEngine
from sim.exchange.feed import MessageStore
from sim.exchange.gateway import request
from sim.exchange.orders import Event, NewOrder, Order, Rested, StateChanged
from sim.exchange.publisher import ItchPublisher

__all__ = ["DAY", "Exchange"]

#: The system events of a day, in their order, and what is open from each on.
DAY: Final = {"O": CLOSED, "S": EXTENDED, "Q": REGULAR, "M": EXTENDED, "E": CLOSED, "C": CLOSED}

_FIRST_TOLD: Final = "S"  # accounts are told when orders are taken, and when no more are
_LAST_TOLD: Final = "E"


class Exchange:
    """One matching engine with its accounts and its market data.

    It does one request at a time, and what that caused is told before the next one is done. The
    same requests at the same times give the same bytes.

    Parameters
    ----------
    listings : sequence of Listing
        The instruments; the locate of one is its index plus 1.
    accounts : sequence of Account
        Who may come in over the wire. Orders of other account numbers belong to participants
        inside the process: nobody is told of them but the public.
    session : str
        Name of the day, at most 10 characters.
    clock : callable
        Now [ns since midnight]; must not go back.
    keep : int
        Market data messages that are kept for those who missed them.

    Attributes
    ----------
    engine : MatchingEngine
        The books.
    feed : MessageStore
        The market data so far.
    accounts : dict of int to Account
        By number.
    phase : str
        The last system event, or empty before the first.
    requests : int
        Requests done so far.
    watchers : list of callable
        Called with the events of each request, after they are told.
    """

    def __init__(
        self,
        listings: Sequence[Listing],
        accounts: Sequence[Account] = (),
        *,
        session: str,
        clock: Callable[[], int],
        keep: int = 1_000_000,
    ) -> None:
        self.engine = MatchingEngine(listings)
        self.feed = MessageStore(session, keep)
        self.accounts = dict(enumerate(accounts))
        self.phase = ""
        self.requests = 0
        self.watchers: list[Callable[[list[Event]], None]] = []
        self._publisher = ItchPublisher(listings)
        self._clock = clock

    def advance(self, code: str) -> None:
        """Go on to a system event of the day; ``O`` also sends the stock directory."""
        order = list(DAY)
        if code not in DAY or (self.phase and order.index(code) <= order.index(self.phase)):
            raise ValueError(f"after {self.phase or 'no event'!r} comes no {code!r}")
        now = self._clock()
        self.feed.append([self._publisher.system(code, now)])
        self.phase = code
        if code == _FIRST_TOLD:
            self._tell_all(responses.SystemEvent(now, "S"))
        self._tell(self.engine.set_session(DAY[code]), now)
        if code == _LAST_TOLD:
            self._tell_all(responses.SystemEvent(now, "E"))
        if code == "O":
            self.feed.append(self._publisher.directory(now))
            for book, state in enumerate(self.engine.states):
                self.set_state(book, state)

    def open(self) -> None:
        """Go through the day's events up to the start of regular hours."""
        for code in "OSQ":
            self.advance(code)

    def close(self) -> None:
        """Go through what is left of the day."""
        order = list(DAY)
        for code in order[order.index(self.phase) + 1 if self.phase else 0 :]:
            self.advance(code)

    def request(self, account: int, data: bytes) -> list[Event]:
        """Do what an OUCH message asks; the answers are in the account's ``told``."""
        now = self._clock()
        events = request(self.engine, self.accounts[account], account, data, now)
        return self._tell(events, now)

    def enter(self, asked: NewOrder) -> list[Event]:
        """Enter an order from inside the process."""
        return self._tell(self.engine.enter(asked), self._clock())

    def replace(self, old: Order, asked: NewOrder) -> list[Event]:
        """Replace an order from inside the process."""
        return self._tell(self.engine.replace(old, asked), self._clock())

    def cancel(self, order: Order, size: int = 0) -> list[Event]:
        """Cancel or cut an order from inside the process."""
        return self._tell(self.engine.cancel(order, size), self._clock())

    def disconnected(self, account: int) -> list[Event]:
        """Take note that an account's connection has ended; cancel its orders if it wants that."""
        found = self.accounts[account]
        orders = list(found.orders.values()) if found.cancel_on_disconnect else []
        gone = [e for o in orders for e in self.engine.cancel(o, reason=CancelReason.SYSTEM)]
        return self._tell(gone, self._clock())

    def set_state(self, book: int, state: str, reason: str = "") -> list[Event]:
        """Halt an instrument or let it trade."""
        return self._tell(self.engine.set_state(book, state, reason), self._clock())

    def break_trade(self, match: int, reason: str = "S") -> list[Event]:
        """Undo a trade."""
        return self._tell(self.engine.break_trade(match, reason), self._clock())

    def snapshot(self) -> list[bytes]:
        """Return the books as ITCH messages, and the end that says where the feed goes on."""
        now = self._clock()
        events = [StateChanged(book, state, "") for book, state in enumerate(self.engine.states)]
        resting = [Rested(order) for order in self.engine.open_orders()]
        return [
            *self._publisher.directory(now),
            *self._publisher.messages([*events, *resting], now),
            encode_end(EndOfSnapshot(self.feed.next)),
        ]

    def _tell_all(self, message: responses.SystemEvent) -> None:
        for account in self.accounts.values():
            account.tell(message)

    def _tell(self, events: list[Event], now: int) -> list[Event]:
        self.requests += 1
        self.feed.append(self._publisher.messages(events, now))
        answer(self.accounts, events, now)
        for watcher in self.watchers:
            watcher(events)
        return events
