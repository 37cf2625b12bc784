"""Tests of hw.latency."""

import pytest

from hw.latency import LATENCY, Budget
from hw.records import UPDATE_KIND


@pytest.mark.parametrize("path", LATENCY, ids=".".join)
def test_every_path_is_documented_and_within_its_budget(path: tuple[str, str]) -> None:
    assert LATENCY[path].doc.endswith(".")
    assert LATENCY[path].cycles <= LATENCY[path].budget


def test_the_paths_of_the_book_are_kinds_of_update() -> None:
    kinds = {code.name for code in UPDATE_KIND}
    assert {path for block, path in LATENCY if block == "book"} <= kinds


def test_every_kind_that_changes_an_order_has_a_budget() -> None:
    for kind in ("add", "execute", "reduce", "delete", "replace", "set"):
        assert LATENCY["book", kind].budget <= (8 if kind == "replace" else 7)


@pytest.mark.parametrize(("cycles", "budget"), [(0, 5), (-1, 5), (6, 5)])
def test_rejects_cycles_outside_the_budget(cycles: int, budget: int) -> None:
    with pytest.raises(ValueError, match=f"^cycles must be from 1 to {budget}, not {cycles}$"):
        Budget(cycles=cycles, budget=budget, doc="A path.")
