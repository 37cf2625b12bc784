"""Small real devices for tests: each update comes back as one event."""

import logging
import os
import signal
import time
from typing import Self

import numpy as np
from numpy.typing import NDArray

from host.device.base import DeviceError
from host.device.records import EVENT_DTYPE, ORDER_DTYPE, RISK_EVENT_DTYPE
from hw.presets import BookParameters
from hw.records import EVENT_KIND, ORDER_KIND, REQUEST_KIND, RISK_EVENT_KIND
from hw.registers import REGISTERS, map_id
from hw.risk_parameters import RiskParameters

# Methods do what host.device.base.Device says, but for what each class says of itself.
# ruff: noqa: D102

__all__ = [
    "FailingDevice",
    "ForeignDevice",
    "HangingDevice",
    "HoleDevice",
    "LaggingDevice",
    "LoopbackDevice",
    "LoopbackRiskDevice",
    "SuicidalDevice",
    "absent_device",
    "slow_device",
]

FATAL_ORDER = 666  # order id at which the devices that misbehave do so


class LoopbackDevice:
    """Answer every update with an event of the same order id."""

    name = "loopback"
    cycle_accurate = False

    def __init__(self, parameters: BookParameters) -> None:
        self.parameters = parameters
        self.control = 0
        self.events = 0
        self.closed = False

    def read(self, register: str, index: int = 0) -> int:
        entry = REGISTERS[register]
        if not 0 <= index < entry.count:
            raise IndexError(f"{register} has {entry.count} entries, no {index}")
        return {"map_id": map_id(self.parameters), "events": self.events}.get(
            register, self.control if register == "control" else 0
        )

    def write(self, register: str, value: int, index: int = 0) -> None:
        if REGISTERS[register].access != "rw":
            raise PermissionError(f"register {register} is read-only")
        if not 0 <= value < 2**32:
            raise ValueError(f"{register} must be below 2**32, not {value}")
        self.control = value
        if value & 1:
            self.events = 0

    def transfer(self, updates: NDArray[np.void]) -> NDArray[np.void]:
        events = np.zeros(len(updates), EVENT_DTYPE)
        events["sequence"] = np.arange(self.events, self.events + len(updates))
        events["kind"] = EVENT_KIND.best
        for field in ("order_id", "book", "time"):
            events[field] = updates[field]
        self.events += len(updates)
        return events

    def drain(self) -> NDArray[np.void]:
        return np.zeros(0, EVENT_DTYPE)

    def close(self) -> None:
        self.closed = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


class LaggingDevice(LoopbackDevice):
    """Hold the last event of a transfer back until the next transfer or drain."""

    def __init__(self, parameters: BookParameters) -> None:
        super().__init__(parameters)
        self._held = np.zeros(0, EVENT_DTYPE)

    def transfer(self, updates: NDArray[np.void]) -> NDArray[np.void]:
        events = np.concatenate([self._held, super().transfer(updates)])
        self._held = events[-1:]
        return events[:-1]

    def drain(self) -> NDArray[np.void]:
        held, self._held = self._held, np.zeros(0, EVENT_DTYPE)
        return held


class LoopbackRiskDevice(LoopbackDevice):
    """Answer every request with a risk event, and new ones with an order; the last one lags.

    It fails while the pin is high, and loses the event of the fatal order. ``collect`` gives what
    lags.
    """

    name = "loopback_risk"

    def __init__(self, parameters: BookParameters) -> None:
        super().__init__(parameters)
        self.risk = RiskParameters(books=4, instruments=8)
        self.high = False
        self.cycles = 0
        self._told = 0
        self._lag = np.zeros(0, RISK_EVENT_DTYPE)

    def read(self, register: str, index: int = 0) -> int:
        if register == "map_id":
            return map_id(self.parameters, risk=self.risk)
        return super().read(register, index)

    def exchange(self, requests: NDArray[np.void]) -> tuple[NDArray[np.void], NDArray[np.void]]:
        if self.high:
            raise DeviceError("the pin is high")
        events = np.zeros(len(requests), RISK_EVENT_DTYPE)
        events["sequence"] = np.arange(self._told, self._told + len(requests))
        events["kind"] = RISK_EVENT_KIND.told
        events["order_id"] = requests["order_id"]
        self._told += len(requests)
        news = requests[requests["kind"] == REQUEST_KIND.new]
        orders = np.zeros(len(news), ORDER_DTYPE)
        orders["kind"] = ORDER_KIND.new
        orders["order_id"] = news["order_id"]
        both = np.concatenate([self._lag, events[events["order_id"] != FATAL_ORDER]])
        self._lag = both[-1:]
        return orders, both[:-1]

    def collect(self, cycles: int = 0) -> tuple[NDArray[np.void], NDArray[np.void]]:
        self.cycles += cycles
        lag, self._lag = self._lag, self._lag[:0]
        return np.zeros(0, ORDER_DTYPE), lag

    def set_pin(self, high: bool) -> None:
        self.high = high


class ForeignDevice(LoopbackDevice):
    """Built from something else."""

    def read(self, register: str, index: int = 0) -> int:
        return 0xDEAD if register == "map_id" else super().read(register, index)


class HoleDevice(LoopbackDevice):
    """Lose an event after the fatal order."""

    def transfer(self, updates: NDArray[np.void]) -> NDArray[np.void]:
        events = super().transfer(updates)
        kept: NDArray[np.void] = events[updates["order_id"] != FATAL_ORDER]
        return kept


class FailingDevice(LoopbackDevice):
    """Fail on the fatal order."""

    def transfer(self, updates: NDArray[np.void]) -> NDArray[np.void]:
        if FATAL_ORDER in updates["order_id"]:
            raise DeviceError("the order of doom")
        return super().transfer(updates)

    def drain(self) -> NDArray[np.void]:
        raise RuntimeError("nothing drains")


class SuicidalDevice(LoopbackDevice):
    """End the whole process on the fatal order, as ``kill -9`` does."""

    def transfer(self, updates: NDArray[np.void]) -> NDArray[np.void]:
        if FATAL_ORDER in updates["order_id"]:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().transfer(updates)


class HangingDevice(LoopbackDevice):
    """Take longer over the fatal order than anyone waits."""

    def transfer(self, updates: NDArray[np.void]) -> NDArray[np.void]:
        if FATAL_ORDER in updates["order_id"]:
            time.sleep(600)
        return super().transfer(updates)


def absent_device(parameters: BookParameters) -> LoopbackDevice:
    """Raise what a board that is not there raises."""
    raise DeviceError("no board answers in slot 3")


def slow_device(parameters: BookParameters) -> LoopbackDevice:
    """Take longer to open than anyone waits, and say what for."""
    logging.getLogger(__name__).info("compiling %d of %d", 2, 3)
    time.sleep(600)
    return LoopbackDevice(parameters)


def _lacks_a_board() -> list[str]:
    return ["A board is needed.", "Buy one."]


absent_device.missing = _lacks_a_board  # type: ignore[attr-defined] # functions take attributes
