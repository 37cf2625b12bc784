"""What each market update does to a book: the semantics of the reference model, in one place.

They are those of ``docs/concepts/updates-and-events.md``, in its order and its words.
"""

from collections.abc import Callable
from typing import Final

from hw.presets import BookParameters
from hw.records import ERROR, UPDATE_KIND
from sim.models.book_event import READS
from sim.models.one_book import Book

__all__ = ["BookEffects", "Update"]

# The fields of ``market_update`` in their order, as ``ndarray.tolist`` gives them: book, kind,
# side, flags, order_id, new_order_id, tick, quantity, time.
Update = tuple[int, int, int, int, int, int, int, int, int]

# Attribute look-ups on ``Codes`` are slow; the checks run for every update.
_OK: Final = ERROR.none
_BAD_KIND: Final = ERROR.bad_kind
_BOOK_INVALID: Final = ERROR.book_invalid
_UNKNOWN_ID: Final = ERROR.unknown_id
_ID_RANGE: Final = ERROR.id_range
_TICK_RANGE: Final = ERROR.tick_range
_QUANTITY_RANGE: Final = ERROR.quantity_range
_ZERO_QUANTITY: Final = ERROR.zero_quantity
_DUPLICATE_ID: Final = ERROR.duplicate_id
_OVER_REDUCE: Final = ERROR.over_reduce
_TICK_MISMATCH: Final = ERROR.tick_mismatch
_TABLE_FULL: Final = ERROR.table_full
_LEVEL_OVERFLOW: Final = ERROR.level_overflow

_FATAL: Final = frozenset(code.value for code in ERROR if code.invalidates)
_ON_INVALID: Final = READS | {UPDATE_KIND.clear, UPDATE_KIND.gap}  # what an invalid book obeys


