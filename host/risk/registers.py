"""What the parts of this package need of a device, or of a client of one."""

from typing import Protocol

from hw.risk_parameters import RiskParameters

__all__ = ["GateRegisters", "let_pass"]


class GateRegisters(Protocol):
    """The registers of a device with a risk gate.

    Attributes
    ----------
    risk : RiskParameters
        Size of the gate.
    """

    risk: RiskParameters

    def read(self, register: str, index: int = 0) -> int:
        """Return the value of a register; see ``host.device.base.Device.read``."""
        ...

    def write(self, register: str, value: int, index: int = 0) -> None:
        """Write a register; see ``host.device.base.Device.write``."""
        ...


def let_pass(gate: GateRegisters, cycles: int) -> None:
    """Wait until a number of cycles have passed: what a command does shows a few cycles later."""
    end = gate.read("cycles") + cycles
    while gate.read("cycles") < end:
        pass
