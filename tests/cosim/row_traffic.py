"""Random commands on the rows of a row cache, and what the models say of each."""

import random
from dataclasses import dataclass, field, replace
from typing import Final

from gateware.book.layouts import Shapes
from sim.models.row_update import Command, Row, Updated, row_update
from sim.models.window import window_around, window_holds
from tests.gateware.bench import TINY

__all__ = ["BookState", "Move", "Step", "Steps"]

LEAF_BITS: Final = Shapes(TINY).leaf_bits


@dataclass(frozen=True, kw_only=True, slots=True)
class Move:
    """A window move that is under way: where to, and whether the old window still counts."""

    target: int
    evicting: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class BookState:
    """Both rows of a book, and whether it is invalid and complete."""

    rows: tuple[Row, Row] = (Row(), Row())
    invalid: bool = False
    complete: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One command: the book before, the window that counts, the book after."""

    book: int
    side: int
    command: Command
    move: Move | None
    complete: bool
    inside: bool
    before: BookState
    after: BookState
    told: Updated
    spoilt: bool  # an overflow has left a row of which nothing is promised; this resets it


@dataclass(slots=True)
class _Row:
    """What the engine knows of a row: quantities of its orders by price, and its window move."""

    orders: dict[int, list[int]] = field(default_factory=dict)
    move: Move | None = None


class Steps:
    """Draw commands one after the other, on books that the caller chooses.

    Parameters
    ----------
    rng : random.Random
        Source of the commands.
    """

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._books = [BookState() for _ in range(TINY.books)]
        self._rows = {(b, s): _Row() for b in range(TINY.books) for s in range(2)}
        self._spoilt: set[int] = set()

    def opening(self) -> list[Step]:
        """Return the steps that give every row a state: memories start as anything."""
        steps = []
        for name in ("reset", "set_base"):
            for side in range(2):
                for book in range(TINY.books):
                    base = 64 if name == "set_base" else None
                    move = Move(target=64, evicting=False) if base else None
                    command = Command(name=name, base=base)
                    steps.append(self._apply(book, side, command, move=move))
        return steps

    def draw(self, book: int) -> Step:
        """Return a random command on a book."""
        rng, side = self._rng, self._rng.randrange(2)
        row, state = self._books[book].rows[side], self._rows[book, side]
        if book in self._spoilt or (self._books[book].invalid and rng.random() < 0.3):
            return self._apply(book, side, Command(name="reset"), complete=rng.random() < 0.5)
        if rng.random() < 0.1 and (row.levels or state.move is not None):
            return self._apply(book, side, self._move(state))
        roll = rng.random()
        if roll < 0.12:
            names = ["leave", "none", "invalidate"] + ["enter"] * (row.outside > 0)
            weights = [4, 2, 0.3] + [4] * (row.outside > 0)
            name = rng.choices(names, weights)[0]
            return self._apply(book, side, Command(name=name, pk=rng.randrange(60, 180)))
        if roll < 0.35 and row.more and len(row.levels) < TINY.cached_levels:
            return self._apply(book, side, self._refill(row, state))
        if roll < 0.7 and state.orders:
            return self._apply(book, side, self._take(row, state))
        pk, quantity = rng.choice([70, 71, 75, 90, 100, 150, 20]), rng.choice([1, 5, 100])
        state.orders.setdefault(pk, []).append(quantity)
        command = Command(name="insert", pk=pk, delta=quantity, quantity=quantity)
        return self._apply(book, side, command)

    def _move(self, state: _Row) -> Command:
        """Begin a move, switch to its window, or end it."""
        if state.move is None:
            target = LEAF_BITS * self._rng.randrange(4, 16)
            state.move = Move(target=target, evicting=True)
            return Command(name="start_move", pk=self._rng.randrange(60, 180))
        if state.move.evicting:
            return Command(name="set_base", base=state.move.target)
        state.move = None
        return Command(name="none", pk=self._rng.randrange(60, 180))

    def _refill(self, row: Row, state: _Row) -> Command:
        beyond = sorted(pk for pk in state.orders if not row.reaches(pk))
        if not beyond:
            return Command(name="clear_more")
        orders = state.orders[beyond[0]]
        total = min(sum(orders), (1 << TINY.quantity_bits) - 1)
        return Command(
            name="append", pk=beyond[0], delta=total, quantity=total, count=len(orders)
        )  # fmt: skip

    def _take(self, row: Row, state: _Row) -> Command:
        """Let an order leave or change."""
        rng = self._rng
        pk = rng.choice(list(state.orders))
        orders, at = state.orders[pk], rng.randrange(len(state.orders[pk]))
        outside = row.outside > 0 and rng.random() < 0.5
        if rng.random() < 0.3:
            delta = rng.randrange(1 - orders[at], 30)
            orders[at] += delta
            return Command(name="change", pk=pk, delta=delta)
        quantity = orders.pop(at)
        if not orders:
            del state.orders[pk]
        return Command(name="remove", pk=pk, delta=-quantity, outside=outside)

    def _apply(
        self,
        book: int,
        side: int,
        command: Command,
        *,
        move: Move | None = None,
        complete: bool = False,
    ) -> Step:
        state, before = self._rows[book, side], self._books[book]
        move = move or state.move
        if command.name == "start_move":  # it is not under way yet
            move = None
        row = before.rows[side]
        first = not row.levels and not row.more and move is None
        base = row.base or 0
        inside = first or window_holds(base, command.pk, TINY)
        better = not first and command.pk < base
        if move is not None:
            better |= command.pk < move.target
            if move.evicting and not window_holds(move.target, command.pk, TINY):
                inside = False
        if command.name == "insert":
            brings = window_around(command.pk, TINY, leaf_bits=LEAF_BITS) if first else None
            command = replace(command, better=better, base=brings, outside=not inside)
        # Whether an order crosses the edge of the window the row cache finds by itself.
        stays = (command.name == "leave" and inside) or (command.name == "enter" and not inside)
        acts = replace(command, name="none") if stays else command
        told = row_update(row, acts, TINY)
        after = self._after(before, side, acts, told, complete=complete)
        if command.name == "set_base" and state.move is not None:
            state.move = replace(state.move, evicting=False)
        if command.name == "reset":
            for each in range(2):
                self._rows[book, each] = _Row()
        self._books[book] = after
        spoilt = book in self._spoilt
        self._spoilt -= {book}
        self._spoilt |= {book} if told.overflow else set()
        return Step(
            book=book, side=side, command=command, move=move, complete=complete, inside=inside,
            before=before, after=after, told=told, spoilt=spoilt,
        )  # fmt: skip

    def _after(
        self, before: BookState, side: int, command: Command, told: Updated, *, complete: bool
    ) -> BookState:
        if command.name == "reset":
            first, second = (row_update(row, command, TINY).row for row in before.rows)
            return BookState(rows=(first, second), complete=complete)
        rows = (told.row, before.rows[1]) if side == 0 else (before.rows[0], told.row)
        invalid = before.invalid or told.overflow or command.name == "invalidate"
        return replace(before, rows=rows, invalid=invalid)
