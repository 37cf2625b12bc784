"""Reference model of ``gateware.book.decision``: what is wrong with an operation; what it does."""

from dataclasses import dataclass
from typing import Final

from hw.records import ERROR

__all__ = ["FATAL", "KINDS", "Decision", "Found", "Operation", "Situation", "decide"]

#: Kinds of operations: updates, then those of the maintenance engine.
KINDS: Final = ("add", "take", "delete", "set", "pass", "evict", "admit", "invalidate", "none")
#: Errors that make a book invalid.
FATAL: Final = frozenset(code.value for code in ERROR if code.invalidates)
_OF_ENGINE: Final = frozenset({"evict", "admit", "invalidate", "none"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Operation:
    """One operation.

    Attributes
    ----------
    kind : str
        One of ``KINDS``. ``take``: execute or reduce; ``delete``: also the first half of a
        replace; ``add``: also its second half; ``pass``: trade, status, gap.
    book, side, pk : int
        What it is about; of an ``evict`` or ``admit``, the row whose window moves.
    quantity : int
        Of any size [lots].
    error : int
        Found before, or 0.
    raised : bool
        That error counts whatever the state of the book.
    first_error : int
        What the first half of a replace ended with.
    """

    kind: str
    book: int = 0
    side: int = 0
    pk: int = 0
    quantity: int = 0
    error: int = 0
    raised: bool = False
    first_error: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """The order that the table holds under the key, or in the slot."""

    book: int
    side: int
    pk: int
    quantity: int
    inside: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Situation:
    """State of the table, the book and the window.

    Attributes
    ----------
    room : bool
        There is a free slot for the key.
    invalid, complete : bool
        The book is invalid; an unknown id is a contradiction.
    moving : bool
        The window of the row of the order that was found is being moved.
    """

    room: bool = True
    invalid: bool = False
    complete: bool = False
    moving: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """What is to be done.

    Attributes
    ----------
    error : int
        Of the event, or 0.
    fatal : bool
        The book is invalid from here on.
    effect : str
        ``insert``, ``remove``, ``change``, ``leave``, ``enter`` or nothing. An order leaves its
        window only if that no longer covers it, and enters it only if it now does.
    delta : int
        Change of the quantity of the order's level [lots], with an effect.
    inside : bool
        Whether the order that was found lies in the window.
    """

    error: int = 0
    fatal: bool = False
    effect: str = ""
    delta: int = 0
    inside: bool = False


def decide(operation: Operation, found: Found | None, now: Situation) -> Decision:
    """Decide on one operation."""
    if operation.kind == "invalidate":
        return Decision(error=ERROR.level_overflow, fatal=True)
    if operation.kind in _OF_ENGINE:
        return _cross(operation, found, now)
    if operation.raised:
        return Decision(error=operation.error, fatal=operation.error in FATAL)
    if operation.first_error:  # whose consequences its own half has had
        return Decision(error=operation.first_error)
    if now.invalid:
        return Decision(error=ERROR.book_invalid)
    if operation.error:
        return Decision(error=operation.error, fatal=operation.error in FATAL)
    if error := _contradiction(operation, found, now):
        fatal = error in FATAL or (error == ERROR.unknown_id and now.complete)
        return Decision(error=error, fatal=fatal)
    return _effect(operation, found, now)


def _contradiction(operation: Operation, found: Found | None, now: Situation) -> int:
    kind, quantity = operation.kind, operation.quantity
    if found is None:
        if kind in ("take", "delete"):
            return ERROR.unknown_id
        places = kind == "add" or (kind == "set" and quantity > 0)
        return ERROR.table_full if places and not now.room else ERROR.none
    if kind == "add":
        return ERROR.duplicate_id
    if kind == "take" and quantity > found.quantity:
        return ERROR.over_reduce
    if kind == "set" and (operation.side, operation.pk) != (found.side, found.pk):
        return ERROR.tick_mismatch
    return ERROR.none


def _effect(operation: Operation, found: Found | None, now: Situation) -> Decision:
    kind, quantity = operation.kind, operation.quantity
    if found is None:
        if kind in ("add", "set") and quantity:
            return Decision(effect="insert", delta=quantity)
        return Decision()
    left = {"take": found.quantity - quantity, "set": quantity, "delete": 0}.get(kind)
    if left is None:  # it is not about an order
        return Decision()
    effect = "change" if left else "remove"
    return Decision(effect=effect, delta=left - found.quantity, inside=found.inside)


def _cross(operation: Operation, found: Found | None, now: Situation) -> Decision:
    """Take an order out of the window that moves, or into it, if that is still to be done."""
    if found is None or not now.moving:
        return Decision()
    if found.book != operation.book:
        return Decision()
    if operation.kind == "evict" and found.inside:
        return Decision(effect="leave", delta=-found.quantity, inside=True)
    if operation.kind == "admit" and not found.inside:
        return Decision(effect="enter", delta=found.quantity)
    return Decision()
