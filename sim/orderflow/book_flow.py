"""Order flow of one book: what a venue would send, order by order or level by level."""

from dataclasses import dataclass
from typing import Final

from hw.presets import BookParameters
from hw.records import SIDE, UPDATE_KIND
from sim.models.book_effects import Update
from sim.orderflow.draws import Draws
from sim.orderflow.profile import Profile
from sim.orderflow.venue_book import Clock, Resting, VenueBook

__all__ = ["BookFlow", "Setting"]

# Attribute look-ups on ``Codes`` are slow; these are needed for every update.
_ASK: Final = SIDE.ask
_BID: Final = SIDE.bid
_ADD: Final = UPDATE_KIND.add
_CLEAR: Final = UPDATE_KIND.clear
_DELETE: Final = UPDATE_KIND.delete
_EXECUTE: Final = UPDATE_KIND.execute
_GAP: Final = UPDATE_KIND.gap
_REDUCE: Final = UPDATE_KIND.reduce
_REPLACE: Final = UPDATE_KIND.replace
_STATUS: Final = UPDATE_KIND.status
_TRADE: Final = UPDATE_KIND.trade

_FEWEST: Final = 8  # resting orders below which orders come rather than go
_TRADE_SHARE: Final = 0.9  # of the updates that change no book; the others are status


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """What the books of one flow share.

    Attributes
    ----------
    parameters : BookParameters
        Widths that the updates keep to.
    profile : Profile
        Shares and probabilities.
    draws : Draws
        Randomness.
    clock : Clock
        Time and references.
    capacity : int
        Most resting orders of one book [orders].
    """

    parameters: BookParameters
    profile: Profile
    draws: Draws
    clock: Clock
    capacity: int


