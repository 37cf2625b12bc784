"""Limits of the risk gate: a staging copy, and the copy in force."""

from typing import Final

from hw.limit_rows import limit_rows
from hw.registers import LIMITS, Register
from hw.risk_parameters import RiskParameters

__all__ = ["RiskLimits"]

_FIELDS: Final = {name: field for fields in LIMITS.values() for name, field in fields.items()}


def _entries(field: Register, parameters: RiskParameters) -> int:
    """Return the rows of a limit; a table of one row may have more of a field."""
    rows = limit_rows(field.table, parameters)
    return field.count if rows == 1 else rows


class RiskLimits:
    """Rows of limits that are written one by one and come into force all at once.

    Parameters
    ----------
    parameters : RiskParameters
        Rows and widths.

    Attributes
    ----------
    active, staged : dict of str to list of int
        Limits in force, and as written: by register name, one number for each row. All 0 at first.
    fault : bool
        A write was refused since the last ``forget``.
    copying : bool
        The tables cannot be written at this moment; set by the caller.
    commits, refused : int
        Commits done; writes and commits refused.
    """

    def __init__(self, parameters: RiskParameters) -> None:
        self.bits = {n: parameters.limit_bits(n, f.width) for n, f in _FIELDS.items()}
        self.active = {n: [0] * _entries(f, parameters) for n, f in _FIELDS.items()}
        self.staged = {name: list(values) for name, values in self.active.items()}
        self.fault = False
        self.copying = False
        self.commits = 0
        self.refused = 0

    def stage(self, name: str, index: int, value: int) -> bool:
        """Write one limit into the staging copy; False if it cannot be kept.

        Raises
        ------
        KeyError
            If no limit has that name.
        """
        row = self.staged[name]
        if self.copying or not 0 <= index < len(row) or not 0 <= value < 1 << self.bits[name]:
            self.fault = True
            self.refused += 1
            return False
        row[index] = value
        return True

    def commit(self) -> bool:
        """Bring the staging copy into force; False if it is faulty or the tables are busy."""
        if self.fault or self.copying:
            self.refused += 1
            return False
        for name, values in self.staged.items():
            self.active[name][:] = values
        self.commits += 1
        return True

    def forget(self) -> None:
        """Drop what was written since the last commit, and the fault."""
        for name, values in self.active.items():
            self.staged[name][:] = values
        self.fault = False
