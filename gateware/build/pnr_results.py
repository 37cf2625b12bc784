"""What place and route and synthesis say, parsed."""

import json
import re
from dataclasses import dataclass, field
from typing import Any, Final

__all__ = ["Hop", "Routed", "parse_ecp5", "parse_stat", "parse_xilinx"]

_ECP5_CELLS: Final = {
    "TRELLIS_COMB": "lut",
    "TRELLIS_FF": "ff",
    "DP16KD": "bram",
    "TRELLIS_RAMW": "lutram",
    "MULT18X18D": "dsp",
}
_ESTIMATE: Final = re.compile(r"Max frequency for clock '(.+)': ([\d.]+) MHz")
# Distributed memory and shift registers are made of look-up tables: the weight is how many.
_XILINX_LUTS: Final = re.compile(r"LUT[1-6]|SRL16E|SRLC32E")
_XILINX_LUTRAM: Final = {
    "RAM32M": 4, "RAM64M": 4, "RAM32M16": 8, "RAM64M8": 8, "RAM32X1D": 2, "RAM64X1D": 2,
    "RAM128X1D": 4, "RAM64X1S": 1, "RAM32X1S": 1,
}  # fmt: skip
_XILINX_BRAM: Final = {"RAMB36E1": 1.0, "RAMB18E1": 0.5, "RAMB36E2": 1.0, "RAMB18E2": 0.5}


@dataclass(frozen=True, kw_only=True, slots=True)
class Hop:
    """One step of the critical path.

    Attributes
    ----------
    kind : str
        "clk-to-q", "routing", "logic" or "setup".
    delay : float
        What it takes [ns].
    cell : str
        Cell that it ends at.
    net : str
        Net that it runs over; empty but for routing.
    """

    kind: str
    delay: float
    cell: str
    net: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Routed:
    """Result of one place and route.

    Attributes
    ----------
    fmax_mhz : float
        Highest clock that the router's timing analysis allows [MHz].
    area : dict of str to int
        Used of the device: ``lut``, ``ff``, ``bram``, ``lutram``, ``dsp`` [cells].
    available : dict of str to int
        What the device has, by the same names.
    path : list of Hop
        The critical path within the clock domain, from register to register.
    """

    fmax_mhz: float
    area: dict[str, int]
    available: dict[str, int]
    path: list[Hop] = field(default_factory=list)

    def delay(self, *kinds: str) -> float:
        """Return the part of the critical path that these kinds of hops take [ns]."""
        return sum(hop.delay for hop in self.path if hop.kind in kinds)


def parse_ecp5(report: str, log: str = "") -> Routed:
    """Parse what ``nextpnr-ecp5 --report`` wrote, of a design with one clock.

    Parameters
    ----------
    report : str
        The report.
    log : str
        The log, for a design that was not routed: only there is the placer's estimate.

    Raises
    ------
    ValueError
        If it has no clock, or more than one.
    """
    document: dict[str, Any] = json.loads(report)
    clocks = document["fmax"] or {
        clock: {"achieved": float(mhz)} for clock, mhz in _ESTIMATE.findall(log)
    }
    if len(clocks) != 1:
        raise ValueError(f"the design must have one clock, not {len(clocks)}: {', '.join(clocks)}")
    ((clock, result),) = clocks.items()
    edge = f"posedge {clock}"
    paths = [p for p in document.get("critical_paths", ()) if p["from"] == edge == p["to"]]
    hops = paths[0]["path"] if paths else []
    used = document["utilization"]
    return Routed(
        fmax_mhz=round(result["achieved"], 2),
        area={name: used[cell]["used"] for cell, name in _ECP5_CELLS.items()},
        available={name: used[cell]["available"] for cell, name in _ECP5_CELLS.items()},
        path=[
            Hop(
                kind=hop["type"],
                delay=hop["delay"],
                cell=hop["to"]["cell"],
                net=hop.get("net", ""),
            )
            for hop in hops
        ],
    )


def parse_stat(text: str) -> dict[str, int]:
    """Return the number of cells of each type that ``stat -json`` of Yosys wrote."""
    document = json.loads(text[text.index("{") :])
    cells: dict[str, int] = document["design"]["num_cells_by_type"]
    return cells


def parse_xilinx(cells: dict[str, int]) -> dict[str, float]:
    """Return the area of a design synthesised for a Xilinx part.

    Parameters
    ----------
    cells : dict of str to int
        From ``parse_stat``.

    Returns
    -------
    dict of str to float
        ``lut`` (those of distributed memory included), ``ff``, ``bram`` [36 Kbit blocks],
        ``uram``, ``lutram`` (look-up tables used as memory), ``dsp``.
    """
    lutram = sum(cells.get(name, 0) * luts for name, luts in _XILINX_LUTRAM.items())
    logic = sum(count for name, count in cells.items() if _XILINX_LUTS.fullmatch(name))
    return {
        "lut": logic + lutram,
        "ff": sum(
            count for name, count in cells.items() if name in ("FDRE", "FDSE", "FDCE", "FDPE")
        ),
        "bram": sum(cells.get(name, 0) * size for name, size in _XILINX_BRAM.items()),
        "uram": cells.get("URAM288", 0),
        "lutram": lutram,
        "dsp": sum(count for name, count in cells.items() if name.startswith("DSP48E")),
    }
