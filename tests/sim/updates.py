"""Small engines, and updates by keyword, for tests."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from host.device.records import UPDATE_DTYPE
from hw.presets import BookParameters
from hw.records import UPDATE_KIND
from sim.models.book import Update

__all__ = ["TINY", "array_of", "update"]

# Narrow in every direction, so that few updates reach every limit.
TINY: Final = BookParameters(
    books=2, window_ticks=64, order_slots=256, stash_slots=4, cached_levels=3, id_bits=16,
    tick_bits=16, quantity_bits=8, count_bits=8,
)  # fmt: skip


def update(kind: str | int, **fields: int) -> Update:
    """Return an update: its kind by name or number, and the fields that are not 0."""
    fields["kind"] = kind if isinstance(kind, int) else getattr(UPDATE_KIND, kind)
    unknown = fields.keys() - set(UPDATE_DTYPE.names or ())
    if unknown:
        raise ValueError(f"an update has no field {unknown}")
    book, kind, side, flags, order_id, new_id, tick, quantity, time = (
        fields.get(name, 0) for name in UPDATE_DTYPE.names or ()
    )
    return (book, kind, side, flags, order_id, new_id, tick, quantity, time)


def array_of(*updates: Update) -> NDArray[np.void]:
    """Return updates as an array of ``UPDATE_DTYPE``."""
    return np.array(list(updates), UPDATE_DTYPE)
