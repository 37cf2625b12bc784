"""Tests of host.venues.itch50, with messages built from the public specification."""

import pytest

from host.venues.itch50 import LENGTHS, Itch50Parser
from hw.records import UPDATE_KIND as K
from tests.host.venues.messages import itch, taken

# One add order byte by byte: 'A', locate 7, tracking 0, 09:30:00.000000001 since midnight,
# order 258, buy, 100 shares, AAPL, price 150.2500.
GOLDEN_ADD = bytes.fromhex(
    "41 0007 0000 1f1ac9ede801 0000000000000102 42 00000064 4141504c20202020 0016ed24"
)
GOLDEN_TIME = 0x1F1AC9EDE801


def add(order: int, side: bytes = b"B", stock: bytes = b"AAPL    ", locate: int = 7) -> bytes:
    """Return an add of 100 shares at 1.5000."""
    return itch("A", "QcI8sI", order, side, 100, stock, 15000, locate=locate)


def opened() -> Itch50Parser:
    """Return a parser with order 1 resting and its rows taken."""
    parser = Itch50Parser()
    parser.parse(add(1), 0)
    taken(parser)
    return parser


def one(message: bytes) -> tuple[int, ...]:
    """Return the row of one message after ``opened``."""
    parser = opened()
    parser.parse(message, 0)
    rows, _, codes = taken(parser)
    assert not codes
    return rows[0]


def test_an_add_as_published_is_read_field_by_field() -> None:
    parser = Itch50Parser(midnight=10**18)
    parser.parse(GOLDEN_ADD, 0)
    time = 10**18 + GOLDEN_TIME
    assert taken(parser)[0] == [
        (0, K.clear, 0, 0, 0, 0, 0, 0, time),
        (0, K.add, 0, 0, 258, 0, 1502500, 100, time),
    ]
    instrument = parser.instruments[0]
    assert (instrument.symbol, instrument.price_text(1502500)) == ("AAPL", "150.2500")


def test_an_attributed_add_of_the_sell_side() -> None:
    message = itch("F", "QcI8sI4s", 2, b"S", 7, b"AAPL    ", 15000, b"MPID")
    assert one(message) == (0, K.add, 1, 0, 2, 0, 15000, 7, 5)


@pytest.mark.parametrize(
    ("message", "row"),
    [
        (itch("E", "QIQ", 1, 40, 9), (0, K.execute, 0, 0, 1, 0, 0, 40, 5)),
        (itch("C", "QIQcI", 1, 40, 9, b"Y", 14000), (0, K.execute, 0, 0, 1, 0, 0, 40, 5)),
        (itch("X", "QI", 1, 30), (0, K.reduce, 0, 0, 1, 0, 0, 30, 5)),
        (itch("D", "Q", 1), (0, K.delete, 0, 0, 1, 0, 0, 0, 5)),
        (itch("U", "QQII", 1, 2, 50, 16000), (0, K.replace, 0, 0, 1, 2, 16000, 50, 5)),
        (
            itch("P", "QcI8sIQ", 0, b"B", 60, b"AAPL    ", 15500, 9),
            (0, K.trade, 0, 0, 0, 0, 15500, 60, 5),
        ),
        (itch("Q", "Q8sIQ", 70, b"AAPL    ", 15600, 9), (0, K.trade, 0, 0, 0, 0, 15600, 70, 5)),
        (itch("B", "Q", 9), (0, K.status, 0, 0, 0, 0, 0, 0, 5)),
        (itch("H", "8scc4s", b"AAPL    ", b"H", b" ", b"T1  "), (0, K.status, 0, 0, 0, 0, 0, 0, 5)),
    ],
    ids=["E", "C", "X", "D", "U", "P", "Q", "B", "H"],
)  # fmt: skip
def test_each_order_message_is_its_update(message: bytes, row: tuple[int, ...]) -> None:
    assert one(message) == row


def test_books_are_complete_where_the_feed_is_read_from_its_start() -> None:
    parser = Itch50Parser()
    parser.parse(itch("S", "c", b"O", locate=0), 0)
    parser.parse(itch("R", "8s", b"MSFT    "), 0)
    parser.parse(add(1), 0)  # the directory's name of the locate stands
    rows, _, _ = taken(parser)
    assert rows[0][1:4] == (K.clear, 0, 1)
    assert parser.instruments[0].symbol == "MSFT"


@pytest.mark.parametrize("directory", [False, True])
def test_the_filter_keeps_other_stocks_out(directory: bool) -> None:
    parser = Itch50Parser(symbols=["MSFT"])
    if directory:
        parser.parse(itch("R", "8s", b"AAPL    "), 0)
    for message in (add(1), itch("D", "Q", 1), add(2, stock=b"MSFT    ", locate=8)):
        parser.parse(message, 0)
    rows, _, codes = taken(parser)
    assert ([row[1] for row in rows], codes) == ([K.clear, K.add], [])
    assert parser.skipped["other symbol"] == 2


def test_an_event_before_the_first_order_of_a_stock_is_counted() -> None:
    parser = Itch50Parser()
    for message in (
        itch("D", "Q", 1), itch("U", "QQII", 1, 2, 3, 4), itch("P"), itch("Q"), itch("H")
    ):  # fmt: skip
        parser.parse(message, 0)
    assert taken(parser) == ([], [], [])
    assert parser.skipped["event before the first order"] == 5


@pytest.mark.parametrize("kind", sorted(LENGTHS))
def test_every_type_of_another_length_is_a_problem(kind: str) -> None:
    for message in (itch(kind)[:-1], itch(kind) + b"\0"):
        parser = Itch50Parser()
        parser.parse(message, 0)
        text = f"expected {LENGTHS[kind]} bytes of a message {kind!r}, got {len(message)}"
        assert [p.text for p in parser.problems] == [text]


@pytest.mark.parametrize("kind", ["S", "Y", "L", "V", "W", "K", "J", "I", "N", "O"])
def test_messages_that_say_nothing_of_a_book_are_counted(kind: str) -> None:
    parser = Itch50Parser()
    parser.parse(itch(kind), 0)
    assert taken(parser) == ([], [], [])
    assert parser.skipped == {f"type {kind}": 1}


@pytest.mark.parametrize("message", [b"", b"Z" * 20, add(1, side=b"X")])
def test_what_is_no_message_is_a_problem(message: bytes) -> None:
    parser = Itch50Parser()
    parser.parse(message, 0)
    assert taken(parser) == ([], [], ["malformed"])
