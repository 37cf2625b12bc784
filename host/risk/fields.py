"""Fields of a limits file, derived from the limit tables of ``hw/registers.toml``.

A register is one field of its own name, but for four forms: a register of several *parts* is a
field for each of them; the three numbers that describe a *divisor* are one field, ``round_lot`` or
``price_step``; of a rate the tolerance is told as a *burst*, ``<name>_orders``; and a register of
a one-row table with several entries is a field for each, ``<name><n>``.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final, Literal

from hw.limit_rows import row_group
from hw.registers import LIMITS, Part, Register

__all__ = ["FIELDS", "LIMIT_REGISTERS", "SECTIONS", "LimitField"]

Kind = Literal["number", "flag", "code", "index", "mask", "divisor", "burst"]

_DIVISORS: Final = {"lot": ("round_lot", "lots"), "tick": ("price_step", "ticks")}
_DIVISOR_PARTS: Final = ("_mask", "_inverse", "_bound")
_PERIOD, _TOLERANCE = "_period", "_tolerance"

#: Every limit, by name.
LIMIT_REGISTERS: Final = {name: r for table in LIMITS.values() for name, r in table.items()}


@dataclass(frozen=True, kw_only=True, slots=True)
class LimitField:
    """One field of a row.

    Attributes
    ----------
    name : str
        In the limits file.
    section : str
        Of the file: what the rows are for, or the table itself where it has one row.
    kind : str
        ``number``, ``flag``, ``code`` (the name of a code point), ``index`` (the name of another
        row), ``mask`` (names of rows), ``divisor`` or ``burst``.
    register : str
        Where it is kept; of a divisor the name before ``_mask``, of a burst the one before
        ``_tolerance``.
    entry : int
        Of a register with several entries in a table of one row.
    shift, width : int
        Its bits in the register [bits].
    unit : str
        As in ``registers.toml``.
    doc : str
        One or more sentences.
    part : Part or None
        Where the register has parts.
    """

    name: str
    section: str
    kind: Kind
    register: str
    entry: int = 0
    shift: int = 0
    width: int
    unit: str
    doc: str
    part: Part | None = None


def _section(table: str) -> str:
    return row_group(table) or table


def _fields(table: str, register: Register) -> Iterator[LimitField]:
    name = register.name
    whole = LimitField(
        name=name,
        section=_section(table),
        kind="number",
        register=name,
        width=register.width,
        unit=register.unit,
        doc=register.doc,
    )
    stem = name.rsplit("_", 1)[0]
    if register.parts:
        yield from _parts(whole, register)
    elif name.endswith(_DIVISOR_PARTS) and stem in _DIVISORS:
        if name.endswith("_mask"):
            field, unit = _DIVISORS[stem]
            doc = f"Orders are whole multiples of it, in {unit}; 0 denies."
            yield replace(whole, name=field, kind="divisor", register=stem, unit=unit, doc=doc)
    elif name.endswith(_TOLERANCE) and stem + _PERIOD in LIMITS[table]:
        doc = "Orders that may come at once."
        yield replace(
            whole, name=f"{stem}_orders", kind="burst", register=stem, unit="orders", doc=doc
        )
    elif register.count == 1 or row_group(table) is not None:
        yield whole
    else:
        for entry in range(register.count):
            yield replace(whole, name=f"{name}{entry}", entry=entry)


def _parts(whole: LimitField, register: Register) -> Iterator[LimitField]:
    shift = 0
    for part in register.parts:
        yield replace(
            whole, name=part.name, kind=_kind(part), shift=shift, width=part.width, part=part
        )
        shift += part.width


def _kind(part: Part) -> Kind:
    if part.enum:
        return "code"
    if part.index_of:
        return "index"
    if part.mask_of:
        return "mask"
    return "flag" if part.width == 1 else "number"


#: Every field, in the order of the register map.
FIELDS: Final = [f for t, rs in LIMITS.items() for r in rs.values() for f in _fields(t, r)]
#: Fields by section.
SECTIONS: Final = {
    s: [f for f in FIELDS if f.section == s] for s in dict.fromkeys(map(_section, LIMITS))
}
