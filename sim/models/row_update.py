"""Reference model of ``gateware.book.row_update``: one command on one row."""

from dataclasses import dataclass, replace
from typing import Final

from hw.presets import BookParameters

__all__ = ["COMMANDS", "Command", "Row", "Updated", "row_update"]

Level = tuple[int, int, int]  # pk, quantity [lots], count [orders]

COMMANDS: Final = (
    "none", "insert", "append", "remove", "change", "leave", "enter", "clear_more", "start_move",
    "set_base", "reset", "invalidate",
)  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """One side of one book.

    Attributes
    ----------
    levels : tuple
        The cached levels, best first.
    more : bool
        There may be levels that are not cached.
    bound : int
        With ``more``: every level that is not cached is worse than this key.
    better : bool
        There may be orders better than the window.
    base : int, optional
        Best key of the window. None after a reset: the first order brings the window along.
    outside : int
        Orders outside the window [orders].
    """

    levels: tuple[Level, ...] = ()
    more: bool = False
    bound: int = 0
    better: bool = False
    base: int | None = None
    outside: int = 0

    def reaches(self, pk: int) -> bool:
        """Say whether the level at a key is cached if it exists."""
        return not self.more or pk <= self.bound


@dataclass(frozen=True, kw_only=True, slots=True)
class Command:
    """What is done to a row.

    Attributes
    ----------
    name : str
        One of ``COMMANDS``. ``append`` puts a whole level, the best one beyond the bound, at the
        end of a cache that has room.
    pk : int
        Price of the order or level.
    delta : int
        Change of the level's quantity [lots].
    quantity, count : int
        Of a new level.
    outside, better : bool
        The order lies outside the window; on its better side.
    base : int, optional
        With insert and ``set_base``: where the window is from now on.
    """

    name: str
    pk: int = 0
    delta: int = 0
    quantity: int = 0
    count: int = 1
    outside: bool = False
    better: bool = False
    base: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Updated:
    """The row afterwards; a cached level did not fit its widths; a level found no place."""

    row: Row
    overflow: bool = False
    dropped: bool = False


def row_update(row: Row, command: Command, parameters: BookParameters) -> Updated:
    """Apply one command to one row.

    Parameters
    ----------
    row : Row
        Before the command.
    command : Command
        What the engine may give: an order that leaves or changes is in a level, and takes no more
        with it than is there.
    parameters : BookParameters
        Sizes of the build.
    """
    name = command.name
    if command.base is not None:
        row = replace(row, base=command.base)
    if name == "reset":
        return Updated(row=Row())
    if name == "clear_more":
        return Updated(row=replace(row, more=False))
    if name == "start_move":
        return Updated(row=replace(row, better=False))
    gains = name == "leave" or (name == "insert" and command.outside)
    loses = name == "enter" or (name == "remove" and command.outside)
    better = row.better or (name == "insert" and command.better)
    row = replace(row, outside=row.outside + gains - loses, better=better)
    if name in ("insert", "append", "remove", "change"):
        return _on_level(row, command, parameters)
    return Updated(row=row)


def _on_level(row: Row, command: Command, p: BookParameters) -> Updated:
    pk, levels = command.pk, {level[0]: level for level in row.levels}
    if command.name == "append":
        levels[pk] = (pk, command.quantity, command.count)
        return Updated(row=replace(row, levels=tuple(sorted(levels.values())), bound=pk))
    if not row.reaches(pk):
        return Updated(row=row)
    if pk not in levels:
        levels[pk] = (pk, command.quantity, command.count)
    else:
        _, quantity, count = levels.pop(pk)
        quantity += command.delta
        count += {"insert": 1, "remove": -1, "change": 0}[command.name]
        if quantity >> p.quantity_bits or count >> p.count_bits:
            return Updated(row=row, overflow=True)
        if count:
            levels[pk] = (pk, quantity, count)
    ranked = tuple(sorted(levels.values()))
    row = replace(row, levels=ranked[: p.cached_levels])
    if len(ranked) > p.cached_levels:
        return Updated(row=replace(row, more=True, bound=row.levels[-1][0]), dropped=True)
    return Updated(row=row)
