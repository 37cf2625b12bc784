"""Events as plain tuples, and as arrays of ``EVENT_DTYPE``."""

from collections.abc import Iterable
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from host.device.records import EVENT_DTYPE
from hw.records import EVENT_FLAG, EVENT_KIND, UPDATE_KIND

__all__ = [
    "ASK",
    "ASK_DEFERRED",
    "BID",
    "BID_DEFERRED",
    "CROSSED",
    "INVALID",
    "READS",
    "Event",
    "closing_kind",
    "to_array",
]

BID: Final = 1 << EVENT_FLAG.bid
ASK: Final = 1 << EVENT_FLAG.ask
BID_DEFERRED: Final = 1 << EVENT_FLAG.bid_deferred
ASK_DEFERRED: Final = 1 << EVENT_FLAG.ask_deferred
INVALID: Final = 1 << EVENT_FLAG.invalid
CROSSED: Final = 1 << EVENT_FLAG.crossed

READS: Final = frozenset({UPDATE_KIND.read_levels, UPDATE_KIND.read_orders})

_CLOSING: Final = np.full(256, EVENT_KIND.best, np.uint8)
_CLOSING[UPDATE_KIND.clear] = EVENT_KIND.cleared
_CLOSING[list(READS)] = EVENT_KIND.read_done


class Event(NamedTuple):
    """One ``book_event``, field by field as in ``hw/records.toml``."""

    sequence: int = 0
    time: int = 0
    cycle: int = 0
    bid_tick: int = 0
    bid_quantity: int = 0
    ask_tick: int = 0
    ask_quantity: int = 0
    order_id: int = 0
    bid_count: int = 0
    ask_count: int = 0
    latency: int = 0
    book: int = 0
    kind: int = 0
    cause: int = 0
    flags: int = 0
    error: int = 0
    index: int = 0  # type: ignore[assignment] # hides tuple.index, which nobody needs
    reserved: int = 0


def closing_kind(cause: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the kind of the event that closes an update of each kind.

    Parameters
    ----------
    cause : array of shape (n,), uint8
        Update kinds; codes that are none count as those that give ``best``.

    Returns
    -------
    array of shape (n,), uint8
    """
    kinds: NDArray[np.uint8] = _CLOSING[cause]
    return kinds


def to_array(events: Iterable[Event]) -> NDArray[np.void]:
    """Return events as an array of ``EVENT_DTYPE``, shape (n,)."""
    return np.array([tuple(event) for event in events], EVENT_DTYPE)
