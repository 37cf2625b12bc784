"""A device with a risk gate made ready for a drill: limits in force, armed."""

from collections.abc import Callable
from typing import Final

from host.device.base import RiskDevice
from host.risk.arming import answer_challenge, give_key
from host.risk.image import Image, apply_limits
from host.risk.operator_key import OperatorKey
from hw.arming import Scope

__all__ = ["OpenDevice", "arm", "bring_into_force", "ready"]

OpenDevice = Callable[[], RiskDevice]
"""Makes a device as it is after reset; the caller closes it."""

#: More than a round of the circuit breaker takes, with 32 instruments [cycles].
_ROUND_CYCLES: Final = 4096
#: It guards nothing: the device is simulated, and lives as long as the drill.
_KEY: Final = OperatorKey(name="drill", operator=0, key=bytes(range(16)))
_ALL: Final = Scope.ARM | Scope.CLEAR_KILL | Scope.CLEAR_GROUPS | Scope.CLEAR_INSTRUMENTS


def ready(device: RiskDevice, limits: Image) -> None:
    """Give a device its operator and its limits, and arm it; once after a reset.

    Raises
    ------
    DeviceError
        If the device refuses something.
    """
    give_key(device, _KEY)
    bring_into_force(device, limits)
    arm(device)


def bring_into_force(device: RiskDevice, limits: Image) -> None:
    """Commit limits, and let the circuit breaker see every instrument.

    Raises
    ------
    DeviceError
        If the device refuses one.
    """
    apply_limits(device, limits)
    device.collect(_ROUND_CYCLES)


def arm(device: RiskDevice) -> None:
    """Arm the box and end every kill and halt.

    Raises
    ------
    DeviceError
        If the device refuses.
    """
    device.write("deadman", 1)
    answer_challenge(device, _KEY, scope=_ALL, instruments=(1 << device.risk.instruments) - 1)
