"""Tests of host.risk.defaults."""

from host.risk.defaults import DEFAULTS, BreakerDefaults
from hw.breaker_detectors import BREAKER_DETECTORS, WINDOW_BUCKETS
from hw.limit_rows import limit_fields
from hw.records import BREAKER_ACTION
from hw.risk_parameters import RiskParameters

PRICE = 31_781  # ticks


def test_distances_are_shares_of_the_price() -> None:
    row = DEFAULTS.row(PRICE)
    # 1 %, 2 % and 5 % of the mid, in ticks of bid + ask.
    assert [row[f"return_limit{n}"] for n in range(3)] == [2 * 317, 2 * 635, 2 * 1589]
    assert row["spread_limit"] == 317
    assert row["divergence_limit"] == 2 * 635
    assert row["luld_band"] == 1589


def test_no_distance_is_less_than_some_ticks() -> None:
    rule = BreakerDefaults(least=20)
    row = rule.row(100)
    assert row["spread_limit"] == row["luld_band"] == 20
    assert row["return_limit0"] == row["divergence_limit"] == 40


def test_windows_are_50_ms_1_s_and_60_s() -> None:
    buckets = DEFAULTS.shared()["breaker_bucket"]
    assert [b * WINDOW_BUCKETS for b in buckets] == [50_000_000, 10**9, 60 * 10**9]


def test_every_limit_of_the_breaker_is_set_and_fits_a_build() -> None:
    parameters = RiskParameters()
    row, widths = DEFAULTS.row(PRICE), limit_fields("breaker", parameters)
    assert row.keys() == widths.keys()
    assert all(value >> widths[name] == 0 for name, value in row.items())
    shared = {
        f"{name}{n}" if len(values) > 1 else name: value
        for name, values in DEFAULTS.shared().items()
        for n, value in enumerate(values)
    }
    widths = limit_fields("windows", parameters)
    assert shared.keys() == widths.keys()
    assert all(value >> widths[name] == 0 for name, value in shared.items())


def test_actions_are_two_bits_for_each_detector() -> None:
    actions = DEFAULTS.row(PRICE)["breaker_actions"]
    found = {
        name: BREAKER_ACTION.name_of(actions >> 2 * n & 3)
        for n, name in enumerate(BREAKER_DETECTORS)
    }
    assert found == DEFAULTS.actions
    assert found["return0"] == "halt"


def test_a_breaker_that_does_not_act_has_no_actions_and_no_band() -> None:
    row = DEFAULTS.row(PRICE, acts=False)
    assert row["breaker_actions"] == 0
    assert row["breaker_flags"] == 1  # watched: what is not is halted
