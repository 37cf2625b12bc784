"""Market updates and requests for tests."""

import numpy as np
from numpy.typing import NDArray

from host.device.base import Device
from host.device.records import RISK_REQUEST_DTYPE, UPDATE_DTYPE
from hw.records import REQUEST_KIND, UPDATE_KIND

__all__ = ["everything", "numbered", "requested"]


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


def requested(count: int, start: int = 0) -> NDArray[np.void]:
    """Return new orders with the order ids ``start`` and up."""
    requests = np.zeros(count, RISK_REQUEST_DTYPE)
    requests["kind"] = REQUEST_KIND.new
    requests["order_id"] = np.arange(start, start + count)
    return requests
