"""Tests of sim.exchange.exchange: market data and answers of whole runs."""

import datetime
import random
from collections import Counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from meatpy.itch50 import ITCH50MarketProcessor
from meatpy.itch50.itch50_market_message import ITCH50MarketMessage

from host.venues.itch50 import Itch50Parser
from host.wire import itch50
from host.wire import mold_udp64 as mold
from host.wire.ouch50 import requests
from hw.records import UPDATE_KIND as K
from sim.exchange.exchange import Exchange
from sim.exchange.orders import BUY, SELL, NewOrder
from tests.sim.exchange.trading import SYMBOLS, answers, exchange, random_request, send


def traded_at_random(seed: int, steps: int) -> Exchange:
    rng, venue = random.Random(seed), exchange()
    venue.open()
    for _ in range(steps):
        account = rng.randrange(3)
        send(venue, account, random_request(rng, venue.accounts[account]))
        if rng.random() < 0.005:
            book = rng.randrange(2)
            venue.set_state(book, "H", "T1")
            send(venue, account, random_request(rng, venue.accounts[account]))
            venue.set_state(book, "T")
    return venue


def market_data(venue: Exchange) -> list[bytes]:
    """Return all messages, read out of packets as a listener would."""
    found: list[bytes] = []
    for packet in map(mold.decode, venue.feed.packets(1)):
        assert packet.sequence == len(found) + 1
        found += packet.messages
    return found


def held(venue: Exchange, book: int, side: int) -> list[tuple[int, list[tuple[int, int]]]]:
    """Return price, and number and open shares of each shown order, of each level of a side."""
    return [
        (level.price, [(o.number, o.open) for o in level.orders.values()])
        for level in venue.engine.books[book].sides[side].ranked()
        if level.orders
    ]


@pytest.mark.parametrize("seed", range(3))
def test_meatpy_rebuilds_our_books_order_by_order_and_finds_no_priority_broken(seed: int) -> None:
    venue = traded_at_random(seed, 1200)
    messages = market_data(venue)
    kinds = Counter(chr(m[0]) for m in messages)
    assert all(kinds[kind] > 10 for kind in "AFEXDUP")
    day = datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC)
    for book, symbol in enumerate(SYMBOLS):
        theirs: Any = ITCH50MarketProcessor(symbol.ljust(8).encode(), day)
        for data in messages:
            if int.from_bytes(data[1:3], "big") in (0, book + 1):
                theirs.process_message(ITCH50MarketMessage.from_bytes(data))
        lob = theirs.current_lob
        for side, levels in ((BUY, lob.bid_levels), (SELL, lob.ask_levels)):
            rebuilt = [(lv.price, [(q.order_id, q.volume) for q in lv.queue]) for lv in levels]
            assert rebuilt == held(venue, book, side)


def test_our_own_parser_rebuilds_the_levels() -> None:
    venue = traded_at_random(8, 800)
    parser = Itch50Parser()
    for data in market_data(venue):
        parser.parse(data, 0)
    assert not parser.problems
    levels: Counter[tuple[str, int, int]] = Counter()  # shares by symbol, side and price
    orders: dict[int, tuple[str, int, int, int]] = {}
    for book, kind, side, _, order, new_order, tick, quantity, _ in parser.take()[0]:
        symbol = parser.instruments[book].symbol
        if kind == K.add:
            orders[order] = (symbol, side, tick, quantity)
        elif kind in (K.execute, K.reduce):
            symbol, side, tick, left = orders[order]
            orders[order] = (symbol, side, tick, left - quantity)
        elif kind == K.delete:
            del orders[order]
        elif kind == K.replace:
            orders[new_order] = (symbol, orders.pop(order)[1], tick, quantity)
    for symbol, side, tick, left in orders.values():
        levels[symbol, side, tick] += left
    shown = {
        (symbol, side, level.price): level.total
        for book, symbol in enumerate(SYMBOLS)
        for side in (BUY, SELL)
        for level in venue.engine.books[book].sides[side].ranked()
    }
    assert +levels == +Counter(shown)


def book_of(told: list[Any]) -> tuple[dict[int, int], dict[str, int]]:
    """Return what an account knows: open shares by user_ref, and net shares by symbol."""
    left: dict[int, int] = {}
    sign: dict[int, int] = {}
    symbol: dict[int, str] = {}
    net: Counter[str] = Counter()
    for message in told:
        match type(message).__name__:
            case "Accepted" | "Replaced":
                if hasattr(message, "old_user_ref"):
                    left.pop(message.old_user_ref, None)
                left[message.user_ref] = message.quantity
                sign[message.user_ref] = 1 if message.side == "B" else -1
                symbol[message.user_ref] = message.symbol
            case "Executed":
                left[message.user_ref] -= message.quantity
                net[symbol[message.user_ref]] += sign[message.user_ref] * message.quantity
            case "Canceled" | "SelfMatchCanceled":
                left[message.user_ref] -= message.quantity
    return {ref: n for ref, n in left.items() if n}, dict(net)


@pytest.mark.parametrize("seed", range(3))
def test_answers_alone_tell_an_account_its_open_orders_and_position(seed: int) -> None:
    venue = traded_at_random(seed, 1200)
    total: Counter[str] = Counter()
    for number, account in venue.accounts.items():
        told = [m for m in answers(venue, number) if type(m).__name__ != "Modified"]
        modified = [m for m in answers(venue, number) if type(m).__name__ == "Modified"]
        left, net = book_of(told)
        for message in modified:  # a modification leaves the order its new size at most
            order = account.orders.get(message.user_ref)
            assert order is None or order.open + order.executed <= message.quantity
            left.pop(message.user_ref, None)
        still = {ref: order.open for ref, order in account.orders.items()}
        for message in modified:
            still.pop(message.user_ref, None)
        assert left == still
        total.update(net)
    assert set(total.values()) <= {0}  # every share bought was sold


