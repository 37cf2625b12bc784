"""Tests of host.risk.units."""

import re
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.risk.units import amount, amount_text

SIZES = {"tick_size": "0.25", "lot_size": "0.001"}


@pytest.mark.parametrize(
    ("value", "unit", "result"),
    [
        (7, "ticks", 7),
        (True, "none", True),
        ("61.5", "ticks", 246),
        ("0.125", "double ticks", 1),
        ("2", "lots", 2000),
        ("0.5", "ticks * lots", 2000),
        ("50 ms", "ns", 50_000_000),
        ("1.5us", "ns / order", 1500),
        ("1 h", "ns", 3600 * 10**9),
        ("2 min", "ns", 120 * 10**9),
    ],
)
def test_an_amount_is_a_whole_number_of_its_unit(value: object, unit: str, result: object) -> None:
    assert amount(value, unit, SIZES) == result


@pytest.mark.parametrize(
    ("value", "unit", "sizes", "text"),
    [
        (1.5, "ticks", SIZES, "expected a whole number of ticks, or a number in quotes, not 1.5"),
        ("61.6", "ticks", SIZES, "'61.6' is no whole number of ticks, but between 246 and 247"),
        ("1", "ticks", {}, "'1' in quotes needs tick_size of the instrument"),
        ("1", "ticks * lots", {"tick_size": "1"}, "needs lot_size of the instrument"),
        ("-1", "ticks", SIZES, "expected a decimal number, not '-1'"),
        ("1e3", "lots", SIZES, "expected a decimal number, not '1e3'"),
        ("50", "ns", {}, "expected a time such as '50 ms'"),
        ("1.2.3 s", "ns", {}, "expected a decimal number, not '1.2.3'"),
        ("0.5 ns", "ns", {}, "no whole number of ns"),
        ("3", "orders", SIZES, "expected a whole number of orders, not the text '3'"),
    ],
)
def test_refuses_what_is_none(value: object, unit: str, sizes: dict[str, str], text: str) -> None:
    with pytest.raises(ValueError, match=re.escape(text)):
        amount(value, unit, sizes)


@given(
    st.integers(0, 2**64),
    st.sampled_from(["ticks", "lots", "double ticks", "ticks * lots"]),
    st.sampled_from(["0.01", "0.25", "5", "0.000000001"]),
)
def test_the_text_in_brackets_is_the_amount_again(value: int, unit: str, size: str) -> None:
    sizes = {"tick_size": size, "lot_size": size}
    text = amount_text(value, unit, sizes)
    plain, decimal = re.fullmatch(r"([0-9]+) .*\(([0-9.]+)\)", text).groups()  # type: ignore[union-attr] # it matches
    assert int(plain) == value
    assert amount(decimal, unit, sizes) == value


@given(st.integers(0, 10**19))
def test_a_time_is_shown_in_its_largest_whole_unit(value: int) -> None:
    number, unit = amount_text(value, "ns", {}).split()
    scale = {"ns": 1, "us": 10**3, "ms": 10**6, "s": 10**9}[unit]
    assert Fraction(number) * scale == value


def test_a_unit_that_is_a_number_is_told_as_a_product() -> None:
    assert amount_text(3, "1024 cycles", {}) == "3 x 1024 cycles"
