"""Limits of a risk gate as an operator writes them: a TOML file, taken whole or not at all."""

import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError

from host.risk.fields import SECTIONS
from host.risk.schema import LimitsModel
from hw.limit_rows import row_group
from hw.registers import LIMITS

__all__ = ["Limits", "LimitsError", "Problem", "load_document", "load_limits", "parse_limits"]

Tree = Mapping[str, Any]

_ROWS: Final = [group for group in dict.fromkeys(map(row_group, LIMITS)) if group is not None]


@dataclass(frozen=True, kw_only=True, slots=True)
class Problem:
    """One thing that is wrong with limits.

    Attributes
    ----------
    where : str
        Path of the value, ``instruments.ETH-USD.collar``; empty if it is about the whole.
    text : str
        What was expected and what came.
    """

    where: str
    text: str

    def __str__(self) -> str:
        """Return both in one line."""
        return f"{self.where}: {self.text}" if self.where else self.text


class LimitsError(ValueError):
    """Limits are refused as a whole.

    Attributes
    ----------
    problems : tuple of Problem
        Everything that was found wrong.
    """

    def __init__(self, *problems: Problem) -> None:
        super().__init__("; ".join(str(problem) for problem in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits that are valid in themselves; whether a build can hold them, ``limits_image`` says.

    Attributes
    ----------
    given : mapping of str to object
        The document as it was written, prices and times as text where they were.
    tree : mapping of str to object
        The same with every field of every named row as a whole number of its unit, a flag, a name
        or names: section -> row -> field, or section -> field where a section is one row.
    """

    given: Tree
    tree: Tree

    def names(self, section: str) -> dict[str, int]:
        """Return the rows of a section that have a name, and their index."""
        return {name: row["index"] for name, row in self.tree.get(section, {}).items()}

    def unsafe_venues(self) -> list[str]:
        """Return the venues with an open session that do not cancel orders on a disconnect."""
        venues = self.tree["venues"].items()
        return [n for n, v in venues if v["session_open"] and not v["cancel_on_disconnect"]]


def load_limits(path: Path) -> Limits:
    """Read a limits file.

    Raises
    ------
    LimitsError
        If it cannot be read, or anything in it is wrong.
    """
    return parse_limits(load_document(path))


def load_document(path: Path) -> dict[str, Any]:
    """Read a limits file, without looking at what it says.

    Raises
    ------
    LimitsError
        If it cannot be read, or is no TOML file of plain values.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise LimitsError(Problem(where="", text=f"cannot read {path}: {error}")) from error
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise LimitsError(Problem(where="", text=f"{path} is no TOML file: {error}")) from error


def parse_limits(document: Tree) -> Limits:
    """Return the limits of a document.

    Parameters
    ----------
    document : mapping of str to object
        As ``tomllib`` or ``json`` reads it.

    Raises
    ------
    LimitsError
        If anything in it is wrong.
    """
    try:
        model = LimitsModel.model_validate(_tuples(document))
    except ValidationError as error:
        raise LimitsError(*_problems(error)) from error
    limits = Limits(document, model.model_dump())
    if found := [*_contradictions(limits)]:
        raise LimitsError(*found)
    return limits


def _tuples(value: Any) -> Any:
    """Return a document with its lists as tuples, which is what the strict model takes."""
    if isinstance(value, dict):
        return {key: _tuples(item) for key, item in value.items()}
    return tuple(map(_tuples, value)) if isinstance(value, list) else value


def _problems(error: ValidationError) -> Iterator[Problem]:
    for found in error.errors(include_url=False):
        where = ".".join(str(part) for part in found["loc"] if part != "[key]")
        text = found["msg"].removeprefix("Value error, ")
        if found["type"] == "missing":
            text = "must be given"
        elif found["type"] == "extra_forbidden":
            text = f"there is no such limit (value {found['input']!r})"
        elif found["type"] != "value_error":
            text = f"{text}, not {found['input']!r}"
        yield Problem(where=where, text=text)


def _contradictions(limits: Limits) -> Iterator[Problem]:
    for section in _ROWS:
        rows = limits.tree[section]
        yield from _shared(section, rows)
        for name, row in rows.items():
            yield from _unknown_names(limits, f"{section}.{name}", section, row)
    for name, row in limits.tree["instruments"].items():
        for low, high in (("min_quantity", "max_quantity"), ("min_tick", "max_tick")):
            if row["permitted"] and row[low] > row[high]:
                text = f"must be at most {high} ({row[high]}), not {row[low]}"
                yield Problem(where=f"instruments.{name}.{low}", text=text)


def _unknown_names(limits: Limits, where: str, section: str, row: Tree) -> Iterator[Problem]:
    for field in SECTIONS[section]:
        of = field.part and (field.part.index_of or field.part.mask_of)
        if of:
            value = row[field.name]
            for name in (value,) if field.kind == "index" else value:
                if name not in limits.tree[of]:
                    text = f"{name!r} is none of the {of}: {_listed(limits.tree[of])}"
                    yield Problem(where=f"{where}.{field.name}", text=text)


def _shared(section: str, rows: Tree) -> Iterator[Problem]:
    for index, count in Counter(row["index"] for row in rows.values()).items():
        if count > 1:
            names = _listed(name for name, row in rows.items() if row["index"] == index)
            yield Problem(where=section, text=f"{names} have the same index {index}")


def _listed(names: Any) -> str:
    return ", ".join(names) or "there are none"
