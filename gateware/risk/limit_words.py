"""Words that the limit tables are made of, and where they stand on the register bus."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from amaranth import unsigned
from amaranth.lib import data

from hw.limit_rows import limit_fields, limit_rows
from hw.registers import Register
from hw.risk_parameters import RiskParameters

__all__ = ["LimitWord", "limit_words", "row_layout"]

_ADDRESS_BITS: Final = 16
_WORD: Final = 32


@dataclass(frozen=True, kw_only=True, slots=True)
class LimitWord:
    """The same 32-bit word of every row of a table.

    Attributes
    ----------
    table : str
        Whose word it is.
    low : int
        Its first bit in the row.
    bits : int
        How many of its bits this build has, 0 to 32.
    rows : int
        Of the table, in this build.
    address : int
        Byte address in the first row.
    row_low, row_bits : int
        Which bits of an address say the row, as many rows as the register map has.
    """

    table: str
    low: int
    bits: int
    rows: int
    address: int
    row_low: int
    row_bits: int

    @property
    def index_bits(self) -> int:
        """Bits of the rows that there are."""
        return (self.rows - 1).bit_length()

    def pattern(self, *, missing: bool) -> str:
        """Return what addresses match, for ``Value.matches``.

        Parameters
        ----------
        missing : bool
            Whether rows count that the register map has, but not this build.
        """
        free = self.row_bits if missing else self.index_bits
        text = f"{self.address:0{_ADDRESS_BITS}b}"
        high = _ADDRESS_BITS - self.row_low
        return text[: high - free] + "-" * free + text[high:]


def row_layout(
    table: str, parameters: RiskParameters, *, limits: Mapping[str, Register] | None = None
) -> data.StructLayout:
    """Return the layout of a row: one member for each field, see ``hw.limit_rows``.

    Parameters
    ----------
    table : str
        As in ``registers.toml``.
    parameters : RiskParameters
        Size of the gate.
    limits : mapping of str to Register, optional
        The table's registers, if they are not those of ``registers.toml``.
    """
    fields = limit_fields(table, parameters, limits=limits)
    return data.StructLayout({name: unsigned(bits) for name, bits in fields.items()})


def limit_words(
    parameters: RiskParameters, limits: Mapping[str, Mapping[str, Register]]
) -> list[LimitWord]:
    """Return every word of every limit table, in the order of their fields.

    Parameters
    ----------
    parameters : RiskParameters
        Size of the gate.
    limits : mapping of str to mapping of str to Register
        Fields by table.

    Raises
    ------
    ValueError
        If the entries of a register cannot be told apart by bits of the address, or the register
        map has fewer rows than the build.
    """
    return [w for t, fields in limits.items() for w in _words(t, fields, parameters)]


def _words(
    table: str, fields: Mapping[str, Register], parameters: RiskParameters
) -> list[LimitWord]:
    """Return the words of one table."""
    rows, low, words = limit_rows(table, parameters), 0, []
    for register in fields.values():
        bits = parameters.limit_bits(register.name, register.width)
        row_low, row_bits = _row_field(register, rows) if rows > 1 else (0, 0)
        entries = 1 if rows > 1 else register.count
        for entry in range(entries):
            for part in range(register.words):
                words.append(
                    LimitWord(
                        table=table,
                        low=low + _WORD * part,
                        bits=min(max(bits - _WORD * part, 0), _WORD),
                        rows=rows,
                        address=register.address + entry * register.stride + 4 * part,
                        row_low=row_low,
                        row_bits=row_bits,
                    )
                )
            low += bits
    return words


def _row_field(register: Register, rows: int) -> tuple[int, int]:
    """Return the first bit of an address that says the row, and how many do."""
    count, stride = register.count, register.stride
    if count & (count - 1) or stride & (stride - 1) or register.address // stride % count:
        raise ValueError(
            f"limit {register.name}: count and stride must be powers of two and the table aligned"
            f" to both, not {count} and {stride} at {register.address:#x}"
        )
    if count < rows:
        raise ValueError(f"limit {register.name}: count must be at least {rows}, not {count}")
    return stride.bit_length() - 1, count.bit_length() - 1
