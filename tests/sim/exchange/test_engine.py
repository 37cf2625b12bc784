"""Tests of sim.exchange.engine, against a plain model and by what must always hold."""

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from host.wire.ouch50.codes import CancelReason, RejectReason, SelfMatch, TimeInForce
from sim.exchange.engine import (
    CLOSED,
    EXTENDED,
    HALTED,
    REGULAR,
    TRADING,
    Listing,
    MatchingEngine,
)
from sim.exchange.orders import (
    BUY,
    SELL,
    Accepted,
    Broken,
    Canceled,
    Event,
    Modified,
    NewOrder,
    Order,
    Prevented,
    Rejected,
    Replaced,
    Traded,
)
from tests.sim.exchange.pair import LISTINGS, Pair, drawn


def opened() -> MatchingEngine:
    engine = MatchingEngine(LISTINGS)
    engine.set_session(REGULAR)
    return engine


def new(side: int, price: int, quantity: int, **more: Any) -> NewOrder:
    return NewOrder(0, 0, side, price, quantity, **more)


def entered(engine: MatchingEngine, *args: Any, **more: Any) -> Order:
    """Enter an order and return it."""
    first = engine.enter(new(*args, **more))[0]
    assert isinstance(first, Accepted)
    return first.order


def traded(events: list[Event]) -> list[tuple[int, int, int]]:
    """Return maker, price and quantity of each trade."""
    return [(e.maker.number, e.price, e.quantity) for e in events if isinstance(e, Traded)]


ASKED = st.fixed_dictionaries(
    {
        "book": st.integers(0, 1),
        "side": st.sampled_from(["buy", "sell"]),
        "price": st.integers(9, 22) | st.sampled_from([0, 15, 20, 2**31]),
        "quantity": st.integers(1, 9) | st.sampled_from([0, 1_000_000]),
        "time": st.sampled_from(["DAY", "DAY", "DAY", "IMMEDIATE", "EXTENDED"]),
        "post_only": st.sampled_from([False, False, False, True]),
        "hidden": st.sampled_from([False, False, False, True]),
        "firm": st.sampled_from(["A", "B"]),
        "self_match": st.sampled_from([s.name for s in SelfMatch] + ["DISABLED"] * 5),
    }
)
PICK = st.integers(0, 1000)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("enter"), ASKED),
        st.tuples(st.just("enter"), ASKED),
        st.tuples(st.just("enter"), ASKED),
        st.tuples(st.just("replace"), PICK, ASKED),
        st.tuples(st.just("cancel"), PICK, st.integers(0, 9)),
        st.tuples(st.just("modify"), PICK, st.integers(0, 9)),
        st.tuples(st.just("state"), st.integers(0, 1), st.sampled_from("THTT")),
        st.tuples(
            st.just("session"), st.sampled_from(["regular", "regular", "extended", "closed"])
        ),
    ),
    max_size=60,
)


@settings(max_examples=80, deadline=None)
@given(STEPS)
def test_every_event_is_that_of_a_plain_engine(steps: list[tuple[Any, ...]]) -> None:
    pair = Pair()
    for step in steps:
        pair.step(step)


@pytest.mark.parametrize("seed", range(4))
def test_a_long_run_is_that_of_a_plain_engine(seed: int) -> None:
    rng, pair = random.Random(seed), Pair()
    for _ in range(1500):
        pair.step(drawn(rng))
    assert pair.plain.matches > 100


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 130))
def test_a_very_long_run_is_that_of_a_plain_engine(seed: int) -> None:
    rng, pair = random.Random(seed), Pair()
    for _ in range(6_000):
        pair.step(drawn(rng))
    assert pair.plain.matches > 400


@settings(max_examples=80, deadline=None)
@given(STEPS)
def test_no_quantity_is_lost_and_no_book_is_crossed(steps: list[tuple[Any, ...]]) -> None:
    pair = Pair()
    started: dict[int, int] = {}  # shares of each order at first, by its number
    gone: dict[int, int] = {}  # shares that have left it

    def lose(order: Order, quantity: int) -> None:
        gone[order.number] = gone.get(order.number, 0) + quantity

    for step in steps:
        before = {o.number: o.open for o in pair.engine.open_orders()}
        for event in pair.do(step):
            match event:
                case Accepted(order):
                    pair.orders[order.number] = order
                    started[order.number] = order.asked.quantity
                case Replaced(old, order):
                    pair.orders[order.number] = order
                    started[order.number] = order.asked.quantity - old.executed
                    lose(old, before[old.number])
                case Traded(maker, taker, _, quantity):
                    lose(maker, quantity)
                    lose(taker, quantity)
                case Canceled(order, quantity) | Prevented(order, quantity):
                    lose(order, quantity)
                case Modified(order, quantity):
                    lose(order, quantity)
        for book in pair.engine.books:
            bid, ask = (side.best() for side in book.sides)
            assert bid is None or ask is None or bid.price < ask.price
    for number, order in pair.orders.items():
        assert order.open + gone.get(number, 0) == started[number]
        assert order.open >= 0
        assert order.resting == (order.open > 0)


