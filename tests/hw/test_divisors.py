"""Tests of hw.divisors."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hw.divisors import divisor_fields


def multiple(value: int, divisor: int, width: int) -> bool:
    """Return what the fields say."""
    mask, inverse, bound = divisor_fields(divisor, width)
    return not value & mask and value * inverse % (1 << width) <= bound


def test_fields_tell_every_multiple_of_every_divisor_of_eight_bits() -> None:
    for divisor in range(1, 256):
        for value in range(256):
            assert multiple(value, divisor, 8) == (value % divisor == 0)


@given(st.integers(1, 2**40 - 1), st.integers(0, 2**40 - 1), st.integers(0, 2))
def test_fields_tell_multiples_of_wide_numbers(divisor: int, value: int, off: int) -> None:
    value = min(value // divisor * divisor + off, 2**40 - 1)
    assert multiple(value, divisor, 40) == (value % divisor == 0)


@pytest.mark.parametrize("divisor", [0, 256])
def test_a_divisor_must_fit(divisor: int) -> None:
    with pytest.raises(ValueError, match=f"divisor must be from 1 to 255, not {divisor}"):
        divisor_fields(divisor, 8)
