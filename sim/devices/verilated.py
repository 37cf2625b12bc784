"""The ``verilated`` device: the gateware itself, compiled by Verilator, cycle for cycle."""

import threading
from collections.abc import Mapping
from typing import Final, Self

import numpy as np
from numpy.typing import NDArray

from host.device.base import DeviceError, DeviceMismatchError
from hw.presets import BookParameters
from hw.registers import REGISTERS, Register, map_id
from sim.devices.checks import check_updates, check_write, register_entry
from sim.verilator.build import library_path
from sim.verilator.library import Harness
from sim.verilator.toolchain import missing

__all__ = ["VerilatedDevice"]

_WORD: Final = (1 << 32) - 1
_RESTART: Final = 1  # control, bit 0
_READY: Final = 1  # status, bit 0
_CHUNK: Final = 1 << 16  # updates a call, so that an interrupt is seen within a second
_QUIET: Final = 64  # cycles without an event before drain believes that all is said
_POLL: Final = 1024  # cycles between looks at status


class VerilatedDevice:
    """Book engine in simulation, every cycle of it.

    The first device of a build compiles the gateware, which takes about a minute; later ones start
    in less than two seconds. Safe for use by several threads, one call at a time.

    Parameters
    ----------
    parameters : BookParameters
        Size of the engine.
    seed : int
        0: memories and what reset does not set start at 0. Otherwise they start at random, and
        the stalls below follow the seed. 0 to 2**31 - 1.
    idle, stall : float
        Probability that the input is idle in a cycle although there is an update, and that the
        output is not taken, 0 to 0.9.

    Attributes
    ----------
    name, parameters, cycle_accurate
        As in ``host.device.base.Device``.

    Raises
    ------
    DeviceError
        If the machine cannot build it (``missing`` says what it lacks), or it does not get ready.
    DeviceMismatchError
        If the gateware reports another ``map_id``.
    ValueError
        If an argument is out of range.
    """

    name: str = "verilated"
    cycle_accurate: bool = True
    _registers: Mapping[str, Register] = REGISTERS
    _ready_when: tuple[str, ...] = ("status",)  # registers whose bit 0 says ready

    def __init__(
        self, parameters: BookParameters, *, seed: int = 0, idle: float = 0.0, stall: float = 0.0
    ) -> None:
        if not 0 <= seed < 1 << 31:
            raise ValueError(f"seed must be from 0 to 2**31 - 1, not {seed}")
        for key, value in (("idle", idle), ("stall", stall)):
            if not 0 <= value <= 0.9:
                raise ValueError(f"{key} must be from 0 to 0.9, not {value}")
        self.parameters = parameters
        # A sweep passes every set and every level; nothing takes as long as 64 sweeps.
        levels = 2 * parameters.books * parameters.window_ticks
        self._patience = 1_000_000 + 64 * (parameters.sets + levels)
        self._control = REGISTERS["control"].reset
        self._closed = False
        self._lock = threading.Lock()
        self._harness = self._load(seed=seed, idle=int(idle * 256), stall=int(stall * 256))
        self._wait_ready()
        if (found := self.read("map_id")) != (wanted := self._identity()):
            self.close()
            raise DeviceMismatchError(f"map_id must be {wanted:#010x}, not {found:#010x}")

    def _load(self, *, seed: int, idle: int, stall: int) -> Harness:
        return Harness(library_path(self.parameters), seed=seed, idle=idle, stall=stall)

    def _identity(self) -> int:
        return map_id(self.parameters)

    @staticmethod
    def missing() -> list[str]:
        """Return what this machine lacks to build the device, in words; empty if nothing."""
        return missing()

    def read(self, register: str, index: int = 0) -> int:
        """Return the value of a register, or of entry ``index`` of a table.

        Takes a few clock cycles; events that come meanwhile are kept.

        Raises
        ------
        KeyError
            If there is no such register.
        IndexError
            If the table has no such entry.
        DeviceError
            If the device is closed.
        """
        entry = register_entry(register, index, self._registers)
        address = entry.address + index * entry.stride
        with self._lock:
            self._check_open()
            value = self._harness.read(address)
            if entry.words == 2:
                value |= self._harness.read(address + 4) << 32
        return value

    def write(self, register: str, value: int, index: int = 0) -> None:
        """Write a register. ``control`` bit 0 restarts: nothing is taken while it is 1.

        A restart drops the events that no ``transfer`` or ``drain`` has returned.

        Raises
        ------
        KeyError, IndexError, DeviceError
            As ``read``.
        PermissionError
            If the register is read-only.
        ValueError
            If the value does not fit.
        """
        entry = register_entry(register, index, self._registers)
        check_write(entry, value)
        with self._lock:
            self._check_open()
            if register == "control":
                if value & ~self._control & _RESTART:
                    self._before_restart()
                self._control = value
            address = entry.address + index * entry.stride
            self._harness.write(address, value & _WORD)
            if entry.words == 2:
                self._harness.write(address + 4, value >> 32)

    def transfer(self, updates: NDArray[np.void]) -> NDArray[np.void]:
        """Send updates, one a cycle where the gateware takes them, and return the events that came.

        Parameters
        ----------
        updates : array of shape (n,), dtype ``UPDATE_DTYPE``

        Returns
        -------
        array of shape (m,), dtype ``EVENT_DTYPE``
            The events of the last updates come with the next call, or with ``drain``.

        Raises
        ------
        DeviceError
            If the device is closed, held in restart, or takes no update for very long.
        ValueError
            If the array has another shape or dtype.
        """
        check_updates(updates)
        parts = []
        with self._lock:
            self._check_open()
            if self._control & _RESTART:
                raise DeviceError("the device is held in restart: write 0 to control first")
            for start in range(0, max(len(updates), 1), _CHUNK):
                chunk = updates[start : start + _CHUNK]
                sent = self._harness.send(chunk, self._patience)
                if sent < len(chunk):
                    raise DeviceError(
                        f"the gateware took no update for {self._patience} cycles: "
                        f"{start + sent} of {len(updates)} sent, {self._lag()}"
                    )
                parts.append(self._harness.take())
        return np.concatenate(parts)

    def drain(self) -> NDArray[np.void]:
        """Run until the gateware is ready and every update has its exact event; return the events.

        Raises
        ------
        DeviceError
            If the device is closed, or says nothing for very long although an event is due.
        """
        with self._lock:
            self._check_open()
            self._settle()
            return self._harness.take()

    def close(self) -> None:
        """Release the device. Calling it twice is allowed."""
        with self._lock:
            self._closed = True
            self._harness.close()

    def __enter__(self) -> Self:
        """Return the device."""
        return self

    def __exit__(self, *exc: object) -> None:
        """Close the device."""
        self.close()

    def _check_open(self) -> None:
        if self._closed:
            raise DeviceError("the device is closed")

    def _before_restart(self) -> None:
        # An update that waits before the engine would outlive the restart.
        self._harness.settle(0, self._patience)
        self._harness.forget()

    def _settle(self) -> None:
        if not self._harness.settle(_QUIET, self._patience):
            raise DeviceError(f"no event for {self._patience} cycles: {self._lag()}")
        if not self._control & _RESTART:
            self._wait_ready()

    def _lag(self) -> str:
        return (
            f"{self._harness.outstanding} updates without an event, "
            f"{self._harness.unresolved} books deferred"
        )

    def _wait_ready(self) -> None:
        """Run until every memory is clear."""
        addresses = [self._registers[name].address for name in self._ready_when]
        for _ in range(0, self._patience, _POLL):
            if all(self._harness.read(address) & _READY for address in addresses):
                return
            self._harness.run(_POLL)
        raise DeviceError(f"the gateware was not ready after {self._patience} cycles")
