"""Tests of host.venues.instrument."""

from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from host.venues.instrument import (
    DecimalScale,
    Instrument,
    NumberError,
    decimals_used,
    step_of,
)

STEPS = ["0.01", "0.25", "1", "5", "0.00000001", "0.10", "0.125", "100"]


@pytest.mark.parametrize("step", STEPS)
@given(st.integers(0, 2**60))
def test_text_of_any_number_of_steps_converts_back(step: str, steps: int) -> None:
    scale = DecimalScale(step)
    text = scale.text(steps)
    assert Fraction(text) == steps * Fraction(step)
    assert scale[text] == steps


@given(st.from_regex(r"[0-9]{1,12}(\.[0-9]{0,10})?", fullmatch=True), st.sampled_from(STEPS))
@example("200000000000", "0.00000001")  # 2 * 10^19: more than 64 bits hold
def test_conversion_is_exact_or_says_what_is_wrong(text: str, step: str) -> None:
    steps = Fraction(text) / Fraction(step)
    if steps.denominator != 1:
        said, code = f"expected a multiple of {step}, got", "off_step"
    elif steps >= 2**64:
        said, code = f"expected at most {2**64 - 1} steps of {step}, got", "out_of_range"
    else:
        assert DecimalScale(step)[text] == steps
        return
    with pytest.raises(NumberError, match=said) as caught:
        DecimalScale(step)[text]
    assert caught.value.code == code


@pytest.mark.parametrize(
    "text", ["", ".", "-1", "+1", "1e5", " 1", "1_0", "1.2.3", "nan", "٣", "1" * 41, None, 7]
)
def test_rejects_what_is_no_plain_decimal(text: str) -> None:
    with pytest.raises(NumberError, match="expected a decimal number") as caught:
        DecimalScale("0.01")[text]
    assert caught.value.code == "malformed"


def test_rejects_more_steps_than_fit() -> None:
    scale = DecimalScale("0.1", largest=50)
    assert scale["5.0"] == 50
    with pytest.raises(NumberError, match=r"at most 50 steps of 0\.1, got 5\.1") as caught:
        scale["5.1"]
    assert caught.value.code == "out_of_range"


def test_memory_of_texts_is_bounded() -> None:
    scale = DecimalScale("1")
    for i in range(1 << 17):
        scale[str(i)]
    assert len(scale) <= 1 << 16


@pytest.mark.parametrize("step", ["0", "0.00", "-1", "x"])
def test_rejects_a_step_that_is_not_positive(step: str) -> None:
    with pytest.raises(ValueError, match=r"positive|decimal number"):
        Instrument(symbol="X", venue="v", tick_size=step, lot_size="1")


def test_instrument_converts_and_shows_prices_and_quantities() -> None:
    instrument = Instrument(symbol="X", venue="v", tick_size="0.25", lot_size="0.001")
    assert instrument.ticks("10.50") == 42
    assert instrument.lots("1.5") == 1500
    assert instrument.price_text(42) == "10.50"
    assert instrument.quantity_text(1500) == "1.500"


def test_decimals_used_ignores_padding() -> None:
    assert [decimals_used(text) for text in ("1.500", "1", "0.000", "1.0001")] == [1, 0, 0, 4]
    assert [step_of(places) for places in (0, 1, 4)] == ["1", "0.1", "0.0001"]
