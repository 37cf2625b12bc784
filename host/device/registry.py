"""Find device backends, choose one, and open it."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Final, cast

from host.device.base import Device, DeviceError, DeviceMismatchError, has_gate
from hw.presets import BookParameters
from hw.registers import map_id
from hw.risk_parameters import RiskParameters

__all__ = [
    "DEFAULT_ORDER",
    "GROUP",
    "Choice",
    "DeviceFactory",
    "available",
    "check_map_id",
    "choose",
    "load",
    "missing",
    "open_device",
]

GROUP: Final = "tickgate.devices"
DEFAULT_ORDER: Final = ("verilated", "model")  # what is taken where the user names none

DeviceFactory = Callable[[BookParameters], Device]


@dataclass(frozen=True, kw_only=True, slots=True)
class Choice:
    """The device that will run.

    Attributes
    ----------
    name : str
        Its backend.
    note : str
        Why a better one was passed over, a sentence for people; empty where none was.
    """

    name: str
    note: str = ""


def _declared() -> dict[str, EntryPoint]:
    return {entry.name: entry for entry in entry_points(group=GROUP)}


def load(name: str) -> DeviceFactory:
    """Return the backend of a name, or of a path ``module:attribute``.

    Raises
    ------
    DeviceError
        If there is none, or it cannot be imported.
    """
    if ":" in name:
        entry = EntryPoint(name=name, value=name, group=GROUP)
    else:
        declared = _declared()
        if name not in declared:
            known = ", ".join(sorted(declared)) or "none"
            raise DeviceError(f"no device backend {name!r}; installed are: {known}")
        entry = declared[name]
    try:
        factory = entry.load()
    except (ImportError, AttributeError) as error:
        raise DeviceError(f"device backend {name!r} cannot be loaded: {error}") from error
    if not callable(factory):
        raise DeviceError(f"device backend {name!r} must be callable, not {factory!r}")
    return cast(DeviceFactory, factory)


def missing(name: str) -> list[str]:
    """Say what this machine lacks to run a backend, one sentence each; empty means ready."""
    try:
        factory = load(name)
    except DeviceError as error:
        return [str(error)]
    probe: Callable[[], list[str]] | None = getattr(factory, "missing", None)
    return [] if probe is None else list(probe())


def available() -> dict[str, list[str]]:
    """Return every declared backend with what it lacks here; an empty list means ready."""
    return {name: missing(name) for name in sorted(_declared())}


def choose(name: str | None = None) -> Choice:
    """Return the device to run: the one named, else the first of ``DEFAULT_ORDER`` that can.

    A device that was asked for by name is never replaced by another.

    Raises
    ------
    DeviceError
        If the named one, or every one, lacks something.
    """
    if name is not None:
        lacks = missing(name)
        if lacks:
            raise DeviceError(f"device {name} cannot run here: {' '.join(lacks)}")
        return Choice(name=name)
    notes: list[str] = []
    for candidate in DEFAULT_ORDER:
        lacks = missing(candidate)
        if not lacks:
            note = f"{' '.join(notes)} Falling back to device {candidate}." if notes else ""
            return Choice(name=candidate, note=note)
        notes.append(f"Device {candidate} cannot run here: {' '.join(lacks)}")
    raise DeviceError(" ".join(notes))


def check_map_id(
    name: str, actual: int, parameters: BookParameters, *, risk: RiskParameters | None = None
) -> None:
    """Refuse a device that was built from other registers, records or parameters.

    ``risk`` is of a device with a risk gate.

    Raises
    ------
    DeviceMismatchError
        If ``actual`` is not the identity of ``parameters`` and ``risk``.
    """
    expected = map_id(parameters, risk=risk)
    if actual != expected:
        raise DeviceMismatchError(
            f"device {name} has map_id 0x{actual:08x}, this host expects 0x{expected:08x} "
            f"for preset {parameters.name or 'without a name'}: build both from the same source "
            "and preset"
        )


def open_device(name: str, parameters: BookParameters) -> Device:
    """Open a device in this process and check its identity.

    Raises
    ------
    DeviceError
        If there is no such backend, or it cannot be loaded or opened.
    DeviceMismatchError
        If the device is another than this host expects.
    """
    device = load(name)(parameters)
    try:
        risk = device.risk if has_gate(device) else None
        check_map_id(name, device.read("map_id"), parameters, risk=risk)
    except BaseException:
        device.close()
        raise
    return device
