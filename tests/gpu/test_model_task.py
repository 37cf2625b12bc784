"""Tasks that the kernel of models refuses."""

from dataclasses import replace

import pytest

from gpu.model_task import Jumps, Output, structs
from gpu.task import Payoff
from tests.gpu.machines import task
from tests.gpu.processes import model_task


def test_what_cannot_be_is_refused() -> None:
    given = model_task("black-scholes", Payoff.EUROPEAN)
    for changed, text in (
        ({"paths": 0}, "paths must be from 1 to 2\\^40 - 1, not 0"),
        ({"steps": 0}, "steps must be from 1 to 2\\^31 - 1, not 1 fixings of 0"),
        ({"seed": -1}, "seed must be from 0 to 2\\^64 - 1, not -1"),
        ({"spot": 0.0}, "spot must be positive and finite, not 0.0"),
        ({"payoff": Payoff.KNOCK_IN}, "a barrier needs a positive vol and must be off the spot"),
    ):
        with pytest.raises(ValueError, match=text):
            replace(given, **changed)


@pytest.mark.parametrize("name", ["heston", "kou"])
def test_a_barrier_and_a_vega_need_a_plain_diffusion(name: str) -> None:
    with pytest.raises(ValueError, match="a barrier needs a plain diffusion"):
        model_task(name, Payoff.KNOCK_OUT)
    with pytest.raises(ValueError, match="a vega along the path needs a plain diffusion"):
        replace(model_task(name, Payoff.EUROPEAN), output=Output.VEGA)


def test_a_barrier_has_no_derivative_along_the_path() -> None:
    with pytest.raises(ValueError, match="has no derivative"):
        replace(model_task("black-scholes", Payoff.KNOCK_OUT), output=Output.DELTA)


def test_counts_rise_and_are_at_most_32() -> None:
    for counts in ((2, 1), tuple(range(33))):
        with pytest.raises(ValueError, match="counts must be at most 32 that rise"):
            Jumps(counts=counts)


def test_a_mix_has_some_tasks_of_as_many_paths() -> None:
    with pytest.raises(ValueError, match="from 1 to 16 tasks, not 0"):
        structs([])
    tasks = [model_task("kou", Payoff.EUROPEAN, paths=paths) for paths in (5, 7)]
    with pytest.raises(ValueError, match=r"as many paths, not \[5, 7\]"):
        structs(tasks)


def test_the_kernel_of_one_diffusion_has_no_lookback() -> None:
    with pytest.raises(ValueError, match="has no payoff LOOKBACK_FIXED"):
        task(Payoff.LOOKBACK_FIXED)
