# amaranth: UnusedElaboratable=no
"""Tests of the place-and-route flow: the parsers on known reports, the tools on a tiny design."""

import json
import re
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest

from gateware.build import check_areas, pnr_tools
from gateware.build.block_areas import MEASUREMENT, block_areas
from gateware.build.export import to_rtlil
from gateware.build.out_of_context import OutOfContext
from gateware.build.pnr import load, main
from gateware.build.pnr_page import Design, page, path_lines, short
from gateware.build.pnr_results import Hop, Routed, parse_ecp5, parse_stat, parse_xilinx
from gateware.build.pnr_tools import area_xilinx, place_and_route, synthesise_ecp5
from hw.presets import PRESETS
from hw.records import CHECK
from tests.gateware.build.stand_ins import Delay, Store
from tests.gateware.risk.bench import NARROW

DELAY = "tests.gateware.build.stand_ins:Delay"
USED = {"TRELLIS_COMB": 5, "TRELLIS_FF": 7, "DP16KD": 1, "TRELLIS_RAMW": 2, "MULT18X18D": 3}

# 8 bits shifted in, 8 held, 8 of the component, 8 of its outputs, 2 and 1 of their parity.
FLIP_FLOPS = 8 + 8 + 8 + 8 + 2 + 1


def report(*, clocks: tuple[str, ...] = ("clk",)) -> dict[str, Any]:
    """Return a report of nextpnr, cut down."""

    def hop(kind: str, delay: float, cell: str, **more: object) -> dict[str, Any]:
        end = {"cell": cell, "loc": [1, 2], "port": "A"}
        return {"type": kind, "delay": delay, "from": end, "to": end, **more}

    within = [
        hop("clk-to-q", 0.5, "dut.a_TRELLIS_FF_Q"),
        hop("routing", 1.5, "dut.b_LUT4_Z", net="dut.a[3]", sources=[]),
        hop("logic", 0.25, "dut.b_LUT4_Z"),
        hop("setup", 0.25, "dut.c_TRELLIS_FF_Q_1"),
    ]
    return {
        "fmax": {clock: {"achieved": 400.004, "constraint": 165.0} for clock in clocks},
        "critical_paths": [
            {"from": "<async>", "to": "posedge clk", "path": [hop("routing", 9.0, "x", net="n")]},
            {"from": "posedge clk", "to": "posedge clk", "path": within},
        ],
        "utilization": {k: {"used": v, "available": 10 * v} for k, v in USED.items()},
    }


def routed(fmax: float) -> Routed:
    text = json.dumps(report())
    got = parse_ecp5(text)
    return Routed(fmax_mhz=fmax, area=got.area, available=got.available, path=got.path)


def test_ecp5_report_gives_clock_area_and_the_path_between_registers() -> None:
    got = parse_ecp5(json.dumps(report()))
    assert got.fmax_mhz == 400.0
    assert got.area == {"lut": 5, "ff": 7, "bram": 1, "lutram": 2, "dsp": 3}
    assert got.available["lut"] == 50
    assert [hop.kind for hop in got.path] == ["clk-to-q", "routing", "logic", "setup"]
    assert got.path[1] == Hop(kind="routing", delay=1.5, cell="dut.b_LUT4_Z", net="dut.a[3]")
    assert got.delay("routing") == 1.5
    assert got.delay("clk-to-q", "logic", "setup") == 1.0


@pytest.mark.parametrize("clocks", [(), ("clk", "other")])
def test_ecp5_report_must_have_one_clock(clocks: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match=f"must have one clock, not {len(clocks)}"):
        parse_ecp5(json.dumps(report(clocks=clocks)))


def test_xilinx_area_counts_distributed_memory_as_look_up_tables() -> None:
    text = json.dumps(
        {"design": {"num_cells_by_type": {"LUT2": 3, "LUT6": 4, "RAM32M": 2, "SRL16E": 1, "FDRE": 9,
         "FDSE": 1, "RAMB36E1": 2, "RAMB18E1": 1, "DSP48E1": 5, "CARRY4": 7, "MUXF7": 2}}}
    )  # fmt: skip
    assert parse_xilinx(parse_stat("a line before\n" + text)) == {
        "lut": 3 + 4 + 1 + 8, "ff": 10, "bram": 2.5, "uram": 0, "lutram": 8, "dsp": 5,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("dut.engine.table.p3_near[4]", "engine.table.p3_near"),
        ("dut.a_LUT4_Z_PFUMX_C0", "a"),
        ("dut.r_TRELLIS_FF_Q_21", "r"),
        ("dut.plain", "plain"),
        ("_LUT4_Z", "_LUT4_Z"),
    ],
)
def test_path_names_are_those_of_the_source(name: str, expected: str) -> None:
    assert short(name) == expected


def test_path_lines_add_up_the_delays() -> None:
    lines = path_lines(routed(1.0).path)
    assert len(lines) == 4
    assert re.split(r"\s{2,}| ns", lines[-1].strip())[0] == "2.50"
    assert lines[1].endswith("b over a")


def test_page_states_the_median_and_what_is_missing_to_the_goal() -> None:
    xilinx = {"xc7z020": {"lut": 1, "ff": 2, "bram": 3.5, "uram": 0, "lutram": 4, "dsp": 5}}
    design = Design(
        name="Engine",
        seeds=(1, 2, 3),
        routed=[routed(150.0), routed(125.0), routed(160.0)],
        xilinx=xilinx,
    )
    text = page([design], {"nextpnr": "1.2"})
    assert "**150.00 MHz** is the median" in text
    assert "missed by 4.0 %" in text
    assert "nextpnr 1.2" in text
    assert "| xc7z020 | 1 | 4 | 2 | 3.5 | 0 | 5 |" in text
    assert design.typical.fmax_mhz == 150.0
    fast = Design(name="Engine", seeds=(1,), routed=[routed(156.25)], xilinx=xilinx)
    assert "is reached" in page([fast], {})


