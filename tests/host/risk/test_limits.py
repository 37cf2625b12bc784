"""Tests of host.risk.limits: what a limits file may say."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from host.risk.fields import FIELDS, SECTIONS
from host.risk.image import limits_image
from host.risk.limits import LimitsError, load_limits, parse_limits
from host.risk.schema import REQUIRED
from hw.risk_parameters import RiskParameters
from tests.conftest import ROOT
from tests.host.risk.documents import changed, document


def test_what_is_not_said_is_closed() -> None:
    tree = parse_limits(document()).tree
    row = tree["instruments"]["ETH-USD"]
    for field in SECTIONS["instruments"]:
        if field.kind in ("number", "divisor") and field.name not in REQUIRED:
            assert row[field.name] == 0, field.name
        if field.kind == "flag":
            assert row[field.name] is False, field.name
    assert tree["strategies"]["taker"]["instruments"] == ()
    assert tree["box"]["max_net"] == 0


def test_every_field_has_its_own_name_within_its_section() -> None:
    for section, fields in SECTIONS.items():
        assert len({field.name for field in fields}) == len(fields), section
    assert sum(map(len, SECTIONS.values())) == len(FIELDS)


def test_prices_and_times_are_exact() -> None:
    limits = parse_limits(changed("instruments.ETH-USD.collar", "317.81"))
    assert limits.tree["instruments"]["ETH-USD"]["collar"] == 31781
    limits = parse_limits(changed("venues.alpha.venue_period", "1.5 ms"))
    assert limits.tree["venues"]["alpha"]["venue_period"] == 1_500_000


@pytest.mark.parametrize(
    ("path", "value", "problem"),
    [
        ("version", 2, "version: Input should be 1, not 2"),
        ("version", None, "version: must be given"),
        ("box.max_gros", 1, "box.max_gros: there is no such limit (value 1)"),
        ("boxes", {}, "boxes: there is no such limit (value {})"),
        ("box.max_gross", "12", "box.max_gross: expected a whole number of value units, not the"),
        ("box.max_gross", True, "box.max_gross: Input should be a valid integer, not True"),
        ("box.max_gross", -1, f"box.max_gross: expected 0 to {2**64 - 1} value units, not -1"),
        ("box.max_open_orders", 65536, "expected 0 to 65535 orders, not 65536"),
        ("box.box_orders", 0, "box.box_orders: Input should be greater than or equal to 1, not 0"),
        ("instruments.ETH-USD.permitted", 1, "permitted: Input should be a valid boolean, not 1"),
        ("instruments.ETH-USD.collar", 1.5, "collar: expected a whole number of ticks"),
        ("instruments.ETH-USD.tick_size", "0", "tick_size: a step must be positive, not '0'"),
        ("instruments.ETH-USD.duplicate_window", None, "duplicate_window: must be given"),
        ("instruments.ETH-USD.lot_value", None, "lot_value: must be given"),
        ("instruments.ETH-USD.index", None, "instruments.ETH-USD.index: must be given"),
        ("instruments.ETH-USD.index", 3, "instruments: ETH-USD, BTC-USD have the same index 3"),
        ("venues.beta.cancel_on_disconnect", None, "cancel_on_disconnect: must be given"),
        ("books.one.venue", "gamma", "books.one.venue: 'gamma' is none of the venues: alpha, beta"),
        ("strategies.maker.instruments", ["X"], "'X' is none of the instruments: ETH-USD, BTC-USD"),
        ("accounts", {"a b": {"index": 0}}, "accounts.a b: String should match pattern"),
    ],
)
def test_anything_wrong_refuses_the_whole(path: str, value: Any, problem: str) -> None:
    with pytest.raises(LimitsError) as raised:
        parse_limits(changed(path, value))
    assert any(problem in str(found) for found in raised.value.problems), raised.value


@pytest.mark.parametrize("low", ["min_quantity", "min_tick"])
def test_a_permitted_instrument_needs_room_between_its_bounds(low: str) -> None:
    limits = changed("instruments.BTC-USD.permitted", True)
    limits["instruments"]["BTC-USD"][low] = 1
    with pytest.raises(LimitsError, match=rf"instruments.BTC-USD.{low}: must be at most max_"):
        parse_limits(limits)


def test_all_problems_are_told_at_once() -> None:
    limits = changed("box.max_gross", -1)
    limits["accounts"]["main"]["open"] = "yes"
    with pytest.raises(LimitsError) as raised:
        parse_limits(limits)
    assert {p.where for p in raised.value.problems} == {"box.max_gross", "accounts.main.open"}


def test_an_open_venue_must_cancel_on_disconnect_to_be_safe() -> None:
    assert parse_limits(document()).unsafe_venues() == []
    assert parse_limits(changed("venues.beta.session_open", True)).unsafe_venues() == ["beta"]
    assert parse_limits(changed("venues.alpha.session_open", True)).unsafe_venues() == []


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LimitsError, match="cannot read"):
        load_limits(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("version = ")
    with pytest.raises(LimitsError, match=r"bad.toml is no TOML file"):
        load_limits(tmp_path / "bad.toml")


def test_the_example_of_the_manual_is_what_the_usual_build_takes() -> None:
    text = (ROOT / "docs" / "operate" / "risk.md").read_text()
    (example,) = re.findall(r"```toml\n(.*?)```", text, flags=re.DOTALL)
    limits = parse_limits(tomllib.loads(example))
    image = limits_image(limits, RiskParameters())
    assert image["collar"][0] == 500
    assert limits.unsafe_venues() == []
