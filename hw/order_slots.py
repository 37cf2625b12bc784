"""Where the open-order table of the risk gate keeps an order."""

import random
from functools import cache
from typing import Final

__all__ = ["ORDER_WAYS", "slot_masks", "slot_of"]

#: Places of an order, one in each way.
ORDER_WAYS: Final = 4
_SEED: Final = 0x0BDE  # any constant: the maps must only differ from way to way


@cache
def slot_masks(order_slots: int, id_bits: int, way: int) -> tuple[int, ...]:
    """Return, for each bit of the slot, the mask of id bits that it is the parity of.

    The low bits of the id, each with a fixed random choice of the higher ones: consecutive ids
    take different slots of a way, and ids that meet in one way part in the others.

    Parameters
    ----------
    order_slots : int
        Slots of the whole table, a power of two, at least 8.
    id_bits : int
        Of an order id [bits].
    way : int
        0 to 3.
    """
    bits = (order_slots // ORDER_WAYS).bit_length() - 1
    generator = random.Random(_SEED + way)
    return tuple(
        (1 << bit) | (generator.getrandbits(max(id_bits - bits, 1)) << bits) & (1 << id_bits) - 1
        for bit in range(bits)
    )


def slot_of(order_slots: int, id_bits: int, way: int, order_id: int) -> int:
    """Return the slot of an id in a way, 0 to order_slots / 4 - 1."""
    masks = slot_masks(order_slots, id_bits, way)
    return sum(((order_id & mask).bit_count() & 1) << bit for bit, mask in enumerate(masks))
