"""Reference model of ``gateware.book.decode``: the checks of an update that need no book."""

from dataclasses import dataclass
from typing import Final

from hw.presets import BookParameters
from hw.records import ERROR, EVENT_KIND, UPDATE_KIND
from sim.models.book_effects import Update
from sim.models.book_event import READS

__all__ = ["Decoded", "decode"]

_COMMANDS: Final = READS | {UPDATE_KIND.clear}
_TAKES: Final = frozenset({UPDATE_KIND.execute, UPDATE_KIND.reduce})
_RESTS: Final = frozenset({UPDATE_KIND.add, UPDATE_KIND.replace, UPDATE_KIND.set})
_ON_ORDER: Final = _RESTS | _TAKES | {UPDATE_KIND.delete}


@dataclass(frozen=True, kw_only=True, slots=True)
class Decoded:
    """What is known of an update before any memory is read.

    Attributes
    ----------
    error : int
        The first error of the contract that needs no state of a book, or 0.
    bare : bool
        The error has nothing to do with the state of a book.
    bad_book : bool
        There is no such book.
    huge : bool
        The quantity does not fit.
    command : bool
        It is for the maintenance engine.
    passes : bool
        It changes nothing, whatever the book.
    event : int
        Kind of the event that closes it.
    """

    error: int
    bare: bool
    bad_book: bool
    huge: bool
    command: bool
    passes: bool
    event: int


def decode(update: Update, parameters: BookParameters) -> Decoded:
    """Check one update.

    Parameters
    ----------
    update : tuple of int
        The fields of ``market_update`` in their order.
    parameters : BookParameters
        Sizes of the build.
    """
    book, kind, quantity = update[0], update[1], update[7]
    error = _error(update, parameters)
    bad_book = book >= parameters.books
    bare = error in (ERROR.bad_book, ERROR.bad_kind)
    event = EVENT_KIND.read_done if kind in READS else EVENT_KIND.best
    return Decoded(
        error=error,
        bare=bare,
        bad_book=bad_book,
        huge=quantity >= 1 << parameters.quantity_bits,
        command=kind in _COMMANDS and not bad_book,
        passes=bare or kind in (UPDATE_KIND.trade, UPDATE_KIND.status),
        event=EVENT_KIND.cleared if kind == UPDATE_KIND.clear else event,
    )


def _error(update: Update, p: BookParameters) -> int:
    book, kind, _, _, order_id, new_order_id, tick, quantity, _ = update
    replaces = kind == UPDATE_KIND.replace
    checks = (
        (book >= p.books, ERROR.bad_book),
        (kind not in UPDATE_KIND or kind == UPDATE_KIND.none, ERROR.bad_kind),
        (kind == UPDATE_KIND.gap, ERROR.feed_gap),
        (kind in _ON_ORDER and order_id >> p.id_bits, ERROR.id_range),
        (replaces and new_order_id >> p.id_bits, ERROR.id_range),
        (kind in _RESTS and tick >> p.tick_bits, ERROR.tick_range),
        (kind in _RESTS and quantity >> p.quantity_bits, ERROR.quantity_range),
        (replaces and not quantity, ERROR.quantity_range),
        (kind in _TAKES | {UPDATE_KIND.add} and not quantity, ERROR.zero_quantity),
    )
    return next((code for failed, code in checks if failed), ERROR.none)
