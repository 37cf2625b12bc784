"""The pydantic model of a limits file: frozen, strict, closed; built from the limit tables."""

from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    create_model,
)

from host.risk.fields import SECTIONS, LimitField
from host.risk.units import amount
from host.venues.instrument import DecimalScale
from hw.limit_rows import row_group
from hw.records import ENUMS
from hw.registers import LIMITS

__all__ = ["REQUIRED", "LimitsModel"]

#: Fields whose 0 would let something through, so that a file must say them.
REQUIRED: Final = ("duplicate_window", "lot_value", "breaker_hold")

RowName: TypeAlias = Annotated[str, Field(pattern=r"^[A-Za-z0-9_/:-]{1,40}$")]


class _Closed(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class _Row(_Closed):
    index: Annotated[int, Field(ge=0, lt=256, description="row of the gate's table")]


def _size(text: str) -> str:
    if text:
        DecimalScale(text)
    return text


Size: TypeAlias = Annotated[str, BeforeValidator(_size)]


class _InstrumentRow(_Row):
    tick_size: Annotated[Size, Field(description="one tick, as a decimal number in quotes")] = ""
    lot_size: Annotated[Size, Field(description="one lot, as a decimal number in quotes")] = ""


class _VenueRow(_Row):
    cancel_on_disconnect: Annotated[
        bool, Field(description="the venue cancels our orders when our session ends")
    ]


_BASES: Final[dict[str, type[_Row]]] = {"instruments": _InstrumentRow, "venues": _VenueRow}


def _number(field: LimitField) -> Any:
    largest = (1 << field.width) - 1

    def exact(value: object, info: ValidationInfo) -> object:
        return amount(value, field.unit, info.data)

    def held(value: int) -> int:
        if not 0 <= value <= largest:
            raise ValueError(f"expected 0 to {largest} {field.unit}, not {value}")
        return value

    return Annotated[int, BeforeValidator(exact), AfterValidator(held)]


def _typed(field: LimitField) -> tuple[Any, Any]:
    """Return type and default of a field; ``...`` where it must be given."""
    described = Field(description=f"{field.doc} [{field.unit}]")
    kind: Any
    default: Any = 0
    if field.kind == "flag":
        kind, default = bool, False
    elif field.kind == "code":
        assert field.part is not None
        kind, default = Literal[tuple(c.name for c in ENUMS[field.part.enum])], ...
    elif field.kind == "index":
        kind, default = RowName, ...
    elif field.kind == "mask":
        kind, default = tuple[RowName, ...], ()
    elif field.kind == "burst":
        kind, default = Annotated[int, Field(ge=1, lt=1 << 32)], 1
    else:
        kind = _number(field)
    if field.name in REQUIRED:
        default = ...
    return Annotated[kind, described], default


def _section(name: str, fields: list[LimitField], *, rows: bool) -> tuple[Any, Any]:
    base = _BASES.get(name, _Row) if rows else _Closed
    typed: dict[str, Any] = {field.name: _typed(field) for field in fields}
    row: Any = create_model(name, __base__=base, **typed)
    return (dict[RowName, row], {}) if rows else (row, row())


_ROWS: Final = {row_group(table) for table in LIMITS}
_SECTIONS: Final[dict[str, Any]] = {
    name: _section(name, fields, rows=name in _ROWS) for name, fields in SECTIONS.items()
}

#: A limits file. Sections of rows are named rows; the others are one row each.
LimitsModel: Final[type[BaseModel]] = create_model(
    "Limits", __base__=_Closed, version=(Literal[1], ...), **_SECTIONS
)
