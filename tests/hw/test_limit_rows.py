"""Tests of hw.limit_rows."""

import pytest

from hw.limit_rows import limit_fields, limit_rows
from hw.registers import LIMITS, Register
from hw.risk_parameters import RiskParameters

PARAMETERS = RiskParameters(
    books=32, instruments=16, venues=8, strategies=4, accounts=2, tick_bits=20
)


@pytest.mark.parametrize(
    ("table", "rows"),
    [
        ("instrument", 16),
        ("breaker", 16),
        ("venue", 8),
        ("strategy", 4),
        ("account", 2),
        ("book", 32),
        ("box", 1),
        ("windows", 1),
    ],
)
def test_a_table_has_as_many_rows_as_the_build(table: str, rows: int) -> None:
    assert limit_rows(table, PARAMETERS) == rows


def test_the_register_map_has_room_for_the_rows_of_the_largest_build() -> None:
    largest = RiskParameters(books=256, instruments=32, venues=8, strategies=16, accounts=8)
    for table, registers in LIMITS.items():
        rows = limit_rows(table, largest)
        if rows > 1:
            assert {r.count for r in registers.values()} == {rows}, table


def test_a_field_is_as_wide_as_the_build_holds_it() -> None:
    fields = limit_fields("instrument", PARAMETERS)
    assert (fields["collar"], fields["max_notional"]) == (20, 64)
    assert list(fields) == list(LIMITS["instrument"])


def test_entries_of_a_table_of_one_row_are_fields_of_their_own() -> None:
    register = Register(
        name="bucket", address=0x3100, access="limit", width=48, unit="ns", doc="A limit.",
        count=3, stride=8, table="windows",
    )  # fmt: skip
    fields = limit_fields("windows", PARAMETERS, limits={"bucket": register})
    assert fields == {"bucket0": 48, "bucket1": 48, "bucket2": 48}