def test_the_best_price_trades_first_and_the_oldest_first_in_it() -> None:
    engine = opened()
    for price, quantity in ((102, 10), (101, 10), (101, 20), (103, 50)):
        engine.enter(new(SELL, price, quantity))
    assert traded(engine.enter(new(BUY, 102, 35))) == [(2, 101, 10), (3, 101, 20), (1, 102, 5)]


def test_at_a_price_what_is_shown_trades_before_what_is_hidden() -> None:
    engine = opened()
    engine.enter(new(SELL, 100, 10, hidden=True))
    engine.enter(new(SELL, 100, 10))
    engine.enter(new(SELL, 99, 10, hidden=True))
    assert traded(engine.enter(new(BUY, 100, 25))) == [(3, 99, 10), (2, 100, 10), (1, 100, 5)]
    level = engine.books[0].sides[SELL].best()
    assert level is not None
    assert level.total == 0


def test_less_shares_keep_the_place_and_a_replace_loses_it() -> None:
    engine = opened()
    first, second = entered(engine, SELL, 100, 10), entered(engine, SELL, 100, 10)
    engine.cancel(first, 4)
    assert traded(engine.enter(new(BUY, 100, 1))) == [(first.number, 100, 1)]
    third = engine.replace(first, new(SELL, 100, 9))[0]
    assert isinstance(third, Replaced)
    assert third.whole
    assert third.order.open == 8  # of 9 for the chain, 1 has traded
    trades = traded(engine.enter(new(BUY, 100, 18)))
    assert trades == [(second.number, 100, 10), (third.order.number, 100, 8)]


def test_a_cancel_limits_what_may_trade_in_all() -> None:
    engine = opened()
    order = entered(engine, SELL, 100, 10)
    engine.enter(new(BUY, 100, 4))
    assert engine.cancel(order, 7) == [Canceled(order, 3, CancelReason.USER, True)]
    assert order.open == 3
    assert engine.cancel(order, 8) == []
    assert engine.cancel(order, 2) == [Canceled(order, 3, CancelReason.USER, True)]
    assert not order.resting


def test_a_replace_that_is_not_valid_takes_the_order_out() -> None:
    engine = opened()
    order = entered(engine, SELL, 100, 10)
    events = engine.replace(order, new(SELL, 100, 1_000_000))
    assert events == [Canceled(order, 10, CancelReason.USER, True)]


def test_a_call_about_a_dead_order_does_nothing() -> None:
    engine = opened()
    order = entered(engine, SELL, 100, 10)
    engine.cancel(order)
    assert engine.cancel(order) == []
    assert engine.modify(order, 0) == []
    assert engine.replace(order, new(SELL, 100, 10)) == []


def test_a_halt_refuses_orders_and_replaces_and_lets_cancels_through() -> None:
    engine = opened()
    order = entered(engine, SELL, 100, 10)
    engine.set_state(0, HALTED)
    late = new(BUY, 100, 1)
    assert engine.enter(late) == [Rejected(late, RejectReason.HALTED)]
    changed = new(SELL, 90, 10)
    assert engine.replace(order, changed) == [Rejected(changed, RejectReason.HALTED)]
    assert engine.cancel(order) == [Canceled(order, 10, CancelReason.USER, True)]
    engine.set_state(0, TRADING)
    assert len(engine.enter(late)) == 2


def test_day_orders_end_with_regular_hours_and_extended_ones_with_the_day() -> None:
    engine = opened()
    day = entered(engine, SELL, 100, 10)
    stays = entered(engine, SELL, 101, 10, time_in_force=TimeInForce.EXTENDED)
    assert engine.set_session(EXTENDED) == [Canceled(day, 10, CancelReason.TIMEOUT, True)]
    late = engine.enter(new(BUY, 90, 5))
    assert [type(e) for e in late] == [Accepted, Canceled]
    assert isinstance(late[1], Canceled)
    assert late[1].reason is CancelReason.CLOSED
    assert engine.set_session(CLOSED) == [Canceled(stays, 10, CancelReason.TIMEOUT, True)]


def test_a_trade_can_be_broken_once() -> None:
    engine = opened()
    engine.enter(new(SELL, 100, 10))
    trade = engine.enter(new(BUY, 100, 10))[1]
    assert isinstance(trade, Traded)
    assert engine.break_trade(1, "E") == [Broken(trade, "E")]
    assert engine.break_trade(1) == []


def test_a_book_that_is_not_there_is_an_invalid_symbol() -> None:
    asked = NewOrder(0, 2, BUY, 100, 1)
    assert opened().enter(asked) == [Rejected(asked, RejectReason.INVALID_SYMBOL)]


@pytest.mark.parametrize("state", ["", "Q", "halted"])
def test_a_state_is_trading_or_halted(state: str) -> None:
    with pytest.raises(ValueError, match="a state is T or H, not"):
        opened().set_state(0, state)


@pytest.mark.parametrize(("symbol", "increment"), [("", 1), ("NINECHARS", 1), ("A", 0)])
def test_a_listing_has_a_symbol_and_an_increment(symbol: str, increment: int) -> None:
    with pytest.raises(ValueError, match=r"a symbol has|an increment is"):
        Listing(symbol=symbol, increment=increment)
