# amaranth: UnusedElaboratable=no
"""Unit tests of gateware.risk.arming in Amaranth's own simulator."""

import random
from typing import Any, Final

import pytest
from amaranth import ResetInserter, Signal

from gateware.risk.arming import Arming
from hw.arming import Scope, arming_answer
from tests.gateware.bench import run
from tests.gateware.risk.arming_traffic import (
    INSTRUMENTS,
    LOCKOUT_BITS,
    OPERATORS,
    TIMEOUT_BITS,
    Operators,
)

KEY: Final = bytes(range(100, 116))
ASKED: Final = {"operator": 1, "scope": int(Scope.ARM | Scope.CLEAR_KILL), "instruments": 0x8001}


def small(**parameters: int) -> Arming:
    sizes = {
        "operators": OPERATORS, "instruments": INSTRUMENTS, "timeout_bits": TIMEOUT_BITS,
        "lockout_bits": LOCKOUT_BITS,
    }  # fmt: skip
    return Arming(**sizes | parameters)


async def strobe(ctx: Any, dut: Arming, name: str, **inputs: int) -> None:
    """Hold a strobe and its inputs for one cycle; then the inputs are something else."""
    ctx.set(getattr(dut, name), 1)
    for port, value in inputs.items():
        ctx.set(getattr(dut, port), value)
    await ctx.tick()
    ctx.set(getattr(dut, name), 0)
    for port in inputs:
        ctx.set(getattr(dut, port), 0)


async def write_key(ctx: Any, dut: Arming, operator: int, key: bytes) -> None:
    for word in range(4):
        data = int.from_bytes(key[4 * word : 4 * word + 4], "little")
        await strobe(ctx, dut, "key_strobe", key_operator=operator, key_word=word, key_data=data)


async def ask(ctx: Any, dut: Arming, **changes: int) -> int:
    """Ask, and return the challenge of the next cycle."""
    inputs = {f"ask_{name}": value for name, value in (ASKED | changes).items()}
    await strobe(ctx, dut, "ask", **inputs)
    return int(ctx.get(dut.challenge))


def right(challenge: int, key: bytes = KEY, **changes: int) -> int:
    return arming_answer(key, challenge=challenge, **ASKED | changes)


async def verdict(ctx: Any, dut: Arming, tag: int) -> tuple[int, int]:
    """Answer, and return ``granted`` and ``refused``, which come exactly when they should."""
    ctx.set(dut.answer, 1)
    ctx.set(dut.answer_tag, tag)
    for _ in range(dut.ANSWER_LATENCY):
        await ctx.tick()
        before = (ctx.get(dut.granted), ctx.get(dut.refused))
        ctx.set(dut.answer, 0)
        ctx.set(dut.answer_tag, 0)
        assert not ctx.get(dut.challenge)
        if _ < dut.ANSWER_LATENCY - 1:
            assert before == (0, 0), f"{dut.ANSWER_LATENCY - 1 - _} cycles early"
    return before


GRANTED, REFUSED = (1, 0), (0, 1)


def test_the_right_answer_is_granted_once() -> None:
    dut = small()
    assert (dut.LATENCY, dut.ANSWER_LATENCY) == (1, 24)

    async def testbench(ctx: Any) -> None:
        await write_key(ctx, dut, 1, KEY)
        challenge = await ask(ctx, dut)
        assert challenge
        assert await verdict(ctx, dut, right(challenge)) == GRANTED
        assert ctx.get(dut.granted_operator) == ASKED["operator"]
        assert ctx.get(dut.granted_scope) == ASKED["scope"]
        assert ctx.get(dut.granted_instruments) == ASKED["instruments"]
        assert await verdict(ctx, dut, right(challenge)) == REFUSED
        await ctx.tick()
        assert (ctx.get(dut.granted), ctx.get(dut.refused), ctx.get(dut.failures)) == (0, 0, 1)

    run(dut, testbench)


@pytest.mark.parametrize("changes", [{"operator": 0}, {"scope": 15}, {"instruments": 0x8000}])
def test_an_answer_to_anything_else_is_refused(changes: dict[str, int]) -> None:
    dut = small()

    async def testbench(ctx: Any) -> None:
        await write_key(ctx, dut, 1, KEY)
        await write_key(ctx, dut, 0, KEY)
        assert await verdict(ctx, dut, right(await ask(ctx, dut), KEY, **changes)) == REFUSED
        assert await verdict(ctx, dut, right(await ask(ctx, dut, **changes))) == REFUSED
        right_one = right(await ask(ctx, dut, **changes), KEY, **changes)
        assert await verdict(ctx, dut, right_one) == GRANTED

    run(dut, testbench)


@pytest.mark.parametrize("bit", [0, 1, 31, 32, 63])
def test_an_answer_that_is_wrong_in_one_bit_is_refused(bit: int) -> None:
    dut = small()

    async def testbench(ctx: Any) -> None:
        await write_key(ctx, dut, 1, KEY)
        assert await verdict(ctx, dut, right(await ask(ctx, dut)) ^ 1 << bit) == REFUSED

    run(dut, testbench)


