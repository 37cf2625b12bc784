"""Unit tests of gateware.net.crc32 against zlib."""

import random
import zlib
from typing import Any

import pytest
from amaranth import Module, Signal

from gateware.net.crc32 import INITIAL, RESIDUES, fold, step_word
from tests.gateware.bench import run


def left_over(frame: bytes) -> int:
    """Step through the full words of a frame; return state XOR folded rest."""
    m = Module()
    word, state, mixed = Signal(64), Signal(32), Signal(32)
    after = Signal(32)
    m.d.comb += [mixed.eq(state ^ fold(word)), after.eq(step_word(mixed))]
    got = INITIAL

    async def testbench(ctx: Any) -> None:
        nonlocal got
        for n in range(0, len(frame) // 8 * 8 + 1, 8):
            ctx.set(state, got)
            ctx.set(word, int.from_bytes(frame[n : n + 8], "little"))
            got = ctx.get(mixed if n + 8 > len(frame) else after)

    run(m, testbench)
    return got


@pytest.mark.parametrize("size", [*range(24), 60, 61, 1514])
def test_a_frame_with_the_fcs_of_zlib_leaves_the_residue(size: int) -> None:
    frame = random.Random(size).randbytes(size)
    frame += zlib.crc32(frame).to_bytes(4, "little")
    assert left_over(frame) == RESIDUES[len(frame) % 8]


@pytest.mark.parametrize("size", range(60, 68))
def test_a_wrong_bit_leaves_another(size: int) -> None:
    frame = random.Random(size).randbytes(size)
    frame += zlib.crc32(frame).to_bytes(4, "little")
    for bit in (0, 37, 8 * size - 1, 8 * size + 31):
        wrong = int.from_bytes(frame, "little") ^ (1 << bit)
        assert left_over(wrong.to_bytes(len(frame), "little")) != RESIDUES[len(frame) % 8]
