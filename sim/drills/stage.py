"""A few venues of one instrument, moved by hand, and orders into them."""

from dataclasses import dataclass
from itertools import count
from typing import Final

import numpy as np

from host.device.base import RiskDevice
from host.device.records import UPDATE_DTYPE
from hw.records import CHECK, REQUEST_KIND, RISK_EVENT_KIND
from sim.drills.desk import Desk, desk_limits
from sim.drills.gate import ready
from sim.drills.play import Playing
from sim.drills.tape import VenueFeed

__all__ = ["START", "Stage", "Verdict"]

#: Where the time of a staged drill begins [ns].
START: Final = 1_700_000_000_000_000_000
_VERDICTS: Final = (RISK_EVENT_KIND.passed, RISK_EVENT_KIND.denied)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the gate said of an order.

    Attributes
    ----------
    failed : frozenset of str
        Checks that failed; empty: it left.
    latency : int
        From the request to the verdict [cycles].
    """

    failed: frozenset[str]
    latency: int


class Stage:
    """One instrument at some venues; book and venue have the same index.

    Parameters
    ----------
    device : RiskDevice
        Just after reset.
    desk : Desk
        One instrument.
    latency : int or None
        As of ``Playing``.

    Attributes
    ----------
    now : int
        The time [ns].
    feeds : list of VenueFeed
        The caller changes their books; ``tell`` sends what they said.
    playing : Playing
        What is seen of the device.
    """

    def __init__(self, device: RiskDevice, desk: Desk, *, latency: int | None = None) -> None:
        ready(device, desk_limits(desk, device.risk))
        (self.traded,) = desk.instruments
        self.now = START
        self.feeds = [VenueFeed(book, START) for book, _ in self.traded.books]
        self.playing = Playing(device, desk.places(), latency=latency)
        self._ids = count(1)

    def quote_all(self, mid: int) -> None:
        """Let every venue quote about a mid, and tell."""
        for feed in self.feeds:
            feed.quote(mid, half=2, levels=3, quantity=self.traded.largest)
        self.tell()

    def wait(self, time: int) -> None:
        """Let time pass [ns], and the box do in it what it does in the background."""
        self.now += time
        self.playing.rest(self.now)
        for feed in self.feeds:
            feed.now = self.now

    def tell(self) -> None:
        """Send what the feeds have said since the last time, if anything."""
        rows = [row for feed in self.feeds for row in feed.out]
        for feed in self.feeds:
            feed.out.clear()
        if rows:
            self.playing.step(self.now, np.array(rows, UPDATE_DTYPE))

    def probe(
        self, venue: int, side: int, tick: int, quantity: int, *, strategy: int = 0
    ) -> Verdict:
        """Send a new order; if it leaves, cancel it, and let the venue say that it is gone."""
        intent = self.intent(venue, side, tick, quantity, strategy=strategy)
        verdict = self.verdict(intent)
        if not verdict.failed:
            self.end(intent)
        return verdict

    def end(self, intent: dict[str, int]) -> None:
        """Cancel an order, and let the venue say that it is gone."""
        kinds = REQUEST_KIND.ack, REQUEST_KIND.cancel, REQUEST_KIND.cancelled
        self.playing.ask(self.now, [intent | {"kind": kind} for kind in kinds])

    def end_all(self) -> None:
        """Cancel every order that rests at a venue."""
        resting = [order.fields for order in self.playing.venue.resting.values()]
        kind = {"kind": REQUEST_KIND.cancel}
        self.playing.ask(self.now, [fields | kind for fields in resting])

    def intent(
        self, venue: int, side: int, tick: int, quantity: int, *, strategy: int = 0
    ) -> dict[str, int]:
        """Return a new order under a new id."""
        return {
            "kind": REQUEST_KIND.new, "side": side, "instrument": 0, "venue": venue,
            "strategy": strategy, "order_id": next(self._ids), "tick": tick, "quantity": quantity,
        }  # fmt: skip

    def verdict(self, intent: dict[str, int]) -> Verdict:
        """Send a new order and return what the gate says of it.

        Raises
        ------
        RuntimeError
            If it says nothing.
        """
        for event in self.playing.ask(self.now, [intent]):
            if event["kind"] in _VERDICTS and event["order_id"] == intent["order_id"]:
                failed = event["failed"]
                names = frozenset(c.name for c in CHECK if failed >> c.value & 1)
                return Verdict(names, event["latency"])
        raise RuntimeError(f"the gate said nothing of order {intent['order_id']}")
