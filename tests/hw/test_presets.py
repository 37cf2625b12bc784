"""Tests of hw.presets."""

import re
from typing import Any

import pytest

from hw.presets import PRESETS, WAYS_PER_SET, BookParameters

GOOD: dict[str, Any] = {"books": 16, "window_ticks": 1024, "order_slots": 8192}


@pytest.mark.parametrize("preset", PRESETS.values(), ids=lambda p: p.name)
def test_what_a_preset_says_that_it_holds_is_what_it_holds(preset: BookParameters) -> None:
    assert preset.doc.endswith(".")
    assert preset.holds == (
        f"{preset.books} books, {preset.usable_orders:,} resting orders or levels, "
        f"prices below 2^{preset.tick_bits} ticks, "
        f"level quantities below 2^{preset.quantity_bits} lots."
    )


@pytest.mark.parametrize("preset", PRESETS.values(), ids=lambda p: p.name)
def test_the_count_of_a_level_can_hold_every_order(preset: BookParameters) -> None:
    assert 1 << preset.count_bits > preset.usable_orders


def test_presets_grow_so_that_the_first_that_fits_is_the_smallest() -> None:
    slots = [preset.order_slots for preset in PRESETS.values()]
    assert slots == sorted(slots)
    assert next(iter(PRESETS)) == "small"
    assert [*PRESETS][-1] == "large"


def test_a_set_is_a_bucket_of_each_bank() -> None:
    assert PRESETS["small"].sets * WAYS_PER_SET == PRESETS["small"].order_slots


def test_sizes_are_the_numbers_alone() -> None:
    sizes: dict[str, Any] = PRESETS["small"].sizes()
    assert {type(value) for value in sizes.values()} == {int}
    assert BookParameters(**sizes).sizes() == sizes


@pytest.mark.parametrize(
    ("key", "low", "high"),
    [("books", 2, 1024), ("window_ticks", 64, 65536), ("order_slots", 256, 2**24)],
)
def test_rejects_what_is_no_power_of_two_in_range(key: str, low: int, high: int) -> None:
    for edge in (low, high):
        assert BookParameters(**GOOD | {key: edge}).sizes()[key] == edge
    for value in (0, low // 2, low + 1, high - 1, 2 * high):
        text = f"^{key} must be a power of two from {low} to {high}, not {value}$"
        with pytest.raises(ValueError, match=text):
            BookParameters(**GOOD | {key: value})


@pytest.mark.parametrize(
    ("key", "low", "high"),
    [
        ("stash_slots", 1, 16),
        ("cached_levels", 2, 16),
        ("id_bits", 16, 64),
        ("tick_bits", 16, 48),
        ("quantity_bits", 8, 64),
        ("count_bits", 8, 32),
    ],
)
def test_rejects_what_is_out_of_range(key: str, low: int, high: int) -> None:
    for edge in (low, high):
        assert BookParameters(**GOOD | {key: edge}).sizes()[key] == edge
    for value in (low - 1, high + 1):
        text = re.escape(f"{key} must be from {low} to {high}, not {value}")
        with pytest.raises(ValueError, match=f"^{text}$"):
            BookParameters(**GOOD | {key: value})
