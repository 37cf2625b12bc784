"""The ETH-USD crash on GDAX of 2017-06-21, made again from what is published of it.

No tick data of that day is public. One sell order took the price from 317.81 to 224.48; some 800
stop orders followed, down to 0.10; the trades have the ids 6324501 to 6326580. What is not
published is assumed, see ``CrashShape``, and the documentation says so.
"""

import random
from dataclasses import dataclass
from fractions import Fraction
from itertools import accumulate
from typing import Final

from hw.records import SIDE
from sim.drills.tape import Tape, VenueFeed, merge_feeds

__all__ = ["PUBLISHED", "CrashShape", "Published", "calm_tape", "crash_tape"]

_BID, _ASK = SIDE.bid, SIDE.ask
_MS: Final = 1_000_000
_US: Final = 1_000
_SECOND: Final = 1_000_000_000
_DEEP: Final = 1_000_000  # rests below the low, and is not reached [lots]


@dataclass(frozen=True, kw_only=True, slots=True)
class Published:
    """What is known of the event.

    Attributes
    ----------
    start : int
        12:30 in San Francisco [ns since the Unix epoch, UTC].
    tick_size, lot_size : Fraction
        A tick [USD]; a lot, which is ours: the venue's was smaller [ETH].
    first, after_sell, low : int
        Price before, after the one sell order, and lowest [ticks].
    stops : int
        Stop orders that followed, about.
    prints : int
        Trades, by their ids.
    """

    start: int = 1_498_073_400 * _SECOND
    tick_size: Fraction = Fraction(1, 100)
    lot_size: Fraction = Fraction(1, 1000)
    first: int = 31_781
    after_sell: int = 22_448
    low: int = 10
    stops: int = 800
    prints: int = 6_326_580 - 6_324_501 + 1


PUBLISHED: Final = Published()


@dataclass(frozen=True, kw_only=True, slots=True)
class CrashShape:
    """What is not published, and so assumed.

    Attributes
    ----------
    calm : int
        Before it: so long the detectors have to learn what is usual [ns].
    sell_prints : int
        Trades of the one sell order; the others are of the stops.
    sell_step, stop_step : int
        Between two trades of the sell order, and of the stops [ns].
    rebound : int
        Until the price is back at ``recovery`` of what it was [ns].
    recovery : float
        That share.
    others : int
        Other venues of the same instrument.
    contagion : float
        Share of the fall that the other venues follow.
    lag : int
        How much later they do [ns].
    after : int
        Calm trading afterwards [ns].
    """

    calm: int = 20 * _SECOND
    sell_prints: int = 480
    sell_step: int = 100 * _US
    stop_step: int = 500 * _US
    rebound: int = 10 * _SECOND
    recovery: float = 0.95
    others: int = 2
    contagion: float = 0.05
    lag: int = 200 * _MS
    after: int = 2 * _SECOND


def crash_tape(shape: CrashShape, seed: int) -> Tape:
    """Return the tape of the day: book 0 is GDAX, the books from 1 on are the other venues."""
    rng = random.Random(seed)
    crash = _Crash(shape, rng)
    crash.rest_at_dawn()
    crash.be_calm(shape.calm)
    crash.sell()
    crash.follow()
    crash.rebound()
    crash.be_calm(shape.after)
    return merge_feeds(crash.main, *crash.others)


def calm_tape(shape: CrashShape, seed: int) -> Tape:
    """Return the tape of the day up to the sell order."""
    crash = _Crash(shape, random.Random(seed))
    crash.rest_at_dawn()
    crash.be_calm(shape.calm)
    return merge_feeds(crash.main, *crash.others)


@dataclass(frozen=True, slots=True)
class _Stop:
    """A stop order: once the last trade is at ``trigger`` or below, ``quantity`` is sold."""

    trigger: int
    quantity: int


