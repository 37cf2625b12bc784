"""Tests of sim.orderflow: what it makes is a feed, and like the one that it is named after."""

import numpy as np
import pytest
from numpy.typing import NDArray

from host.device.records import UPDATE_DTYPE
from hw.presets import PRESETS, BookParameters
from hw.records import ERROR, UPDATE_KIND
from sim.models.book import BookModel
from sim.models.book_event import ASK, BID, CROSSED
from sim.orderflow import PROFILES, order_flow
from sim.orderflow.profile import NASDAQ_MIX, Mix, Profile
from tests.sim.updates import TINY

SMALL = PRESETS["small"]
N = 40_000


def flow(
    profile: str | Profile, parameters: BookParameters = SMALL, n: int = N, seed: int = 1
) -> NDArray[np.void]:
    """Return generated updates at once."""
    return np.concatenate(
        list(order_flow(profile, parameters, n=n, rng=np.random.default_rng(seed)))
    )


def share(updates: NDArray[np.void], *kinds: str) -> float:
    """Return the share of some kinds."""
    codes = [getattr(UPDATE_KIND, kind) for kind in kinds]
    return float(np.isin(updates["kind"], codes).mean())


@pytest.mark.parametrize("name", PROFILES)
def test_depends_on_the_seed_and_not_on_the_chunks(name: str) -> None:
    whole = flow(name, n=20_000)
    assert whole.dtype == UPDATE_DTYPE
    chunks = list(order_flow(name, SMALL, n=20_000, rng=np.random.default_rng(1), chunk=777))
    assert {len(chunk) for chunk in chunks[:-1]} == {777}
    np.testing.assert_array_equal(np.concatenate(chunks), whole)
    np.testing.assert_array_equal(flow(name, n=5000), whole[:5000])
    assert (flow(name, n=5000, seed=2) != whole[:5000]).any()


@pytest.mark.parametrize("name", ["nasdaq_mix", "demo"])
def test_a_real_feed_contradicts_itself_only_where_it_says_so(name: str) -> None:
    updates = flow(name)
    model = BookModel(SMALL)
    events = model.run(updates)
    assert set(model.errors) <= {ERROR.feed_gap, ERROR.book_invalid}
    assert (model.errors[ERROR.feed_gap] > 0) == (name == "demo")
    assert model.orders <= SMALL.usable_orders
    crossed = (events["flags"] & CROSSED) != 0
    assert crossed.any() == (name == "demo")


def test_nasdaq_mix_is_the_mix_of_nasdaq() -> None:
    calm = Profile(name="calm", doc="", opening=0)
    updates = flow(calm, n=100_000)
    mix = NASDAQ_MIX
    assert share(updates, "add") == pytest.approx(mix.add, abs=0.012)
    assert share(updates, "delete") == pytest.approx(mix.delete, abs=0.012)
    assert share(updates, "replace") == pytest.approx(mix.replace, abs=0.004)
    assert share(updates, "execute") == pytest.approx(mix.execute, abs=0.002)
    assert share(updates, "reduce") == pytest.approx(mix.reduce, abs=0.002)
    assert share(updates, "trade", "status") == pytest.approx(0.02, abs=0.002)


def test_updates_come_in_bursts_of_up_to_500_on_one_book() -> None:
    updates = flow("nasdaq_mix", n=150_000)
    changes = np.flatnonzero(np.diff(updates["book"].astype(int), prepend=-1, append=-1))
    runs = np.diff(changes)
    assert runs.max() >= 500
    assert np.median(runs) <= 3
    assert len(np.unique(updates["book"])) == SMALL.books


def test_time_rises_strictly() -> None:
    assert (np.diff(flow("demo")["time"].astype(np.int64)) > 0).all()


def test_orders_rest_near_the_touch_with_a_fat_tail() -> None:
    updates = flow("nasdaq_mix", n=100_000)
    events = BookModel(SMALL).run(updates)
    both = (events["flags"] & (BID | ASK)) == BID | ASK
    bids = (updates["kind"] == UPDATE_KIND.add) & (updates["side"] == 0) & both
    away = events["bid_tick"][bids].astype(np.int64) - updates["tick"][bids].astype(np.int64)
    assert away.min() >= 0
    assert np.median(away) <= 5
    assert np.quantile(away, 0.99) > 50
    assert (away > SMALL.window_ticks).sum() > 0
    asks = (updates["kind"] == UPDATE_KIND.add) & (updates["side"] == 1)
    assert updates["tick"][asks].max() > 2 ** (SMALL.tick_bits - 1)  # stub quotes


def test_price_walks_and_jumps_by_more_than_the_window() -> None:
    jumpy = Profile(name="jumpy", doc="", market_gap=0.01)
    events = BookModel(TINY).run(flow(jumpy, TINY, n=20_000))
    events = events[(events["book"] == 0) & ((events["flags"] & BID) != 0)]
    assert np.ptp(events["bid_tick"].astype(np.int64)) > 2 * TINY.window_ticks


def test_demo_shows_every_part() -> None:
    updates = flow("demo")
    assert len(np.unique(updates["book"])) == 6
    depth = updates[updates["kind"] == UPDATE_KIND.set]
    assert set(depth["book"].tolist()) == {4, 5}
    np.testing.assert_array_equal(depth["order_id"], depth["tick"] * 2 + depth["side"])
    assert (depth["quantity"] == 0).any()
    assert (updates["kind"] == UPDATE_KIND.gap).any()
    assert (updates["kind"] == UPDATE_KIND.clear).sum() > 6


@pytest.mark.parametrize("parameters", [SMALL, TINY], ids=["small", "tiny"])
def test_adversarial_has_every_kind_and_every_error(parameters: BookParameters) -> None:
    updates = flow("adversarial", parameters)
    assert {code.value for code in UPDATE_KIND} < set(updates["kind"].tolist())
    model = BookModel(parameters)
    events = model.run(updates)
    wanted = {code.value for code in ERROR} - {ERROR.none}
    if parameters is SMALL:
        wanted -= {ERROR.table_full}  # takes too many orders to be of use
    assert wanted <= set(model.errors)
    assert float((events["error"] == ERROR.none).mean()) > 0.7
    assert ((events["flags"] & CROSSED) != 0).any()


def test_every_preset_holds_what_is_made_for_it() -> None:
    for parameters in PRESETS.values():
        model = BookModel(parameters)
        model.run(flow("nasdaq_mix", parameters, n=20_000))
        assert not model.errors


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"profile": "calm"}, "profile must be one of nasdaq_mix, demo, adversarial, not 'calm'"),
        ({"n": -1}, "n must be at least 0 and chunk at least 1, not -1 and 65536"),
        ({"chunk": 0}, "not 10 and 0"),
    ],
)
def test_rejects_bad_arguments(arguments: dict[str, object], text: str) -> None:
    given = {"profile": "demo", "parameters": SMALL, "n": 10, "rng": np.random.default_rng(1)}
    with pytest.raises(ValueError, match=text):
        order_flow(**(given | arguments))  # type: ignore[arg-type]


@pytest.mark.parametrize("add", [-0.1, 1.1])
def test_rejects_shares_that_are_none(add: float) -> None:
    with pytest.raises(ValueError, match="shares must be 0 or more and sum to at most 1"):
        Mix(add=add, delete=0, replace=0, execute=0, reduce=0)


def test_nothing_asked_gives_nothing() -> None:
    assert list(order_flow("demo", SMALL, n=0, rng=np.random.default_rng(1))) == []
