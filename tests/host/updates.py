"""Market updates for tests."""

import numpy as np
from numpy.typing import NDArray

from host.device.base import Device
from host.device.records import UPDATE_DTYPE
from hw.records import UPDATE_KIND

__all__ = ["everything", "numbered"]


def everything(device: Device, updates: NDArray[np.void]) -> NDArray[np.void]:
    """Return all events of some updates, however late they come."""
    return np.concatenate([device.transfer(updates), device.drain()])


def numbered(count: int, start: int = 0) -> NDArray[np.void]:
    """Return adds with the order ids ``start`` and up."""
    updates = np.zeros(count, UPDATE_DTYPE)
    updates["kind"] = UPDATE_KIND.add
    updates["order_id"] = np.arange(start, start + count)
    updates["tick"] = 5
    updates["quantity"] = 1
    return updates
