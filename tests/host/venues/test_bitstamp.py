"""Tests of host.venues.bitstamp."""

import pytest

from host.venues.bitstamp import HEADER, BitstampParser
from hw.records import UPDATE_KIND as K
from tests.host.venues.messages import taken


def row(
    action: str, *, order: int = 5, price: str = "236.47", left: int = 9, side: str = "bid"
) -> bytes:
    """Return one row of the file."""
    return f"{order},1430438404518,1430438404000,{price},{left},{action},{side}\n".encode()


def test_created_changed_and_deleted_are_add_set_and_delete() -> None:
    parser = BitstampParser()
    for line in (HEADER, row("created"), row("changed", left=4), row("deleted", left=4), b"\n"):
        parser.parse(line, 0)
    time = 1430438404518_000_000
    assert taken(parser) == (
        [
            (0, K.add, 0, 0, 5, 0, 23647, 9, time),
            (0, K.set, 0, 0, 5, 0, 23647, 4, time),
            (0, K.delete, 0, 0, 5, 0, 0, 0, time),
        ],
        [],
        [],
    )


def test_a_changed_price_is_a_replace_of_the_order_by_itself() -> None:
    parser = BitstampParser()
    parser.parse(row("created", side="ask"), 0)
    parser.parse(row("changed", side="ask", price="236.5", left=3), 0)
    assert taken(parser)[0][1][:8] == (0, K.replace, 1, 0, 5, 5, 23650, 3)


def test_a_changed_side_is_a_delete_and_an_add() -> None:
    parser = BitstampParser()
    parser.parse(row("created", side="ask"), 0)
    parser.parse(row("changed", side="bid"), 0)
    assert [r[1:3] for r in taken(parser)[0]] == [(K.add, 1), (K.delete, 1), (K.add, 0)]


def test_nothing_left_is_a_delete_and_an_unknown_order_is_set() -> None:
    parser = BitstampParser()
    parser.parse(row("changed"), 0)
    parser.parse(row("changed", left=0), 0)
    assert [r[1] for r in taken(parser)[0]] == [K.set, K.delete]


def test_a_price_off_the_tick_makes_a_gap() -> None:
    parser = BitstampParser()
    parser.parse(row("created", price="236.475"), 0)
    rows, _, codes = taken(parser)
    assert ([r[1] for r in rows], codes) == ([K.gap], ["off_tick"])


def test_the_filter_keeps_another_symbol_out() -> None:
    parser = BitstampParser(symbols=["ETH/USD"])
    parser.parse(row("created"), 0)
    assert taken(parser) == ([], [], [])
    assert parser.instruments == []


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"1,2,3", "malformed"),
        (row("moved"), "malformed"),
        (row("created", side="mid"), "malformed"),
        (row("created").replace(b"5,", b"x,", 1), "malformed"),
        (row("created", left=2**64), "out_of_range"),
    ],
)
def test_a_malformed_row_is_a_problem(line: bytes, code: str) -> None:
    parser = BitstampParser()
    parser.parse(line, 0)
    assert taken(parser) == ([], [], [code])