def test_page_says_what_blocks_and_checks_cost() -> None:
    blocks = {"unit.gate": {"lut": 1234, "ff": 5, "bram": 6}}
    design = Design(name="Box", seeds=(1,), routed=[routed(150.0)], xilinx={}, blocks=blocks)
    text = page([design], {}, {"lot": {"lut": 10, "carry": 20, "ff": 30, "dsp": 3}})
    assert "| unit.gate | 1,234 | 5 | 6 | 0 |" in text
    assert "| lot | 10 | 20 | 30 | 3 |" in text


def test_blocks_are_told_apart_by_the_names_of_their_cells(tmp_path: Path) -> None:
    cells = {
        "dut.unit$1.gate$22.a.b": "LUT4",
        "dut.unit$1.gate.c": "CCU2C",
        "dut.unit$1.small.d": "LUT4",
        "dut.unit$1.store.e": "DP16KD",
        "dut.f": "TRELLIS_DPR16X4",
        "folded0": "TRELLIS_FF",
        "dut.unit$1.gate.scope": "$scopeinfo",
    }
    netlist = tmp_path / "top.json"
    written = {"modules": {"top": {"cells": {n: {"type": t} for n, t in cells.items()}}}}
    netlist.write_text(json.dumps(written))
    assert block_areas(netlist, least=3) == {
        "": {"lut": 6},
        "unit.gate": {"lut": 3},
        "unit": {"lut": 1},
        "unit.store": {"bram": 1},
        MEASUREMENT: {"ff": 1},
    }


@pytest.mark.slow
def test_a_check_that_is_left_out_takes_its_cells_with_it(tmp_path: Path) -> None:
    codes = [c for c in CHECK if c.name in ("lot", "not_armed")]
    with patch.object(check_areas, "CHECK", codes):
        areas = check_areas.check_areas(NARROW, tmp_path)
    assert areas.keys() == {check_areas.ALL, "lot", "not_armed"}
    assert areas["lot"]["ff"] > 10 > areas["not_armed"]["ff"] >= 0
    assert areas["lot"]["dsp"] > 0 == areas["not_armed"]["dsp"]


def test_wrapper_has_few_pins_and_keeps_the_component(tmp_path: Path) -> None:
    wrapped = OutOfContext(component=Delay())
    area = area_xilinx(to_rtlil(wrapped), tmp_path, family="xc7")
    assert area["ff"] == FLIP_FLOPS
    pins = re.findall(r"wire width 1 (?:in|out)put \d+ +\\(\w+)", to_rtlil(wrapped))
    assert set(pins) == {"clk", "rst", "shift_in", "load", "shift_out"}


def test_xilinx_area_of_a_memory_is_block_ram(tmp_path: Path) -> None:
    area = area_xilinx(to_rtlil(Store(depth=1024, init=[])), tmp_path, family="xcup")
    assert area["bram"] == 1.0
    assert area["lutram"] == area["dsp"] == 0


def test_command_places_routes_and_prints_json_last(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "reference" / "pnr.md"
    arguments = ["--design", DELAY, "--seeds", "1", "--no-xilinx", "--page", str(target)]
    assert main([*arguments, "--folder", str(tmp_path)]) == 0
    line = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert line["design"] == "Delay, preset small"
    assert line["device"] == "LFE5UM5G-85F-8"
    assert len(line["fmax_mhz"]) == 1
    assert line["fmax_mhz"][0] > 200
    assert line["area"]["LFE5UM5G-85F-8"]["ff"] == FLIP_FLOPS
    assert f"{line['fmax_mhz'][0]:.2f} MHz" in target.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("gateware.nowhere:Thing", "module:Class"),
        ("gateware.top:Thing", "module:Class"),
        ("hw.presets:dict", "module:Class"),
        ("tests.gateware.build.test_pnr:no_component", "wiring.Component"),
    ],
)
def test_rejects_what_is_no_component(name: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        load(name, PRESETS["small"])


def no_component(*, parameters: object) -> object:
    return parameters


def test_rejects_no_seeds(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--seeds", "0"])
    assert "--seeds must be at least 1, not 0" in capsys.readouterr().err


def test_failing_tool_says_why(tmp_path: Path) -> None:
    netlist = tmp_path / "top.json"
    netlist.write_text("no netlist", encoding="utf-8")
    with pytest.raises(RuntimeError, match="failed"):
        place_and_route(netlist, seed=1, target_mhz=100)
    assert not list(tmp_path.glob("*.key"))


def test_what_was_routed_is_not_routed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netlist = synthesise_ecp5(to_rtlil(OutOfContext(component=Delay())), tmp_path)
    placed = place_and_route(netlist, seed=1, target_mhz=100, route=False)
    first = place_and_route(netlist, seed=1, target_mhz=100)
    assert placed.fmax_mhz > 200
    assert placed.area == first.area
    again: list[int] = []
    monkeypatch.setattr(pnr_tools, "_run", lambda *_: again.append(1))
    synthesise_ecp5(to_rtlil(OutOfContext(component=Delay())), tmp_path)
    assert place_and_route(netlist, seed=1, target_mhz=100) == first
    assert not again
    netlist.write_text(netlist.read_text("utf-8") + "\n", encoding="utf-8")
    place_and_route(netlist, seed=1, target_mhz=100)
    assert again == [1]
