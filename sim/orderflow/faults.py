"""What a feed should never send, and what is rare: every error and every hazard of the contract."""

from collections.abc import Callable
from typing import Final

from hw.presets import BookParameters
from hw.records import SIDE, UPDATE_KIND
from sim.orderflow.book_flow import BookFlow
from sim.orderflow.draws import Draws

__all__ = ["Faults"]

_UNKNOWN: Final = 7  # an id that no venue gives out
_LARGEST_FILL: Final = 1024  # order slots of an engine that is worth filling to the brim


class Faults:
    """One troublesome step at a time.

    After a step that makes the book invalid, a few updates more come, then a snapshot; so the
    books agree with the venue again.

    Parameters
    ----------
    parameters : BookParameters
        Widths to go beyond.
    draws : Draws
        Randomness.
    """

    def __init__(self, parameters: BookParameters, draws: Draws) -> None:
        self._draws = draws
        self._parameters = parameters
        harmless = (
            self._bad_kind, self._zero_quantity, self._set_nothing, self._in_and_out,
            self._same_order, self._empty_a_side, self._read, self._read, self._odd_side,
            self._set_known, self._replace_by_itself,
        )  # fmt: skip
        fatal = (
            self._unknown_id, self._duplicate_add, self._duplicate_replace, self._over_reduce,
            self._mismatch, self._tick_range, self._quantity_range, self._id_range,
            self._replace_by_zero, self._overflow, self._incomplete, self._bad_book,
            self._gap_twice,
        )  # fmt: skip
        self._harmless: tuple[Callable[[BookFlow], None], ...] = harmless
        self._fatal: tuple[Callable[[BookFlow], None], ...] = fatal
        if parameters.order_slots <= _LARGEST_FILL:
            self._fatal = (*fatal, self._fill)

    def strike(self, flow: BookFlow) -> None:
        """Make one troublesome step in a book."""
        if self._draws.happens(0.8):
            self._harmless[self._draws.below(len(self._harmless))](flow)
            return
        self._fatal[self._draws.below(len(self._fatal))](flow)
        for _ in range(self._draws.below(4)):
            flow.step()
        flow.rebuild(complete=self._draws.happens(0.7))

    # Harmless: the book stays valid.

    def _bad_kind(self, flow: BookFlow) -> None:
        flow.put((0, 13, 128, 255)[self._draws.below(4)], order_id=_UNKNOWN)

    def _zero_quantity(self, flow: BookFlow) -> None:
        kind = (UPDATE_KIND.add, UPDATE_KIND.execute, UPDATE_KIND.reduce)[self._draws.below(3)]
        flow.put(kind, order_id=_UNKNOWN, tick=flow.middle)

    def _set_nothing(self, flow: BookFlow) -> None:
        flow.put(UPDATE_KIND.set, SIDE.ask, _UNKNOWN, tick=flow.middle)

    def _in_and_out(self, flow: BookFlow) -> None:
        """Open and empty the same level, at the touch, again and again."""
        side = self._draws.below(2)
        tick = flow.near(side)
        for _ in range(1 + self._draws.below(8)):
            reference = next(flow.clock.references)
            flow.put(UPDATE_KIND.add, side, reference, tick=tick, quantity=5)
            flow.put(UPDATE_KIND.delete, side, reference)

    def _same_order(self, flow: BookFlow) -> None:
        """Do everything to one order, back to back."""
        side = self._draws.below(2)
        first, second = next(flow.clock.references), next(flow.clock.references)
        tick = flow.near(side)
        flow.put(UPDATE_KIND.add, side, first, tick=tick, quantity=100)
        flow.put(UPDATE_KIND.execute, side, first, quantity=30)
        flow.put(UPDATE_KIND.reduce, side, first, quantity=20)
        flow.put(UPDATE_KIND.set, side, first, tick=tick, quantity=60)
        flow.put(UPDATE_KIND.replace, side, first, second, flow.near(side), 10)
        flow.put(UPDATE_KIND.replace, side, second, first, tick, 40)
        flow.put(UPDATE_KIND.execute, side, first, quantity=40)
        flow.put(UPDATE_KIND.add, side, first, tick=tick, quantity=1)
        flow.put(UPDATE_KIND.delete, side, first)

    def _empty_a_side(self, flow: BookFlow) -> None:
        """Trade a side away from the best price on, level by level."""
        side = self._draws.below(2)
        for _ in range(1 + self._draws.below(60)):
            order = flow.book.best(side)
            if order is None:
                return
            flow.take(order, order.quantity, UPDATE_KIND.execute)

    def _read(self, flow: BookFlow) -> None:
        if self._draws.happens(0.7):
            flow.put(UPDATE_KIND.read_levels)
        else:
            flow.put(UPDATE_KIND.read_orders, order_id=_UNKNOWN)

    def _odd_side(self, flow: BookFlow) -> None:
        reference = next(flow.clock.references)
        flow.put(UPDATE_KIND.add, 0xFE, reference, tick=1, quantity=1)
        flow.put(UPDATE_KIND.delete, 0xFF, reference)

    def _set_known(self, flow: BookFlow) -> None:
        """Say of an order what remains, as a venue may that sends no levels."""
        order = flow.book.best(self._draws.below(2))
        if order:
            order.quantity = 1 + self._draws.below(500)
            flow.put(UPDATE_KIND.set, order.side, order.order_id, 0, order.tick, order.quantity)

    def _replace_by_itself(self, flow: BookFlow) -> None:
        side = self._draws.below(2)
        reference = next(flow.clock.references)
        flow.put(UPDATE_KIND.add, side, reference, tick=flow.near(side), quantity=10)
        flow.put(UPDATE_KIND.replace, side, reference, reference, flow.near(side), 20)
        flow.put(UPDATE_KIND.delete, side, reference)

    # Fatal, or best cleaned up by a snapshot.

    def _unknown_id(self, flow: BookFlow) -> None:
        kinds = (UPDATE_KIND.execute, UPDATE_KIND.reduce, UPDATE_KIND.delete, UPDATE_KIND.replace)
        flow.put(kinds[self._draws.below(4)], 0, _UNKNOWN, _UNKNOWN, 1, 1)

    def _duplicate_add(self, flow: BookFlow) -> None:
        side = self._draws.below(2)
        reference = next(flow.clock.references)
        for _ in range(2):
            flow.put(UPDATE_KIND.add, side, reference, tick=flow.near(side), quantity=1)

    def _duplicate_replace(self, flow: BookFlow) -> None:
        first, second = next(flow.clock.references), next(flow.clock.references)
        tick = flow.near(SIDE.ask)
        for reference in (first, second):
            flow.put(UPDATE_KIND.add, SIDE.ask, reference, tick=tick, quantity=1)
        flow.put(UPDATE_KIND.replace, SIDE.ask, first, second, tick, 1)

    def _over_reduce(self, flow: BookFlow) -> None:
        reference = next(flow.clock.references)
        kind = (UPDATE_KIND.execute, UPDATE_KIND.reduce)[self._draws.below(2)]
        flow.put(UPDATE_KIND.add, 0, reference, tick=flow.near(SIDE.bid), quantity=10)
        flow.put(kind, 0, reference, quantity=11)

    def _mismatch(self, flow: BookFlow) -> None:
        reference = next(flow.clock.references)
        tick = flow.near(SIDE.ask)
        flow.put(UPDATE_KIND.add, SIDE.ask, reference, tick=tick, quantity=10)
        side = self._draws.below(2)  # the other side, or the other price
        flow.put(UPDATE_KIND.set, side, reference, tick=tick + side, quantity=5)

    def _tick_range(self, flow: BookFlow) -> None:
        self._new(flow, tick=1 << self._parameters.tick_bits, quantity=1)

    def _quantity_range(self, flow: BookFlow) -> None:
        if self._parameters.quantity_bits < 64:
            self._new(flow, tick=flow.middle, quantity=1 << self._parameters.quantity_bits)

    def _id_range(self, flow: BookFlow) -> None:
        if self._parameters.id_bits < 64:
            kinds = [UPDATE_KIND.add, UPDATE_KIND.reduce, UPDATE_KIND.delete, UPDATE_KIND.replace]
            beyond = 1 << self._parameters.id_bits
            flow.put(kinds[self._draws.below(4)], 0, beyond, 1, flow.middle, 1)

    def _replace_by_zero(self, flow: BookFlow) -> None:
        flow.put(UPDATE_KIND.replace, 0, _UNKNOWN, _UNKNOWN, flow.middle, 0)

    def _overflow(self, flow: BookFlow) -> None:
        """Let a level grow too large: at the touch, behind the cached levels, or far away.

        Then let the book go on, so that an engine that keeps some levels out of sight notices.
        """
        best = flow.book.best(SIDE.bid)
        tick = best.tick if best else flow.middle
        place = self._draws.below(3)
        for _ in range(self._parameters.cached_levels if place else 0):
            tick = max(tick - 1, 1)
            flow.put(UPDATE_KIND.add, SIDE.bid, next(flow.clock.references), tick=tick, quantity=1)
        away = self._draws.below(3 * self._parameters.window_ticks) if place == 2 else 0
        for quantity in ((1 << self._parameters.quantity_bits) - 1, 1):
            reference = next(flow.clock.references)
            flow.put(
                UPDATE_KIND.add, SIDE.bid, reference, tick=max(tick - away, 1), quantity=quantity
            )
        for _ in range(self._draws.below(30)):
            flow.step()
        if self._draws.happens(0.3):  # it fits again
            flow.put(UPDATE_KIND.delete, SIDE.bid, reference)
        self._read(flow)

    def _incomplete(self, flow: BookFlow) -> None:
        flow.rebuild(complete=False)
        self._unknown_id(flow)

    def _bad_book(self, flow: BookFlow) -> None:
        index, flow.index = flow.index, self._parameters.books + self._draws.below(3)
        flow.put(UPDATE_KIND.add, 0, _UNKNOWN, tick=1, quantity=1)
        flow.put(UPDATE_KIND.clear)
        flow.index = index

    def _gap_twice(self, flow: BookFlow) -> None:
        for kind in (UPDATE_KIND.gap, UPDATE_KIND.gap, UPDATE_KIND.read_levels):
            flow.put(kind)

    def _fill(self, flow: BookFlow) -> None:
        """Fill the order table until nothing fits."""
        for _ in range(self._parameters.order_slots + self._parameters.stash_slots + 1):
            reference = next(flow.clock.references)
            flow.put(UPDATE_KIND.add, 0, reference, tick=flow.near(SIDE.bid), quantity=1)

    def _new(self, flow: BookFlow, *, tick: int, quantity: int) -> None:
        kind = (UPDATE_KIND.add, UPDATE_KIND.set)[self._draws.below(2)]
        flow.put(kind, 0, next(flow.clock.references), tick=tick, quantity=quantity)
