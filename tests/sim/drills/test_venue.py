"""Tests of sim.drills.venue and sim.drills.account."""

from fractions import Fraction
from typing import Any

import numpy as np

from host.device.records import ORDER_DTYPE
from hw.records import ORDER_KIND, REQUEST_KIND, SIDE
from sim.drills.account import Account
from sim.drills.tape import Print
from sim.drills.venue import Best, DeafVenue, SimulatedVenue, requests

BID, ASK = SIDE.bid, SIDE.ask
PLACE = (0, 1)
BEST = Best(bid=100, ask=104, bid_quantity=8, ask_quantity=6)


def order(order_id: int, side: int, tick: int, quantity: int, *, cancel: bool = False) -> Any:
    """Return an order as it leaves the box, in an array of one."""
    made = np.zeros(1, ORDER_DTYPE)
    made["kind"] = ORDER_KIND.cancel if cancel else ORDER_KIND.new
    made["order_id"], made["side"], made["venue"] = order_id, side, PLACE[1]
    made["tick"], made["quantity"] = tick, quantity
    return made


def venue(best: Best = BEST) -> SimulatedVenue:
    made = SimulatedVenue(Account(), latency=10)
    made.happen(PLACE, best, [])
    return made


def told(made: SimulatedVenue, now: int) -> list[tuple[int, int, int, int]]:
    """Return kind, order, price and quantity of the reports that are due."""
    rows = made.reports(now)
    return [tuple(int(r[n]) for n in ("kind", "order_id", "tick", "quantity")) for r in rows]  # type: ignore[misc]


def test_an_order_is_acknowledged_after_both_ways() -> None:
    made = venue()
    made.send(order(1, BID, 99, 5), now=0)
    made.arrive(9)
    assert made.resting == {}
    made.arrive(10)
    assert list(made.resting) == [1]
    assert told(made, 19) == []
    assert made.due == 20
    assert told(made, 20) == [(REQUEST_KIND.ack, 1, 99, 5)]


def test_an_order_that_meets_the_other_side_trades_at_its_price_with_what_stands_there() -> None:
    made = venue()
    made.send(order(1, BID, 110, 9), now=0)
    made.arrive(10)
    assert told(made, 20) == [(REQUEST_KIND.ack, 1, 110, 9), (REQUEST_KIND.fill, 1, 104, 6)]
    assert made.resting[1].remaining == 3
    assert made.account.positions[0] == 6
    assert made.account.cash[0] == -6 * 104


def test_a_resting_order_trades_in_full_when_something_trades_beyond_it() -> None:
    made = venue()
    made.send(order(1, BID, 99, 5), now=0)
    made.send(order(2, ASK, 106, 5), now=0)
    made.arrive(10)
    at_price = Print(30, 0, BID, 99, 1)
    beyond = Print(31, 0, BID, 98, 1)
    bought = Print(32, 0, ASK, 107, 1)
    made.happen(PLACE, BEST, [at_price])
    assert made.account.fills == 0
    made.happen(PLACE, BEST, [beyond, bought])
    assert made.account.fills == 2
    assert [row[:1] + row[2:] for row in told(made, 100)][2:] == [
        (REQUEST_KIND.fill, 99, 5),
        (REQUEST_KIND.fill, 106, 5),
    ]
    assert made.account.loss(0, 2 * 100) == -(106 - 99) * 5


def test_prints_at_another_venue_fill_nothing() -> None:
    made = venue()
    made.send(order(1, BID, 99, 5), now=0)
    made.arrive(10)
    made.happen((0, 2), BEST, [Print(30, 2, BID, 50, 1)])
    assert made.account.fills == 0


def test_a_resting_order_that_the_other_side_reaches_trades_at_its_own_price() -> None:
    made = venue()
    made.send(order(1, BID, 102, 5), now=0)
    made.arrive(10)
    made.happen(PLACE, Best(bid=None, ask=101, bid_quantity=0, ask_quantity=2), [])
    made.meet_all(30)
    assert told(made, 40)[1:] == [(REQUEST_KIND.fill, 1, 102, 2)]


def test_a_cancel_ends_an_order_and_one_that_is_gone_is_refused() -> None:
    made = venue()
    made.send(order(1, BID, 99, 5), now=0)
    made.send(order(1, BID, 99, 5, cancel=True), now=1)
    made.send(order(1, BID, 99, 5, cancel=True), now=2)
    made.arrive(12)
    kinds = [row[0] for row in told(made, 22)]
    assert kinds == [REQUEST_KIND.ack, REQUEST_KIND.cancelled, REQUEST_KIND.cancel_rejected]


def test_each_fill_has_an_identity_of_its_own() -> None:
    made = venue()
    for n in (1, 2):
        made.send(order(n, BID, 110, 2), now=0)
    made.arrive(10)
    reports = made.reports(20)
    fills = reports[reports["kind"] == REQUEST_KIND.fill]
    assert len(set(fills["execution"].tolist()) - {0}) == 2


def test_a_deaf_venue_hears_nothing() -> None:
    made = DeafVenue(Account(), latency=0)
    made.send(order(1, BID, 110, 2), now=0)
    assert made.due is None


def test_requests_keep_the_fields_that_they_have() -> None:
    (made,) = requests([{"kind": REQUEST_KIND.new, "tick": 7, "cycle": 9}])
    assert (made["kind"], made["tick"], made["quantity"]) == (REQUEST_KIND.new, 7, 0)


def test_a_loss_is_what_was_paid_less_what_it_is_worth() -> None:
    account = Account()
    account.fill(0, BID, 100, 10)
    account.fill(0, ASK, 90, 4)
    # Paid 1000, got 360, has 6 worth 80.5 each.
    assert account.loss(0, 161) == 1000 - 360 - Fraction(6 * 161, 2)
