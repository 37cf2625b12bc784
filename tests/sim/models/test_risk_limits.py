"""Tests of sim.models.risk_limits."""

import pytest

from hw.registers import LIMITS
from hw.risk_parameters import RiskParameters
from sim.models.risk_limits import RiskLimits
from tests.sim.models.risk_good import SMALL


def test_every_limit_is_zero_at_first_and_has_the_rows_of_the_build() -> None:
    limits = RiskLimits(SMALL)
    assert set(limits.active) == {name for fields in LIMITS.values() for name in fields}
    rows = {
        "instrument": 4,
        "venue": 2,
        "strategy": 2,
        "account": 2,
        "book": 4,
        "box": 1,
        "breaker": 4,
    }
    for table, fields in LIMITS.items():
        for name, field in fields.items():
            assert limits.active[name] == [0] * rows.get(table, field.count)


def test_limits_come_into_force_all_at_once() -> None:
    limits = RiskLimits(SMALL)
    assert limits.stage("max_long", 3, 50)
    assert limits.stage("max_gross", 0, 60)
    assert (limits.active["max_long"][3], limits.active["max_gross"][0]) == (0, 0)
    assert limits.commit()
    assert (limits.active["max_long"][3], limits.active["max_gross"][0]) == (50, 60)
    assert limits.stage("max_gross", 0, 61)
    assert limits.commit()
    assert (limits.active["max_long"][3], limits.active["max_gross"][0]) == (50, 61)
    assert (limits.commits, limits.refused) == (2, 0)


@pytest.mark.parametrize(
    ("name", "index", "value"),
    [
        ("max_long", 4, 0),
        ("max_long", -1, 0),
        ("max_gross", 1, 0),
        ("max_long", 0, 1 << (SMALL.position_bits - 1)),
        ("min_tick", 0, 1 << SMALL.tick_bits),
        ("lot_value", 0, 1 << SMALL.lot_value_bits),
        ("max_age", 0, 1 << SMALL.time_bits),
        ("max_open_orders", 0, 1 << 16),
    ],
)
def test_a_write_that_cannot_be_kept_stops_commits_until_forgotten(
    name: str, index: int, value: int
) -> None:
    limits = RiskLimits(SMALL)
    assert limits.stage("max_short", 0, 7)
    assert not limits.stage(name, index, value)
    assert limits.stage("max_short", 1, 8)
    assert not limits.commit()
    assert (limits.refused, limits.commits) == (2, 0)
    assert limits.active["max_short"] == [0, 0, 0, 0]
    limits.forget()
    assert limits.commit()
    assert limits.active["max_short"] == [0, 0, 0, 0]


def test_nothing_is_written_while_the_tables_are_copied() -> None:
    limits = RiskLimits(SMALL)
    limits.copying = True
    assert not limits.stage("max_short", 0, 7)
    assert not limits.commit()
    limits.copying = False
    assert not limits.commit()
    limits.forget()
    assert limits.commit()


def test_the_largest_value_of_every_limit_can_be_kept() -> None:
    parameters = RiskParameters()
    limits = RiskLimits(parameters)
    for fields in LIMITS.values():
        for name, field in fields.items():
            bits = parameters.limit_bits(name, field.width)
            assert limits.stage(name, 0, (1 << bits) - 1)
    assert limits.commit()
