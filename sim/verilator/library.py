"""The C functions of ``harness.cpp``, typed."""

import ctypes
import weakref
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from host.device.base import DeviceError
from host.device.records import EVENT_DTYPE, ORDER_DTYPE, RISK_EVENT_DTYPE

__all__ = ["Harness", "RiskHarness"]

_POINTER: Final = ctypes.c_void_p
_U32: Final = ctypes.c_uint32
_U64: Final = ctypes.c_uint64
_SIZE: Final = ctypes.c_size_t
_Functions = dict[str, tuple[type | None, list[type]]]
_FUNCTIONS: Final[_Functions] = {
    "tg_create": (_POINTER, [_U64, _U32, _U32]),
    "tg_destroy": (None, [_POINTER]),
    "tg_send": (_SIZE, [_POINTER, _POINTER, _SIZE, _U64]),
    "tg_settle": (ctypes.c_int, [_POINTER, _U64, _U64]),
    "tg_run": (None, [_POINTER, _U64]),
    "tg_read": (_U32, [_POINTER, _U32]),
    "tg_write": (None, [_POINTER, _U32, _U32]),
    "tg_forget": (None, [_POINTER]),
    "tg_available": (_SIZE, [_POINTER, _U32]),
    "tg_take": (None, [_POINTER, _U32, _POINTER]),
    "tg_outstanding": (_U64, [_POINTER]),
    "tg_unresolved": (_U64, [_POINTER]),
}
_RISK_FUNCTIONS: Final[_Functions] = {
    "tg_post": (None, [_POINTER, _POINTER, _SIZE]),
    "tg_flush": (ctypes.c_int, [_POINTER, _U64]),
    "tg_settle_risk": (ctypes.c_int, [_POINTER, _U64, _U64]),
    "tg_hold": (None, [_POINTER, ctypes.c_int]),
    "tg_pin": (None, [_POINTER, ctypes.c_int]),
    "tg_unsent": (_U64, [_POINTER]),
    "tg_unanswered": (_U64, [_POINTER]),
}
_EVENTS: Final = 0  # the streams that leave a device, as the harness numbers them
_ORDERS: Final = 1
_RISK_EVENTS: Final = 2


class Harness:
    """One simulated device. Not safe for use by two threads at once; every call frees the GIL.

    Parameters
    ----------
    library : Path
        Built by ``sim.verilator.build``.
    seed : int
        0 starts what reset does not set at 0; other seeds start it at random.
    idle, stall : int
        Of 256 cycles, how many the input is idle although there is an update, and how many the
        output is not taken.

    Raises
    ------
    DeviceError
        If the library cannot be loaded or memory runs out.
    """

    _functions: _Functions = _FUNCTIONS

    def __init__(self, library: Path, *, seed: int = 0, idle: int = 0, stall: int = 0) -> None:
        try:
            self._library = ctypes.CDLL(str(library))
        except OSError as error:
            raise DeviceError(f"cannot load {library}: {error}; delete it to build anew") from error
        for name, (result, arguments) in self._functions.items():
            function = getattr(self._library, name)
            function.restype, function.argtypes = result, arguments
        self._handle = self._library.tg_create(seed, idle, stall)
        if not self._handle:
            raise DeviceError("no memory for the simulated device")
        self._destroy = weakref.finalize(self, self._library.tg_destroy, self._handle)

    def send(self, updates: NDArray[np.void], patience: int) -> int:
        """Send updates; return how many were taken before ``patience`` cycles without any."""
        updates = np.ascontiguousarray(updates)
        data = updates.ctypes.data
        return int(self._library.tg_send(self._handle, data, len(updates), patience))

    def settle(self, quiet: int, patience: int) -> bool:
        """Run until every update is answered and nothing deferred, then ``quiet`` cycles more.

        Returns False after ``patience`` cycles without an event.
        """
        return bool(self._library.tg_settle(self._handle, quiet, patience))

    def run(self, cycles: int) -> None:
        """Run ``cycles`` cycles; events are kept for ``take``."""
        self._library.tg_run(self._handle, cycles)

    def read(self, address: int) -> int:
        """Read one word of the register bus: takes 2 cycles."""
        return int(self._library.tg_read(self._handle, address))

    def write(self, address: int, value: int) -> None:
        """Write one word of the register bus: takes 1 cycle."""
        self._library.tg_write(self._handle, address, value)

    def forget(self) -> None:
        """Drop the events that were not taken, and expect none."""
        self._library.tg_forget(self._handle)

    def take(self) -> NDArray[np.void]:
        """Return the events that came since the last call, in order."""
        return self._take(_EVENTS, EVENT_DTYPE)

    def _take(self, stream: int, dtype: np.dtype[np.void]) -> NDArray[np.void]:
        records = np.empty(
            self._library.tg_available(self._handle, stream) // dtype.itemsize, dtype
        )
        self._library.tg_take(self._handle, stream, records.ctypes.data)
        return records

    @property
    def outstanding(self) -> int:
        """Updates that were sent and have no closing event yet."""
        return int(self._library.tg_outstanding(self._handle))

    @property
    def unresolved(self) -> int:
        """Books whose last event was deferred."""
        return int(self._library.tg_unresolved(self._handle))

    def close(self) -> None:
        """Free the device. Calling it twice is allowed; every other call is not, afterwards."""
        self._destroy()


class RiskHarness(Harness):
    """One simulated device with a risk gate; otherwise as ``Harness``."""

    _functions = _FUNCTIONS | _RISK_FUNCTIONS

    def post(self, requests: NDArray[np.void]) -> None:
        """Queue requests: each is sent as soon as the gate takes it, whatever else runs."""
        requests = np.ascontiguousarray(requests)
        self._library.tg_post(self._handle, requests.ctypes.data, len(requests))

    def flush(self, patience: int) -> bool:
        """Run until every request is sent.

        Returns False after ``patience`` cycles without any.
        """
        return bool(self._library.tg_flush(self._handle, patience))

    def settle_risk(self, quiet: int, patience: int) -> bool:
        """Run until every request is closed, then until nothing came for ``quiet`` cycles.

        While orders are held back, requests that wait for them need not be closed. Returns False
        after ``patience`` cycles in which no request, order or risk event moved.
        """
        return bool(self._library.tg_settle_risk(self._handle, quiet, patience))

    def hold_orders(self, held: bool) -> None:
        """Take no order from the next cycle on, or take them again."""
        self._library.tg_hold(self._handle, held)

    def set_pin(self, high: bool) -> None:
        """Set the kill pin from the next cycle on."""
        self._library.tg_pin(self._handle, high)

    def take_orders(self) -> NDArray[np.void]:
        """Return the orders that left since the last call, in order."""
        return self._take(_ORDERS, ORDER_DTYPE)

    def take_risk_events(self) -> NDArray[np.void]:
        """Return the risk events that came since the last call, in order."""
        return self._take(_RISK_EVENTS, RISK_EVENT_DTYPE)

    @property
    def unsent(self) -> int:
        """Requests that wait for the gate to take them."""
        return int(self._library.tg_unsent(self._handle))

    @property
    def unanswered(self) -> int:
        """Requests that were sent and have no closing event yet."""
        return int(self._library.tg_unanswered(self._handle))
