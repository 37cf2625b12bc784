"""Devices for tests of replays: exact with known cycles, or wrong on purpose."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from host.device.base import DeviceError
from hw.records import EVENT_KIND, UPDATE_KIND
from sim.devices.model import ModelDevice

__all__ = ["CYCLES", "FailingDevice", "LaggingDevice", "LosingDevice", "TimedDevice", "WrongDevice"]

CYCLES: Final = {"cycles": 1000, "stall_cycles": 25, "deferred_max": 7, "window_moves": 2}


class TimedDevice(ModelDevice):
    """The model, with the latency of a replace 8 and of everything else 6 cycles."""

    name = "timed"
    cycle_accurate = True

    def transfer(self, updates: NDArray[np.void]) -> NDArray[np.void]:
        """Return the model's events with latencies."""
        events = super().transfer(updates)
        events["latency"] = np.where(events["cause"] == UPDATE_KIND.replace, 8, 6)
        return events

    def read(self, register: str, index: int = 0) -> int:
        """Return a fixed number for what only gateware counts."""
        return CYCLES.get(register) or super().read(register, index)


class LaggingDevice(ModelDevice):
    """The model, whose events come one call late."""

    def __init__(self, *args: object, **kwargs: object) -> None:
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        self._late = super().drain()

    def transfer(self, updates: NDArray[np.void]) -> NDArray[np.void]:
        """Return the events of the call before."""
        late, self._late = self._late, super().transfer(updates)
        return late

    def drain(self) -> NDArray[np.void]:
        """Return the events of the last call."""
        late, self._late = self._late, super().drain()
        return late


class WrongDevice(ModelDevice):
    """The model, but each best bid and each bid level holds one lot too many."""

    def transfer(self, updates: NDArray[np.void]) -> NDArray[np.void]:
        """Return wrong events."""
        events = super().transfer(updates)
        events["bid_quantity"] += (events["flags"] & 1).astype(np.uint64)
        return events


class LosingDevice(ModelDevice):
    """The model, but the events of executions are lost."""

    def transfer(self, updates: NDArray[np.void]) -> NDArray[np.void]:
        """Return too few events."""
        events = super().transfer(updates)
        lost = (events["cause"] == UPDATE_KIND.execute) & (events["kind"] == EVENT_KIND.best)
        kept: NDArray[np.void] = events[~lost]
        return kept


class FailingDevice(ModelDevice):
    """Fails on the first transfer."""

    def transfer(self, updates: NDArray[np.void]) -> NDArray[np.void]:
        """Fail."""
        raise DeviceError("the board is on fire")
