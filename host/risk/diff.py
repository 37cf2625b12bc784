"""What a change of limits changes, value by value."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from host.risk.fields import SECTIONS
from host.risk.units import amount_text

__all__ = ["Change", "flat", "limit_changes", "shown"]

_UNITS: Final = {(s, f.name): f.unit for s, fields in SECTIONS.items() for f in fields}

Tree = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """One value that changes.

    Attributes
    ----------
    path : str
        ``instruments.ETH-USD.collar``.
    old, new : str
        For people, with the unit; ``-`` where there is no such row.
    """

    path: str
    old: str
    new: str


def flat(tree: Tree) -> dict[str, str]:
    """Return every value of a tree by its path, for people: with its unit."""
    values: dict[str, str] = {}
    for section, rows in tree.items():
        if section not in SECTIONS:
            continue
        named = all(isinstance(row, Mapping) for row in rows.values())
        for name, row in rows.items() if named else [("", rows)]:
            for field, value in row.items():
                path = ".".join(filter(None, (section, name, field)))
                values[path] = shown(section, field, value, row)
    return values


def shown(section: str, field: str, value: Any, row: Tree) -> str:
    """Return a value for people."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return amount_text(value, _UNITS.get((section, field), "none"), row)
    return value if isinstance(value, str) else ", ".join(value) or "none"


def limit_changes(old: Tree, new: Tree) -> list[Change]:
    """Return what differs between two trees of limits, in the order of the new one."""
    before, after = flat(old), flat(new)
    paths = dict.fromkeys([*after, *before])
    return [
        Change(path=path, old=before.get(path, "-"), new=after.get(path, "-"))
        for path in paths
        if before.get(path) != after.get(path)
    ]
