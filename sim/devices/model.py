"""The ``model`` device: the reference model behind the device interface, without a compiler."""

from collections.abc import Callable
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from host.device.base import DeviceError
from host.device.records import EVENT_DTYPE
from hw.presets import BookParameters
from hw.registers import REGISTERS, map_id
from sim.devices.checks import check_updates, check_write, register_entry
from sim.models.book import BookModel

__all__ = ["ModelDevice"]

_RESTART: Final = 1  # control, bit 0
_READY: Final = 1  # status, bit 0


class ModelDevice:
    """Book engine without cycles: every event is exact, comes at once and is never deferred.

    Registers that count what only the gateware has (cycles, stalls, deferrals, refills, window,
    stash) stay 0. ``cycle`` and ``latency`` of all events are 0.

    Parameters
    ----------
    parameters : BookParameters
        Size of the engine.

    Attributes
    ----------
    name, parameters, cycle_accurate
        As in ``host.device.base.Device``.
    """

    name: str = "model"
    cycle_accurate: bool = False

    def __init__(self, parameters: BookParameters) -> None:
        self.parameters = parameters
        self._closed = False
        self._control = REGISTERS["control"].reset
        self._clear()
        self._counters: dict[str, Callable[[], int]] = {
            "books": lambda: parameters.books,
            "control": lambda: self._control,
            "events": lambda: self._events,
            "map_id": lambda: map_id(parameters),
            "orders": lambda: self._model.orders,
            "status": lambda: 0 if self._control & _RESTART else _READY,
            "updates": lambda: self._model.updates,
        }

    def _clear(self) -> None:
        self._model = BookModel(self.parameters)
        self._events = 0

    def read(self, register: str, index: int = 0) -> int:
        """Return the value of a register, or of entry ``index`` of a table.

        Raises
        ------
        KeyError
            If there is no such register.
        IndexError
            If the table has no such entry.
        DeviceError
            If the device is closed.
        """
        self._check_open()
        width = register_entry(register, index).width
        if register == "errors":
            return min(self._model.errors[index], (1 << width) - 1)
        counter = self._counters.get(register)
        return counter() & ((1 << width) - 1) if counter else 0

    def write(self, register: str, value: int, index: int = 0) -> None:
        """Write a register. ``control`` bit 0 restarts: nothing is taken while it is 1.

        Raises
        ------
        KeyError, IndexError, DeviceError
            As ``read``.
        PermissionError
            If the register is read-only.
        ValueError
            If the value does not fit.
        """
        self._check_open()
        check_write(register_entry(register, index), value)
        self._control = value
        if value & _RESTART:
            self._clear()

    def transfer(self, updates: NDArray[np.void]) -> NDArray[np.void]:
        """Apply updates and return all their events, in order.

        Parameters
        ----------
        updates : array of shape (n,), dtype ``UPDATE_DTYPE``

        Returns
        -------
        array of shape (m,), dtype ``EVENT_DTYPE``

        Raises
        ------
        DeviceError
            If the device is closed or held in restart.
        ValueError
            If the array has another shape or dtype.
        """
        self._check_open()
        check_updates(updates)
        if self._control & _RESTART:
            raise DeviceError("the device is held in restart: write 0 to control first")
        events = self._model.run(updates)
        events["sequence"] += np.uint64(self._events)
        self._events += len(events)
        return events

    def drain(self) -> NDArray[np.void]:
        """Return no event: ``transfer`` gives all of them at once."""
        self._check_open()
        return np.zeros(0, EVENT_DTYPE)

    def close(self) -> None:
        """Release the device. Calling it twice is allowed."""
        self._closed = True

    def __enter__(self) -> Self:
        """Return the device."""
        return self

    def __exit__(self, *exc: object) -> None:
        """Close the device."""
        self.close()

    def _check_open(self) -> None:
        if self._closed:
            raise DeviceError("the device is closed")
