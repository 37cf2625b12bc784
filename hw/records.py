"""The records of ``records.toml``: what crosses the FPGA boundary, and its code points."""

import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from typing import Any, Final

__all__ = [
    "BOOK_EVENT",
    "BREAKER_ACTION",
    "CHECK",
    "ENUMS",
    "ERROR",
    "EVENT_FLAG",
    "EVENT_KIND",
    "MARKET_UPDATE",
    "ORDER",
    "ORDER_FLAG",
    "ORDER_KIND",
    "ORDER_STATE",
    "RECORDS",
    "RECORDS_SOURCE",
    "REPORT_ERROR",
    "REQUEST_KIND",
    "RISK_EVENT",
    "RISK_EVENT_KIND",
    "RISK_REQUEST",
    "SIDE",
    "UPDATE_KIND",
    "Code",
    "Codes",
    "Field",
    "Record",
    "load_records",
]

RECORDS_SOURCE: Final = files("hw").joinpath("records.toml").read_bytes()


@dataclass(frozen=True, kw_only=True, slots=True)
class Code:
    """One code point.

    Attributes
    ----------
    name : str
        Key in ``records.toml``.
    value : int
        The number on the wire.
    doc : str
        One or more sentences, shown in the manual.
    invalidates : bool
        Errors only: whether the book is invalid afterwards.
    limits : tuple of str
        Checks only: the limits that it compares with: ``<register>`` or ``<register>.<part>``.
    closed : bool
        Checks only: whether an ordinary order fails it after reset.
    recover : str
        Checks only: what an operator does about it.
    """

    name: str
    value: int
    doc: str
    invalidates: bool = False
    limits: tuple[str, ...] = ()
    closed: bool = False
    recover: str = ""


class Codes:
    """A closed set of code points: ``UPDATE_KIND.add`` is the number of ``add``.

    Raises
    ------
    ValueError
        If two codes share a number.
    """

    def __init__(self, name: str, codes: Mapping[str, Code]) -> None:
        if len({c.value for c in codes.values()}) != len(codes):
            raise ValueError(f"enum {name}: two codes share a number")
        self._name = name
        self._codes = dict(codes)
        self._names = {c.value: c.name for c in codes.values()}

    def __getattr__(self, name: str) -> int:
        """Return the number of a code."""
        try:
            return self.__dict__["_codes"][name].value  # type: ignore[no-any-return] # __dict__ is untyped
        except KeyError:
            raise AttributeError(f"no such code: {name!r}") from None

    def __iter__(self) -> Iterator[Code]:
        """Iterate over the codes, in the order of the file."""
        return iter(self._codes.values())

    def __len__(self) -> int:
        """Return the number of codes."""
        return len(self._codes)

    def __contains__(self, value: object) -> bool:
        """Say whether a number is a code."""
        return value in self._names

    def name_of(self, value: int) -> str:
        """Return the name of a number, or ``"?<number>"`` where it is no code."""
        return self._names.get(value, f"?{value}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """One field of a record.

    Attributes
    ----------
    name : str
        Key, and attribute name in gateware and host.
    width : int
        Bits: 8, 16, 32 or 64.
    unit : str
        Unit of the value, or "none".
    doc : str
        One or more sentences, shown in the manual.
    enum : str or None
        Name of the code points that it holds.
    """

    name: str
    width: int
    unit: str
    doc: str
    enum: str | None = None

    def __post_init__(self) -> None:
        if self.width not in (8, 16, 32, 64):
            raise ValueError(f"field {self.name}: width must be 8, 16, 32 or 64, not {self.width}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """A fixed-size record: unsigned little-endian fields without gaps.

    Attributes
    ----------
    name : str
        Key in ``records.toml``.
    doc : str
        One or more sentences, shown in the manual.
    fields : tuple of Field
        In the order of their bytes, lowest first.
    """

    name: str
    doc: str
    fields: tuple[Field, ...]

    def __post_init__(self) -> None:
        if self.width % 64:
            raise ValueError(
                f"record {self.name}: width must be a multiple of 64 bits, not {self.width}"
            )

    @property
    def width(self) -> int:
        """Width of the whole record [bits]."""
        return sum(field.width for field in self.fields)

    @property
    def numpy_fields(self) -> list[tuple[str, str]]:
        """The argument of ``numpy.dtype`` that describes this record."""
        return [(field.name, f"<u{field.width // 8}") for field in self.fields]


def load_records(source: bytes) -> tuple[dict[str, Record], dict[str, Codes]]:
    """Parse the records and their code points.

    Parameters
    ----------
    source : bytes
        The text of ``records.toml``, UTF-8.

    Returns
    -------
    tuple of dict of str to Record, dict of str to Codes
        By name, in the order of the file.

    Raises
    ------
    ValueError
        If a field or record has a width that the boundary cannot carry, two codes share a number,
        or a field names an enum that is not there.
    """
    document: dict[str, Any] = tomllib.loads(source.decode())
    records = {
        name: Record(name=name, doc=r["doc"], fields=tuple(Field(**f) for f in r["fields"]))
        for name, r in document["record"].items()
    }
    enums = {
        name: Codes(name, {k: _code(k, v) for k, v in codes.items()})
        for name, codes in document["enum"].items()
    }
    for record in records.values():
        for field in record.fields:
            if field.enum is not None and field.enum not in enums:
                raise ValueError(f"record {record.name}.{field.name}: no enum {field.enum!r}")
    return records, enums


def _code(name: str, values: dict[str, Any]) -> Code:
    return Code(name=name, **values | {"limits": tuple(values.get("limits", ()))})


RECORDS, ENUMS = load_records(RECORDS_SOURCE)
MARKET_UPDATE: Final = RECORDS["market_update"]
BOOK_EVENT: Final = RECORDS["book_event"]
SIDE: Final = ENUMS["side"]
UPDATE_KIND: Final = ENUMS["update_kind"]
EVENT_KIND: Final = ENUMS["event_kind"]
EVENT_FLAG: Final = ENUMS["event_flag"]
ERROR: Final = ENUMS["error"]
RISK_REQUEST: Final = RECORDS["risk_request"]
ORDER: Final = RECORDS["order"]
RISK_EVENT: Final = RECORDS["risk_event"]
REQUEST_KIND: Final = ENUMS["request_kind"]
ORDER_KIND: Final = ENUMS["order_kind"]
ORDER_FLAG: Final = ENUMS["order_flag"]
ORDER_STATE: Final = ENUMS["order_state"]
RISK_EVENT_KIND: Final = ENUMS["risk_event_kind"]
REPORT_ERROR: Final = ENUMS["report_error"]
BREAKER_ACTION: Final = ENUMS["breaker_action"]
CHECK: Final = ENUMS["check"]
