"""Order flow of one depth book (L2): the same venue, seen as levels that are ``set``."""

from typing import Final

from hw.records import UPDATE_KIND
from sim.orderflow.book_flow import BookFlow, Setting
from sim.orderflow.venue_book import Resting

__all__ = ["LevelFlow"]

# Attribute look-ups on ``Codes`` are slow; these are needed for every update.
_SET: Final = UPDATE_KIND.set


class LevelFlow(BookFlow):
    """Order flow of one depth feed: every level is one order whose id is ``tick * 2 + side``.

    Parameters and attributes are those of ``BookFlow``.
    """

    def __init__(self, index: int, setting: Setting) -> None:
        super().__init__(index, setting)
        self._at: dict[tuple[int, int], Resting] = {}

    def _highest_tick(self) -> int:
        return min(super()._highest_tick(), (1 << (self.parameters.id_bits - 1)) - 1)

    def rest(self, side: int, tick: int, quantity: int) -> None:
        """Set a level: a new one, or another quantity of one that is there."""
        level = self._at.get((side, tick))
        if level:
            level.quantity = quantity
        else:
            level = Resting(tick * 2 + side, side, tick, quantity)
            self._at[side, tick] = level
            self.book.enter(level)
        self.put_resting(level)

    def take(self, order: Resting, quantity: int, kind: int) -> None:
        """Set a level to what remains of it; a depth feed does not say why."""
        order.quantity -= quantity
        if order.quantity:
            self.put_resting(order)
        else:
            self.drop(order)

    def drop(self, order: Resting) -> None:
        """Set a level to 0."""
        del self._at[order.side, order.tick]
        self.book.leave(order)
        order.quantity = 0
        self.put_resting(order)

    def swap(self, order: Resting, tick: int, quantity: int) -> None:
        """Set the level to another quantity; levels have no other price."""
        order.quantity = quantity
        self.put_resting(order)

    def put_resting(self, order: Resting) -> None:
        """Send a level as it is."""
        self.put(_SET, order.side, order.order_id, tick=order.tick, quantity=order.quantity)
