"""Rows and fields of the limit tables, as a build of the risk gate has them."""

from collections.abc import Mapping
from typing import Final

from hw.registers import LIMITS, Register
from hw.risk_parameters import RiskParameters

__all__ = ["limit_fields", "limit_rows", "row_group"]

#: Which number of the build says how many rows a table has; a table without has one row.
_ROWS: Final = {
    "instrument": "instruments",
    "venue": "venues",
    "strategy": "strategies",
    "account": "accounts",
    "book": "books",
    "breaker": "instruments",
}


def row_group(table: str) -> str | None:
    """Return what a limit table has its rows for, ``instruments`` say; None if it has one row."""
    return _ROWS.get(table)


def limit_rows(table: str, parameters: RiskParameters) -> int:
    """Return how many rows a limit table has.

    Parameters
    ----------
    table : str
        As in ``registers.toml``.
    parameters : RiskParameters
        Size of the gate.
    """
    return int(getattr(parameters, _ROWS[table])) if table in _ROWS else 1


def limit_fields(
    table: str, parameters: RiskParameters, *, limits: Mapping[str, Register] | None = None
) -> dict[str, int]:
    """Return the fields of a row and their widths [bits].

    In a table of one row a register with ``count`` entries is as many fields, ``<name><index>``.
    In the others its entries are the same field of each row.

    Parameters
    ----------
    table : str
        As in ``registers.toml``.
    parameters : RiskParameters
        Size of the gate.
    limits : mapping of str to Register, optional
        The table's registers, if they are not those of ``registers.toml``.
    """
    fields: dict[str, int] = {}
    for register in (LIMITS[table] if limits is None else limits).values():
        bits = parameters.limit_bits(register.name, register.width)
        alone = table in _ROWS or register.count == 1
        names = [register.name] if alone else [f"{register.name}{n}" for n in range(register.count)]
        fields |= dict.fromkeys(names, bits)
    return fields
