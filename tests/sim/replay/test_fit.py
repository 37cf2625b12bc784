"""Tests of sim.replay.fit."""

from dataclasses import replace
from typing import Any

import pytest

from hw.presets import PRESETS
from sim.captures.needs import Needs
from sim.replay.fit import DoesNotFitError, choose_preset, shortfalls

NEEDS = Needs(
    books=1, peak_live_orders=1, max_tick=1, max_quantity=1, max_id=1, max_count=1, updates=1,
    first_time=0, last_time=0,
)  # fmt: skip


def needing(**fields: Any) -> Needs:
    return replace(NEEDS, **fields)


def test_takes_the_smallest_that_fits() -> None:
    assert choose_preset(NEEDS, PRESETS).name == next(iter(PRESETS))


@pytest.mark.parametrize(
    ("field", "most"),
    [
        ("books", PRESETS["small"].books),
        ("peak_live_orders", PRESETS["small"].usable_orders),
        ("max_tick", 2 ** PRESETS["small"].tick_bits - 1),
        ("max_quantity", 2 ** PRESETS["small"].quantity_bits - 1),
        ("max_id", 2 ** PRESETS["small"].id_bits - 1),
        ("max_count", 2 ** PRESETS["small"].count_bits - 1),
        ("levels", PRESETS["small"].cached_levels),
    ],
)
def test_every_size_counts_up_to_its_last_value(field: str, most: int) -> None:
    assert not shortfalls(needing(**{field: most}), PRESETS["small"])
    over = needing(**{field: most + 1})
    assert len(shortfalls(over, PRESETS["small"])) == 1
    assert choose_preset(over, PRESETS).name != "small"


def test_refuses_what_no_preset_holds() -> None:
    with pytest.raises(DoesNotFitError, match=r"needs 300 books \(at most 256\): more than preset"):
        choose_preset(needing(books=300), PRESETS)


def test_names_the_instrument_whose_price_is_too_high() -> None:
    needs = needing(max_tick=2**44, max_tick_symbol="CRV-EUR")
    with pytest.raises(DoesNotFitError, match=r"17,592,186,044,416 ticks as .* of CRV-EUR \(at"):
        choose_preset(needs, PRESETS)


def test_refuses_a_named_preset_that_is_too_small() -> None:
    with pytest.raises(DoesNotFitError, match=r"more than preset small holds.*another --preset"):
        choose_preset(needing(books=17), PRESETS, "small")
    assert choose_preset(NEEDS, PRESETS, "medium").name == "medium"
