"""Tests of sim.exchange.crowd and sim.exchange.calibration."""

from collections import Counter
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import pytest

from sim.exchange.calibration import BITSTAMP_MIX, MIXES, bitstamp_mix, itch_mix
from sim.exchange.crowd import Crowd
from sim.exchange.crowd_options import CrowdOptions
from sim.exchange.engine import Listing
from sim.exchange.exchange import Exchange
from sim.exchange.fair import FairValue
from sim.exchange.orders import BUY, SELL, NewOrder
from sim.orderflow.profile import Mix

SHARES = ("add", "delete", "replace", "execute", "reduce")


class Market:
    """An exchange with a crowd on a simulated clock."""

    def __init__(
        self,
        seed: int = 1,
        books: int = 2,
        values: list[FairValue] | None = None,
        lag: int = 0,
        **more: Any,
    ) -> None:
        listings = [Listing(symbol=f"S{i}") for i in range(books)]
        self.time = 0
        self.venue = Exchange(listings, session="CROWD", clock=lambda: self.time)
        self.venue.open()
        options = CrowdOptions(**more)
        self.crowd = Crowd(self.venue, seed=seed, options=options, values=values, lag=lag)

    def act(self, count: int) -> None:
        """Do so many actions, each at its time."""
        for _ in range(count):
            self.time = self.crowd.now
            self.crowd.act()

    def run_until(self, time: int) -> None:
        """Do all actions that are due up to a time [ns]."""
        while self.crowd.now <= time:
            self.act(1)

    def middle(self) -> float:
        """Return the middle of the first book's best prices [0.0001]."""
        bid, ask = (self.venue.engine.books[0].sides[side].best() for side in (BUY, SELL))
        assert bid is not None
        assert ask is not None
        return (bid.price + ask.price) / 2

    def messages(self) -> list[bytes]:
        """Return the market data so far."""
        return self.venue.feed.read(1, 10**9)


@pytest.mark.parametrize("name", MIXES)
def test_the_market_data_has_the_mix_that_was_asked_for(name: str) -> None:
    wanted = MIXES[name]
    market = Market(mix=wanted)
    market.act(3_000)  # the books fill
    before = len(market.messages())
    market.act(15_000)
    found = itch_mix(market.messages()[before:])
    known = sum(getattr(wanted, share) for share in SHARES)
    for share in SHARES:
        assert getattr(found, share) == pytest.approx(getattr(wanted, share) / known, abs=0.01)


