"""Input files of the compute commands: prices or returns by date, and positions.

A file is CSV in UTF-8, or Parquet where its name ends in ``.parquet``. Nothing is guessed: a cell
that is not exactly what the schema says is an ``InputError`` that names file, row and column.
Row 1 is the head.
"""

import csv
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["InputError", "Kind", "Series", "read_positions", "read_series"]

Kind = Literal["prices", "returns"]

_DATE: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_NUMBER: Final = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?")
_POSITIONS: Final = ["instrument", "position"]


class InputError(ValueError):
    """A file cannot be used; the text names it, and the row and column where there is one."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Series:
    """Numbers by date and instrument.

    Attributes
    ----------
    dates : tuple of T dates
        Strictly increasing.
    names : tuple of n str
        Instruments, all different.
    values : float64 array of shape (T, n)
        Prices [money], positive, or simple returns per period [1], above -1; all finite.
    """

    dates: tuple[date, ...]
    names: tuple[str, ...]
    values: NDArray[np.float64]

    def returns(self) -> NDArray[np.float64]:
        """Return simple returns per period [1], of shape (T - 1, n), of a series of prices."""
        return np.asarray(self.values[1:] / self.values[:-1] - 1)


def read_series(path: Path, *, kind: Kind, least_rows: int = 2) -> Series:
    """Read a table whose first column is ``date`` and whose others are an instrument each.

    Parameters
    ----------
    path : Path
        CSV, or Parquet by its suffix.
    kind : "prices" or "returns"
        What the cells are.
    least_rows : int
        Dates that there must be.

    Raises
    ------
    InputError
        If the file cannot be read, or holds anything but such a table.
    """
    head, rows = _table(path)
    if len(head) < 2 or head[0] != "date":
        raise InputError(f"{path}: columns must be date and one or more instruments, not {head}")
    _check_head(path, head)
    if len(rows) < least_rows:
        raise InputError(f"{path}: at least {least_rows} dates are needed, not {len(rows)}")
    dates: list[date] = []
    values = np.empty((len(rows), len(head) - 1))
    for i, cells in enumerate(rows):
        where = f"{path}, row {i + 2}"
        found = _date(where, cells[0])
        if dates and found <= dates[-1]:
            raise InputError(f"{where}, column date: {found} must be after {dates[-1]}")
        dates.append(found)
        for j, name in enumerate(head[1:]):
            values[i, j] = _bounded(f"{where}, column {name}", cells[j + 1], kind)
    if kind == "prices":
        _check_ratios(path, head[1:], values)
    return Series(dates=tuple(dates), names=tuple(head[1:]), values=values)


def read_positions(path: Path, names: Sequence[str]) -> NDArray[np.float64]:
    """Read positions [money], negative where short: columns ``instrument`` and ``position``.

    Parameters
    ----------
    path : Path
        CSV, or Parquet by its suffix.
    names : sequence of n str
        Instruments that there are.

    Returns
    -------
    float64 array of shape (n,)
        In the order of ``names``; 0 for an instrument that the file does not name.

    Raises
    ------
    InputError
        If the file cannot be read, names an unknown instrument or one twice, or names none.
    """
    head, rows = _table(path)
    if head != _POSITIONS:
        raise InputError(f"{path}: columns must be {_POSITIONS}, not {head}")
    if not rows:
        raise InputError(f"{path}: at least one position is needed")
    index = {name: i for i, name in enumerate(names)}
    seen: set[str] = set()
    positions = np.zeros(len(names))
    for row, (name, cell) in enumerate(rows, 2):
        where = f"{path}, row {row}"
        if name not in index:
            raise InputError(
                f"{where}, column instrument: must be one of {', '.join(names)}, not {name!r}"
            )
        if name in seen:
            raise InputError(f"{where}, column instrument: {name} is there twice")
        seen.add(name)
        positions[index[name]] = _number(f"{where}, column position", cell)
    return positions


def _check_ratios(path: Path, names: list[str], prices: NDArray[np.float64]) -> None:
    with np.errstate(over="ignore"):
        bad = np.argwhere(~np.isfinite(prices[1:] / prices[:-1]))
    if len(bad):
        row, column = bad[0]
        raise InputError(f"{path}, row {row + 3}, column {names[column]}: the return overflows")


def _check_head(path: Path, head: list[str]) -> None:
    for i, name in enumerate(head):
        if not name or name != name.strip():
            raise InputError(f"{path}, row 1, column {i + 1}: {name!r} is no name")
        if name in head[:i]:
            raise InputError(f"{path}, row 1, column {i + 1}: {name} is there twice")


def _date(where: str, cell: str) -> date:
    try:
        if _DATE.fullmatch(cell):
            return date.fromisoformat(cell)
    except ValueError:
        pass
    raise InputError(f"{where}, column date: must be YYYY-MM-DD, not {cell!r}")


def _number(where: str, cell: str) -> float:
    if _NUMBER.fullmatch(cell) and math.isfinite(value := float(cell)):
        return value
    raise InputError(f"{where}: must be a finite number, not {cell!r}")


def _bounded(where: str, cell: str, kind: Kind) -> float:
    value = _number(where, cell)
    if kind == "prices" and value <= 0:
        raise InputError(f"{where}: a price must be positive, not {cell}")
    if kind == "returns" and value <= -1:
        raise InputError(f"{where}: a return must be above -1, not {cell}")
    return value


def _table(path: Path) -> tuple[list[str], list[list[str]]]:
    try:
        lines = _parquet(path) if path.suffix == ".parquet" else _csv(path)
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path}: no CSV in UTF-8: {error}") from error
    if not lines:
        raise InputError(f"{path}: empty; a head and rows are needed")
    head, *rows = lines
    for row, cells in enumerate(rows, 2):
        if len(cells) != len(head):
            raise InputError(f"{path}, row {row}: must have {len(head)} cells, not {len(cells)}")
    return head, rows


def _csv(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file, strict=True))


def _parquet(path: Path) -> list[list[str]]:
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError as error:
        raise InputError(f"{path}: Parquet needs pip install 'tickgate[compute]'") from error
    try:
        table = pq.ParquetFile(path).read()
        columns = [["" if c is None else str(c) for c in col.to_pylist()] for col in table.columns]
    except (pa.ArrowException, ValueError) as error:
        raise InputError(f"{path}: no Parquet: {error}") from error
    return [list(table.column_names), *map(list, zip(*columns, strict=True))]
