"""Bucket addresses of the order table."""

import random
from typing import Final

from amaranth import Cat, Value

from gateware.book.layouts import BANKS, Shapes

__all__ = ["bucket_masks", "bucket_of", "bucket_value"]

_SEED: Final = 0x7160  # any constant: the maps must only differ from bank to bank


def bucket_masks(shapes: Shapes) -> list[list[int]]:
    """Return, for each bank and each bit of the set, the mask of key bits that it is the parity of.

    The set of bank ``b`` is ``low(id) ^ M_b * high(key)`` over GF(2), ``M_b`` a fixed random
    matrix: together with the high bits of the key the set determines the low bits, so that only
    the high bits need comparing.
    """
    generator = random.Random(_SEED)
    width = shapes.key.size
    low = shapes.set_bits
    return [
        [(1 << bit) | (generator.getrandbits(width - low) << low) for bit in range(low)]
        for _ in range(BANKS)
    ]


def bucket_of(shapes: Shapes, bank: int, key: int) -> int:
    """Return the set of a key in a bank: the model of ``bucket_value``."""
    return sum(
        ((key & mask).bit_count() & 1) << bit for bit, mask in enumerate(bucket_masks(shapes)[bank])
    )


def bucket_value(shapes: Shapes, bank: int, key: Value) -> Value:
    """Return the set of a key in a bank, as combinational logic."""
    return Cat((key & mask).xor() for mask in bucket_masks(shapes)[bank])
