"""Generated order flow through the gateware, every event checked against the reference model."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator

import numpy as np
import pytest
from numpy.typing import NDArray

from host.device.records import EVENT_DTYPE
from hw.latency import LATENCY
from hw.presets import PRESETS, BookParameters
from hw.records import EVENT_KIND, UPDATE_KIND
from sim.devices.verilated import VerilatedDevice
from sim.orderflow import order_flow
from sim.verify import Verification, Verifier
from tests.sim.updates import TINY, array_of, update

pytestmark = [pytest.mark.cosim, pytest.mark.usefixtures("needs_verilated")]

SMALL = PRESETS["small"]
KINDS = [path for block, path in LATENCY if block == "book"]
BURST = 500  # updates of one book back to back
RESTS = 64  # drains that let the windows come to rest


def flow(profile: str, parameters: BookParameters, n: int, seed: int) -> Iterator[NDArray[np.void]]:
    """Generate updates."""
    return order_flow(profile, parameters, n=n, rng=np.random.default_rng(seed))


def run(
    device: VerilatedDevice,
    updates: Iterable[NDArray[np.void]],
    histograms: dict[int, Counter[int]],
) -> Verification:
    """Send updates, verify every event, and count latencies by update kind."""
    verifier = Verifier(device.parameters)
    nothing = array_of()
    for chunk in updates:
        events = device.transfer(chunk)
        count_latencies(events, histograms)
        verifier.feed(chunk, events)
    for _ in range(RESTS):
        events = device.drain()
        count_latencies(events, histograms)
        verifier.feed(nothing, events)
    return verifier.finish()


def count_latencies(events: NDArray[np.void], histograms: dict[int, Counter[int]]) -> None:
    """Add the latencies of closing events, by update kind."""
    events = events[(events["kind"] == EVENT_KIND.best) & (events["cause"] != UPDATE_KIND.none)]
    for kind in np.unique(events["cause"]).tolist():
        values = events["latency"][events["cause"] == kind]
        histograms.setdefault(kind, Counter()).update(values.tolist())


@pytest.mark.parametrize(
    ("idle", "stall"), [pytest.param(0.0, 0.0, marks=pytest.mark.slow), (0.3, 0.4)]
)
@pytest.mark.parametrize(
    ("profile", "parameters"),
    [("adversarial", TINY), ("adversarial", SMALL), ("nasdaq_mix", TINY), ("nasdaq_mix", SMALL)],
    ids=["adversarial-tiny", "adversarial-small", "nasdaq-tiny", "nasdaq-small"],
)
def test_every_event_equals_the_model(
    profile: str, parameters: BookParameters, idle: float, stall: float
) -> None:
    with VerilatedDevice(parameters, seed=7, idle=idle, stall=stall) as device:
        result = run(device, flow(profile, parameters, 50_000, seed=7), {})
        assert device.read("deferred_max") == result.deferred_longest
    assert result.first == []
    assert result.updates == 50_000
    assert result.compared >= 50_000
    if profile == "adversarial":
        assert {"level_overflow", "feed_gap", "unknown_id"} <= result.errors.keys()
    if (profile, parameters) == ("adversarial", TINY):  # ten cached levels are seldom used up
        assert result.deferred > 0


@pytest.mark.parametrize("kind", KINDS)
def test_latency_of_each_kind_is_the_budgets_when_nothing_stalls(kind: str) -> None:
    rows = [update("add", order_id=1, tick=50, quantity=100)]
    rows.append(
        update(kind, order_id=2 if kind == "add" else 1, new_order_id=2, tick=50, quantity=7)
    )
    with VerilatedDevice(TINY) as device:
        device.transfer(array_of(rows[0]))
        device.drain()
        (event,) = np.concatenate([device.transfer(array_of(rows[1])), device.drain()])
    assert event["latency"] == LATENCY["book", kind].cycles


def test_latency_of_real_traffic_is_the_budgets_but_for_stalls_of_the_output() -> None:
    histograms: dict[int, Counter[int]] = {}
    with VerilatedDevice(SMALL) as device:
        assert run(device, flow("nasdaq_mix", SMALL, 50_000, seed=9), histograms).passed
    for kind in ("add", "execute", "reduce", "delete", "replace"):
        cycles = histograms[getattr(UPDATE_KIND, kind)]
        assert cycles.most_common(1)[0][0] == min(cycles) == LATENCY["book", kind].cycles


@pytest.mark.parametrize("parameters", [TINY, SMALL], ids=["tiny", "small"])
@pytest.mark.parametrize("outside", [False, True], ids=["in-window", "outside"])
def test_no_storm_defers_a_best_price_for_longer_than_the_bound(
    parameters: BookParameters, *, outside: bool
) -> None:
    """Take the best levels of all rows at once, the table full, the input never at rest."""
    generator = np.random.default_rng(11)
    depth, window, books = parameters.cached_levels, parameters.window_ticks, parameters.books
    rows = [(book, side) for book in range(books) for side in range(2)]
    each = parameters.usable_orders // len(rows)
    place = np.arange(each)
    steps = np.where(place < depth, place, depth + place % (window // 4) + outside * 3 * window)
    orders = [
        {"book": book, "side": side, "tick": 8 * window + int(step) * (1 if side else -1)}
        for step in steps
        for book, side in rows
    ]
    adds = [update("add", order_id=i, quantity=80, **order) for i, order in enumerate(orders)]
    gone = len(rows) * 4 * depth
    storm = [update("delete", order_id=i, book=orders[i]["book"]) for i in range(gone)]
    noise = [
        update("reduce", order_id=i, book=orders[i]["book"], quantity=1)
        for i in generator.integers(gone, len(orders), 20 * len(orders)).tolist()
    ]
    with VerilatedDevice(parameters, seed=3) as device:
        result = run(device, (array_of(*adds), array_of(*storm, *noise)), {})
        measured = device.read("deferred_max")
    assert result.first == []
    assert (result.deferred > 0) == (measured > 0)
    assert result.deferred > 0 or not outside  # in the window a refill is quicker than the storm
    assert measured == result.deferred_longest <= parameters.deferred_bound
    print(json.dumps({"deferred_max": measured, "bound": parameters.deferred_bound}))


@pytest.mark.slow
def test_a_million_updates_of_the_nasdaq_mix_equal_the_model(
    capsys: pytest.CaptureFixture[str],
) -> None:
    histograms: dict[int, Counter[int]] = {}
    with VerilatedDevice(SMALL) as device:
        result = run(device, flow("nasdaq_mix", SMALL, 1_000_000, seed=1), histograms)
        stalled = device.read("stall_cycles")
        cycles = device.read("cycles")
    assert result.first == []
    assert result.mismatches == 0
    assert result.compared >= 1_000_000
    table = {
        UPDATE_KIND.name_of(kind): {"count": found.total(), "min": min(found), "max": max(found)}
        for kind, found in sorted(histograms.items())
    }
    with capsys.disabled():
        print(json.dumps({"latency_cycles": table, "stall_share": stalled / cycles}, indent=1))
    for kind in ("add", "execute", "reduce", "delete", "replace"):
        assert table[kind]["min"] == LATENCY["book", kind].cycles


@pytest.mark.slow
def test_burst_of_500_on_one_book_flows_at_the_published_rate(
    capsys: pytest.CaptureFixture[str],
) -> None:
    book = [update("clear", flags=1)] + [
        update("add", order_id=i, side=i % 2, tick=5000 + (i % 2) * 40 - i % 7, quantity=9)
        for i in range(1, 41)
    ]
    burst = array_of(
        *[
            update("add", order_id=1000 + i, tick=5000 - i % 20, quantity=5)
            if i % 2
            else update("reduce", order_id=1 + i % 40, quantity=1)
            for i in range(BURST)
        ]
    )
    with VerilatedDevice(SMALL) as device:
        device.transfer(array_of(*book))
        for _ in range(RESTS):
            device.drain()
        events = np.concatenate([device.transfer(burst), device.drain()])
    assert events.dtype == EVENT_DTYPE
    assert len(events) == BURST
    taken = events["cycle"] - events["latency"]
    rate = int(taken[-1] - taken[0]) / (BURST - 1)
    with capsys.disabled():
        print(json.dumps({"burst": BURST, "cycles_per_update": round(rate, 3)}))
    assert rate <= LATENCY["interval", "same_book"].cycles * 1.15  # a slot in eight is reserved
