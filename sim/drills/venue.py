"""A simulated venue: acknowledges our orders, and fills them by what trades on the tape."""

from collections.abc import Iterable
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from host.device.records import RISK_REQUEST_DTYPE
from hw.records import ORDER_KIND, REQUEST_KIND, SIDE
from sim.drills.account import Account
from sim.drills.tape import Print

__all__ = ["Best", "DeafVenue", "OurOrder", "SimulatedVenue", "requests"]

_BID: Final = SIDE.bid
Records = NDArray[np.void]


@dataclass(frozen=True, slots=True)
class Best:
    """Best prices of a book; None where a side has none [ticks], and how much stands there [lots].

    ``bid_quantity`` and ``ask_quantity`` are 0 where there is no price.
    """

    bid: int | None
    ask: int | None
    bid_quantity: int
    ask_quantity: int

    @property
    def crossed(self) -> bool:
        """Whether the bid is not below the offer."""
        return self.bid is not None and self.ask is not None and self.bid >= self.ask


@dataclass(slots=True)
class OurOrder:
    """An order of ours at the venue."""

    fields: dict[str, int]
    remaining: int


class SimulatedVenue:
    """All venues, as far as our orders go.

    Our orders do not move the tape. One that meets the other side when it arrives trades with what
    stands there, at that price; one that rests trades in full, at its own price, when something
    trades beyond it, and as far as quantity stands against it when the best price of the other side
    reaches it. Every message takes ``latency`` each way.

    Parameters
    ----------
    account : Account
        Is told of every fill when it happens.
    latency : int
        From the box to the venue, and back [ns].

    Attributes
    ----------
    resting : dict of int to OurOrder
        By order id.
    """

    def __init__(self, account: Account, *, latency: int) -> None:
        self.account = account
        self.latency = latency
        self.resting: dict[int, OurOrder] = {}
        self._coming: list[tuple[int, int, dict[str, int]]] = []
        self._reports: list[tuple[int, int, dict[str, int]]] = []
        self._number = count(1)
        self._best: dict[tuple[int, int], Best] = {}

    @property
    def due(self) -> int | None:
        """When the next report reaches the box, or the next order the venue [ns]."""
        times = [queue[0][0] for queue in (self._coming, self._reports) if queue]
        return min(times, default=None)

    def send(self, orders: Records, now: int) -> None:
        """Take what left the box."""
        for order in orders:
            fields = {name: int(order[name]) for name in order.dtype.names or ()}
            heappush(self._coming, (now + self.latency, next(self._number), fields))

    def arrive(self, now: int) -> None:
        """Let orders reach the venue that have been under way for long enough."""
        while self._coming and self._coming[0][0] <= now:
            time, _, fields = heappop(self._coming)
            if fields["kind"] == ORDER_KIND.cancel:
                self._cancel(fields, time)
            else:
                self._report(REQUEST_KIND.ack, fields, time)
                order = OurOrder(fields, fields["quantity"])
                self.resting[fields["order_id"]] = order
                self._meet(order, time, at_own_price=False)

    def happen(self, place: tuple[int, int], best: Best, prints: Iterable[Print]) -> None:
        """Let something happen in a book; ``place`` is its instrument and venue."""
        self._best[place] = best
        for trade in prints:
            for order in [o for o in self.resting.values() if _place(o.fields) == place]:
                tick, side = order.fields["tick"], order.fields["side"]
                beyond = trade.tick < tick if side == _BID else trade.tick > tick
                if side == trade.side and beyond:
                    self._fill(order, tick, order.remaining, trade.time)

    def meet_all(self, now: int) -> None:
        """Let orders trade that the other side has reached."""
        for order in list(self.resting.values()):
            self._meet(order, now, at_own_price=True)

    def reports(self, now: int) -> Records:
        """Return the reports that have reached the box, as requests to the gate."""
        rows: list[dict[str, int]] = []
        while self._reports and self._reports[0][0] <= now:
            rows.append(heappop(self._reports)[2])
        return requests(rows)

    def _cancel(self, fields: dict[str, int], time: int) -> None:
        order = self.resting.pop(fields["order_id"], None)
        kind = REQUEST_KIND.cancelled if order else REQUEST_KIND.cancel_rejected
        self._report(kind, fields, time)

    def _meet(self, order: OurOrder, now: int, *, at_own_price: bool) -> None:
        """Trade with what stands against an order, once."""
        best = self._best.get(_place(order.fields))
        if best is None:
            return
        buys, tick = order.fields["side"] == _BID, order.fields["tick"]
        price = best.ask if buys else best.bid
        if price is None or (tick < price if buys else tick > price):
            return
        stands = best.ask_quantity if buys else best.bid_quantity
        quantity = min(order.remaining, stands)
        if quantity:
            self._fill(order, tick if at_own_price else price, quantity, now)

    def _fill(self, order: OurOrder, tick: int, quantity: int, time: int) -> None:
        order.remaining -= quantity
        if not order.remaining:
            del self.resting[order.fields["order_id"]]
        fields = order.fields | {"tick": tick, "quantity": quantity}
        self.account.fill(fields["instrument"], fields["side"], tick, quantity)
        self._report(REQUEST_KIND.fill, fields, time, execution=next(self._number))

    def _report(self, kind: int, fields: dict[str, int], time: int, *, execution: int = 0) -> None:
        at = time + self.latency
        row = fields | {"kind": kind, "execution": execution, "time": at}
        heappush(self._reports, (at, next(self._number), row))


class DeafVenue(SimulatedVenue):
    """A venue that answers nothing: the caller makes the reports."""

    def send(self, orders: Records, now: int) -> None:
        """Take what left the box, and forget it."""


def requests(rows: Iterable[dict[str, Any]]) -> Records:
    """Return rows as requests to the gate; what a request has no field for is left out."""
    rows = list(rows)
    records = np.zeros(len(rows), RISK_REQUEST_DTYPE)
    for n, row in enumerate(rows):
        for name in RISK_REQUEST_DTYPE.names or ():
            if name in row:
                records[name][n] = row[name]
    return records


def _place(fields: dict[str, int]) -> tuple[int, int]:
    return fields["instrument"], fields["venue"]
