"""How the area of a flattened netlist divides among the blocks that it was made of."""

import json
import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Final

__all__ = ["MEASUREMENT", "block_areas"]

#: What the wrapper of the measurement has.
MEASUREMENT: Final = "registers of the measurement"
#: Cells by type: what they count as, and how many. A carry cell has two look-up tables, a
#: distributed memory four, and two more are its write port.
_CELLS: Final = {
    "LUT4": ("lut", 1),
    "CCU2C": ("lut", 2),
    "TRELLIS_DPR16X4": ("lut", 6),
    "TRELLIS_FF": ("ff", 1),
    "DP16KD": ("bram", 1),
    "MULT18X18D": ("dsp", 1),
}
_DUT: Final = "dut"
_NUMBER: Final = re.compile(r"\$\d+")


def block_areas(
    netlist: Path, *, depth: int = 2, least: int = 500
) -> Mapping[str, Mapping[str, int]]:
    """Return the area of each block, largest first.

    Cells are named after what they were made from; where the tools merged logic of two blocks, one
    of them has it.

    Parameters
    ----------
    netlist : Path
        JSON of Yosys, for the ECP5, of an ``OutOfContext``.
    depth : int
        How far down the hierarchy blocks are told apart.
    least : int
        Blocks of fewer look-up tables, without block RAM, go with what they are in.

    Returns
    -------
    dict of str to dict of str to int
        By the block's path: ``lut``, ``ff``, ``bram`` and ``dsp`` [cells].
    """
    cells = json.loads(netlist.read_text(encoding="utf-8"))["modules"]["top"]["cells"]
    found: dict[str, Counter[str]] = {}
    for name, cell in cells.items():
        if cell["type"] in _CELLS:
            kind, count = _CELLS[cell["type"]]
            found.setdefault(_block(name, depth), Counter())[kind] += count
    for block in sorted(found, key=lambda b: -b.count(".")):
        parent = block.rpartition(".")[0]
        if parent and found[block]["lut"] < least and not found[block]["bram"]:
            found.setdefault(parent, Counter()).update(found.pop(block))
    ordered = sorted(found, key=lambda b: (b == MEASUREMENT, -found[b]["lut"]))
    return {block: dict(found[block]) for block in ordered}


def _block(name: str, depth: int) -> str:
    """Return the block that a cell belongs to; the whole design is an empty path."""
    parts = _NUMBER.sub("", name).split(".")
    if parts[0] != _DUT:
        return MEASUREMENT
    return ".".join(parts[1:-1][:depth])
