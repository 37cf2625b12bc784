"""Tests of sim.models.limit_tables."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hw.limit_rows import limit_fields
from hw.registers import LIMITS
from hw.risk_parameters import RiskParameters
from sim.models.limit_tables import LimitTables
from tests.gateware.risk.bench import NARROW

WORDS = sorted(LimitTables(NARROW).places)
MAX_LONG = LIMITS["instrument"]["max_long"]


def settled(parameters: RiskParameters = NARROW) -> LimitTables:
    tables = LimitTables(parameters)
    tables.settle()
    return tables


def test_every_limit_is_zero_and_nothing_is_ready_at_first() -> None:
    tables = LimitTables(NARROW)
    assert not tables.ready
    assert all(v == 0 for rows in tables.active.values() for row in rows for v in row.values())
    numbers = {"instrument": 4, "venue": 2, "strategy": 4, "account": 2, "book": 4, "box": 1}
    assert {table: len(tables.active[table]) for table in numbers} == numbers


def test_what_is_staged_is_in_force_with_the_commit_and_not_before() -> None:
    tables = settled()
    tables.write(MAX_LONG.address + 3 * MAX_LONG.stride, 500)
    tables.write(LIMITS["box"]["max_open_orders"].address, 6)
    assert tables.active["instrument"][3]["max_long"] == 0
    assert tables.order(commit=True, forget=False)
    assert tables.active["instrument"][3]["max_long"] == 500
    assert tables.active["box"][0]["max_open_orders"] == 6
    assert (tables.ready, tables.commits, tables.refused) == (False, 1, 0)


def test_two_words_of_a_limit_are_written_each_by_itself() -> None:
    tables = settled(RiskParameters())
    address = LIMITS["box"]["max_gross"].address
    tables.write(address, 0xAAAA_AAAA)
    tables.write(address + 4, 0x5555_5555)
    tables.write(address, 1)
    assert tables.staging["box"][0]["max_gross"] == 0x5555_5555_0000_0001
    assert (tables.read(address), tables.read(address + 4)) == (1, 0x5555_5555)


@pytest.mark.parametrize(
    ("offset", "word"),
    [(0, 1 << 11), (4, 1), (NARROW.instruments * MAX_LONG.stride, 0)],
    ids=["too wide", "too wide, high word", "no such row"],
)
def test_a_refused_write_makes_the_staging_copy_faulty_until_it_is_forgotten(
    offset: int, word: int
) -> None:
    assert NARROW.limit_bits("max_long", 64) == 11
    tables = settled()
    tables.write(MAX_LONG.address, 7)
    tables.write(MAX_LONG.address + offset, word)
    assert (tables.fault, tables.refused) == (True, 1)
    assert not tables.order(commit=True, forget=False)
    assert (tables.active["instrument"][0]["max_long"], tables.refused) == (0, 2)
    tables.order(commit=False, forget=True)
    tables.settle()
    assert (tables.fault, tables.read(MAX_LONG.address)) == (False, 0)
    assert tables.order(commit=True, forget=False)


def test_nothing_is_taken_while_copying() -> None:
    tables = settled()
    assert tables.order(commit=True, forget=False)
    assert not tables.order(commit=True, forget=False)
    tables.write(MAX_LONG.address, 7)
    assert (tables.fault, tables.refused, tables.commits) == (True, 2, 1)
    tables.settle()
    assert tables.read(MAX_LONG.address) == 0


def test_a_commit_right_behind_a_write_is_refused() -> None:
    tables = settled()
    tables.write(MAX_LONG.address, 7)
    assert not tables.order(commit=True, forget=False, late=True)
    assert (tables.ready, tables.fault, tables.refused) == (True, False, 1)
    assert tables.order(commit=True, forget=False)


def test_a_commit_together_with_a_forget_is_refused() -> None:
    tables = settled()
    tables.write(MAX_LONG.address, 7)
    assert not tables.order(commit=True, forget=True)
    assert (tables.staging["instrument"][0]["max_long"], tables.refused) == (0, 1)


@given(st.sampled_from(WORDS) | st.integers(0, 0xFFFF), st.integers(0, (1 << 32) - 1))
def test_a_word_is_kept_whole_or_refused_and_nothing_else_changes(address: int, word: int) -> None:
    tables = settled()
    others = {a: tables.read(a) for a in WORDS if a != address}
    tables.write(address, word)
    assert {a: tables.read(a) for a in WORDS if a != address} == others
    if address in tables.places:
        assert tables.fault == (tables.refused == 1)
        assert tables.read(address) == (0 if tables.fault else word)
    else:
        assert (tables.fault, tables.read(address)) == (False, 0)


def test_the_count_of_refusals_stops_at_its_largest_value() -> None:
    tables = settled()
    tables.fault, tables.refused = True, (1 << 32) - 2
    for _ in range(3):
        tables.order(commit=True, forget=False)
    assert tables.refused == (1 << 32) - 1


@pytest.mark.parametrize("table", LIMITS)
def test_rows_have_the_fields_of_the_build(table: str) -> None:
    assert LimitTables(NARROW).active[table][0].keys() == limit_fields(table, NARROW).keys()
