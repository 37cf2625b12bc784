"""Recorded markets through the whole appliance: model, venue checksums and venue prices agree."""

import json
from pathlib import Path
from typing import Any

import pytest

from host.cli import main

pytestmark = pytest.mark.data


def replay(capsys: pytest.CaptureFixture[str], *captures: Path) -> dict[str, Any]:
    """Replay on the best device that this machine can run; return the JSON object."""
    code = main(["replay", *map(str, captures), "--verify", "--strict", "--json"])
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert code == 0, found
    assert found["mismatches"] == found["invalid_books"] == found["lost_events"] == 0
    for kind, cycles in found["latency_cycles"].items():
        if kind != "clear":
            assert cycles["min"] == cycles["max"] == (8 if kind == "replace" else 6)
    return found


def test_bitstamp_order_by_order(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = replay(capsys, data_dir / "bitstamp_l3" / "orders.csv.xz")
    assert found["updates"] == 50_414
    assert found["books"][0]["crossed_events"] > 0  # its own feed crosses it


def test_kraken_checksums(data_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    venues = data_dir / "venues"
    found = replay(capsys, venues / "KRAKEN.0.xz", venues / "KRAKEN.ws.50.0.xz")
    assert found["checksums"] == {"checked": 4_269, "failed": 0}
    assert len(found["books"]) == 10


@pytest.mark.parametrize(
    ("name", "comparisons"),
    [
        ("spot_btcusdt", 3_449),
        ("spot_ethusdt", 3_432),
        pytest.param("usdm_btcusdt", 6_547, marks=pytest.mark.slow),
        pytest.param("cm_btcusd_perp", 26_824, marks=pytest.mark.slow),
    ],
)
def test_binance_best_prices(
    name: str, comparisons: int, data_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = replay(capsys, data_dir / "binance" / f"{name}_20240808.gz")
    assert found["venue_bbo"] == {"checked": comparisons, "agreed": comparisons}
