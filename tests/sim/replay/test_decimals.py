"""Tests of sim.replay.decimals."""

from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.replay.decimals import decimal_text, unit_parts


@pytest.mark.parametrize(
    ("count", "unit", "text"),
    [
        (0, "0.01", "0.00"),
        (29381, "0.01", "293.81"),
        (5, "0.00000001", "0.00000005"),
        (7, "0.5", "3.5"),
        (3, "25", "75"),
        (3, "1E+2", "300"),
        (2**63, "0.01", "92233720368547758.08"),
    ],
)
def test_writes_every_digit(count: int, unit: str, text: str) -> None:
    assert decimal_text(count, Decimal(unit)) == text


@pytest.mark.parametrize(("count", "text"), [(150, "1.5"), (100, "1"), (101, "1.01"), (0, "0")])
def test_trims_zeros_after_the_point_alone(count: int, text: str) -> None:
    assert decimal_text(count, Decimal("0.01"), trim=True) == text


@given(st.integers(0, 2**64), st.integers(1, 10**6), st.integers(0, 12))
def test_equals_exact_arithmetic(count: int, multiplier: int, places: int) -> None:
    with localcontext(prec=60):
        unit = Decimal(multiplier).scaleb(-places)
        assert Decimal(decimal_text(count, unit)) == count * unit
        found, digits = unit_parts(unit)
        assert Decimal(found).scaleb(-digits) == unit


@pytest.mark.parametrize("unit", ["0", "-0.1", "NaN", "Infinity"])
def test_rejects_a_unit_that_is_no_size(unit: str) -> None:
    with pytest.raises(ValueError, match="unit must be a positive decimal number"):
        decimal_text(1, Decimal(unit))


def test_rejects_a_negative_count() -> None:
    with pytest.raises(ValueError, match="count must be 0 or more, not -1"):
        decimal_text(-1, Decimal(1))
