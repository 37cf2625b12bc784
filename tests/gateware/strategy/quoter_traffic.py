"""A host, a gate and a venue around a quoter, all of them moody; and what it may never do."""

import random
from collections import deque
from typing import Any, Final

from gateware.strategy.quoter import Quoter
from hw.records import ORDER_FLAG, REQUEST_KIND, RISK_REQUEST, SIDE
from sim.models.triggers import Best, QuoterSettings, quotes
from tests.gateware.market.bench import MARKET
from tests.gateware.strategy.traffic import change_of, order_of

__all__ = ["QuoterTraffic"]

_TOP: Final = (1 << MARKET.tick_bits) - 1
_IDS = 1 << MARKET.id_bits
_NO_REPORT = dict.fromkeys((field.name for field in RISK_REQUEST.fields), 0)
#: Cycles at the end of a calm time in which venue and gate do only what they are asked.
_QUIET: Final = 100
#: Cycles between a cause and the offer that it leads to: LATENCY, and those of the other side.
_LATE = Quoter.LATENCY + 2


class QuoterTraffic:
    """Settings and markets that now and then change, orders that live and die.

    Parameters
    ----------
    rng : random.Random
        Of everything.

    Attributes
    ----------
    orders, cancels, fills, denials, calms : int
        What there was.
    resting : dict of int to list of int
        By id: side, price, what is left [ticks, lots].
    """

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.orders = self.cancels = self.fills = self.denials = self.calms = 0
        self.resting: dict[int, list[int]] = {}
        self._place = {"instrument": 1, "venue": 0, "pause": 3}
        self._settings = QuoterSettings(
            enabled=False, fair=0, fair_time=0, max_age=0, half_spread=0, skew=0, step=0, quantity=0
        )  # fmt: skip
        self._best: list[int | None] = [None, None]
        self._now, self._id = 1000, 1
        self._before = self._settings, self._now
        self._wanted: deque[tuple[set[int], set[int], int, dict[str, int]]] = deque(
            maxlen=_LATE + 1
        )
        self._asked: tuple[int, list[int], int] | None = None
        self._cancelling: set[int] = set()
        self._valid_before = False
        self._calm = 0

    def inputs(self) -> dict[str, Any]:
        """Return the inputs of the next cycle."""
        rng = self.rng
        self._now += rng.randrange(2)
        if not self._calm and rng.random() < 0.03:
            self._set()
        if self._calm == _QUIET:
            self._settling = self._wanted_now()
        if self._calm == 1:
            self._settled()
        self._calm -= self._calm > 0
        change, valid = self._market()
        self._ready = rng.random() < 0.6
        self._verdict = self._judge()
        self._report = self._venue()
        self._remember()
        settings = dict(vars(self._settings)) | self._place
        return {
            "change_valid": valid, "change": change, "forget_market": 0, "settings": settings,
            "now": self._now, "new_id": self._id, "passed": self._verdict is True,
            "denied": self._verdict is False, "report_valid": self._report is not None,
            "report": self._report or _NO_REPORT, "intent__ready": self._ready,
        }  # fmt: skip

    def _set(self) -> None:
        rng = self.rng
        self._calm = rng.choice([0, 0, 0, 150])
        self._settings = QuoterSettings(
            enabled=rng.random() < 0.9, fair=rng.choice([500, 505, 510, 2, _TOP]),
            fair_time=max(self._now + rng.choice([0, 0, -40, 40]), 0),
            max_age=rng.choice([0, 30, 100, 100, 100]), half_spread=rng.choice([0, 1, 4, 20]),
            skew=rng.choice([0, 0, 3, -3]), step=rng.choice([0, 1, 3]),
            quantity=rng.choice([0, 5, 9, 255]),
        )  # fmt: skip
        if rng.random() < 0.1:
            instrument = rng.randrange(MARKET.instruments)
            if instrument != self._place["instrument"]:
                self._best = [None, None]
            self._place |= {"instrument": instrument, "venue": rng.randrange(MARKET.venues)}

    def _market(self) -> tuple[dict[str, Any], bool]:
        rng = self.rng
        sides = [
            Best(rng.randrange(low, low + 9), 5, 0) if rng.random() < 0.9 else None
            for low in (495, 503)
        ]
        instrument = rng.randrange(MARKET.instruments)
        valid = not self._calm and rng.random() < 0.05
        if valid and instrument == self._place["instrument"]:
            self._best = [side.tick if side else None for side in sides]
        return change_of(instrument, *sides), valid

    def _judge(self) -> bool | None:
        """Let the gate answer the order that it has."""
        if self._asked is None:
            return None
        order_id, order, left = self._asked
        if left:
            self._asked = order_id, order, left - 1
            return None
        self._asked = None
        if self._calm == 0 and self.rng.random() < 0.2:
            self.denials += 1
            return False
        self.resting[order_id] = order
        return True

    def _venue(self) -> dict[str, int] | None:
        """Let something happen to an order, sometimes."""
        rng, kinds = self.rng, REQUEST_KIND
        quiet = 0 < self._calm <= _QUIET
        able = sorted(self._cancelling & self.resting.keys() if quiet else self.resting)
        if not able or rng.random() < 0.9 - 0.7 * quiet:
            return None
        order_id = rng.choice(able)
        order = self.resting[order_id]
        said = _NO_REPORT | {"order_id": order_id, "kind": kinds.ack}
        if order_id in self._cancelling:
            self._cancelling.discard(order_id)
            if not quiet and rng.random() < 0.2:
                return said | {"kind": kinds.cancel_rejected}
            del self.resting[order_id]
            return said | {"kind": kinds.cancelled}
        if rng.random() < 0.3:
            quantity = rng.randrange(1, order[2] + 1)
            order[2] -= quantity
            self.fills += 1
            if not order[2]:
                del self.resting[order_id]
            return said | {"kind": kinds.fill, "quantity": quantity}
        if rng.random() < 0.05:
            del self.resting[order_id]
            return said | {"kind": kinds.rejected}
        return said

    def _remember(self) -> None:
        """Keep what is wanted: settings take one cycle more to an order than the market."""
        bids: set[int] = set()
        asks: set[int] = set()
        for settings, now in (self._before, (self._settings, self._now)):
            wanted = quotes(
                settings, best_bid=self._best[0], best_ask=self._best[1], now=now, top=_TOP
            )  # fmt: skip
            for side, price in zip((bids, asks), wanted, strict=True):
                side.update([] if price is None else [price])
        self._before = self._settings, self._now
        self._wanted.append((bids, asks, self._settings.quantity, dict(self._place)))

    def see(self, *, valid: int, intent: Any) -> None:
        """Check what is offered, and take it if the port is ready."""
        if valid and not self._valid_before and not int(intent.cancel):
            self._right(intent)
        self._valid_before = bool(valid) and not self._ready
        if not (valid and self._ready):
            return
        order = order_of(intent)
        if int(intent.cancel):
            self.cancels += 1
            order_id = int(intent.order_id)
            assert order_id not in self._cancelling, "one cancel until it is answered"
            if order_id in self.resting:
                assert self.resting[order_id][0] == order.side
                self._cancelling.add(order_id)
            return
        self.orders += 1
        assert self._asked is None
        assert order.side not in {side for side, _, _ in self.resting.values()}, "one a side"
        self._asked = self._id, [order.side, order.tick, order.quantity], self.rng.randrange(4)
        self._id = (self._id + 1) % _IDS
        while self._id in self.resting:
            self._id = (self._id + 1) % _IDS

    def _right(self, intent: Any) -> None:
        """Check a new order against what was wanted a few cycles ago."""
        order = order_of(intent)
        recent = list(self._wanted)
        assert order.flags == ORDER_FLAG.post_only
        assert order.tick in {price for w in recent for price in (w[1] if order.side else w[0])}
        assert order.quantity in {w[2] for w in recent}
        place = {"instrument": int(intent.instrument), "venue": order.venue}
        assert any(place.items() <= w[3].items() for w in recent)

    def _wanted_now(self) -> tuple[int | None, int | None]:
        bid, ask = self._best
        return quotes(self._settings, best_bid=bid, best_ask=ask, now=self._now, top=_TOP)

    def _settled(self) -> None:
        """Check that the quotes are those that were wanted for as long as all was quiet."""
        if self._wanted_now() != self._settling:
            return  # the value has become too old meanwhile
        self.calms += 1
        step = max(self._settings.step, 1)
        for side, price in zip((SIDE.bid, SIDE.ask), self._settling, strict=True):
            there = [tick for s, tick, _ in self.resting.values() if s == side]
            assert (price is None) == (not there), (side, price, there)
            assert all(price is not None and abs(tick - price) < step for tick in there)