class _Crash:
    """The venues on their way through the day."""

    def __init__(self, shape: CrashShape, rng: random.Random) -> None:
        self.shape, self.rng = shape, rng
        start = PUBLISHED.start - shape.calm
        self.main = VenueFeed(0, start)
        self.others = [VenueFeed(1 + n, start) for n in range(shape.others)]
        self.stops: list[_Stop] = []
        self.sold = 0

    def rest_at_dawn(self) -> None:
        """Let every order rest that the fall will trade with, and those of the other venues."""
        shape, rng, main = self.shape, self.rng, self.main
        later = PUBLISHED.prints - shape.sell_prints
        prices = _falling(rng, PUBLISHED.first, PUBLISHED.after_sell, shape.sell_prints)
        prices += _falling(rng, PUBLISHED.after_sell - 1, PUBLISHED.low, later)
        sizes = [rng.randint(50, 20_000) for _ in prices]
        for price, size in zip(prices, sizes, strict=True):
            main.rest(_BID, price, size)
        main.rest(_BID, PUBLISHED.low // 2, _DEEP)
        self.sold = sum(sizes[: shape.sell_prints])
        self.stops = _stops(rng, prices, sizes, shape.sell_prints)
        self._asks_about(PUBLISHED.first)
        for feed in self.others:
            self._quote(feed, PUBLISHED.first + 2)

    def be_calm(self, length: int) -> None:
        """Let the venues move their quotes by a tick or two, and trade a little."""
        rng = self.rng
        end = self.main.now + length
        feeds = [self.main, *self.others]
        mids = {feed.book: _mid(feed) for feed in feeds}
        now = self.main.now
        while (now := now + rng.randint(10 * _MS, 50 * _MS)) < end:
            feed = rng.choice(feeds)
            feed.now = now
            if feed is self.main:
                self._asks_about(_best(feed, _BID), width=rng.randint(2, 6))
            else:
                self._quote(feed, mids[feed.book] + rng.randint(-5, 5))
        for feed in feeds:
            feed.now = end

    def sell(self) -> None:
        """Let the one sell order trade."""
        left = self.sold
        while left:
            left -= self._fall(left, self.shape.sell_step)

    def follow(self) -> None:
        """Let the stop orders trade that the last price has reached, one after the other.

        Raises
        ------
        RuntimeError
            If one is not reached: then the shape is no crash.
        """
        for stop in self.stops:
            if self.main.prints[-1].tick > stop.trigger:
                raise RuntimeError(f"the stop at {stop.trigger} is not reached")
            left = stop.quantity
            while left:
                left -= self._fall(left, self.shape.stop_step)

    def rebound(self) -> None:
        """Let buyers come back, and trade with the sellers that stand in their way."""
        shape, main = self.shape, self.main
        steps = 200
        end = main.now + shape.rebound
        start = main.now
        aim = int(PUBLISHED.first * shape.recovery)
        for n in range(1, steps + 1):
            main.now = start + shape.rebound * n // steps
            price = PUBLISHED.low + (aim - PUBLISHED.low) * n // steps
            self._asks_about(price - 1, width=1)
            main.trade_next(_ASK, 1_000)
            main.rest(_BID, _best(main, _ASK) - 2, self.rng.randint(1_000, 20_000))
            for feed in self.others:
                if n % 4 == feed.book % 4:
                    feed.now = main.now
                    self._quote(feed, self._followed(price))
        main.now = end

    def _fall(self, quantity: int, step: int) -> int:
        """Trade with the best bid; the sellers' makers follow, and the other venues a little."""
        main, shape = self.main, self.shape
        main.now += step
        traded = main.trade_next(_BID, quantity)
        count = len(main.prints)
        if count % 20 == 0:
            self._asks_about(_best(main, _BID), width=max(_best(main, _BID) // 50, 20))
        for feed in self.others:
            if main.now - feed.now >= shape.lag:
                feed.now = main.now
                self._quote(feed, self._followed(main.prints[-1].tick))
        return traded

    def _followed(self, price: int) -> int:
        """Return where another venue trades while the main one is at a price."""
        return PUBLISHED.first - int((PUBLISHED.first - price) * self.shape.contagion)

    def _asks_about(self, bid: int, width: int = 2) -> None:
        """Let the sellers of the main venue stand above a bid again, ten prices of them."""
        while (order := self.main.best(_ASK)) is not None:
            self.main.cancel(order)
        for n in range(10):
            quantity = self.rng.randint(1_000, 20_000)
            self.main.rest(_ASK, bid + width + n * max(width // 2, 1), quantity)

    def _quote(self, feed: VenueFeed, mid: int) -> None:
        """Let another venue have five prices a side about a mid."""
        for side in (_BID, _ASK):
            while (order := feed.best(side)) is not None:
                feed.cancel(order)
        for n in range(5):
            feed.rest(_BID, mid - 3 - 2 * n, self.rng.randint(1_000, 20_000))
            feed.rest(_ASK, mid + 3 + 2 * n, self.rng.randint(1_000, 20_000))


def _falling(rng: random.Random, first: int, last: int, count: int) -> list[int]:
    """Return prices that fall from the first to the last, both among them."""
    steps = [rng.random() ** 3 for _ in range(count - 1)]
    total = sum(steps)
    return [first - round((first - last) * done / total) for done in accumulate(steps, initial=0)]


def _stops(rng: random.Random, prices: list[int], sizes: list[int], first: int) -> list[_Stop]:
    """Return the stops: each sells what one to three of the bids want, when the last is traded."""
    groups = _groups(rng, len(prices) - first, PUBLISHED.stops)
    stops, at, highest = [], first, PUBLISHED.first
    for group in groups:
        trigger = min(prices[at - 1] + rng.randint(0, 3_000), highest)
        stops.append(_Stop(trigger, sum(sizes[at : at + group])))
        at, highest = at + group, trigger
    return stops


def _groups(rng: random.Random, total: int, count: int) -> list[int]:
    """Cut a total into so many parts of 1 to 3."""
    groups = [2] * count
    for n in range(total - 2 * count):
        groups[n % count] += 1
    for n in range(0, count - 1, 2):
        if groups[n] > 1 and groups[n + 1] < 3 and rng.random() < 0.5:
            groups[n], groups[n + 1] = groups[n] - 1, groups[n + 1] + 1
    rng.shuffle(groups)
    return groups


def _best(feed: VenueFeed, side: int) -> int:
    order = feed.best(side)
    assert order is not None
    return order.tick


def _mid(feed: VenueFeed) -> int:
    return (_best(feed, _BID) + _best(feed, _ASK)) // 2