def test_actions_come_at_the_rate_that_was_asked_for_and_in_bursts() -> None:
    market, times = Market(rate=20_000.0), []
    for _ in range(15_000):
        times.append(market.crowd.now)
        market.act(1)
    assert 15_000 / (times[-1] / 1e9) == pytest.approx(20_000, rel=0.2)
    gaps = sorted(b - a for a, b in pairwise(times))
    assert gaps[len(gaps) // 2] < 1_000  # half of all follow within a microsecond
    in_a_millisecond = Counter(time // 10**6 for time in times)
    assert max(in_a_millisecond.values()) > 5 * 20


def test_the_same_seed_gives_the_same_bytes_and_another_gives_others() -> None:
    first, second, third = Market(3), Market(3), Market(4)
    for market in (first, second, third):
        market.act(3_000)
    assert first.messages() == second.messages()
    assert first.messages() != third.messages()


def test_makers_never_take_and_no_book_is_crossed() -> None:
    market = Market()
    for _ in range(5_000):
        market.act(1)
        for book in market.venue.engine.books:
            bid, ask = (side.best() for side in book.sides)
            assert bid is None or ask is None or bid.price < ask.price
    takers = {trade.taker.asked.account for trade in market.venue.engine.trades.values()}
    makers = {trade.maker.asked.account for trade in market.venue.engine.trades.values()}
    assert takers == {-1, -2}
    assert makers <= set(range(-10, -2))


def test_shares_and_money_only_change_hands() -> None:
    market = Market()
    market.act(10_000)
    found = market.crowd.participants.values()
    assert any(each.position for each in found)
    assert sum(each.position for each in found) == 0
    assert sum(each.cash for each in found) == 0


def test_books_keep_about_as_many_orders_as_asked_for() -> None:
    market = Market(resting=100)
    for _ in range(4):
        market.act(5_000)
        for book in (0, 1):
            resting = [o for o in market.venue.engine.open_orders() if o.book == book]
            assert 40 < len(resting) < 200
            assert {o.number for o in resting} == {
                o.number for o in market.crowd._streets[book].live
            }


def test_makers_account_for_trades_with_others_too() -> None:
    market = Market(books=1)
    market.act(2_000)
    best = market.venue.engine.books[0].sides[SELL].best()
    assert best is not None
    wanted = best.total
    assert sum(each.position for each in market.crowd.participants.values()) == 0
    market.venue.enter(NewOrder(7, 0, BUY, best.price, wanted))
    assert sum(each.position for each in market.crowd.participants.values()) == -wanted
    money = sum(each.cash for each in market.crowd.participants.values())
    assert money == wanted * best.price


@pytest.mark.parametrize("jump", [-400, 400])
def test_after_a_shock_the_market_goes_where_the_informed_know(jump: int) -> None:
    market = Market(books=1)
    market.act(5_000)

    before = market.middle()
    market.crowd.shock(0, jump)
    informed = market.crowd.participants[-2].position
    market.act(5_000)
    assert (market.middle() - before) / 100 == pytest.approx(jump, abs=60)
    assert (market.crowd.participants[-2].position - informed) * jump > 0


def test_a_venue_that_learns_later_follows_the_one_that_leads() -> None:
    value = FairValue(start=1_000_000, increment=100, moves_per_s=0, rng=Random(1))
    leads = Market(1, books=1, values=[value])
    lags = Market(2, books=1, values=[value], lag=500_000_000)
    begin = 1_000_000_000
    for market in (leads, lags):
        market.run_until(begin)
    before = leads.middle(), lags.middle()
    value.shock(begin, 300)
    for market in (leads, lags):
        market.run_until(begin + 450_000_000)
    assert (leads.middle() - before[0]) / 100 == pytest.approx(300, abs=60)
    assert (lags.middle() - before[1]) / 100 == pytest.approx(0, abs=60)
    bid = leads.venue.engine.books[0].sides[BUY].best()
    ask = lags.venue.engine.books[0].sides[SELL].best()
    assert bid is not None
    assert ask is not None
    assert bid.price > ask.price  # an arbitrage between the two
    lags.run_until(begin + 1_000_000_000)
    assert (lags.middle() - before[1]) / 100 == pytest.approx(300, abs=60)


def test_a_fair_value_is_a_function_of_time_whoever_reads_it() -> None:
    def value() -> FairValue:
        return FairValue(start=1_000_000, increment=100, moves_per_s=100, rng=Random(5))

    one, other = value(), value()
    seen = [one.at(ms * 10**6) for ms in range(1000)]
    last = other.at(10**9)
    assert last == one.at(10**9)
    assert [other.at(ms * 10**6) for ms in range(1000)] == seen
    assert len({*seen}) > 5
    assert sum(a != b for a, b in pairwise(seen)) == pytest.approx(100, abs=40)


def test_a_fair_value_begins_where_it_is_told() -> None:
    begin = 60_000 * 10**9
    value = FairValue(start=10_000, increment=1, moves_per_s=50, rng=Random(1), begin=begin)
    assert value.at(begin) == value.at(begin - 10**9) == 10_000
    assert abs(value.at(begin + 10**9) - 10_000) < 200
    assert len({value.at(begin + ms * 10**6) for ms in range(1000)}) > 3


def test_a_fair_value_stays_where_orders_fit_below_it() -> None:
    value = FairValue(start=10_000, increment=100, moves_per_s=1000, rng=Random(2))
    assert all(value.at(ms * 10**6) >= 10_000 for ms in range(1000))
    value.shock(10**9, -(10**6))
    assert value.at(10**9) == 10_000
    with pytest.raises(ValueError, match="a fair value starts at 100 increments or more"):
        FairValue(start=9_900, increment=100, moves_per_s=1, rng=Random(2))


@pytest.mark.data
def test_the_mix_of_bitstamp_is_as_measured(data_dir: Path) -> None:
    measured = bitstamp_mix(data_dir / "bitstamp_l3" / "orders.csv.xz")
    for share in SHARES:
        assert getattr(measured, share) == pytest.approx(getattr(BITSTAMP_MIX, share), abs=5e-5)


def test_a_mix_leaves_out_what_changes_no_book() -> None:
    kinds = b"AFADDUECXSRHPQB"
    assert itch_mix([bytes([kind]) for kind in kinds]) == Mix(
        add=3 / 9, delete=2 / 9, replace=1 / 9, execute=2 / 9, reduce=1 / 9
    )


@pytest.mark.parametrize("options", [{"rate": 0.0}, {"resting": 3}, {"makers": 0}, {"makers": 101}])
def test_a_crowd_needs_somebody(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="a crowd has a rate above 0"):
        CrowdOptions(**options)
