"""Talking to a device in tests."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from host.device.base import Device
from hw.records import EVENT_FLAG, EVENT_KIND
from sim.models.book import Update
from tests.sim.updates import array_of

__all__ = ["BEST", "best", "closing", "flags", "say", "say_array"]

BEST = ("bid_tick", "bid_quantity", "bid_count", "ask_tick", "ask_quantity", "ask_count")


def say_array(device: Device, updates: NDArray[np.void]) -> NDArray[np.void]:
    """Send updates and return all their events."""
    return np.concatenate([device.transfer(updates), device.drain()])


def say(device: Device, *updates: Update) -> NDArray[np.void]:
    """Send updates and return all their events."""
    return say_array(device, array_of(*updates))


def closing(events: NDArray[np.void]) -> NDArray[np.void]:
    """Return the events that close an update."""
    other = (EVENT_KIND.resolved, EVENT_KIND.level, EVENT_KIND.order)
    return events[~np.isin(events["kind"], other)]


def best(event: np.void) -> tuple[int, ...]:
    """Return tick, quantity and count of the best bid, then of the best ask."""
    return tuple(int(event[name]) for name in BEST)


def flags(event: Any) -> set[str]:
    """Return the names of the flags that are set."""
    return {code.name for code in EVENT_FLAG if int(event["flags"]) >> code.value & 1}
