"""Tests of sim.exchange.crowd and sim.exchange.calibration."""

from collections import Counter
from itertools import pairwise
from typing import Any

import pytest

from host.folders import data_directory
from sim.exchange.calibration import BITSTAMP_MIX, MIXES, bitstamp_mix, itch_mix
from sim.exchange.crowd import Crowd, CrowdOptions
from sim.exchange.engine import Listing
from sim.exchange.exchange import Exchange
from sim.exchange.orders import BUY, SELL
from sim.orderflow.profile import Mix

SHARES = ("add", "delete", "replace", "execute", "reduce")


class Market:
    """An exchange with a crowd on a simulated clock."""

    def __init__(self, seed: int = 1, books: int = 2, **more: Any) -> None:
        listings = [Listing(symbol=f"S{i}") for i in range(books)]
        self.time = 0
        self.venue = Exchange(listings, session="CROWD", clock=lambda: self.time)
        self.venue.open()
        self.crowd = Crowd(self.venue, seed=seed, options=CrowdOptions(**more))

    def act(self, count: int) -> None:
        """Do so many actions, each at its time."""
        for _ in range(count):
            self.time = self.crowd.now
            self.crowd.act()

    def messages(self) -> list[bytes]:
        """Return the market data so far."""
        return self.venue.feed.read(1, 10**9)


@pytest.mark.parametrize("name", MIXES)
def test_the_market_data_has_the_mix_that_was_asked_for(name: str) -> None:
    wanted = MIXES[name]
    market = Market(mix=wanted)
    market.act(3_000)  # the books fill
    before = len(market.messages())
    market.act(30_000)
    found = itch_mix(market.messages()[before:])
    known = sum(getattr(wanted, share) for share in SHARES)
    for share in SHARES:
        assert getattr(found, share) == pytest.approx(getattr(wanted, share) / known, abs=0.01)


def test_actions_come_at_the_rate_that_was_asked_for_and_in_bursts() -> None:
    market, times = Market(rate=20_000.0), []
    for _ in range(40_000):
        times.append(market.crowd.now)
        market.act(1)
    assert 40_000 / (times[-1] / 1e9) == pytest.approx(20_000, rel=0.2)
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


@pytest.mark.parametrize("jump", [-400, 400])
def test_after_a_shock_the_market_goes_where_the_informed_know(jump: int) -> None:
    market = Market(books=1)
    market.act(5_000)

    def middle() -> float:
        bid, ask = (market.venue.engine.books[0].sides[side].best() for side in (BUY, SELL))
        assert bid is not None
        assert ask is not None
        return (bid.price + ask.price) / 2

    before = middle()
    market.crowd.shock(0, jump)
    informed = market.crowd.participants[-2].position
    market.act(5_000)
    assert (middle() - before) / 100 == pytest.approx(jump, abs=60)
    assert (market.crowd.participants[-2].position - informed) * jump > 0


@pytest.mark.data
def test_the_mix_of_bitstamp_is_as_measured() -> None:
    folder = data_directory()
    if folder is None:
        pytest.skip("no captures")
    measured = bitstamp_mix(folder / "bitstamp_l3" / "orders.csv.xz")
    for share in SHARES:
        assert getattr(measured, share) == pytest.approx(getattr(BITSTAMP_MIX, share), abs=5e-5)


def test_a_mix_leaves_out_what_changes_no_book() -> None:
    kinds = b"AFADDUECXSRHPQB"
    assert itch_mix([bytes([kind]) for kind in kinds]) == Mix(
        add=3 / 9, delete=2 / 9, replace=1 / 9, execute=2 / 9, reduce=1 / 9
    )


@pytest.mark.parametrize("options", [{"rate": 0.0}, {"resting": 3}, {"makers": 0}])
def test_a_crowd_needs_somebody(options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="a crowd has a rate above 0"):
        CrowdOptions(**options)
