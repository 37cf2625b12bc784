"""Reference model of ``gateware.risk.limit_tables``: limits are staged, then all in force."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Final

from hw.limit_rows import limit_fields, limit_rows
from hw.registers import LIMITS, Register
from hw.risk_parameters import RiskParameters

__all__ = ["LimitTables"]

_WORD: Final = 32
_LOW: Final = (1 << _WORD) - 1

Rows = dict[str, list[dict[str, int]]]


class LimitTables:
    """Two copies of every limit table, and the rules by which writes and commits are refused.

    Time is the caller's: the tables are not ready at first and after each commit and forget, until
    ``settle``.

    Parameters
    ----------
    parameters : RiskParameters
        Size of the gate.
    limits : mapping of str to mapping of str to Register
        Fields by table.

    Attributes
    ----------
    staging, active : dict of str to list of dict of str to int
        Rows by table, fields by name. All 0 at first.
    bits : dict of str to dict of str to int
        Width of each field, by table [bits].
    ready : bool
        Nothing is being cleared or copied.
    fault : bool
        A write was refused since the last forget.
    commits, refused : int
        Commits carried out; writes and commits refused. The latter stops at 2**32 - 1.
    """

    def __init__(
        self,
        parameters: RiskParameters,
        limits: Mapping[str, Mapping[str, Register]] = LIMITS,
    ) -> None:
        self.bits = {t: limit_fields(t, parameters, limits=limits[t]) for t in limits}
        self.active: Rows = {
            table: [dict.fromkeys(fields, 0) for _ in range(limit_rows(table, parameters))]
            for table, fields in self.bits.items()
        }
        self.staging = deepcopy(self.active)
        self.ready, self.fault = False, False
        self.commits, self.refused = 0, 0
        #: Address: table, row, field, number of the word.
        self.places: dict[int, tuple[str, int, str, int]] = {}
        for table, registers in limits.items():
            for register in registers.values():
                self._place(table, register)

    def _place(self, table: str, register: Register) -> None:
        """Note where the words of a register are."""
        many = register.count > 1 and len(self.active[table]) == 1
        for entry in range(register.count):
            row, name = (0, f"{register.name}{entry}") if many else (entry, register.name)
            for word in range(register.words):
                address = register.address + entry * register.stride + 4 * word
                self.places[address] = (table, row, name, word)

    def read(self, address: int) -> int:
        """Return the word at an address, as it stands; 0 where none is, or while not ready."""
        if address not in self.places or not self.ready:
            return 0
        table, row, name, word = self.places[address]
        rows = self.staging[table]
        return rows[row][name] >> _WORD * word & _LOW if row < len(rows) else 0

    def write(self, address: int, word: int) -> None:
        """Write a word; ignored where no limit is, refused where it cannot be kept."""
        if address not in self.places:
            return
        table, row, name, part = self.places[address]
        rows, shift = self.staging[table], _WORD * part
        if not self.ready or row >= len(rows) or word << shift >> self.bits[table][name]:
            self.fault = True
            self._refuse()
            return
        rows[row][name] = rows[row][name] & ~(_LOW << shift) | word << shift

    def order(self, *, commit: bool, forget: bool, late: bool = False) -> bool:
        """Commit, forget, or both in one cycle: then the commit is refused.

        Parameters
        ----------
        commit, forget : bool
            What is asked for.
        late : bool
            A limit was written in the cycle before: a commit so close to it is refused.

        Returns
        -------
        bool
            Whether the staging copy has come into force.
        """
        changed = commit and self.ready and not (self.fault or forget or late)
        if commit and not changed:
            self._refuse()
        if changed:
            self.active = deepcopy(self.staging)
            self.commits += 1
        if forget:
            self.staging = deepcopy(self.active)
            self.fault = False
        self.ready = self.ready and not (changed or forget)
        return changed

    def settle(self) -> None:
        """Be done with clearing or copying."""
        self.ready = True

    def _refuse(self) -> None:
        self.refused = min(self.refused + 1, _LOW)
