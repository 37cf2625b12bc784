"""Tests of host.wire.ouch50, with lengths and offsets of the public specification."""

import struct
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from host.wire.fields import WireError
from host.wire.ouch50 import requests, responses
from host.wire.ouch50.codes import OptionTag
from host.wire.ouch50.dialect import OuchDialect
from host.wire.ouch50.options import Option, option
from host.wire.ouch50.requests import REQUESTS
from host.wire.ouch50.responses import RESPONSES
from tests.host.wire.generated import messages

# As published: fields behind the letter in struct's codes, and the length with an empty appendage.
PUBLISHED: list[tuple[OuchDialect, str, type[Any], str, int]] = [
    (REQUESTS, "O", requests.EnterOrder, "IcI8sQccccc14s", 47),
    (REQUESTS, "U", requests.ReplaceOrder, "IIIQccc14s", 40),
    (REQUESTS, "X", requests.CancelOrder, "II", 11),
    (REQUESTS, "M", requests.ModifyOrder, "IcI", 12),
    (REQUESTS, "C", requests.MassCancel, "I4s8s", 19),
    (REQUESTS, "D", requests.DisableOrderEntry, "I4s", 11),
    (REQUESTS, "E", requests.EnableOrderEntry, "I4s", 11),
    (REQUESTS, "Q", requests.AccountQuery, "", 3),
    (RESPONSES, "S", responses.SystemEvent, "Qc", 12),
    (RESPONSES, "A", responses.Accepted, "QIcI8sQccQcccc14s", 64),
    (RESPONSES, "U", responses.Replaced, "QIIcI8sQccQcccc14s", 68),
    (RESPONSES, "C", responses.Canceled, "QIIc", 20),
    (RESPONSES, "D", responses.SelfMatchCanceled, "QIIcIQcc", 34),
    (RESPONSES, "E", responses.Executed, "QIIQcQ", 36),
    (RESPONSES, "B", responses.BrokenTrade, "QIQc14s", 38),
    (RESPONSES, "J", responses.Rejected, "QIH14s", 31),
    (RESPONSES, "P", responses.CancelPending, "QI", 15),
    (RESPONSES, "I", responses.CancelReject, "QI", 15),
    (RESPONSES, "T", responses.PriorityUpdate, "QIQcQ", 32),
    (RESPONSES, "M", responses.Modified, "QIcI", 20),
    (RESPONSES, "R", responses.Restated, "QIc", 16),
    (RESPONSES, "X", responses.MassCancelResponse, "QI4s8s", 27),
    (RESPONSES, "G", responses.EntryDisabled, "QI4s", 19),
    (RESPONSES, "K", responses.EntryEnabled, "QI4s", 19),
    (RESPONSES, "Q", responses.AccountQueryResponse, "QI", 15),
]


def raw(value: Any, form: str) -> Any:
    if form.endswith("s"):
        return value.encode().ljust(int(form[:-1]))
    return value.encode().ljust(1) if form == "c" else value


def forms(published: str) -> list[str]:
    """Return the codes one by one: a text's size goes with its s."""
    found, size = [], ""
    for code in published:
        if code.isdigit():
            size += code
        else:
            found.append(size + code)
            size = ""
    return found


@pytest.mark.parametrize(
    ("dialect", "letter", "message", "published", "length"),
    PUBLISHED,
    ids=[f"{'in' if p[0] is REQUESTS else 'out'}-{p[1]}" for p in PUBLISHED],
)
def test_each_message_lies_as_published_and_comes_back(
    dialect: OuchDialect, letter: str, message: type[Any], published: str, length: int
) -> None:
    codes = forms(published)
    assert struct.calcsize(">c" + published) == length - 2

    @settings(max_examples=25, deadline=None)
    @given(messages(message))
    def check(sent: Any) -> None:
        data = dialect.encode(sent)
        values = [raw(v, c) for v, c in zip(sent, codes, strict=False)]
        assert data[: length - 2] == struct.pack(">c" + published, letter.encode(), *values)
        assert dialect.decode(data) == sent
        for end in range(len(data)):
            if end != length - 2:
                with pytest.raises(WireError):
                    dialect.decode(data[:end])

    check()


def test_an_appendage_is_its_length_and_then_length_tag_and_value_of_each_option() -> None:
    options = (Option(OptionTag.POST_ONLY, "P"), Option(OptionTag.MIN_QUANTITY, 256))
    data = REQUESTS.encode(requests.EnterOrder(7, "B", 100, "AAPL", 1502500, options=options))
    assert data[45:] == bytes.fromhex("0009020c50050300000100")
    assert option(REQUESTS.decode(data).options, OptionTag.MIN_QUANTITY) == 256
    assert option(REQUESTS.decode(data).options, OptionTag.FIRM) is None


@pytest.mark.parametrize(
    "appendage",
    [
        "00",
        "0001",
        "000100",
        "000100ff",
        "0003020c",
        "0006020c50020c50",
        "0003030c5050",
        "0002ff50",
    ],
)
def test_an_appendage_that_lies_is_an_error(appendage: str) -> None:
    cancel = REQUESTS.encode(requests.CancelOrder(7))
    with pytest.raises(WireError, match="expected"):
        REQUESTS.decode(cancel + bytes.fromhex(appendage))


@settings(max_examples=300)
@given(st.sampled_from([REQUESTS, RESPONSES]), st.binary(max_size=80))
def test_any_bytes_are_a_message_or_an_error(dialect: OuchDialect, data: bytes) -> None:
    for letter in ("", "O", "U", "X", "M", "C", "E", "A", "D", "J"):
        try:
            message = dialect.decode(letter.encode() + data)
        except WireError:
            continue
        assert dialect.decode(dialect.encode(message)) == message


def test_values_that_do_not_fit_are_refused() -> None:
    with pytest.raises(WireError, match="expected one of 'BSTE', got 'X'"):
        REQUESTS.encode(requests.EnterOrder(7, "X", 100, "AAPL", 1))
    with pytest.raises(WireError, match="option 3: expected 4 bytes"):
        REQUESTS.encode(requests.CancelOrder(7, 0, (Option(OptionTag.MIN_QUANTITY, 2**32),)))
