"""Random markets for triggers, and what each must do with them, cycle by cycle."""

import random
from collections import deque
from typing import Any, Final

from gateware.strategy.imbalance_taker import ImbalanceTaker
from sim.models.triggers import ArbitrageSettings, Best, Order, TakerSettings, arbitrage, taker
from tests.gateware.market.bench import MARKET

__all__ = ["NOTHING", "ArbitrageTraffic", "TakerTraffic", "change_of", "market", "order_of"]

#: A change without prices.
NOTHING: Final = {"known": 0, "tick": 0, "quantity": 0, "venue": 0}
_TOP: Final = (1 << MARKET.tick_bits) - 1


def market(rng: random.Random) -> tuple[Best | None, Best | None]:
    """Return best bid and offer: near each other, often crossed, now and then extreme."""

    def side() -> Best | None:
        if rng.random() < 0.1:
            return None
        tick = rng.choice([rng.randrange(500, 520), rng.randrange(500, 520), 0, 1, _TOP])
        quantity = rng.choice([rng.randrange(8), rng.randrange(300), 1023])
        return Best(tick, quantity, rng.randrange(MARKET.venues))

    return side(), side()


def change_of(instrument: int, bid: Best | None, ask: Best | None) -> dict[str, Any]:
    """Return the fields of a change."""
    sides = [{"known": 1, **s._asdict()} if s else NOTHING for s in (bid, ask)]
    return {
        "instrument": instrument, "venue": 0, "time": 0, "bid": sides[0], "ask": sides[1],
        "crossed": 0, "locked": 0, "deferred": 0,
    }  # fmt: skip


def _cost(rng: random.Random) -> int:
    return rng.choice([0, 1, 5, rng.randrange(_TOP + 1)])


def order_of(intent: Any) -> Order:
    """Return the order of an intent."""
    return Order(*(int(getattr(intent, name)) for name in Order._fields))


class _Offers:
    """What a trigger should offer, and how many chances it should have passed over."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self.passed_over = 0
        self._of = 0
        self._offered: Order | None = None
        self._left = 0

    def _compare(self, *, valid: int, intent: Any, passed_over: int) -> None:
        assert valid == (self._offered is not None)
        assert passed_over == self.passed_over
        if self._offered is not None:
            assert order_of(intent) == self._offered
            assert not int(intent.cancel)
            assert int(intent.instrument) == self._of


class ArbitrageTraffic(_Offers):
    """Changes, a port that stalls, and a gate that answers some cycles later.

    Parameters
    ----------
    rng : random.Random
        Of everything.

    Attributes
    ----------
    attempts, denied, passed_over : int
        What there was.
    """

    def __init__(self, rng: random.Random) -> None:
        super().__init__(rng)
        self.attempts = self.denied = 0
        self._next: Order | None = None
        self._answer_in = 0
        self._verdict: bool | None = None

    def inputs(self) -> dict[str, Any]:
        """Return the inputs of the next cycle."""
        rng = self.rng
        self._instrument = rng.randrange(MARKET.instruments)
        self._bid, self._ask = market(rng)
        self._settings = ArbitrageSettings(
            enabled=rng.random() < 0.9, cost=tuple(_cost(rng) for _ in range(MARKET.venues)),
            top=rng.choice([_TOP, 510, rng.randrange(_TOP + 1)]),
            max_quantity=rng.choice([0, 5, 255]), pause=rng.choice([0, 1, 2, 9]),
        )  # fmt: skip
        self._valid, self._ready = rng.random() < 0.5, rng.random() < 0.5
        self._verdict = rng.random() < 0.7 if self._answer_in == 1 else None
        return {
            "change_valid": self._valid,
            "change": change_of(self._instrument, self._bid, self._ask),
            "settings": {**vars(self._settings), "cost": list(self._settings.cost)},
            "passed": self._verdict is True, "denied": self._verdict is False,
            "intent__ready": self._ready,
        }  # fmt: skip

    def see(self, *, valid: int, intent: Any, passed_over: int) -> None:
        """Compare the outputs of this cycle with the rule, and go on to the next."""
        self._compare(valid=valid, intent=intent, passed_over=passed_over)
        wanted = arbitrage(self._bid, self._ask, self._settings) if self._valid else None
        busy = self._offered is not None or self._answer_in or self._left
        if wanted and busy:
            self.passed_over += 1
        if self._offered is not None:
            self._took()
        elif self._answer_in:
            self._answered()
        elif self._left:
            self._left -= 1
        elif wanted:
            self.attempts += 1
            self._offered, self._next = wanted
            self._of, self._pause = self._instrument, max(self._settings.pause, 1)

    def _took(self) -> None:
        if not self._ready:
            return
        if self._next is None:
            self._left = self._pause
        else:
            self._answer_in = self.rng.randrange(1, 9)
        self._offered = None

    def _answered(self) -> None:
        self._answer_in -= 1
        if self._verdict is True:
            self._offered, self._next = self._next, None
        elif self._verdict is False:
            self.denied += 1
            self._left, self._next = self._pause, None


class TakerTraffic(_Offers):
    """Changes and a port that stalls.

    Parameters
    ----------
    rng : random.Random
        Of everything.

    Attributes
    ----------
    orders, passed_over : int
        What there was.
    """

    def __init__(self, rng: random.Random) -> None:
        super().__init__(rng)
        self.orders = 0
        late = ImbalanceTaker.LATENCY - 1
        self._coming: deque[tuple[Order | None, int, int]] = deque([(None, 0, 0)] * late)

    def inputs(self) -> dict[str, Any]:
        """Return the inputs of the next cycle."""
        rng = self.rng
        instrument = rng.randrange(MARKET.instruments)
        bid, ask = market(rng)
        settings = TakerSettings(
            enabled=rng.random() < 0.95, ratio=rng.choice([0, 16, 17, 17, 20, 32, 255]),
            max_spread=rng.choice([0, 8, 19, 19, _TOP]), max_quantity=rng.choice([0, 5, 255, 255]),
            pause=rng.choice([0, 1, 9, 40]),
        )  # fmt: skip
        valid, self._ready = rng.random() < 0.5, rng.random() < 0.5
        wanted = taker(bid, ask, settings) if valid else None
        self._coming.append((wanted, instrument, settings.pause))
        return {
            "change_valid": valid, "change": change_of(instrument, bid, ask),
            "settings": vars(settings), "intent__ready": self._ready,
        }  # fmt: skip

    def see(self, *, valid: int, intent: Any, passed_over: int) -> None:
        """Compare the outputs of this cycle with the rule, and go on to the next."""
        self._compare(valid=valid, intent=intent, passed_over=passed_over)
        wanted, instrument, pause = self._coming.popleft()
        if wanted and (self._offered is not None or self._left):
            self.passed_over += 1
        if self._offered is not None:
            if self._ready:
                self._offered = None
        elif self._left:
            self._left -= 1
        elif wanted:
            self.orders += 1
            self._offered, self._of, self._left = wanted, instrument, pause