def test_the_same_requests_give_the_same_bytes() -> None:
    first, second = traded_at_random(5, 300), traded_at_random(5, 300)
    assert market_data(first) == market_data(second)
    assert [a.told for a in first.accounts.values()] == [a.told for a in second.accounts.values()]


@settings(max_examples=100, deadline=None)
@given(st.lists(st.binary(max_size=60), max_size=20), st.integers(0, 1000))
def test_bytes_that_are_no_request_are_counted_and_harm_nobody(
    junk: list[bytes], seed: int
) -> None:
    venue, rng = exchange(), random.Random(seed)
    venue.open()
    for data in junk:
        for cut in (data, b"O" + data, b"U" + data):
            venue.request(0, cut)
        whole = requests.REQUESTS.encode(random_request(rng, venue.accounts[0]))
        venue.request(0, whole[: rng.randrange(len(whole))])
    assert venue.accounts[0].problems["malformed"] >= len(junk)
    good = requests.EnterOrder(venue.accounts[1].next_user_ref, "B", 1, SYMBOLS[0], 100)
    assert [type(m).__name__ for m in send(venue, 1, good)] == ["Accepted"]


@pytest.mark.slow
def test_a_hundred_thousand_bad_requests_harm_nobody() -> None:
    venue, rng = exchange(), random.Random(77)
    venue.open()
    for i in range(100_000):
        data = bytearray(requests.REQUESTS.encode(random_request(rng, venue.accounts[0])))
        match i % 4:
            case 0:
                del data[rng.randrange(len(data)) :]
            case 1:
                data += rng.randbytes(rng.randrange(1, 20))
            case 2:  # behind the references, so that they do not run out
                data[rng.randrange(9, max(len(data), 10)) % len(data)] = rng.randrange(256)
            case _:
                data = bytearray(rng.randbytes(rng.randrange(60)))
        venue.request(0, bytes(data))
    assert venue.accounts[0].problems["malformed"] > 50_000
    good = requests.EnterOrder(venue.accounts[1].next_user_ref, "B", 1, SYMBOLS[0], 100)
    assert [type(m).__name__ for m in send(venue, 1, good)] == ["Accepted"]


def test_a_day_has_its_events_in_order_and_ends_all_orders() -> None:
    venue = exchange()
    venue.open()
    venue.enter(NewOrder(-1, 0, BUY, 1000, 5))
    venue.close()
    messages = [itch50.decode(data) for data in market_data(venue)]
    assert [m.code for m in messages if isinstance(m, itch50.SystemEvent)] == list("OSQMEC")
    names = {m.locate: m.stock for m in messages if isinstance(m, itch50.StockDirectory)}
    assert names == {1: "ALFA", 2: "BRAVO"}
    assert [m.state for m in messages if isinstance(m, itch50.TradingAction)] == ["T", "T"]
    assert isinstance(messages[-3], itch50.OrderDelete)
    assert [m.code for m in answers(venue, 0)] == ["S", "E"]
    with pytest.raises(ValueError, match="after 'C' comes no 'Q'"):
        venue.advance("Q")


def test_a_hidden_order_shows_in_its_trades_alone() -> None:
    venue = exchange()
    venue.open()
    before = len(market_data(venue))

    def seen() -> list[Any]:
        return [itch50.decode(data) for data in market_data(venue)[before:]]

    send(venue, 0, requests.EnterOrder(1, "S", 100, "ALFA", 1000, display="N"))
    send(venue, 0, requests.CancelOrder(1, 90))
    send(venue, 0, requests.ReplaceOrder(1, 2, 80, 1100, display="N"))
    assert seen() == []
    (_, done) = send(venue, 1, requests.EnterOrder(1, "B", 10, "ALFA", 1100))
    assert answers(venue, 0)[-1].liquidity == "J"
    (trade,) = seen()
    assert isinstance(trade, itch50.Trade)
    assert (trade.order, trade.side, trade.shares, trade.price) == (0, "B", 10, 1100)
    assert trade.match == done.match
    send(venue, 0, requests.ReplaceOrder(2, 3, 80, 1200))
    send(venue, 0, requests.ReplaceOrder(3, 4, 80, 1300, display="N"))
    shown, gone = seen()[1:]
    assert isinstance(shown, itch50.AddOrder)
    assert isinstance(gone, itch50.OrderDelete)
    assert shown.order == gone.order


def test_a_broken_trade_is_told_to_both_and_to_the_public() -> None:
    venue = exchange()
    venue.open()
    send(venue, 0, requests.EnterOrder(1, "S", 10, "ALFA", 1000, client_id="mine"))
    done = send(venue, 1, requests.EnterOrder(1, "B", 10, "ALFA", 1000))[-1]
    venue.break_trade(done.match, "E")
    for account, name in ((0, "mine"), (1, "")):
        last = answers(venue, account)[-1]
        assert (last.match, last.reason, last.client_id) == (done.match, "E", name)
    last = itch50.decode(market_data(venue)[-1])
    assert isinstance(last, itch50.BrokenTrade)
    assert last.match == done.match
