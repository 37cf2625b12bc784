"""The page of the manual with the results of place and route."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Final

from gateware.build.pnr_results import Hop, Routed
from hw.latency import LATENCY

__all__ = ["GOAL_MHZ", "Design", "page", "path_lines", "short"]

GOAL_MHZ: Final = 156.25  # the word clock of 10 GbE
_INTRODUCTION: Final = (
    "Written by `make pnr`. Clock and area come from open tools, for a component by itself: a "
    "shift register feeds its inputs and a tree of registers folds its outputs, so every path "
    "begins and ends at a register. No board has been measured."
)
_CHECKS: Final = (
    "All checks of a new order by themselves, and what they have less if one is left out, by "
    "synthesis for the ECP5, preset `small`. What checks share goes with none of them, and the "
    "tables that they look at are blocks of their own; where the tools happen to arrange the rest "
    "otherwise, a difference is a few cells off, even below 0."
)
_GENERATED: Final = re.compile(r"_(?:LUT4|PFUMX|L6MUX21|TRELLIS_\w+?|CCU2C|DP16KD)(?:_.*|$)|\[.*$")
_SHOWN: Final = {"lut": "LUT4", "ff": "flip-flops", "bram": "block RAM", "dsp": "multipliers"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Design:
    """Everything that was measured of one design.

    Attributes
    ----------
    name : str
        Component and preset.
    seeds : sequence of int
        Of the placer.
    routed : sequence of Routed
        On LFE5UM5G-85F, one for each seed.
    xilinx : dict of str to dict of str to float
        Area by part.
    blocks : dict of str to dict of str to int
        Area by block, as of ``block_areas``.
    """

    name: str
    seeds: Sequence[int]
    routed: Sequence[Routed]
    xilinx: Mapping[str, Mapping[str, float]]
    blocks: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    @property
    def fmax_mhz(self) -> list[float]:
        """Fmax of each seed [MHz]."""
        return [r.fmax_mhz for r in self.routed]

    @property
    def typical(self) -> Routed:
        """The result with the (lower) median Fmax."""
        return sorted(self.routed, key=lambda r: r.fmax_mhz)[(len(self.routed) - 1) // 2]


def short(name: str) -> str:
    """Return the part of a cell's or net's name that was in the design's source."""
    return _GENERATED.sub("", name.removeprefix("dut.")) or name


def path_lines(path: Sequence[Hop]) -> list[str]:
    """Return the critical path in words, a line for each cell: time, delay, fan-in net, cell."""
    lines = []
    at = 0.0
    for hop in path:
        at += hop.delay
        over = f" over {short(hop.net)}" if hop.net else ""
        lines.append(f"{at:6.2f} ns  {hop.delay:5.2f}  {hop.kind:8}  {short(hop.cell)}{over}")
    return lines


def page(
    designs: Sequence[Design],
    versions: Mapping[str, str],
    checks: Mapping[str, Mapping[str, int]] | None = None,
) -> str:
    """Return the page, in Markdown, with what each check costs if that was measured."""
    tools = ", ".join(f"{name} {version}" for name, version in versions.items())
    parts = ["# Place and route", _INTRODUCTION, f"Tools: {tools}."]
    for design in designs:
        parts += _section(design)
    if checks:
        parts += ["## What each check costs", _CHECKS, _area_checks(checks)]
    return "\n\n".join(parts) + "\n"


def _section(design: Design) -> list[str]:
    typical = design.typical
    mhz = median(design.fmax_mhz)
    verdict = "reached" if mhz >= GOAL_MHZ else f"missed by {100 * (1 - mhz / GOAL_MHZ):.1f} %"
    cycles = LATENCY["book", "add"].cycles
    per_seed = [
        f"| {s} | {r.fmax_mhz:.2f} |" for s, r in zip(design.seeds, design.routed, strict=True)
    ]
    wires = typical.delay("routing")
    total = sum(hop.delay for hop in typical.path)
    summary = (
        f"**{mhz:.2f} MHz** is the median Fmax on LFE5UM5G-85F, speed grade 8. The goal, "
        f"{GOAL_MHZ} MHz (the word clock of 10 GbE), is {verdict}. {cycles} cycles, the latency of "
        f"an add, are {1e3 * cycles / mhz:.1f} ns at that clock."
    )
    limit = (
        f"The critical path of the median seed takes {total:.2f} ns, {wires:.2f} ns of them on "
        f"wires, through {sum(hop.kind == 'logic' for hop in typical.path)} levels of logic:"
    )
    return [
        f"## {design.name}",
        summary,
        "\n".join(["| seed | Fmax [MHz] |", "| --- | --- |", *per_seed]),
        "Area on LFE5UM5G-85F, registers of the measurement included:",
        _area_ecp5(typical),
        "Area by synthesis alone, without them (`synth_xilinx`; block RAM in units of 36 Kbit):",
        _area_xilinx(design),
        "By block, as the ECP5's netlist has it:",
        _area_blocks(design),
        "### What limits the clock",
        limit,
        "\n".join(["```text", *path_lines(typical.path), "```"]),
    ]


def _area_ecp5(routed: Routed) -> str:
    rows = [
        f"| {label} | {routed.area[key]:,} | {routed.available[key]:,} "
        f"| {routed.area[key] / routed.available[key]:.0%} |"
        for key, label in _SHOWN.items()
    ]
    return "\n".join(["| | used | available | share |", "| --- | --- | --- | --- |", *rows])


def _area_xilinx(design: Design) -> str:
    rows = [
        f"| {part} | {area['lut']:,.0f} | {area['lutram']:,.0f} | {area['ff']:,.0f} "
        f"| {area['bram']:,.1f} | {area['uram']:,.0f} | {area['dsp']:,.0f} |"
        for part, area in design.xilinx.items()
    ]
    head = "| part | LUT | of them memory | flip-flops | block RAM | URAM | DSP |"
    return "\n".join([head, "| --- | --- | --- | --- | --- | --- | --- |", *rows])


def _area_blocks(design: Design) -> str:
    rows = [
        f"| {block} | " + " | ".join(f"{area.get(kind, 0):,}" for kind in _SHOWN) + " |"
        for block, area in design.blocks.items()
    ]
    head = "| block | " + " | ".join(_SHOWN.values()) + " |"
    return "\n".join([head, "| --- |" + " --- |" * len(_SHOWN), *rows])


def _area_checks(checks: Mapping[str, Mapping[str, int]]) -> str:
    rows = [
        f"| {name} | {area['lut']:,} | {area['carry']:,} | {area['ff']:,} | {area['dsp']:,} |"
        for name, area in checks.items()
    ]
    head = "| check | LUT4 | carry cells | flip-flops | multipliers |"
    return "\n".join([head, "| --- | --- | --- | --- | --- |", *rows])