class BookFlow:
    """Order flow of one book, order by order (L3).

    Keeps the book as the venue sees it, so that every update makes sense: an order that leaves
    rests, what is executed is at the touch, and no order crosses unless the profile says so.

    Parameters
    ----------
    index : int
        Book index of the updates.
    setting : Setting
        What all books share.

    Attributes
    ----------
    out : list of tuple
        Updates that were made; the owner takes them away.
    book : VenueBook
        The resting orders.
    middle : int
        Price around which new orders come [ticks].
    """

    def __init__(self, index: int, setting: Setting) -> None:
        self.index = index
        self.parameters = setting.parameters
        self.profile = setting.profile
        self.draws = setting.draws
        self.clock = setting.clock
        self.capacity = max(setting.capacity, 2 * _FEWEST)
        self.out: list[Update] = []
        self.book = VenueBook()
        self.top = self._highest_tick()
        high = min(60_000, self.top // 2)
        low = min(2_000, high // 2)
        self.middle = low + self.draws.below(high - low)
        mix = self.profile.mix
        self._until_add = mix.add
        self._until_delete = self._until_add + mix.delete
        self._until_replace = self._until_delete + mix.replace
        self._until_execute = self._until_replace + mix.execute
        self._until_reduce = self._until_execute + mix.reduce

    def _highest_tick(self) -> int:
        return (1 << self.parameters.tick_bits) - 1

    # What the owner calls.

    def open(self) -> None:
        """Start with a snapshot."""
        for _ in range(min(self.profile.opening, self.capacity)):
            self.add()
        self.out.clear()
        self.rebuild()

    def step(self) -> None:
        """Make one update by the mix."""
        u = next(self.draws.uniform)
        if u < self._until_add:
            self.add()
        elif u < self._until_delete:
            self.delete()
        elif u < self._until_replace:
            self.replace()
        elif u < self._until_execute:
            self.execute()
        elif u < self._until_reduce:
            self.reduce()
        else:
            trade = self.draws.happens(_TRADE_SHARE)
            self.put(_TRADE if trade else _STATUS)

    def walk(self) -> None:
        """Let the price move a little, never far past the touch."""
        self.middle += next(self.draws.step)
        bid, ask = self.book.best(_BID), self.book.best(_ASK)
        if ask:
            self.middle = min(self.middle, ask.tick + 1)
        if bid:
            self.middle = max(self.middle, bid.tick - 1)
        self.middle = min(max(self.middle, 2), self.top - 1)

    def rebuild(self, *, complete: bool = True) -> None:
        """Clear the book and send all that rests: a snapshot."""
        self.put(_CLEAR, flags=int(complete))
        for order in self.book.live:
            self.put_resting(order)

    def lose(self) -> None:
        """Lose updates: the book is invalid until it is rebuilt a little later."""
        self.put(_GAP)
        for _ in range(self.draws.below(6)):
            self.step()
        self.rebuild()

    def jump(self) -> None:
        """Let the market gap by more than the window: one side leaves, the other is left behind."""
        window = self.parameters.window_ticks
        size = window + self.draws.below(3 * window)
        up = self.draws.happens(0.5) if size < self.middle < self.top - size else size > self.middle
        for order in [o for o in self.book.live if o.side == (_ASK if up else _BID)]:
            self.drop(order)
        self.middle = min(max(self.middle + (size if up else -size), 2), self.top - 1)

    # Single updates.

    def add(self) -> None:
        """Let a new order rest."""
        if len(self.book.live) >= self.capacity:
            self.delete()
            return
        side = self.draws.below(2)
        self.rest(side, self.near(side), next(self.draws.quantity))

    def delete(self) -> None:
        """Let an order leave: mostly a young one, or one that the price has passed."""
        if len(self.book.live) < _FEWEST:
            self.add()
        else:
            self.drop(self.book.pick(next(self.draws.uniform)))

    def replace(self) -> None:
        """Let an order take another price or quantity."""
        if not self.book.live:
            self.add()
            return
        order = self.book.pick(next(self.draws.uniform))
        tick = order.tick if self.draws.happens(0.3) else self.near(order.side)
        self.swap(order, tick, next(self.draws.quantity))

    def execute(self) -> None:
        """Let the best order of a side trade, in part or in full."""
        bid, ask = self.book.best(_BID), self.book.best(_ASK)
        order = ask if ask and (not bid or self.middle >= ask.tick) else bid
        if ask and bid and bid.tick < self.middle < ask.tick and self.draws.happens(0.5):
            order = ask
        if not order:
            self.add()
            return
        partly = order.quantity > 1 and self.draws.happens(0.5)
        self.take(
            order,
            1 + self.draws.below(order.quantity - 1) if partly else order.quantity,
            _EXECUTE,
        )

    def reduce(self) -> None:
        """Cancel a part of an order."""
        if not self.book.live:
            self.add()
            return
        order = self.book.pick(next(self.draws.uniform))
        self.take(order, 1 + self.draws.below(order.quantity), _REDUCE)

    def near(self, side: int) -> int:
        """Return a tick for a new order of a side."""
        draws, profile = self.draws, self.profile
        other = self.book.best(1 - side)
        u = next(draws.uniform)
        if u < profile.stub:
            far = 1 + draws.below(100)
            return far if side == _BID else self.top - far
        away = 1 + next(draws.distance)
        tick = self.middle + away if side == _ASK else self.middle - away
        if other:
            if u > 1 - profile.crossing:
                through = draws.below(4)
                tick = other.tick - through if side == _ASK else other.tick + through
            elif side == _ASK:
                tick = max(tick, other.tick + 1)
            else:
                tick = min(tick, other.tick - 1)
        return min(max(tick, 1), self.top)

    # What happens to an order: the venue's book, and the update that says so.

    def rest(self, side: int, tick: int, quantity: int) -> None:
        """Let a new order rest."""
        order = Resting(next(self.clock.references), side, tick, quantity)
        self.book.enter(order)
        self.put_resting(order)

    def take(self, order: Resting, quantity: int, kind: int) -> None:
        """Take a quantity off an order by ``execute`` or ``reduce``."""
        order.quantity -= quantity
        if not order.quantity:
            self.book.leave(order)
        self.put(kind, order.side, order.order_id, quantity=quantity)

    def drop(self, order: Resting) -> None:
        """Let an order leave."""
        self.book.leave(order)
        self.put(_DELETE, order.side, order.order_id)

    def swap(self, order: Resting, tick: int, quantity: int) -> None:
        """Let another order take an order's place."""
        self.book.leave(order)
        new = Resting(next(self.clock.references), order.side, tick, quantity)
        self.book.enter(new)
        self.put(_REPLACE, 0, order.order_id, new.order_id, tick, quantity)

    def put_resting(self, order: Resting) -> None:
        """Send a resting order as new."""
        self.put(_ADD, order.side, order.order_id, tick=order.tick, quantity=order.quantity)

    def put(
        self,
        kind: int,
        side: int = 0,
        order_id: int = 0,
        new_order_id: int = 0,
        tick: int = 0,
        quantity: int = 0,
        flags: int = 0,
    ) -> None:
        """Send one update of this book, a moment after the last."""
        self.clock.now += next(self.draws.gap)
        self.out.append(
            (self.index, kind, side, flags, order_id, new_order_id, tick, quantity, self.clock.now)
        )