@pytest.mark.parametrize(
    ("key", "words", "operator"),
    [(KEY, 3, 1), (KEY, 0, 1), (bytes(16), 4, 1), (KEY, 4, 0), (KEY, 4, 255), (KEY, 4, 1 + 4)],
    ids=["part of a key", "no key", "zeros", "another's key", "no operator", "an alias"],
)
def test_an_ask_without_a_key_is_refused(key: bytes, words: int, operator: int) -> None:
    dut = small()

    async def testbench(ctx: Any) -> None:
        for word in range(words):
            data = int.from_bytes(key[4 * word : 4 * word + 4], "little")
            await strobe(ctx, dut, "key_strobe", key_operator=1, key_word=word, key_data=data)
        assert await ask(ctx, dut, operator=operator) == 0
        assert (ctx.get(dut.refused), ctx.get(dut.failures)) == (1, 1)
        assert ctx.get(dut.granted_operator) == operator
        assert await verdict(ctx, dut, right(0, key, operator=operator)) == REFUSED

    run(dut, testbench)


@pytest.mark.parametrize("word", range(4))
def test_one_bit_in_any_word_makes_a_key(word: int) -> None:
    dut = small()
    key = bytes(4 * word) + bytes([0, 0, 0, 128]) + bytes(12 - 4 * word)

    async def testbench(ctx: Any) -> None:
        await write_key(ctx, dut, 1, key)
        assert await verdict(ctx, dut, right(await ask(ctx, dut), key)) == GRANTED

    run(dut, testbench)


def test_a_key_is_locked_with_its_fourth_word_and_not_before() -> None:
    dut = small()

    async def testbench(ctx: Any) -> None:
        inputs = {"key_operator": 1, "key_word": 2, "key_data": 0xBAD}
        await strobe(ctx, dut, "key_strobe", **inputs)
        await write_key(ctx, dut, 1, KEY)  # its third word once more
        assert ctx.get(dut.key_refused) == 0
        await strobe(ctx, dut, "key_strobe", **inputs)
        await strobe(ctx, dut, "key_strobe", **inputs | {"key_operator": OPERATORS})
        assert ctx.get(dut.key_refused) == 2
        assert await verdict(ctx, dut, right(await ask(ctx, dut))) == GRANTED

    run(dut, testbench)


def test_after_a_reset_there_are_no_keys_and_no_challenge_comes_again() -> None:
    dut, reset = small(), Signal()

    async def testbench(ctx: Any) -> None:
        await write_key(ctx, dut, 1, KEY)
        first = await ask(ctx, dut)
        ctx.set(reset, 1)
        await ctx.tick()
        ctx.set(reset, 0)
        assert ctx.get(dut.challenge) == 0
        assert await ask(ctx, dut) == 0
        await write_key(ctx, dut, 1, KEY)
        second = await ask(ctx, dut)
        assert (first % (1 << 24), second % (1 << 24)) == (1, 2)
        assert second >> 24 == (first >> 24) + 7  # cycles between the asks

    run(ResetInserter(reset)(dut), testbench)


def test_the_last_challenge_is_the_last() -> None:
    dut = small()

    async def testbench(ctx: Any) -> None:
        await write_key(ctx, dut, 1, KEY)
        ctx.set(dut._uses, (1 << 24) - 2)
        assert await ask(ctx, dut) % (1 << 24) == (1 << 24) - 1
        assert await ask(ctx, dut) == 0
        assert ctx.get(dut.refused)

    run(dut, testbench)


def test_entropy_goes_into_the_high_bits() -> None:
    dut = small()
    entropy = 0xF123_4567_89AB_CDEF

    async def testbench(ctx: Any) -> None:
        await write_key(ctx, dut, 1, KEY)
        cycle = 4
        ctx.set(dut.entropy, entropy)
        challenge = await ask(ctx, dut)
        mixed = (entropy ^ entropy >> 24) % (1 << 40)
        assert challenge == (cycle ^ mixed) << 24 | 1
        assert await verdict(ctx, dut, right(challenge)) == GRANTED

    run(dut, testbench)


@pytest.mark.parametrize("late", [False, True])
def test_a_challenge_can_be_answered_until_it_expires(late: bool) -> None:
    dut = small()

    async def testbench(ctx: Any) -> None:
        await write_key(ctx, dut, 1, KEY)
        challenge = await ask(ctx, dut)
        for _ in range((1 << TIMEOUT_BITS) - 1 + late):
            assert ctx.get(dut.challenge) == challenge
            await ctx.tick()
        assert ctx.get(dut.challenge) == (0 if late else challenge)
        assert await verdict(ctx, dut, right(challenge)) == (REFUSED if late else GRANTED)

    run(dut, testbench)


