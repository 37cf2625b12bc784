"""Unit tests of gateware.book.hashing."""

import random
from typing import Any

import pytest
from amaranth import Module, Signal
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from gateware.book.hashing import bucket_masks, bucket_of, bucket_value
from gateware.book.layouts import BANKS, Shapes
from hw.presets import BookParameters
from sim.models.order_table import linear_hash
from tests.gateware.bench import SMALL, TINY, run

SHAPES = [Shapes(SMALL), Shapes(TINY)]


class Buckets(wiring.Component):
    """The sets of a key in every bank."""

    key: Signal
    sets: Any

    def __init__(self, shapes: Shapes) -> None:
        self.shapes = shapes
        ports = {"key": In(shapes.key.size), "sets": Out(shapes.set).array(BANKS)}
        super().__init__(ports)

    def elaborate(self, platform: object) -> Module:
        """Connect every bank."""
        m = Module()
        for bank in range(BANKS):
            m.d.comb += self.sets[bank].eq(bucket_value(self.shapes, bank, self.key))
        return m


@pytest.mark.parametrize("shapes", SHAPES)
def test_circuit_function_and_model_agree(shapes: Shapes) -> None:
    generator = random.Random(2)
    dut = Buckets(shapes)
    hashed = linear_hash(bucket_masks(shapes))
    keys = [0, (1 << shapes.key.size) - 1]
    keys += [generator.getrandbits(shapes.key.size) for _ in range(200)]

    async def testbench(ctx: Any) -> None:
        for key in keys:
            ctx.set(dut.key, key)
            for bank in range(BANKS):
                expected = bucket_of(shapes, bank, key)
                assert ctx.get(dut.sets[bank]) == expected == hashed(bank, key)

    run(dut, testbench)


@pytest.mark.parametrize("shapes", SHAPES)
@pytest.mark.parametrize("bank", range(BANKS))
def test_set_and_high_bits_together_tell_keys_apart(shapes: Shapes, bank: int) -> None:
    generator = random.Random(bank)
    for _ in range(20):
        high = generator.getrandbits(shapes.key.size - shapes.set_bits) << shapes.set_bits
        sets = {bucket_of(shapes, bank, high | low) for low in range(1 << shapes.set_bits)}
        assert sets == set(range(1 << shapes.set_bits))


def test_banks_put_the_same_keys_into_different_company() -> None:
    shapes = Shapes(BookParameters(books=16, window_ticks=64, order_slots=2**13))
    generator = random.Random(5)
    pairs = 0
    for _ in range(300):
        a = generator.getrandbits(shapes.key.size)
        # A neighbour in bank 0: another high part, and the low part that meets it there.
        b = a ^ (1 + generator.getrandbits(20)) << shapes.set_bits
        b ^= bucket_of(shapes, 0, a) ^ bucket_of(shapes, 0, b)
        assert bucket_of(shapes, 0, a) == bucket_of(shapes, 0, b)
        pairs += sum(bucket_of(shapes, bank, a) == bucket_of(shapes, bank, b) for bank in (1, 2, 3))
    assert pairs < 20  # independent maps: 900 / 512, about 2


def test_the_maps_are_the_same_in_every_run() -> None:
    assert bucket_masks(SHAPES[0]) == bucket_masks(Shapes(SMALL))
    assert len({tuple(masks) for masks in bucket_masks(SHAPES[0])}) == BANKS
