"""A device with a risk gate made ready for a drill: limits in force, armed."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from host.device.base import DeviceError, RiskDevice
from hw.arming import Scope, arming_answer

__all__ = ["OpenDevice", "arm", "bring_into_force", "ready"]

OpenDevice = Callable[[], RiskDevice]
"""Makes a device as it is after reset; the caller closes it."""

#: More than a commit and a round of the circuit breaker take [cycles].
_SETTLE_CYCLES: Final = 4096
_KEY: Final = bytes(range(16))  # of operator 0; it guards nothing in a simulation
_WORD: Final = (1 << 32) - 1
_COMMIT: Final = 1


def ready(device: RiskDevice, limits: Mapping[str, Sequence[int]]) -> None:
    """Give a device its operator and its limits, and arm it; once after a reset.

    Raises
    ------
    DeviceError
        If the device refuses something.
    """
    for word in range(4):
        device.write("operator_key", int.from_bytes(_KEY[4 * word : 4 * word + 4], "little"), word)
    bring_into_force(device, limits)
    arm(device)


def bring_into_force(device: RiskDevice, limits: Mapping[str, Sequence[int]]) -> None:
    """Write every limit and commit them in one.

    Raises
    ------
    DeviceError
        If the device refuses one.
    """
    refused, commits = device.read("limits_refused"), device.read("limits_commit")
    for name, values in limits.items():
        for index, value in enumerate(values):
            device.write(name, value, index)
    device.write("limits_commit", _COMMIT)
    device.collect(_SETTLE_CYCLES)
    if device.read("limits_refused") != refused or device.read("limits_commit") != commits + 1:
        raise DeviceError("the gate refused the limits of the drill")


def arm(device: RiskDevice) -> None:
    """Arm the box and end every kill and halt.

    Raises
    ------
    DeviceError
        If the device refuses.
    """
    scope = Scope.ARM | Scope.CLEAR_KILL | Scope.CLEAR_GROUPS | Scope.CLEAR_INSTRUMENTS
    instruments = (1 << device.risk.instruments) - 1
    device.write("deadman", 1)
    device.write("arm_instruments", instruments)
    device.write("arm_ask", scope << 8)
    device.collect(64)
    challenge = device.read("arm_challenge")
    answer = arming_answer(
        _KEY, challenge=challenge, operator=0, scope=scope, instruments=instruments
    )
    device.write("arm_answer", answer & _WORD, 0)
    device.write("arm_answer", answer >> 32, 1)
    device.collect(256)
    if device.read("disarm"):
        raise DeviceError("the gate did not accept the operator of the drill")