def test_a_challenge_is_void_after_the_next_ask() -> None:
    dut = small()

    async def testbench(ctx: Any) -> None:
        await write_key(ctx, dut, 1, KEY)
        first = await ask(ctx, dut)
        assert await ask(ctx, dut) != first
        assert await verdict(ctx, dut, right(first)) == REFUSED
        second = await ask(ctx, dut)
        assert await ask(ctx, dut, operator=0) == 0
        assert await verdict(ctx, dut, right(second)) == REFUSED

    run(dut, testbench)


@pytest.mark.parametrize("name", ["ask", "answer"])
@pytest.mark.parametrize("after", [0, 1, 12, Arming.ANSWER_LATENCY - 1])
def test_what_comes_into_an_answer_makes_it_refused(name: str, after: int) -> None:
    if name == "answer" and after == 0:
        return  # it is the answer
    dut = small()
    seen = []

    async def testbench(ctx: Any) -> None:
        await write_key(ctx, dut, 1, KEY)
        tag = right(await ask(ctx, dut))
        ctx.set(dut.answer_tag, tag)
        ctx.set(dut.ask_operator, 1)
        for cycle in range(2 * dut.ANSWER_LATENCY):
            ctx.set(dut.answer, cycle == 0)
            if cycle == after:
                ctx.set(getattr(dut, name), 1)
            seen.append((ctx.get(dut.granted), ctx.get(dut.refused)))
            assert cycle == 0 or not ctx.get(dut.challenge)
            await ctx.tick()
            ctx.set(dut.ask, 0)
        assert ctx.get(dut.failures) == 1

    run(dut, testbench)
    rest = dut.ANSWER_LATENCY
    assert seen == [(0, 0)] * rest + [REFUSED] + [(0, 0)] * (rest - 1)


def test_three_refusals_in_a_row_lock_out_for_a_while() -> None:
    dut = small()

    async def testbench(ctx: Any) -> None:
        await write_key(ctx, dut, 1, KEY)
        for tag in (1, 2, 0, 3, 4):  # 0: right
            challenge = await ask(ctx, dut)
            expected = REFUSED if tag else GRANTED
            assert await verdict(ctx, dut, tag or right(challenge)) == expected, tag
            assert not ctx.get(dut.locked_out), tag
        assert await ask(ctx, dut, operator=0) == 0
        for _ in range(1 << LOCKOUT_BITS):
            assert ctx.get(dut.locked_out)
            assert await ask(ctx, dut) == 0
            assert ctx.get(dut.refused)
        assert not ctx.get(dut.locked_out)
        assert ctx.get(dut.failures) == 5 + (1 << LOCKOUT_BITS)
        # What was refused meanwhile is no part of the next row.
        for _ in range(2):
            assert await verdict(ctx, dut, 1) == REFUSED
        assert await verdict(ctx, dut, right(await ask(ctx, dut))) == GRANTED

    run(dut, testbench)


def test_counters_stop_at_their_largest_value() -> None:
    dut = small()

    async def testbench(ctx: Any) -> None:
        for counter in (dut.failures, dut.key_refused):
            ctx.set(counter, (1 << 32) - 3)
        ctx.set(dut.ask, 1)
        ctx.set(dut.key_strobe, 1)
        ctx.set(dut.key_operator, 9)
        for expected in (3, 2, 1, 1, 1):
            assert ctx.get(dut.failures) == ctx.get(dut.key_refused) == (1 << 32) - expected
            await ctx.tick()

    run(dut, testbench)


@pytest.mark.parametrize("seed", range(3))
def test_random_traffic_is_answered_as_by_the_model(seed: int) -> None:
    dut, operators = small(), Operators(random.Random(seed))

    async def testbench(ctx: Any) -> None:
        for cycle in range(6000):
            for name, value in operators.inputs(count=cycle).items():
                ctx.set(getattr(dut, name), value)
            await ctx.tick()
            for name, value in operators.outputs().items():
                assert ctx.get(getattr(dut, name)) == value, (cycle, name)

    run(dut, testbench)
    assert operators.granted > 20
    assert operators.refused > 50
    assert operators.locked > 500


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"operators": 0}, "operators must be from 1 to 256, not 0"),
        ({"operators": 257}, "operators must be from 1 to 256, not 257"),
        ({"instruments": 33}, "instruments must be from 1 to 32, not 33"),
        ({"timeout_bits": 0}, "timeout_bits must be at least 1, not 0"),
        ({"lockout_bits": 0}, "lockout_bits must be at least 1, not 0"),
    ],
)
def test_a_parameter_must_be_in_range(parameters: dict[str, int], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        small(**parameters)


@pytest.mark.parametrize("operators", [1, 4])
def test_any_number_of_operators(operators: int) -> None:
    dut = small(operators=operators)
    last = operators - 1

    async def testbench(ctx: Any) -> None:
        await write_key(ctx, dut, last, KEY)
        challenge = await ask(ctx, dut, operator=last)
        assert await verdict(ctx, dut, right(challenge, operator=last)) == GRANTED

    run(dut, testbench)
