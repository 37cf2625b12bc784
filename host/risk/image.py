"""Limits as the registers of a gate hold them, and their way into a device: whole or not at all."""

import time
from collections.abc import Callable, Mapping
from typing import Any, Final

from host.device.base import DeviceError
from host.risk.fields import LIMIT_REGISTERS, SECTIONS, LimitField
from host.risk.limits import Limits, LimitsError, Problem
from host.risk.registers import GateRegisters, let_pass
from hw.divisors import divisor_fields
from hw.limit_rows import limit_rows, row_group
from hw.records import ENUMS
from hw.registers import LIMITS, Register
from hw.risk_parameters import RiskParameters

__all__ = ["Image", "apply_limits", "limits_image", "limits_tree", "read_image"]

#: Values by register name: one for each row of the build, or each entry of a one-row table.
Image = dict[str, list[int]]

_READY: Final = 1
_FAULT: Final = 2
_COMMIT: Final = 1
_FORGET: Final = 2
_SHOWS: Final = 32  # cycles, many more than it takes until the tables say that they are copied
_READY_S: Final = 5.0  # longest that the tables may take to be copied [s]: some 1,000 cycles


def entries(register: Register, parameters: RiskParameters) -> int:
    """Return how many values of a limit a build has."""
    if row_group(register.table) is None:
        return register.count
    return limit_rows(register.table, parameters)


def limits_image(limits: Limits, parameters: RiskParameters) -> Image:
    """Return what to write: every limit of every row of the build, 0 where no row has a name.

    Parameters
    ----------
    limits : Limits
        From ``parse_limits``.
    parameters : RiskParameters
        Size of the gate, as the device says.

    Raises
    ------
    LimitsError
        If there is no such row, or the build cannot hold a value.
    """
    image = {n: [0] * entries(r, parameters) for n, r in LIMIT_REGISTERS.items()}
    problems: list[Problem] = []
    for section, fields in SECTIONS.items():
        rows = limits.tree[section]
        group = section if section in _GROUPS else None
        for name, row in rows.items() if group else [("", rows)]:
            where = f"{section}.{name}" if group else section
            index = row["index"] if group else 0
            if group and index >= (count := int(getattr(parameters, group))):
                text = f"this device has rows 0 to {count - 1}, not {index}"
                problems.append(Problem(where=f"{where}.index", text=text))
                continue
            for field in fields:
                try:
                    for register, value in _encode(field, row, limits, parameters).items():
                        image[register][index if group else field.entry] |= value
                except ValueError as error:
                    problems.append(Problem(where=f"{where}.{field.name}", text=str(error)))
    if problems:
        raise LimitsError(*problems)
    return image


_GROUPS: Final = {row_group(table) for table in LIMITS} - {None}


def _encode(
    field: LimitField, row: Mapping[str, Any], limits: Limits, parameters: RiskParameters
) -> dict[str, int]:
    """Return the registers of a field and what they hold of it."""
    value = row[field.name]
    if field.kind == "divisor":
        return _encode_divisor(field, value, parameters)
    if field.kind == "burst":
        name = f"{field.register}_tolerance"
        tolerance = (value - 1) * row[f"{field.register}_period"]
        return {name: _fitted(name, tolerance, parameters, f"{value} orders at once need")}
    if field.part is None:
        return {field.register: _fitted(field.register, value, parameters)}
    part = field.part
    if part.enum:
        value = getattr(ENUMS[part.enum], value)
    elif part.index_of:
        value = limits.names(part.index_of)[value]
    elif part.mask_of:
        value = sum(1 << limits.names(part.mask_of)[name] for name in set(value))
    return {field.register: int(value) << field.shift}


def _encode_divisor(field: LimitField, value: int, parameters: RiskParameters) -> dict[str, int]:
    names = [f"{field.register}_{part}" for part in ("mask", "inverse", "bound")]
    if value == 0:
        return dict.fromkeys(names, 0)
    bits = _bits(names[1], parameters)
    return dict(zip(names, divisor_fields(value, bits), strict=True))


def _bits(name: str, parameters: RiskParameters) -> int:
    return parameters.limit_bits(name, LIMIT_REGISTERS[name].width)


def _fitted(name: str, value: int, parameters: RiskParameters, need: str = "not") -> int:
    largest = (1 << _bits(name, parameters)) - 1
    if value > largest:
        raise ValueError(f"this device holds at most {largest}, {need} {value}")
    return value


