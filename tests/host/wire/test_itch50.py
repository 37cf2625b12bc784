"""Tests of host.wire.itch50, against the parser of the package itchfeed."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from itch.messages import messages as itchfeed

from host.venues.itch50 import LENGTHS
from host.wire import itch50
from host.wire.fields import WireError
from tests.host.wire.generated import messages

CLASSES: dict[str, type[Any]] = {
    "S": itch50.SystemEvent,
    "R": itch50.StockDirectory,
    "H": itch50.TradingAction,
    "A": itch50.AddOrder,
    "F": itch50.AddOrderAttributed,
    "E": itch50.OrderExecuted,
    "C": itch50.OrderExecutedWithPrice,
    "X": itch50.OrderCancel,
    "D": itch50.OrderDelete,
    "U": itch50.OrderReplace,
    "P": itch50.Trade,
    "Q": itch50.CrossTrade,
    "B": itch50.BrokenTrade,
}
# Our names of fields, and theirs.
THEIRS = {
    "locate": "stock_locate",
    "tracking": "tracking_number",
    "time": "timestamp",
    "order": "order_reference_number",
    "side": "buy_sell_indicator",
    "shares": "shares",
    "stock": "stock",
    "price": "price",
    "match": "match_number",
}
THEIRS_IN = {
    "E": {"shares": "executed_shares"},
    "C": {"shares": "executed_shares", "price": "execution_price"},
    "X": {"shares": "cancelled_shares"},
    "U": {"new_order": "new_order_reference_number"},
    "Q": {"price": "cross_price", "cross": "cross_type"},
    "S": {"code": "event_code"},
    "H": {"state": "trading_state", "reason": "reason"},
    "F": {"firm": "attribution"},
    "R": {"round_lot": "round_lot_size", "etp_leverage": "etp_leverage_factor"},
}


@pytest.mark.parametrize("letter", CLASSES)
def test_itchfeed_reads_what_we_write_and_writes_the_same(letter: str) -> None:
    names = {**THEIRS, **THEIRS_IN.get(letter, {})}

    @settings(max_examples=25, deadline=None)
    @given(messages(CLASSES[letter]))
    def check(message: Any) -> None:
        data = itch50.encode(message)
        theirs = itchfeed[letter.encode()](data)
        assert theirs.to_bytes() == data
        for ours, name in names.items():
            if hasattr(message, ours):
                value = getattr(theirs, name)
                text = value.decode().rstrip() if isinstance(value, bytes) else value
                assert text == getattr(message, ours), ours
        assert itch50.decode(data) == message

    check()


@pytest.mark.parametrize("letter", CLASSES)
def test_a_message_is_as_long_as_published(letter: str) -> None:
    @settings(max_examples=3)
    @given(messages(CLASSES[letter]))
    def check(message: Any) -> None:
        assert len(itch50.encode(message)) == LENGTHS[letter]

    check()


@pytest.mark.parametrize("letter", sorted(set(LENGTHS) - set(CLASSES)))
def test_the_other_messages_of_the_protocol_pass_through(letter: str) -> None:
    data = letter.encode() + bytes(LENGTHS[letter] - 1)
    assert itch50.decode(data) == itch50.Other(letter, data)
    assert itch50.encode(itch50.decode(data)) == data
    with pytest.raises(WireError, match=f"expected {len(data)} bytes"):
        itch50.decode(data[:-1])


@settings(max_examples=200)
@given(st.binary(max_size=60), st.sampled_from(sorted(LENGTHS)))
def test_any_bytes_are_a_message_or_an_error(data: bytes, letter: str) -> None:
    for candidate in (data, letter.encode() + data.ljust(LENGTHS[letter] - 1, b"\0")):
        try:
            message = itch50.decode(candidate)
        except WireError:
            continue
        assert itch50.decode(itch50.encode(message)) == message


def test_values_that_do_not_fit_are_refused() -> None:
    with pytest.raises(WireError, match="expected 48 bits, got"):
        itch50.encode(itch50.OrderDelete(1, 0, 2**48, 7))
    with pytest.raises(WireError, match="expected a text of at most 8 bytes"):
        itch50.encode(itch50.TradingAction(1, 0, 0, "NINECHARS", "T"))
    with pytest.raises(WireError, match="expected one of 'HPQT', got 'X'"):
        itch50.encode(itch50.TradingAction(1, 0, 0, "A", "X"))
    with pytest.raises(WireError, match="OrderDelete"):
        itch50.encode(itch50.OrderDelete(1, 0, 0, -1))
