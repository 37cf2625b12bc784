# amaranth: UnusedElaboratable=no
"""Unit tests of gateware.risk.deadman in Amaranth's own simulator."""

import random
from typing import Any

import pytest

from gateware.risk.deadman import Deadman
from sim.models.deadman import Deadman as Model
from tests.gateware.bench import run

assert Deadman.LATENCY == 1  # as the tests have it


def small() -> Deadman:
    return Deadman(timeout_bits=4, unit_bits=2)


def said(inputs: list[tuple[int, int]], dut: Deadman) -> list[int]:
    """Return ``expired`` in each cycle, of ``(timeout, refresh)`` in each cycle."""
    seen: list[int] = []

    async def testbench(ctx: Any) -> None:
        for timeout, refresh in inputs:
            ctx.set(dut.timeout, timeout)
            ctx.set(dut.refresh, refresh)
            seen.append(ctx.get(dut.expired))
            await ctx.tick()

    run(dut, testbench)
    return seen


def test_it_is_expired_until_the_first_refresh() -> None:
    assert said([(15, 0)] * 100, small()) == [1] * 100


@pytest.mark.parametrize("timeout", [1, 2, 15])
def test_it_expires_exactly_after_its_timeout(timeout: int) -> None:
    inputs = [(timeout, 0), (timeout, 1)] + [(timeout, 0)] * 70
    assert said(inputs, small()) == [1, 1] + [0] * (4 * timeout) + [1] * (70 - 4 * timeout)


def test_a_unit_is_1024_cycles() -> None:
    assert said([(2, 1)] + [(2, 0)] * 2100, Deadman()) == [1] + [0] * 2048 + [1] * 52


def test_a_refresh_in_its_last_cycle_is_in_time() -> None:
    alive = [(1, 1), (1, 0), (1, 0), (1, 0)]
    assert said(alive * 20 + [(1, 0)] * 3, small()) == [1] + [0] * 80 + [1, 1]


def test_with_a_timeout_of_0_it_is_expired_always() -> None:
    assert said([(0, 1)] * 9, small()) == [1] * 9
    assert said([(3, 1), (0, 1), (0, 1), (3, 0), (3, 0)], small()) == [1, 0, 1, 1, 1]


def test_a_shorter_timeout_counts_at_once_and_a_longer_one_does_not() -> None:
    shorter = [(15, 1), (15, 0), (1, 0)] + [(1, 0)] * 8
    assert said(shorter, small()) == [1] + [0] * 6 + [1] * 4
    longer = [(1, 1), (1, 0), (15, 0)] + [(15, 0)] * 8
    assert said(longer, small()) == [1] + [0] * 4 + [1] * 6


@pytest.mark.parametrize("seed", range(4))
def test_it_is_its_model(seed: int) -> None:
    rng, model = random.Random(seed), Model(unit=4)
    inputs, expected, timeout = [], [], 3
    for _ in range(2000):
        if rng.random() < 0.05:
            timeout = rng.choice([0, 1, 2, 3, 9, 15])
        refresh = rng.random() < 0.06
        inputs.append((timeout, int(refresh)))
        expected.append(int(model.expired))
        model.step(timeout, refresh=refresh)
    assert said(inputs, small()) == expected


@pytest.mark.parametrize(
    ("widths", "message"),
    [
        ({"timeout_bits": 0}, "timeout_bits must be at least 1, not 0"),
        ({"unit_bits": -1}, "unit_bits must be at least 0, not -1"),
    ],
)
def test_a_width_must_be_large_enough(widths: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Deadman(**widths)
