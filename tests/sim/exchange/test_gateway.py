"""Tests of sim.exchange.gateway: each request and what it is answered."""

from typing import Any

import pytest

from host.wire.ouch50 import requests
from host.wire.ouch50.codes import OptionTag, RejectReason
from host.wire.ouch50.options import Option
from sim.exchange.accounts import Account
from sim.exchange.exchange import Exchange
from tests.sim.exchange.trading import answers, exchange, send


def opened() -> Exchange:
    venue = exchange()
    venue.open()
    return venue


def enter(user_ref: int, side: str = "B", **more: Any) -> requests.EnterOrder:
    fields: dict[str, Any] = {"quantity": 100, "symbol": "ALFA", "price": 10_000, **more}
    return requests.EnterOrder(user_ref, side, **fields)


def names(told: list[Any]) -> list[str]:
    return [type(message).__name__ for message in told]


def test_an_order_is_echoed_with_the_number_that_the_feed_shows() -> None:
    venue = opened()
    (accepted,) = send(venue, 0, enter(7, "T", display="A", client_id="x", capacity="A"))
    echoed = (accepted.user_ref, accepted.side, accepted.display, accepted.client_id)
    assert echoed == (7, "T", "A", "x")
    assert (accepted.capacity, accepted.state, accepted.price) == ("A", "L", 10_000)
    assert venue.accounts[0].orders[7].number == accepted.order


def test_both_sides_of_a_trade_are_told_with_one_match_number() -> None:
    venue = opened()
    send(venue, 0, enter(1, "S"))
    accepted, executed = send(venue, 1, enter(1, "B", price=10_100, quantity=40))
    maker = answers(venue, 0)[-1]
    assert (executed.price, executed.quantity, executed.liquidity) == (10_000, 40, "R")
    assert (maker.price, maker.quantity, maker.liquidity) == (10_000, 40, "A")
    assert maker.match == executed.match
    assert accepted.order != venue.accounts[0].orders[1].number


def test_an_immediate_order_is_cancelled_for_what_is_left() -> None:
    venue = opened()
    send(venue, 0, enter(1, "S", quantity=30))
    told = send(venue, 1, enter(1, "B", time_in_force="3"))
    assert names(told) == ["Accepted", "Executed", "Canceled"]
    assert (told[-1].quantity, told[-1].reason) == (70, "I")
    assert venue.accounts[1].orders == {}


def test_a_post_only_order_that_would_take_is_cancelled() -> None:
    venue = opened()
    send(venue, 0, enter(1, "S"))
    told = send(venue, 1, enter(1, options=(Option(OptionTag.POST_ONLY, "P"),)))
    assert names(told) == ["Accepted", "Canceled"]
    assert (told[-1].quantity, told[-1].reason) == (100, "G")


@pytest.mark.parametrize(
    ("strategy", "mine", "theirs"),
    [
        ("N", ["Accepted", "Executed"], ["Executed"]),
        ("W", ["Accepted", "Canceled"], []),
        ("O", ["Accepted"], ["Canceled"]),
        ("Y", ["Accepted", "Canceled"], ["Canceled"]),
        ("D", ["Accepted", "SelfMatchCanceled"], ["SelfMatchCanceled"]),
    ],
)
def test_orders_of_one_firm_meet_as_the_newer_asks(
    strategy: str, mine: list[str], theirs: list[str]
) -> None:
    venue = exchange(4)  # accounts 0 and 3 are of one firm
    venue.open()
    send(venue, 0, enter(1, "S"))
    told = send(venue, 3, enter(1, "B", options=(Option(OptionTag.SELF_MATCH, strategy),)))
    assert names(told) == mine
    assert names(answers(venue, 0)[2:]) == theirs
    for message in told[1:] + answers(venue, 0)[2:]:
        assert message.quantity == 100
        assert getattr(message, "reason", "Q") == "Q"


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"symbol": "NONE"}, RejectReason.INVALID_SYMBOL),
        ({"quantity": 0}, RejectReason.INVALID_QUANTITY),
        ({"quantity": 1_000_000}, RejectReason.INVALID_QUANTITY),
        ({"price": 10_050}, RejectReason.INVALID_PRICE),
        ({"price": 0x7FFFFFFF}, RejectReason.INVALID_PRICE),
        ({"display": "Z"}, RejectReason.INVALID_DISPLAY),
        ({"cross": "O"}, RejectReason.INVALID_CROSS),
        ({"time_in_force": "6"}, RejectReason.OTHER),
        ({"options": (Option(OptionTag.MIN_QUANTITY, 5),)}, RejectReason.OTHER),
        ({"options": (Option(OptionTag.PRICE_TYPE, "M"),)}, RejectReason.PEGGING_NOT_ALLOWED),
        ({"options": (Option(OptionTag.SELF_MATCH, "y"),)}, RejectReason.INVALID_SELF_MATCH),
        ({"options": (Option(OptionTag.FIRM, "ZZZ"),)}, RejectReason.FIRM_NOT_AUTHORIZED),
    ],
)
def test_what_the_exchange_does_not_do_is_rejected(
    fields: dict[str, Any], reason: RejectReason
) -> None:
    venue = opened()
    (rejected,) = send(venue, 0, enter(9, client_id="x", **fields))
    assert (rejected.user_ref, rejected.reason, rejected.client_id) == (9, reason, "x")
    assert venue.accounts[0].next_user_ref == 10


