"""The C functions of ``harness.cpp``, typed."""

import ctypes
import weakref
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from host.device.base import DeviceError
from host.device.records import EVENT_DTYPE

__all__ = ["Harness"]

_POINTER: Final = ctypes.c_void_p
_U32: Final = ctypes.c_uint32
_U64: Final = ctypes.c_uint64
_SIZE: Final = ctypes.c_size_t
_FUNCTIONS: Final[dict[str, tuple[type | None, list[type]]]] = {
    "tg_create": (_POINTER, [_U64, _U32, _U32]),
    "tg_destroy": (None, [_POINTER]),
    "tg_send": (_SIZE, [_POINTER, _POINTER, _SIZE, _U64]),
    "tg_settle": (ctypes.c_int, [_POINTER, _U64, _U64]),
    "tg_run": (None, [_POINTER, _U64]),
    "tg_read": (_U32, [_POINTER, _U32]),
    "tg_write": (None, [_POINTER, _U32, _U32]),
    "tg_forget": (None, [_POINTER]),
    "tg_available": (_SIZE, [_POINTER]),
    "tg_take": (None, [_POINTER, _POINTER]),
    "tg_outstanding": (_U64, [_POINTER]),
    "tg_unresolved": (_U64, [_POINTER]),
}


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

    def __init__(self, library: Path, *, seed: int = 0, idle: int = 0, stall: int = 0) -> None:
        try:
            self._library = ctypes.CDLL(str(library))
        except OSError as error:
            raise DeviceError(f"cannot load {library}: {error}; delete it to build anew") from error
        for name, (result, arguments) in _FUNCTIONS.items():
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
        events = np.empty(self._library.tg_available(self._handle), EVENT_DTYPE)
        self._library.tg_take(self._handle, events.ctypes.data)
        return events

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
