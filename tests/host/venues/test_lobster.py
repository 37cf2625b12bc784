"""Tests of host.venues.lobster."""

import pytest

from host.venues.lobster import LobsterParser
from hw.records import UPDATE_KIND as K
from tests.host.venues.messages import taken

SECOND = 10**9


@pytest.mark.parametrize(
    ("line", "row"),
    [
        (b"34200.5,1,16113575,18,5853300,1", (K.add, 0, 16113575, 5853300, 18)),
        (b"34200.5,1,16113575,18,5853300,-1\r\n", (K.add, 1, 16113575, 5853300, 18)),
        (b"34200.5,2,16113575,7,5853300,1", (K.reduce, 0, 16113575, 0, 7)),
        (b"34200.5,3,16113575,18,5853300,1", (K.delete, 0, 16113575, 0, 18)),
        (b"34200.5,4,16113575,9,5853300,-1", (K.execute, 1, 16113575, 0, 9)),
        (b"34200.5,5,0,1,5853200,1", (K.trade, 0, 0, 5853200, 1)),
        (b"34200.5,6,-1,1,5853200,-1".replace(b"-1,1", b"0,1"), (K.trade, 1, 0, 5853200, 1)),
        (b"34200.5,7,0,0,-1,-1", (K.status, 1, 0, 0, 0)),
    ],
)
def test_each_type_is_its_update(line: bytes, row: tuple[int, ...]) -> None:
    parser = LobsterParser(symbol="AAPL", midnight=SECOND)
    parser.parse(line, 0)
    kind, side, order, tick, quantity = row
    time = 34201 * SECOND + SECOND // 2
    assert taken(parser) == ([(0, kind, side, 0, order, 0, tick, quantity, time)], [], [])


def test_time_keeps_nanoseconds() -> None:
    parser = LobsterParser()
    parser.parse(b"34200.017459617,1,1,1,1,1", 0)
    parser.parse(b"34200,1,2,1,1,1", 0)
    assert [row[8] for row in taken(parser)[0]] == [34200_017459617, 34200 * SECOND]


def test_the_filter_keeps_another_symbol_out() -> None:
    parser = LobsterParser(symbol="AAPL", symbols=["MSFT"])
    parser.parse(b"34200,1,2,1,1,1", 0)
    parser.parse(b"\n", 0)
    assert taken(parser) == ([], [], [])
    assert (parser.instruments, parser.skipped["other symbol"]) == ([], 1)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"34200,8,2,1,1,1", "malformed"),
        (b"34200,1,2,1,1,0", "malformed"),
        (b"34200,1,2,1,-5,1", "malformed"),
        (b"34200,1,2,1,1", "malformed"),
        (b"now,1,2,1,1,1", "malformed"),
        (b"34200,1,9999999999999999999,1,1,1", "out_of_range"),
    ],
)
def test_a_malformed_row_is_a_problem(line: bytes, code: str) -> None:
    parser = LobsterParser()
    parser.parse(line, 0)
    assert taken(parser) == ([], [], [code])
