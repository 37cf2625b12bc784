"""Put the registers behind block RAMs into the block RAMs.

A block RAM of the ECP5 has a register of its own behind its slow outputs. Yosys does not use it; a
read that goes straight into flip-flops then costs a flip-flop and a wire for every bit, right where
wires are scarce.
"""

from collections import defaultdict
from typing import Any, Final

__all__ = ["absorb_output_registers"]

_RAM: Final = "DP16KD"
#: Of a flip-flop that starts as 0 and loads on every rising edge.
_PLAIN: Final = {"CLKMUX": "CLK", "CEMUX": "1", "REGSET": "RESET"}
#: Of a block RAM that reads on every rising edge and is never reset.
_FREE: Final = {"CLKAMUX": "CLKA", "CLKBMUX": "CLKB"}
_ENABLED: Final = {"CEB": ["1"], "RSTA": ["0"], "RSTB": ["0"]}


def absorb_output_registers(netlist: dict[str, Any]) -> int:
    """Use the output registers of every block RAM whose outputs all go into flip-flops only.

    A flip-flop counts if it has the clock of the block RAM, no clock enable and no reset, and
    nothing else reads its input; a block RAM, if it has one clock, reads on every rising edge and
    is never reset. Cycle for cycle, the design stays what it was.

    Parameters
    ----------
    netlist : dict
        What ``write_json`` of Yosys wrote after ``synth_ecp5``; module ``top`` is changed in place.

    Returns
    -------
    int
        Flip-flops that are gone.
    """
    top = netlist["modules"]["top"]
    cells: dict[str, Any] = top["cells"]
    loads: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for name, cell in cells.items():
        for port, bits in cell["connections"].items():
            if cell["port_directions"][port] == "input":
                for bit in bits:
                    loads[bit].append((name, port))
    for name, port in top["ports"].items():
        for bit in port["bits"]:
            loads[bit].append(("", name))
    absorbed: list[str] = []
    for ram in [cell for cell in cells.values() if cell["type"] == _RAM]:
        pins = ram["connections"]
        outputs = [
            (port, place, bit)
            for port, bits in pins.items()
            if port.startswith("DO")
            for place, bit in enumerate(bits)
            if loads[bit]
        ]
        behind = [_register(cells, loads[bit], pins["CLKB"]) for _, _, bit in outputs]
        registers = [name for name in behind if name is not None]
        if not outputs or len(registers) < len(outputs) or not _reads_freely(ram):
            continue
        for (port, place, _), name in zip(outputs, registers, strict=True):
            pins[port][place] = cells[name]["connections"]["Q"][0]
        ram["parameters"] |= {"REGMODE_A": "OUTREG", "REGMODE_B": "OUTREG"}
        pins |= {"OCEA": ["1"], "OCEB": ["1"]}
        absorbed += registers
    for name in absorbed:
        del cells[name]
    return len(absorbed)


def _reads_freely(ram: dict[str, Any]) -> bool:
    """Say whether a block RAM reads on every rising edge of its one clock and is never reset."""
    parameters, pins = ram["parameters"], ram["connections"]
    rising = all(parameters.get(key, value) == value for key, value in _FREE.items())
    free = all(pins.get(pin, value) == value for pin, value in _ENABLED.items())
    return rising and free and pins["CLKA"] == pins["CLKB"]


def _register(cells: dict[str, Any], loads: list[tuple[str, str]], clock: list[int]) -> str | None:
    """Return the flip-flop that alone takes a bit, on every edge of the clock, if there is one."""
    if len(loads) != 1 or loads[0][1] != "DI":
        return None
    name = loads[0][0]
    cell = cells.get(name, {"type": ""})
    if cell["type"] != "TRELLIS_FF":
        return None
    parameters, pins = cell["parameters"], cell["connections"]
    plain = all(parameters.get(key, value).strip() == value for key, value in _PLAIN.items())
    unreset = pins.get("LSR", ["0"]) == ["0"]
    return name if plain and unreset and pins["CLK"] == clock else None
