"""Strategies, as plain as they come, that send what they want through the gate."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final, Protocol

from hw.records import REQUEST_KIND, RISK_EVENT_KIND, SIDE
from sim.drills.tape import Print

__all__ = ["FollowingMaker", "Intent", "Strategy", "Told"]

_BID, _ASK = SIDE.bid, SIDE.ask
_MS: Final = 1_000_000
#: Requests after which an order is open no more.
_ENDS: Final = (REQUEST_KIND.cancelled, REQUEST_KIND.rejected, REQUEST_KIND.cancel_rejected)

Intent = dict[str, int]
"""Fields of a request; those left out are 0."""
Told = dict[str, int]
"""Fields of a risk event."""


class Strategy(Protocol):
    """What a drill plays against the market."""

    def see(self, now: int, prints: Iterable[Print], *, widened: bool) -> list[Intent]:
        """Look at what traded, and return what to send."""
        ...

    def hear(self, event: Told) -> None:
        """Take what the gate said of a request of this strategy."""
        ...


@dataclass(slots=True)
class _Quote:
    order_id: int
    tick: int
    cancelling: bool = False


@dataclass(slots=True)
class FollowingMaker:
    """A market maker that quotes about the last trade of one venue, wherever that goes.

    One order a side, ``width`` of the price away from the last trade. When that has moved by more
    than half of it, both are cancelled, and quoted anew when the gate says that they are gone.
    It knows of no crash: only the gate stands between it and the market. The one thing it obeys is
    the flag to quote wider, by which it doubles its width.

    Attributes
    ----------
    instrument, venue, book : int
        Where it quotes.
    quantity : int
        Of each order [lots].
    last : int
        Price of the last trade [ticks].
    width : int
        Distance of a quote from the last trade [basis points].
    pause : int
        Between two looks [ns].
    strategy : int
        Its index.
    first_id : int
        Of its orders.
    """

    instrument: int
    venue: int
    book: int
    quantity: int
    last: int
    width: int = 20
    pause: int = 20 * _MS
    strategy: int = 0
    first_id: int = 1
    _quotes: dict[int, _Quote] = field(default_factory=dict)
    _sent: int = 0
    _next: int = 0

    def see(self, now: int, prints: Iterable[Print], *, widened: bool) -> list[Intent]:
        """Follow the last trade."""
        for trade in prints:
            if trade.book == self.book:
                self.last = trade.tick
        if now < self._next:
            return []
        self._next = now + self.pause
        distance = max(self.last * self.width * (2 if widened else 1) // 10_000, 1)
        wanted = {_BID: self.last - distance, _ASK: self.last + distance}
        sent: list[Intent] = []
        if not self._quotes:
            sent = [self._new(side, tick) for side, tick in wanted.items() if tick > 0]
        elif any(abs(q.tick - wanted[side]) > distance // 2 for side, q in self._quotes.items()):
            sent = [self._cancel(s, q) for s, q in self._quotes.items() if not q.cancelling]
        return sent

    def hear(self, event: Told) -> None:
        """Forget a quote that is gone."""
        side = event["side"]
        quote = self._quotes.get(side)
        if quote is None or quote.order_id != event["order_id"]:
            return
        kind, cause = event["kind"], event["cause"]
        gone = kind in (RISK_EVENT_KIND.denied, RISK_EVENT_KIND.withdrawn) or (
            kind == RISK_EVENT_KIND.told
            and (cause in _ENDS or (cause == REQUEST_KIND.fill and not event["remaining"]))
        )
        if gone:
            del self._quotes[side]

    def _new(self, side: int, tick: int) -> Intent:
        quote = self._quotes[side] = _Quote(self.first_id + self._sent, tick)
        self._sent += 1
        return self._intent(REQUEST_KIND.new, quote, side)

    def _cancel(self, side: int, quote: _Quote) -> Intent:
        quote.cancelling = True
        return self._intent(REQUEST_KIND.cancel, quote, side)

    def _intent(self, kind: int, quote: _Quote, side: int) -> Intent:
        return {
            "kind": kind, "side": side, "instrument": self.instrument, "venue": self.venue,
            "strategy": self.strategy, "order_id": quote.order_id, "tick": quote.tick,
            "quantity": self.quantity,
        }  # fmt: skip
