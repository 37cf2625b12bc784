"""Tests of the benchmarks: that they compare like with like. They assert no rate."""

import json

import numpy as np
import pytest

from hw.presets import PRESETS
from sim.models.book import BookModel
from tests.benchmarks.__main__ import generated, main
from tests.benchmarks.exchange import exchange_rates
from tests.benchmarks.levels import CLEARED, Change, Levels
from tests.benchmarks.rates import compare, rate_of_library
from tests.sim.updates import array_of, update


def test_changes_of_levels_are_those_of_the_model() -> None:
    updates, parameters = generated(3000)
    model = BookModel(parameters)
    events = model.run(updates)
    changes = Levels().changes(updates)
    assert len(changes) == len(updates)
    _, best = rate_of_library(changes, look=True)
    last = {int(e["book"]): e for e in events}
    for book, (bid, ask) in best.items():
        event = last[book]
        assert bid == ((int(event["bid_tick"]), int(event["bid_quantity"])) if bid else None)
        assert bool(event["flags"] & 1) == (bid is not None)
        assert ask == ((int(event["ask_tick"]), int(event["ask_quantity"])) if ask else None)


def test_each_kind_changes_its_level() -> None:
    updates = array_of(
        update("add", order_id=1, tick=10, quantity=5),
        update("add", order_id=2, tick=10, quantity=4),
        update("execute", order_id=1, quantity=2),
        update("replace", order_id=1, new_order_id=3, tick=11, quantity=1),
        update("set", order_id=2, tick=10, quantity=9),
        update("set", order_id=8, tick=10),
        update("trade"),
        update("delete", order_id=2),
        update("clear"),
    )
    assert Levels().changes(updates) == [
        [Change(0, 0, 10, 5)],
        [Change(0, 0, 10, 9)],
        [Change(0, 0, 10, 7)],
        [Change(0, 0, 10, 4), Change(0, 0, 11, 1)],
        [Change(0, 0, 10, 9)],
        [],
        [],
        [Change(0, 0, 10, 0)],
        [Change(0, CLEARED, 0, 0)],
    ]


def test_refuses_a_faulty_feed() -> None:
    with pytest.raises(ValueError, match="book 0 has no order 7"):
        Levels().changes(array_of(update("delete", order_id=7)))
    with pytest.raises(ValueError, match="no gap updates"):
        Levels().changes(array_of(update("gap")))


def test_results_that_differ_are_no_benchmark(monkeypatch: pytest.MonkeyPatch) -> None:
    updates, parameters = generated(500)
    wrong = [[Change(c.book, c.side, c.tick + 1, c.quantity) for c in made]
             for made in Levels().changes(updates)]  # fmt: skip
    monkeypatch.setattr(Levels, "changes", lambda self, updates: wrong)
    with pytest.raises(ValueError, match="model: best of book"):
        compare(updates, parameters, repeats=1, model_updates=500)


def test_command_prints_json_last(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TICKGATE_DATA", "/nowhere")
    assert main(["--updates", "2000", "--model-updates", "500", "--repeats", "1"]) == 0
    printed = capsys.readouterr()
    assert "generated flow alone" in printed.err
    (run,) = json.loads(printed.out.splitlines()[-1])["runs"]
    assert run["updates"] == 2000
    assert run["preset"] == PRESETS["small"].name
    rates = run["updates_per_s"]
    assert all(rate > 0 for rate in rates.values())
    expected = rates["model"] / rates["order_book"]
    np.testing.assert_allclose(run["ratio"]["model/order_book"], expected, atol=1e-4)


def test_every_rate_of_the_exchange_is_measured() -> None:
    rates = exchange_rates(400, repeats=1)
    assert len(rates) == 3
    assert all(rate > 0 for rate in rates.values())
