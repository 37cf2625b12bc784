"""``tickgate registers``."""

from dataclasses import asdict
from typing import Any

import click

from host.appliance import Appliance
from host.cli.output import json_option, print_json, print_note, print_table
from host.device.base import Device
from host.device.registry import choose
from hw.presets import PRESETS
from hw.registers import REGISTERS, Register

__all__ = ["registers"]


@click.command()
@click.option("--device", metavar="NAME", help="Open this device and read its values.")
@click.option(
    "--preset",
    type=click.Choice(list(PRESETS)),
    default="small",
    show_default=True,
    help="Size of the device.",
)
@json_option
def registers(device: str | None, preset: str, as_json: bool) -> None:
    """Show the register map, and with --device the values of a freshly opened device."""
    values: dict[str, list[int]] = {}
    if device is not None:
        # A path module:attribute is for devices under development, which no package declares.
        backend = device if ":" in device else choose(device).name
        with Appliance(backend, PRESETS[preset], on_stage=print_note) as appliance:
            values = {r.name: _read(appliance.device, r) for r in REGISTERS.values()}
    if as_json:
        print_json({"registers": [_as_object(r, values) for r in REGISTERS.values()]})
        return
    columns = ["register", "address", "access", "bits", "unit", *(["value"] if values else [])]
    rows = [_as_row(register, values) for register in REGISTERS.values()]
    print_table([*columns, "meaning"], rows, right=("address", "bits", "value"))


def _read(device: Device, register: Register) -> list[int]:
    return [device.read(register.name, index) for index in range(register.count)]


def _as_object(register: Register, values: dict[str, list[int]]) -> dict[str, Any]:
    fields: dict[str, Any] = asdict(register)
    if values:
        found = values[register.name]
        fields["value"] = found if register.count > 1 else found[0]
    return fields


def _as_row(register: Register, values: dict[str, list[int]]) -> list[str]:
    name = register.name + (f"[{register.count}]" if register.count > 1 else "")
    row = [name, f"0x{register.address:03x}", register.access, str(register.width), register.unit]
    if values:
        shown = " ".join(str(value) for value in values[register.name])
        row.append(f"0x{values['map_id'][0]:08x}" if register.name == "map_id" else shown)
    return [*row, register.doc]
