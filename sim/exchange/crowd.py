"""Participants who make a market: makers, takers, and some who know more."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from host.wire.ouch50.codes import SelfMatch, TimeInForce
from sim.exchange.crowd_options import CrowdOptions, fair_values
from sim.exchange.exchange import Exchange
from sim.exchange.fair import FairValue
from sim.exchange.orders import (
    BUY,
    SELL,
    Canceled,
    Event,
    NewOrder,
    Order,
    Prevented,
    Replaced,
    Rested,
    Traded,
)
from sim.orderflow.draws import Draws

__all__ = ["Crowd", "Participant"]

_LARGEST: Final = 10_000  # order [shares]
_FAR: Final = 500  # an order rests at most so far from the fair value [increments]
_STIFFNESS: Final = 0.5  # of the number of resting orders
_WRONG: Final = 8  # edges away, a price is taken whatever the mix
_TAKER: Final = -1  # account numbers; makers follow
_INFORMED: Final = -2
_FIRST_MAKER: Final = -3


@dataclass(slots=True)
class Participant:
    """Shares and money of one participant; with all who trade both sum to 0.

    Attributes
    ----------
    position : int
        Shares bought less shares sold, over all books.
    cash : int
        Money received less money paid [0.0001].
    """

    position: int = 0
    cash: int = 0


class _Street:
    """One book: its fair value as it is seen there, and the orders of makers in it."""

    def __init__(self, value: FairValue, start: int) -> None:
        self.value = value
        self.fair = value.at(start)
        self.increment = value.increment
        self.live: list[Order] = []
        self._places: dict[int, int] = {}  # in ``live``, by the order's number

    def add(self, order: Order) -> None:
        """Note an order that rests."""
        self._places[order.number] = len(self.live)
        self.live.append(order)

    def drop(self, order: Order) -> None:
        """Forget an order that is dead, if it was noted."""
        place = self._places.pop(order.number, None)
        if place is not None:
            last = self.live.pop()
            if last is not order:
                self.live[place] = last
                self._places[last.number] = place

    def pick(self, u: float) -> Order | None:
        """Return an open order for a uniform number, young ones more often."""
        return self.live[int(len(self.live) * (1 - u * u)) - 1] if self.live else None


class Crowd:
    """Act on an exchange, one action at a time.

    Bursts of actions hit one book after the other: their lengths have a heavy tail, the time
    between them makes up for their length so that ``rate`` holds. Makers enter orders around the
    fair value, replace, cut and cancel them; takers take the best price; informed participants
    take what is far from the fair value. What is done next is drawn so that the messages of the
    market data come in the shares of ``mix``.

    The same seed, options and exchange give the same actions at the same times.

    Parameters
    ----------
    exchange : Exchange
        Open, or opened later.
    seed : int
        Of all chance.
    options : CrowdOptions
        What they are like.
    start : int
        Time of the first action [ns].
    values : sequence of FairValue, optional
        One for each instrument; crowds on several venues can share them. Their own where None.
    lag : int
        How much later than they are the crowd learns of fair values [ns].

    Attributes
    ----------
    now : int
        Time of the next action [ns].
    actions : int
        Done so far.
    participants : dict of int to Participant
        By account number; all are below 0.
    """

    def __init__(
        self,
        exchange: Exchange,
        *,
        seed: int,
        options: CrowdOptions,
        start: int = 0,
        values: Sequence[FairValue] | None = None,
        lag: int = 0,
    ) -> None:
        self.now = start
        self.actions = 0
        self.participants = {
            number: Participant() for number in range(_FIRST_MAKER - options.makers + 1, 0)
        }
        self._exchange = exchange
        self._options = options
        rng = np.random.default_rng(seed)
        self._draws = Draws(rng, longest_burst=options.longest_burst, largest_quantity=_LARGEST)
        self._lag = lag
        if values is None:
            values = fair_values(exchange, seed=seed, options=options, begin=start)
        self._streets = [_Street(value, start) for value in values]
        self._book = 0
        self._length = self._left = 0  # of this burst, and actions left in it
        exchange.watchers.append(self._watch)
        self._prints = 1.0  # trades so far, and takes: what one take causes
        self._takes = 1.0

    def run_until(self, time: int) -> None:
        """Do all that is due up to a time [ns]."""
        while self.now <= time:
            self.act()

    def shock(self, book: int, increments: int) -> None:
        """Move the fair value of a book; those who know will act on it."""
        self._streets[book].value.shock(self.now, increments)

    def act(self) -> None:
        """Do the next action, and set the time of the one after it."""
        draws = self._draws
        if not self._left:
            self._book = draws.below(len(self._streets))
            self._left = next(draws.burst)
            self._length = self._left
        street = self._streets[self._book]
        street.fair = street.value.at(max(self.now - self._lag, 0))
        self._do(street, self._book)
        self.actions += 1
        self._left -= 1
        self.now += next(draws.gap)
        if not self._left:
            u = max(next(draws.uniform), 1e-12)
            mean = self._length / self._options.rate
            self.now += int(-np.log(u) * mean * 1e9)

    def _do(self, street: _Street, book: int) -> None:
        mix, resting = self._options.mix, self._options.resting
        take = mix.execute * self._takes / self._prints
        spare = (resting - len(street.live)) / resting  # above 0 where orders are lacking
        add = mix.add * (1 + _STIFFNESS * spare)
        delete = mix.delete * (1 - _STIFFNESS * spare)
        u = next(self._draws.uniform) * (take + mix.replace + mix.reduce + add + delete)
        if len(street.live) < resting // 4:
            self._add(street, book)
        elif self._mispriced(street, book) >= _WRONG * self._options.edge or u < take:
            self._take(street, book)
        elif u < take + mix.replace:
            self._replace(street)
        elif u < take + mix.replace + mix.reduce:
            self._cut(street)
        elif u < take + mix.replace + mix.reduce + add:
            self._add(street, book)
        else:
            order = street.pick(next(self._draws.uniform))
            if order is not None:
                self._exchange.cancel(order)

    def _price(self, street: _Street, book: int, side: int) -> int:
        """Return where a maker would let an order rest: never so that it trades at once."""
        distance = 1 + min(next(self._draws.distance), _FAR)
        step = street.increment
        other = self._exchange.engine.books[book].sides[1 - side].best()
        if side == BUY:
            price = street.fair - distance * step
            return max(price if other is None else min(price, other.price - step), step)
        price = street.fair + distance * step
        return price if other is None else max(price, other.price + step)

    def _asked(self, street: _Street, book: int, side: int) -> NewOrder:
        maker = _FIRST_MAKER - self._draws.below(self._options.makers)
        return NewOrder(
            account=maker,
            book=book,
            side=side,
            price=self._price(street, book, side),
            quantity=next(self._draws.quantity),
            firm=f"MM{_FIRST_MAKER - maker:02d}",
            attributed=self._draws.happens(self._options.attributed),
            self_match=SelfMatch.CANCEL_OLDEST,
        )

    def _add(self, street: _Street, book: int) -> None:
        side = SELL if self._draws.happens(0.5) else BUY
        self._exchange.enter(self._asked(street, book, side))

    def _replace(self, street: _Street) -> None:
        old = street.pick(next(self._draws.uniform))
        if old is None:
            return
        asked = self._asked(street, old.book, old.side)
        asked = asked._replace(account=old.asked.account, firm=old.asked.firm)
        asked = asked._replace(quantity=min(asked.quantity + old.executed, _LARGEST * 10))
        self._exchange.replace(old, asked)

    def _cut(self, street: _Street) -> None:
        order = street.pick(next(self._draws.uniform))
        if order is not None and order.open > 1:
            keep = 1 + self._draws.below(order.open - 1)
            self._exchange.cancel(order, order.executed + keep)

    def _mispriced(self, street: _Street, book: int) -> int:
        """Return by how much the better of both sides is off the fair value [increments]."""
        bid, ask = (side.best() for side in self._exchange.engine.books[book].sides)
        over = bid.price - street.fair if bid else 0
        under = street.fair - ask.price if ask else 0
        return max(over, under) // street.increment

    def _take(self, street: _Street, book: int) -> None:
        """Take from the best price: what is too good, else a little of either side."""
        sides = self._exchange.engine.books[book].sides
        bid, ask = sides[BUY].best(), sides[SELL].best()
        informed = self._mispriced(street, book) >= self._options.edge
        if informed:
            side = BUY if ask is not None and ask.price < street.fair else SELL
        else:
            side = SELL if self._draws.happens(0.5) else BUY
        best = ask if side == BUY else bid
        if best is None:
            return
        size = next(self._draws.quantity)
        asked = NewOrder(
            account=_INFORMED if informed else _TAKER,
            book=book,
            side=side,
            price=best.price,
            quantity=min(max(best.total, size), _LARGEST) if informed else size,
            time_in_force=TimeInForce.IMMEDIATE,
        )
        self._takes += 1
        events = self._exchange.enter(asked)
        self._prints += sum(isinstance(event, Traded) for event in events)

    def _watch(self, events: list[Event]) -> None:
        """Keep the participants' orders and accounts, whoever they trade with."""
        for event in events:
            match event:
                case Traded(maker, taker, price, quantity):
                    self._settle(maker, quantity, price)
                    self._settle(taker, quantity, price)
                    if not maker.open:
                        self._streets[maker.book].drop(maker)
                case Rested(order) if order.asked.account in self.participants:
                    self._streets[order.book].add(order)
                case Replaced(old, order, whole):
                    self._streets[old.book].drop(old)
                    if whole and order.asked.account in self.participants:
                        self._streets[order.book].add(order)
                case Canceled(order) | Prevented(order) if not order.open:
                    self._streets[order.book].drop(order)

    def _settle(self, order: Order, quantity: int, price: int) -> None:
        found = self.participants.get(order.asked.account)
        if found is not None:
            signed = quantity if order.side == BUY else -quantity
            found.position += signed
            found.cash -= signed * price
