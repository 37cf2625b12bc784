"""What every device offers: the only thing that the rest of the host knows of it."""

from typing import Protocol, Self, TypeGuard

import numpy as np
from numpy.typing import NDArray

from hw.presets import BookParameters
from hw.risk_parameters import RiskParameters

__all__ = [
    "Device",
    "DeviceError",
    "DeviceLostError",
    "DeviceMismatchError",
    "NoGateError",
    "RiskDevice",
    "has_gate",
]


class DeviceError(RuntimeError):
    """The device cannot do what was asked; the text says what was expected and what came."""


class DeviceMismatchError(DeviceError):
    """The device was built from other registers, records or parameters than this host."""


class DeviceLostError(DeviceError):
    """The device, or a process between it and the caller, is gone; a new try can succeed."""


class NoGateError(DeviceError):
    """The device has no risk gate."""


class Device(Protocol):
    """A book engine, on a board or simulated.

    Backends are found through the entry-point group ``tickgate.devices``: each is a callable
    ``(parameters: BookParameters) -> Device`` with the name that the user gives (``verilated``).
    It may have an attribute ``missing``, a callable ``() -> list[str]`` that says, one sentence
    each, what this machine lacks to run it (a compiler, say) and the remedy; empty means ready.
    Without the attribute a backend that can be imported is ready. While it opens, what it logs
    at INFO is shown to the user as progress.

    Attributes
    ----------
    name : str
        Name of the backend.
    parameters : BookParameters
        What it was built with.
    cycle_accurate : bool
        Whether ``cycle`` and ``latency`` of its events are those of the gateware. Where it is
        False they are 0.
    """

    name: str
    parameters: BookParameters
    cycle_accurate: bool

    def read(self, register: str, index: int = 0) -> int:
        """Return the value of a register, or of entry ``index`` of a table.

        Raises
        ------
        KeyError
            If there is no such register.
        IndexError
            If the table has no such entry.
        """
        ...

    def write(self, register: str, value: int, index: int = 0) -> None:
        """Write a register.

        Raises
        ------
        KeyError, IndexError
            As ``read``.
        PermissionError
            If the register is read-only.
        ValueError
            If the value does not fit.
        """
        ...

    def transfer(self, updates: NDArray[np.void]) -> NDArray[np.void]:
        """Send updates and return the events that came, in order.

        Every update is sent, as fast as the device takes them; backpressure is respected.
        Events may lag: those of the last updates can come with a later call, or with ``drain``.

        Parameters
        ----------
        updates : array of shape (n,), dtype ``host.device.records.UPDATE_DTYPE``

        Returns
        -------
        array of shape (m,), dtype ``host.device.records.EVENT_DTYPE``
        """
        ...

    def drain(self) -> NDArray[np.void]:
        """Run until nothing is under way and return the events that came (simulation only)."""
        ...

    def close(self) -> None:
        """Release the device. Calling it twice is allowed."""
        ...

    def __enter__(self) -> Self:
        """Return the device."""
        ...

    def __exit__(self, *exc: object) -> None:
        """Close the device."""
        ...


class RiskDevice(Device, Protocol):
    """A device with a risk gate between intents and venues.

    ``read`` and ``write`` take its registers too: those of ``hw.registers.RISK_REGISTERS``, and the
    limits by name and row. A limit of more than 32 bits is written as two words, low first.
    A write that the gate refuses raises nothing: ``limits_refused`` counts it.

    Attributes
    ----------
    risk : RiskParameters
        What its gate was built with.
    """

    risk: RiskParameters

    def exchange(self, requests: NDArray[np.void]) -> tuple[NDArray[np.void], NDArray[np.void]]:
        """Send requests in order, each as soon as the gate takes it; return what came meanwhile.

        Orders and events may lag: those of the last requests can come with a later call.

        Parameters
        ----------
        requests : array of shape (n,), dtype ``host.device.records.RISK_REQUEST_DTYPE``

        Returns
        -------
        orders : array of shape (m,), dtype ``host.device.records.ORDER_DTYPE``
        events : array of shape (k,), dtype ``host.device.records.RISK_EVENT_DTYPE``
        """
        ...

    def collect(self, cycles: int = 0) -> tuple[NDArray[np.void], NDArray[np.void]]:
        """Return the orders and risk events that came since the last call.

        Parameters
        ----------
        cycles : int
            Cycles to run first (simulation only).
        """
        ...

    def set_pin(self, high: bool) -> None:
        """Set the kill pin (simulation only)."""
        ...


def has_gate(device: Device) -> TypeGuard[RiskDevice]:
    """Say whether a device has a risk gate."""
    return getattr(device, "risk", None) is not None