def test_before_the_open_orders_are_rejected() -> None:
    (rejected,) = send(exchange(), 0, enter(1))
    assert rejected.reason == RejectReason.DESTINATION_CLOSED


def test_a_used_reference_is_ignored_so_that_requests_can_be_sent_again() -> None:
    venue = opened()
    assert len(send(venue, 0, enter(5))) == 1
    assert send(venue, 0, enter(5)) == []
    assert send(venue, 0, enter(4)) == []
    assert venue.accounts[0].problems["user_ref used"] == 2
    (query,) = send(venue, 0, requests.AccountQuery())
    assert query.next_user_ref == 6


def test_references_can_run_out() -> None:
    venue = opened()
    assert names(send(venue, 0, enter(2**32 - 1))) == ["Accepted"]
    (query,) = send(venue, 0, requests.AccountQuery())
    assert query.next_user_ref == 2**32 - 1
    assert send(venue, 0, enter(2**32 - 1)) == []


@pytest.mark.parametrize(
    "fields", [("", "p", "F"), ("u", "p", "FIRMS"), ("u", "longpassword", "F")]
)
def test_an_account_fits_the_fields_of_its_logon(fields: tuple[str, str, str]) -> None:
    with pytest.raises(ValueError, match="ASCII characters, not"):
        Account(*fields)


def test_a_replace_counts_what_has_traded() -> None:
    venue = opened()
    send(venue, 0, enter(1, "S"))
    send(venue, 1, enter(1, "B", quantity=30))
    (replaced,) = send(venue, 0, requests.ReplaceOrder(1, 2, 100, 10_100, client_id="new"))
    assert (replaced.old_user_ref, replaced.user_ref, replaced.quantity) == (1, 2, 70)
    assert (replaced.side, replaced.symbol, replaced.client_id) == ("S", "ALFA", "new")
    assert list(venue.accounts[0].orders) == [2]
    (gone,) = send(venue, 0, requests.ReplaceOrder(2, 3, 30, 10_200))
    assert (type(gone).__name__, gone.user_ref, gone.quantity) == ("Canceled", 2, 70)
    assert venue.accounts[0].next_user_ref == 3  # the reference may be used again


def test_a_replace_of_a_dead_order_or_with_a_used_reference_is_ignored() -> None:
    venue = opened()
    send(venue, 0, enter(3))
    assert send(venue, 0, requests.ReplaceOrder(2, 4, 10, 10_000)) == []
    assert send(venue, 0, requests.ReplaceOrder(3, 3, 10, 10_000)) == []
    assert list(venue.accounts[0].orders) == [3]


def test_a_replace_that_the_exchange_does_not_do_takes_the_order_out() -> None:
    venue = opened()
    send(venue, 0, enter(1))
    (gone,) = send(venue, 0, requests.ReplaceOrder(1, 2, 10, 10_000, display="Z"))
    assert type(gone).__name__ == "Canceled"


def test_a_cancel_of_nothing_is_ignored() -> None:
    venue = opened()
    assert send(venue, 0, requests.CancelOrder(1)) == []
    assert venue.accounts[0].problems["no such order"] == 1


def test_a_modification_keeps_the_place_and_cannot_grow_or_turn_around() -> None:
    venue = opened()
    send(venue, 0, enter(1, "S"))
    send(venue, 1, enter(1, "S"))
    (modified,) = send(venue, 0, requests.ModifyOrder(1, "T", 60))
    assert (modified.side, modified.quantity) == ("T", 60)
    assert send(venue, 0, requests.ModifyOrder(1, "S", 61)) == []
    assert send(venue, 0, requests.ModifyOrder(1, "B", 10)) == []
    assert venue.accounts[0].problems["side cannot change"] == 1
    send(venue, 2, enter(1, "B", quantity=1))
    assert type(answers(venue, 0)[-1]).__name__ == "Executed"


def test_a_mass_cancel_takes_the_symbol_or_everything() -> None:
    venue = opened()
    for ref, symbol in ((1, "ALFA"), (2, "BRAVO"), (3, "ALFA")):
        send(venue, 0, enter(ref, symbol=symbol))
    told = send(venue, 0, requests.MassCancel(0, "A", "ALFA"))
    assert names(told) == ["MassCancelResponse", "Canceled", "Canceled"]
    assert list(venue.accounts[0].orders) == [2]
    assert send(venue, 0, requests.MassCancel(0, "B")) == []
    assert names(send(venue, 0, requests.MassCancel(0)))[1:] == ["Canceled"]


def test_order_entry_can_be_closed_and_opened() -> None:
    venue = opened()
    send(venue, 0, enter(1))
    assert names(send(venue, 0, requests.DisableOrderEntry(0))) == ["EntryDisabled"]
    (rejected,) = send(venue, 0, enter(2))
    assert rejected.reason == RejectReason.FIRM_NOT_AUTHORIZED
    told = send(venue, 0, requests.ReplaceOrder(1, 3, 10, 10_000))
    assert names(told) == ["Rejected"]
    assert list(venue.accounts[0].orders) == [1]
    assert names(send(venue, 0, requests.EnableOrderEntry(0))) == ["EntryEnabled"]
    assert names(send(venue, 0, enter(4))) == ["Accepted"]
