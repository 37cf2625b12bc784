"""What every simulated device checks of its caller."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from host.device.records import RISK_REQUEST_DTYPE, UPDATE_DTYPE
from hw.registers import REGISTERS, Register

__all__ = ["check_requests", "check_updates", "check_write", "register_entry"]


def register_entry(
    register: str, index: int, registers: Mapping[str, Register] = REGISTERS
) -> Register:
    """Return a register that has an entry ``index``.

    Parameters
    ----------
    register : str
        Its name.
    index : int
        Entry of a table; 0 otherwise.
    registers : mapping of str to Register
        Those of the build.

    Raises
    ------
    KeyError
        If there is no such register.
    IndexError
        If the table has no such entry.
    """
    if register not in registers:
        raise KeyError(f"no register {register!r}; there are {', '.join(registers)}")
    entry = registers[register]
    if not 0 <= index < entry.count:
        raise IndexError(f"{register} has entries 0 to {entry.count - 1}, not {index}")
    return entry


def check_write(entry: Register, value: int) -> None:
    """Check that a value can be written to a register.

    Raises
    ------
    PermissionError
        If the register is read-only.
    ValueError
        If the value does not fit.
    """
    if entry.access == "ro":
        raise PermissionError(f"register {entry.name} is read-only")
    if not 0 <= value < 1 << entry.width:
        raise ValueError(f"{entry.name} must be from 0 to 2**{entry.width} - 1, not {value}")


def check_updates(updates: NDArray[np.void]) -> None:
    """Check the argument of ``transfer``.

    Raises
    ------
    ValueError
        If the array has another shape or dtype.
    """
    _check_records(updates, UPDATE_DTYPE, "updates must have one dimension and UPDATE_DTYPE")


def check_requests(requests: NDArray[np.void]) -> None:
    """Check the argument of ``exchange``.

    Raises
    ------
    ValueError
        If the array has another shape or dtype.
    """
    _check_records(
        requests, RISK_REQUEST_DTYPE, "requests must have one dimension and RISK_REQUEST_DTYPE"
    )


def _check_records(records: NDArray[np.void], dtype: np.dtype[np.void], must: str) -> None:
    if records.dtype != dtype or records.ndim != 1:
        raise ValueError(f"{must}, not {records.ndim} and {records.dtype}")
