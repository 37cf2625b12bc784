# amaranth: UnusedElaboratable=no
"""Unit tests of gateware.risk.kill_switch in Amaranth's own simulator."""

import random
from typing import Any

import pytest

from gateware.risk.kill_switch import KillSwitch
from hw.arming import Scope
from hw.kill_causes import KILL_CAUSES
from sim.models.kill_switch import KillSwitch as Model
from sim.models.kill_switch import Words
from tests.gateware.bench import run
from tests.gateware.risk.kill_words import COUNTS, PORTS, expected, inputs_of, words_of

ARM_ALL = Words(scope=Scope.ARM | Scope.CLEAR_KILL)
EVERYTHING = Scope.ARM | Scope.CLEAR_KILL | Scope.CLEAR_GROUPS | Scope.CLEAR_INSTRUMENTS


def told(said: list[Words]) -> list[dict[str, int]]:
    """Return the outputs in each cycle, beginning with the one of the first words."""
    dut = KillSwitch(**COUNTS)
    outputs = list(expected(Model()))
    seen: list[dict[str, int]] = []

    async def testbench(ctx: Any) -> None:
        for words in [*said, Words()]:
            for name, value in inputs_of(words).items():
                ctx.set(getattr(dut, name), value)
            seen.append({name: ctx.get(getattr(dut, name)) for name in outputs})
            await ctx.tick()

    run(dut, testbench)
    return seen


def kill(cause: str) -> Words:
    return Words(causes=frozenset([cause]))


def test_after_reset_it_is_neither_armed_nor_killed() -> None:
    assert set(told([Words()] * 3)[-1].values()) == {0}


@pytest.mark.parametrize("cause", PORTS)
def test_a_cause_kills_and_disarms_in_the_next_cycle(cause: str) -> None:
    assert KillSwitch.LATENCY == 1
    seen = told([ARM_ALL, kill(cause), Words(), Words(scope=Scope.ARM), Words(disarm=True)])
    assert [cycle["armed"] for cycle in seen] == [0, 1, 0, 0, 0, 0]
    assert [cycle["killed"] for cycle in seen] == [0, 0, 1, 1, 1, 1]
    assert [cycle["cancel_all"] for cycle in seen] == [0, 0, 1, 0, 0, 0]
    assert seen[-1]["causes"] == 1 << KILL_CAUSES.index(cause)


@pytest.mark.parametrize("cause", PORTS)
def test_an_arming_does_nothing_for_the_box_while_the_cause_lasts(cause: str) -> None:
    both = Words(causes=frozenset([cause]), scope=EVERYTHING)
    seen = told([kill(cause), both, both, ARM_ALL])
    assert [cycle["killed"] for cycle in seen] == [0, 1, 1, 1, 0]
    assert [cycle["armed"] for cycle in seen] == [0, 0, 0, 0, 1]
    assert [cycle["causes"] != 0 for cycle in seen] == [False, True, True, True, False]


def test_a_killed_box_is_armed_by_both_scopes_together_or_one_after_the_other() -> None:
    pin = kill("pin")
    seen = told([pin, Words(scope=Scope.ARM), Words(scope=Scope.CLEAR_KILL)])
    assert (seen[-1]["killed"], seen[-1]["armed"]) == (0, 0)
    assert told([pin, Words(scope=Scope.CLEAR_KILL), Words(scope=Scope.ARM)])[-1]["armed"]
    assert told([pin, ARM_ALL])[-1]["armed"]


def test_a_disarm_wins_over_an_arming() -> None:
    seen = told([Words(disarm=True, scope=EVERYTHING), ARM_ALL, Words(disarm=True)])
    assert [cycle["armed"] for cycle in seen] == [0, 0, 1, 0]


def test_every_kill_by_the_host_asks_for_cancels_again_and_a_level_only_once() -> None:
    seen = told([kill("host"), kill("host"), Words(), kill("pin"), kill("pin")])
    assert [cycle["cancel_all"] for cycle in seen] == [0, 1, 1, 0, 0, 0]
    venue = Words(host={"venues": frozenset([1])})
    assert [cycle["cancel_venues"] for cycle in told([venue, venue, Words()])] == [0, 2, 2, 0]
    fault = Words(faults=frozenset([2]))
    assert [cycle["cancel_instruments"] for cycle in told([fault, fault])] == [0, 4, 0]


def test_each_scope_clears_what_it_says_and_no_more() -> None:
    members = {name: frozenset([0, 1]) for name in ("venues", "accounts", "strategies")}
    everything = Words(
        causes=frozenset(["loss"]), host={**members, "instruments": frozenset([1, 3, 4])}
    )
    some = frozenset([3, 4])
    seen = told(
        [
            everything,
            Words(scope=Scope.CLEAR_GROUPS, instruments=some),
            Words(scope=Scope.CLEAR_INSTRUMENTS, instruments=some),
            Words(scope=Scope.CLEAR_KILL, instruments=some),
        ]
    )
    names = ("killed", "killed_venues", "killed_accounts", "killed_strategies")
    assert [[cycle[name] for name in names] for cycle in seen] == [
        [0, 0, 0, 0], [1, 3, 3, 3], [1, 0, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0],
    ]  # fmt: skip
    assert [cycle["killed_instruments"] for cycle in seen] == [0, 0b11010, 0b11010, 2, 2]


def test_a_narrow_kill_wins_over_an_arming_and_leaves_the_box_armed() -> None:
    both = Words(
        host={"venues": frozenset([0]), "instruments": frozenset([2])},
        scope=EVERYTHING,
        instruments=frozenset(range(5)),
    )
    last = told([both])[-1]
    assert (last["armed"], last["killed_venues"], last["killed_instruments"]) == (1, 1, 4)


def test_a_fault_is_a_cause_until_no_instrument_is_killed() -> None:
    fault = Words(faults=frozenset([1]), host={"instruments": frozenset([2])})
    clears = [
        Words(scope=Scope.CLEAR_INSTRUMENTS, instruments=frozenset([which])) for which in (1, 2)
    ]
    seen = told([fault, ARM_ALL, *clears])
    assert [cycle["causes"] for cycle in seen] == [0, 64, 64, 64, 0]
    assert [cycle["armed"] for cycle in seen] == [0, 0, 1, 1, 1]


@pytest.mark.parametrize("seed", range(4))
def test_it_is_its_model(seed: int) -> None:
    rng, model = random.Random(seed), Model()
    said = [words_of(rng) for _ in range(1500)]
    wanted = [expected(model)]
    for words in said:
        model.hear(words)
        wanted.append(expected(model))
    assert told(said) == wanted


@pytest.mark.parametrize("name", COUNTS)
@pytest.mark.parametrize("count", [0, 33])
def test_a_number_must_be_in_range(name: str, count: int) -> None:
    with pytest.raises(ValueError, match=f"{name} must be from 1 to 32, not {count}"):
        KillSwitch(**COUNTS | {name: count})
