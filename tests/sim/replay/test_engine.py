"""Tests of sim.replay.engine, on devices in this process."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray

from host.device.base import DeviceError
from host.venues.instrument import Instrument
from host.venues.kraken import kraken_checksum
from host.venues.parser import Check
from hw.presets import PRESETS
from sim.devices.model import ModelDevice
from sim.orderflow import order_flow
from sim.replay.engine import Replay
from sim.replay.events_file import EventsWriter
from sim.replay.result import ReplayResult
from tests.sim.replay.devices import (
    CYCLES,
    FailingDevice,
    LaggingDevice,
    LosingDevice,
    TimedDevice,
    WrongDevice,
)
from tests.sim.updates import TINY, array_of, update

COIN = Instrument(
    symbol="COIN/USD", venue="kraken", tick_size="0.5", lot_size="0.001",
    price_digits=2, quantity_digits=4,
)  # fmt: skip
BOOK = array_of(
    update("clear", flags=1, time=10),
    update("add", order_id=1, tick=10, quantity=5, time=11),
    update("add", order_id=2, tick=9, quantity=7, time=12),
    update("add", order_id=3, side=1, tick=12, quantity=3, time=13),
    update("execute", order_id=1, quantity=2, time=14),
    update("replace", order_id=3, new_order_id=4, tick=13, quantity=4, time=15),
)


def replay(
    device: ModelDevice,
    updates: NDArray[np.void] = BOOK,
    checks: tuple[Check, ...] = (),
    *,
    cut: int = 3,
    instruments: tuple[Instrument, ...] = (COIN,),
) -> ReplayResult:
    span = (int(updates["time"].min()), int(updates["time"].max()))
    run = Replay(device=device, instruments=instruments, span=span, verify=True, depth=True)
    for start in range(0, len(updates), cut):
        within = [c for c in checks if start <= c.position < start + cut]
        run.feed(updates[start : start + cut], within)
    return run.finish(sources=["by hand"])


def test_says_what_the_book_is() -> None:
    result = replay(TimedDevice(TINY))
    document = result.to_json()
    assert document["books"] == [
        {
            "book": 0,
            "symbol": "COIN/USD",
            "updates": 6,
            "bid": {"price": "5.0", "quantity": "0.003", "tick": 10},
            "ask": {"price": "6.5", "quantity": "0.004", "tick": 13},
            "valid": True,
            "crossed_events": 0,
        }
    ]
    assert document["mismatches"] == document["invalid_books"] == document["lost_events"] == 0
    assert document["updates"] == 6
    assert document["mix"] == {"add": 3, "execute": 1, "replace": 1, "clear": 1}
    assert document["latency_cycles"]["add"] == {"min": 6, "p50": 6, "p99": 6, "max": 6}
    assert document["latency_cycles"]["replace"]["max"] == 8
    assert document["cycles"] == CYCLES["cycles"]
    assert document["stall_cycles"] == CYCLES["stall_cycles"]
    assert document["deferred_max_cycles"] == CYCLES["deferred_max"]
    assert document["window_moves"] == CYCLES["window_moves"]
    assert result.failures == ()


def test_a_best_price_that_was_deferred_too_long_is_a_failed_check(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(CYCLES, "deferred_max", TINY.deferred_bound + 5)
    assert replay(TimedDevice(TINY)).failures == ("5 cycles too long was a best price deferred",)


def test_reads_the_depth_from_the_device() -> None:
    columns = replay(ModelDevice(TINY)).books[0].depth.columns
    last = max(columns)
    assert columns[last] == ([(10, 3), (9, 7)], [(13, 4)])
    assert ([(10, 5), (9, 7)], []) in columns.values()


@pytest.mark.parametrize("cut", [97, 4096])
def test_generated_flow_has_no_mismatch_however_it_is_cut(cut: int) -> None:
    small = PRESETS["small"]
    flow = np.concatenate(list(order_flow("demo", small, n=2000, rng=np.random.default_rng(5))))
    coins = tuple(
        Instrument(symbol=f"B{k}", venue="demo", tick_size="0.01", lot_size="1") for k in range(6)
    )
    for device in (ModelDevice(small), LaggingDevice(small)):
        result = replay(device, flow, cut=cut, instruments=coins)
        assert result.failures == ()
        assert result.updates == 2000
        assert result.model.checked > 2000
        assert sum(result.mix.values()) == 2000


def test_a_wrong_device_fails_the_run() -> None:
    result = replay(WrongDevice(TINY))
    assert result.model.failed > 0
    assert result.model.examples
    assert "differences between the device and the model" in result.failures[0]


def test_a_lost_event_fails_the_run() -> None:
    result = replay(LosingDevice(TINY))
    assert result.lost_events >= 1
    assert any("events of the device are missing" in failure for failure in result.failures)


def test_a_device_that_fails_ends_the_run() -> None:
    run = Replay(device=FailingDevice(TINY), instruments=[COIN], span=(0, 1))
    run.feed(BOOK)
    with pytest.raises(DeviceError, match="the board is on fire"):
        run.finish(sources=["by hand"])
    run.close()


def test_compares_the_venues_best_prices_after_their_update() -> None:
    checks = (
        Check(position=1, book=0, kind="venue_bbo", bid_tick=10, bid_quantity=5),
        Check(position=2, book=0, kind="venue_bbo", bid_tick=10, bid_quantity=4),
        Check(
            position=5, book=0, kind="venue_bbo", bid_tick=10, bid_quantity=3, ask_tick=13,
            ask_quantity=4,
        ),
    )  # fmt: skip
    result = replay(ModelDevice(TINY), checks=checks)
    assert (result.venue_bbo.checked, result.venue_bbo.failed) == (3, 1)
    assert result.venue_bbo.examples == (
        "COIN/USD, update 2: expected 0.004 at 5.0 / none, got 0.005 at 5.0 / none",
    )
    assert result.to_json()["venue_bbo"] == {"checked": 3, "agreed": 2}


def test_compares_checksums_with_the_read_outs_of_the_capture() -> None:
    updates = np.concatenate([BOOK, array_of(update("read_levels", time=16))])
    right = kraken_checksum([(13, 4)], [(10, 3), (9, 7)], COIN)
    for crc, failed in ((right, 0), (right ^ 1, 1)):
        check = Check(position=6, book=0, kind="checksum", crc=crc)
        result = replay(ModelDevice(TINY), updates, (check,))
        assert (result.checksums.checked, result.checksums.failed) == (1, failed)
        assert result.updates == 6  # a read-out is no update of the market


@pytest.mark.parametrize("kind", ["venue_bbo", "checksum"])
def test_an_invalid_book_agrees_with_nothing(kind: str) -> None:
    updates = array_of(update("gap", time=1), update("read_levels", time=2))
    check = Check(position=1, book=0, kind=kind)  # type: ignore[arg-type]
    result = replay(ModelDevice(TINY), updates, (check,))
    assert result.checksums.failed + result.venue_bbo.failed == 1
    assert result.invalid_books == 1
    assert "book is invalid" in (result.checksums.examples + result.venue_bbo.examples)[0]


def test_writes_every_best_price_with_its_cycle(tmp_path: Path) -> None:
    target = tmp_path / "events.parquet"
    with EventsWriter(target, [COIN]) as sink:
        run = Replay(device=TimedDevice(TINY), instruments=[COIN], span=(10, 15), sink=sink)
        run.feed(BOOK)
        run.feed(array_of(update("read_levels", time=16), update("add", book=9, time=17)))
        run.finish(sources=["by hand"])
    table = pq.read_table(target)
    rows = table.to_pylist()
    assert len(rows) == len(BOOK) + 1
    assert rows[5] == {
        "book": 0, "symbol": "COIN/USD", "time": 15, "bid_tick": 10, "bid_quantity": 3,
        "ask_tick": 13, "ask_quantity": 4, "cycle": 0, "latency": 8, "flags": 3,
    }  # fmt: skip
    assert rows[1]["ask_tick"] is None
    assert (rows[6]["book"], rows[6]["symbol"]) == (9, None)
    assert pq.read_metadata(target).metadata[b"tickgate.tick_size.COIN/USD"] == b"0.5"