def limits_tree(image: Image, limits: Limits, parameters: RiskParameters) -> dict[str, Any]:
    """Return the limits that registers hold, under the names that some limits give the rows.

    Parameters
    ----------
    image : Image
        As ``read_image`` gives it.
    limits : Limits
        Names of the rows. Where registers name a row without one, it is ``#<index>``.
    parameters : RiskParameters
        Size of the gate.

    Returns
    -------
    dict of str to object
        As ``Limits.tree``, but for what is no limit of the gate.
    """
    tree: dict[str, Any] = {}
    for section, fields in SECTIONS.items():
        if section not in _GROUPS:
            tree[section] = {f.name: _decode(f, image, f.entry, limits, parameters) for f in fields}
            continue
        named = {index: name for name, index in limits.names(section).items()}
        used = {i for f in fields for r in _registers(f) for i, v in enumerate(image[r]) if v}
        tree[section] = {
            named.get(i, f"#{i}"): {
                "index": i,
                **{f.name: _decode(f, image, i, limits, parameters) for f in fields},
            }
            for i in sorted(used | named.keys())
        }
    return tree


def _registers(field: LimitField) -> list[str]:
    if field.kind == "divisor":
        return [f"{field.register}_{part}" for part in ("mask", "inverse", "bound")]
    return [f"{field.register}_tolerance" if field.kind == "burst" else field.register]


def _decode(
    field: LimitField, image: Image, index: int, limits: Limits, parameters: RiskParameters
) -> Any:
    if field.kind == "divisor":
        mask, inverse, _ = (image[name][index] for name in _registers(field))
        bits = _bits(f"{field.register}_inverse", parameters)
        return (mask + 1) * pow(inverse, -1, 1 << bits) % (1 << bits) if inverse & 1 else 0
    if field.kind == "burst":
        period = image[f"{field.register}_period"][index]
        tolerance = image[f"{field.register}_tolerance"][index]
        return 1 + tolerance // period if period else 1
    value = image[field.register][index] >> field.shift & (1 << field.width) - 1
    part = field.part
    if part is None or field.kind == "number":
        return value
    if part.enum:
        return ENUMS[part.enum].name_of(value)
    if part.index_of or part.mask_of:
        named = {i: n for n, i in limits.names(part.index_of or part.mask_of).items()}
        if part.index_of:
            return named.get(value, f"#{value}")
        return tuple(named.get(i, f"#{i}") for i in range(field.width) if value >> i & 1)
    return bool(value)


def read_image(device: GateRegisters) -> Image:
    """Read every limit: what is in force, if nothing is staged.

    Raises
    ------
    DeviceError
        If the tables are still being copied after a commit, for very long.
    """
    _await_ready(device, time.monotonic)
    return {
        name: [device.read(name, index) for index in range(entries(register, device.risk))]
        for name, register in LIMIT_REGISTERS.items()
    }


def apply_limits(
    device: GateRegisters, image: Image, *, monotonic: Callable[[], float] = time.monotonic
) -> None:
    """Bring limits into force with one commit; on any failure nothing of them is staged.

    What was staged before is dropped, every limit of every row is written and read back, and then
    committed. Returns when the tables are ready again.

    Parameters
    ----------
    device : GateRegisters
        A gate of the size that the image was made for.
    image : Image
        From ``limits_image``.
    monotonic : callable
        Clock [s].

    Raises
    ------
    DeviceError
        If the gate refused a write or the commit, or reads back something else.
    """
    _command(device, _FORGET, monotonic)
    refused, commits = device.read("limits_refused"), device.read("limits_commit")
    try:
        for name, values in image.items():
            for index, value in enumerate(values):
                device.write(name, value, index)
        _check_staged(device, image, refused)
        _command(device, _COMMIT, monotonic)
        if device.read("limits_commit") == commits:
            raise DeviceError("the gate refused the commit; the limits in force are as they were")
    except BaseException:
        device.write("limits_commit", _FORGET)
        raise


def _check_staged(device: GateRegisters, image: Image, refused: int) -> None:
    now = device.read("limits_refused")
    if now != refused or device.read("risk_status") & _FAULT:
        raise DeviceError(
            f"the gate refused {now - refused} writes; the limits in force are as they were"
        )
    for name, values in image.items():
        for index, value in enumerate(values):
            if (found := device.read(name, index)) != value:
                raise DeviceError(
                    f"{name}[{index}] must read back {value}, not {found}; "
                    "the limits in force are as they were"
                )


def _command(device: GateRegisters, command: int, monotonic: Callable[[], float]) -> None:
    device.write("limits_commit", command)
    let_pass(device, _SHOWS)
    _await_ready(device, monotonic)


def _await_ready(device: GateRegisters, monotonic: Callable[[], float]) -> None:
    deadline = monotonic() + _READY_S
    while not device.read("risk_status") & _READY:
        if monotonic() > deadline:
            raise DeviceError(f"the limit tables were not ready after {_READY_S:.0f} s")
