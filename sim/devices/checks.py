"""What every simulated device checks of its caller."""

import numpy as np
from numpy.typing import NDArray

from host.device.records import UPDATE_DTYPE
from hw.registers import REGISTERS, Register

__all__ = ["check_updates", "check_write", "register_entry"]


def register_entry(register: str, index: int) -> Register:
    """Return a register that has an entry ``index``.

    Raises
    ------
    KeyError
        If there is no such register.
    IndexError
        If the table has no such entry.
    """
    if register not in REGISTERS:
        raise KeyError(f"no register {register!r}; there are {', '.join(REGISTERS)}")
    entry = REGISTERS[register]
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
    if entry.access != "rw":
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
    if updates.dtype != UPDATE_DTYPE or updates.ndim != 1:
        raise ValueError(
            "updates must have one dimension and UPDATE_DTYPE, "
            f"not {updates.ndim} and {updates.dtype}"
        )
