"""Tests of hw.records, and of what is derived from it: layouts and dtypes."""

import random
import re
from typing import Any

import numpy as np
import pytest
from amaranth.hdl import Const
from amaranth.lib import data

from gateware.common.records import (
    BOOK_EVENT_LAYOUT,
    MARKET_UPDATE_LAYOUT,
    ORDER_LAYOUT,
    RISK_EVENT_LAYOUT,
    RISK_REQUEST_LAYOUT,
)
from host.device.records import (
    EVENT_DTYPE,
    ORDER_DTYPE,
    RISK_EVENT_DTYPE,
    RISK_REQUEST_DTYPE,
    UPDATE_DTYPE,
)
from hw.records import (
    BOOK_EVENT,
    CHECK,
    ENUMS,
    ERROR,
    EVENT_FLAG,
    MARKET_UPDATE,
    ORDER,
    RECORDS,
    RISK_EVENT,
    RISK_REQUEST,
    UPDATE_KIND,
    Code,
    Codes,
    Field,
    Record,
    load_records,
)
from hw.registers import LIMITS

UNITS = {"none", "ticks", "lots", "ns", "cycles", "orders"}
DERIVED = [
    (MARKET_UPDATE, MARKET_UPDATE_LAYOUT, UPDATE_DTYPE),
    (BOOK_EVENT, BOOK_EVENT_LAYOUT, EVENT_DTYPE),
    (RISK_REQUEST, RISK_REQUEST_LAYOUT, RISK_REQUEST_DTYPE),
    (ORDER, ORDER_LAYOUT, ORDER_DTYPE),
    (RISK_EVENT, RISK_EVENT_LAYOUT, RISK_EVENT_DTYPE),
]


def field(width: int = 64, **more: Any) -> Field:
    return Field(name="f", width=width, unit="none", doc="A field.", **more)


@pytest.mark.parametrize(
    ("record", "layout", "dtype"), DERIVED, ids=[record.name for record, _, _ in DERIVED]
)
def test_layout_and_dtype_agree_bit_for_bit(
    record: Record, layout: data.StructLayout, dtype: np.dtype[np.void]
) -> None:
    rng = random.Random(record.name)
    assert layout.size == record.width == 8 * dtype.itemsize
    for _ in range(50):
        values: dict[Any, int] = {f.name: rng.getrandbits(f.width) for f in record.fields}
        as_gateware: Any = layout.const(values)
        as_bytes = Const.cast(as_gateware).value.to_bytes(record.width // 8, "little")
        row = np.frombuffer(as_bytes, dtype)[0]
        assert {name: int(row[name]) for name in values} == values


@pytest.mark.parametrize(
    ("record", "layout", "dtype"), DERIVED, ids=[record.name for record, _, _ in DERIVED]
)
def test_every_field_lies_at_its_natural_alignment(
    record: Record, layout: data.StructLayout, dtype: np.dtype[np.void]
) -> None:
    assert record.name in RECORDS
    assert layout.size == record.width
    fields = dtype.fields
    assert fields is not None
    for kind, offset, *_ in fields.values():
        assert offset % kind.itemsize == 0


@pytest.mark.parametrize("record", RECORDS.values(), ids=lambda r: r.name)
def test_every_field_is_documented_with_a_known_unit(record: Record) -> None:
    assert record.doc.endswith(".")
    assert len({f.name for f in record.fields}) == len(record.fields)
    for f in record.fields:
        assert f.doc.endswith("."), f.name
        assert f.unit in UNITS, f.name


@pytest.mark.parametrize("name", ENUMS)
def test_every_code_is_documented(name: str) -> None:
    assert all(code.doc.endswith(".") for code in ENUMS[name])


def test_every_code_fits_its_field() -> None:
    for record in RECORDS.values():
        for f in record.fields:
            if f.enum == "event_flag":  # bit numbers
                assert all(code.value < f.width for code in EVENT_FLAG)
            elif f.enum is not None:
                assert all(code.value < 1 << f.width for code in ENUMS[f.enum])


def test_zero_is_never_a_valid_update_nor_an_error() -> None:
    assert UPDATE_KIND.none == 0
    assert ERROR.none == 0
    assert not next(iter(ERROR)).invalidates


def test_codes_look_up_both_ways() -> None:
    codes = Codes("e", {"one": Code(name="one", value=1, doc="One.")})
    assert codes.one == 1
    assert codes.name_of(1) == "one"
    assert codes.name_of(2) == "?2"
    assert 1 in codes
    assert 2 not in codes
    assert len(codes) == 1
    assert [code.name for code in codes] == ["one"]


def test_an_unknown_code_is_named_in_the_error() -> None:
    with pytest.raises(AttributeError, match="no such code: 'ad'"):
        _ = UPDATE_KIND.ad


def test_rejects_two_codes_with_one_number() -> None:
    twins = {n: Code(name=n, value=1, doc="One.") for n in "ab"}
    with pytest.raises(ValueError, match=r"^enum e: two codes share a number$"):
        Codes("e", twins)


@pytest.mark.parametrize("width", [0, 1, 24, 128])
def test_rejects_a_field_that_numpy_cannot_hold(width: int) -> None:
    with pytest.raises(ValueError, match=f"^field f: width must be 8, 16, 32 or 64, not {width}$"):
        field(width)


def test_rejects_a_record_that_does_not_fill_its_words() -> None:
    text = "record r: width must be a multiple of 64 bits, not 96"
    with pytest.raises(ValueError, match=f"^{text}$"):
        Record(name="r", doc="A record.", fields=(field(64), field(32)))


def test_rejects_a_field_of_an_enum_that_is_not_there() -> None:
    source = b"""
    [record.r]
    doc = "A record."
    fields = [{ name = "f", width = 64, unit = "none", enum = "e", doc = "A field." }]
    [enum]
    """
    with pytest.raises(ValueError, match=re.escape("record r.f: no enum 'e'")):
        load_records(source)


def test_every_check_says_how_to_recover_and_names_limits_that_exist() -> None:
    limits = {name: r for table in LIMITS.values() for name, r in table.items()}
    known = {*limits, *(f"{n}.{p.name}" for n, r in limits.items() for p in r.parts)}
    for check in CHECK:
        assert check.recover.endswith("."), check.name
        assert known.issuperset(check.limits), check.name
    for name in ("max_gross", "collar", "price_band", "box_rate", "halted"):
        assert {c.name: c for c in CHECK}[name].limits