class BookEffects:
    """Check updates and apply them to books that share one order table.

    Parameters
    ----------
    parameters : BookParameters
        Widths, and the capacity ``order_slots + stash_slots``.

    Attributes
    ----------
    deny_slot : bool
        While True no slot is free: a device's buckets can be full before its table is.
    notice_overflow : bool
        While False a level may exceed its bits: a device can notice some of them only later.
    used : int
        Slots taken, those of invalid books included [orders].
    """

    def __init__(self, parameters: BookParameters) -> None:
        self.deny_slot = False
        self.notice_overflow = True
        self.used = 0
        self._capacity = parameters.order_slots + parameters.stash_slots
        self._id_end = 1 << parameters.id_bits
        self._tick_end = 1 << parameters.tick_bits
        self._quantity_end = 1 << parameters.quantity_bits
        self._count_end = 1 << parameters.count_bits
        self._effects: dict[int, Callable[[Book, Update], int]] = {
            UPDATE_KIND.add: self._add,
            UPDATE_KIND.execute: self._reduce,
            UPDATE_KIND.reduce: self._reduce,
            UPDATE_KIND.delete: self._delete,
            UPDATE_KIND.replace: self._replace,
            UPDATE_KIND.set: self._set,
            UPDATE_KIND.clear: _clear,
            UPDATE_KIND.trade: _nothing,
            UPDATE_KIND.status: _nothing,
            UPDATE_KIND.gap: _gap,
            UPDATE_KIND.read_levels: _nothing,
            UPDATE_KIND.read_orders: _nothing,
        }

    def apply(self, book: Book, update: Update) -> int:
        """Apply an update to its book and return the error, or ``none``."""
        kind = update[1]
        effect = self._effects.get(kind)
        if effect is None:
            return _BAD_KIND
        if not book.valid and kind not in _ON_INVALID:
            return _BOOK_INVALID
        before = len(book.orders)
        error = effect(book, update)
        self.used += len(book.orders) - before
        if error in _FATAL or (error == _UNKNOWN_ID and book.complete):
            book.valid = False
        return error

    # The effects, each with its checks in the order of the contract. They return the error; with
    # one they have changed nothing.

    def _add(self, book: Book, update: Update) -> int:
        _, _, side, _, order_id, _, tick, quantity, _ = update
        if error := self._out_of_range(order_id, tick, quantity):
            return error
        if not quantity:
            return _ZERO_QUANTITY
        if order_id in book.orders:
            return _DUPLICATE_ID
        return self._rest(book, order_id, side & 1, tick, quantity)

    def _reduce(self, book: Book, update: Update) -> int:
        order_id, quantity = update[4], update[7]
        if order_id >= self._id_end:
            return _ID_RANGE
        if not quantity:
            return _ZERO_QUANTITY
        order = book.orders.get(order_id)
        if order is None:
            return _UNKNOWN_ID
        if quantity > order[2]:
            return _OVER_REDUCE
        book.resize(order_id, order[2] - quantity)
        return _OK

    def _delete(self, book: Book, update: Update) -> int:
        order_id = update[4]
        if order_id >= self._id_end:
            return _ID_RANGE
        if order_id not in book.orders:
            return _UNKNOWN_ID
        book.leave(order_id)
        return _OK

    def _replace(self, book: Book, update: Update) -> int:
        _, _, _, _, order_id, new_id, tick, quantity, _ = update
        if error := self._out_of_range(max(order_id, new_id), tick, quantity):
            return error
        if not quantity:
            return _QUANTITY_RANGE
        if order_id not in book.orders:
            return _UNKNOWN_ID
        if new_id in book.orders and new_id != order_id:
            return _DUPLICATE_ID
        if self.deny_slot:
            return _TABLE_FULL  # otherwise the old order's slot is there for the new one
        side, old_tick, old_quantity = book.orders[order_id]
        rests, count = book.sides[side].at(tick)
        if tick == old_tick:
            rests, count = rests - old_quantity, count - 1
        if self._overflows(book, rests + quantity, count + 1):
            return _LEVEL_OVERFLOW
        book.leave(order_id)
        book.rest(new_id, side, tick, quantity)
        return _OK

    def _set(self, book: Book, update: Update) -> int:
        _, _, side, _, order_id, _, tick, quantity, _ = update
        if error := self._out_of_range(order_id, tick, quantity):
            return error
        side &= 1
        order = book.orders.get(order_id)
        if order is None:
            return self._rest(book, order_id, side, tick, quantity) if quantity else _OK
        if order[0] != side or order[1] != tick:
            return _TICK_MISMATCH
        rests, count = book.sides[side].at(tick)
        if quantity > order[2] and self._overflows(book, rests - order[2] + quantity, count):
            return _LEVEL_OVERFLOW
        book.resize(order_id, quantity)
        return _OK

    def _out_of_range(self, order_id: int, tick: int, quantity: int) -> int:
        if order_id >= self._id_end:
            return _ID_RANGE
        if tick >= self._tick_end:
            return _TICK_RANGE
        return _QUANTITY_RANGE if quantity >= self._quantity_end else _OK

    def _rest(self, book: Book, order_id: int, side: int, tick: int, quantity: int) -> int:
        if self.deny_slot or self.used >= self._capacity:
            return _TABLE_FULL
        rests, count = book.sides[side].at(tick)
        if self._overflows(book, rests + quantity, count + 1):
            return _LEVEL_OVERFLOW
        book.rest(order_id, side, tick, quantity)
        return _OK

    def _overflows(self, book: Book, quantity: int, count: int) -> bool:
        """Say whether a level that is to be this large is found too large now."""
        if quantity < self._quantity_end and count < self._count_end:
            return False
        book.oversized = True
        return self.notice_overflow


def _nothing(book: Book, update: Update) -> int:
    return _OK


def _clear(book: Book, update: Update) -> int:
    book.clear(complete=bool(update[3] & 1))
    return _OK


def _gap(book: Book, update: Update) -> int:
    return ERROR.feed_gap
