"""Keep the device busy while the caller reads and checks."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from host.device.base import Device
from host.device.records import UPDATE_DTYPE

__all__ = ["Pump"]

_AHEAD: Final = 2  # batches: one on the device, one waiting, so that it never idles

_Batch = NDArray[np.void]


class Pump:
    """Send batches to a device from a thread of its own, in order.

    While the pump is open nothing else may use the device: not every device is thread-safe.
    The wait for a device in another process leaves the interpreter to the caller's thread.

    Parameters
    ----------
    device : Device
        Where the updates go.
    """

    def __init__(self, device: Device) -> None:
        self._device = device
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="device")
        self._under_way: deque[tuple[_Batch, Future[_Batch]]] = deque()

    def send(self, updates: _Batch) -> Iterator[tuple[_Batch, _Batch]]:
        """Send a batch, and yield ``(updates, events)`` of earlier ones when too many wait.

        Raises
        ------
        DeviceError
            If the device failed on one of those.
        """
        self._under_way.append((updates, self._pool.submit(self._device.transfer, updates)))
        while len(self._under_way) > _AHEAD:
            yield self._oldest()

    def finish(self) -> Iterator[tuple[_Batch, _Batch]]:
        """Yield what is still under way, then the events that only draining brings."""
        while self._under_way:
            yield self._oldest()
        yield np.zeros(0, UPDATE_DTYPE), self._call(self._device.drain)

    def _oldest(self) -> tuple[_Batch, _Batch]:
        updates, events = self._under_way.popleft()
        return updates, events.result()

    def _call(self, function: Callable[[], _Batch]) -> _Batch:
        return self._pool.submit(function).result()

    def __enter__(self) -> Self:
        """Return the pump."""
        return self

    def __exit__(self, *exc: object) -> None:
        """Wait for the batch that the device works on; drop those that wait."""
        self._pool.shutdown(cancel_futures=True)
