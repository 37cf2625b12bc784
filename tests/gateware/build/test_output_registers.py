"""Tests of gateware.build.output_registers on what Yosys makes of small memories."""

import json
from collections import Counter
from pathlib import Path
from typing import Any, Final

import pytest
from amaranth import Cat, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from gateware.build.export import to_rtlil
from gateware.build.output_registers import absorb_output_registers
from gateware.build.pnr_tools import synthesise_ecp5

WIDTH: Final = 40  # more than one block RAM has at this depth


class Reader(wiring.Component):
    """A memory, and a register behind its output of the kind asked for."""

    address: Value
    enable: Value
    new: Value
    o: Value

    def __init__(self, kind: str) -> None:
        self.kind = kind
        super().__init__({"address": In(9), "enable": In(1), "new": In(WIDTH), "o": Out(WIDTH)})

    def elaborate(self, platform: object) -> Module:
        """Return the module."""
        m = Module()
        memory: Any = Memory(shape=WIDTH, depth=512, init=[])
        m.submodules.memory = memory
        read, write = memory.read_port(), memory.write_port()
        word = Signal(WIDTH, reset_less=self.kind != "reset")
        taken = Mux(self.enable, read.data, word) if self.kind == "enabled" else read.data
        m.d.comb += [
            read.addr.eq(self.address),
            write.addr.eq(self.address),
            write.data.eq(self.new),
            write.en.eq(self.enable),
            self.o.eq(word ^ read.data if self.kind == "shared" else word),
        ]
        m.d.sync += word.eq(Cat(taken[:-1], ~taken[-1]) if self.kind == "changed" else taken)
        return m


def cells(folder: Path) -> list[dict[str, Any]]:
    """Return the cells of the netlist for nextpnr."""
    netlist = json.loads((folder / "top.json").read_text(encoding="utf-8"))
    return list(netlist["modules"]["top"]["cells"].values())


def modes(found: list[dict[str, Any]]) -> Counter[str]:
    """Return how many block RAMs use their output registers and how many do not."""
    return Counter(c["parameters"]["REGMODE_B"] for c in found if c["type"] == "DP16KD")


def flip_flops(found: list[dict[str, Any]]) -> int:
    """Return how many flip-flops there are."""
    return sum(c["type"] == "TRELLIS_FF" for c in found)


def test_a_plain_register_moves_into_the_block_ram(tmp_path: Path) -> None:
    synthesise_ecp5(to_rtlil(Reader("plain")), tmp_path)
    found = cells(tmp_path)
    assert modes(found) == {"OUTREG": 2}
    assert flip_flops(found) == 0
    rams = [c for c in found if c["type"] == "DP16KD"]
    assert all(c["connections"]["OCEB"] == ["1"] == c["connections"]["OCEA"] for c in rams)
    # Every pin of a block RAM drives what its own flip-flop drove.
    netlist, before = (
        json.loads((tmp_path / name).read_text(encoding="utf-8"))
        for name in ("top.json", "synthesised.json")
    )
    registers = [c for c in before["modules"]["top"]["cells"].values() if c["type"] == "TRELLIS_FF"]
    drives = {c["connections"]["DI"][0]: c["connections"]["Q"][0] for c in registers}
    assert len(drives) == WIDTH
    told = set(netlist["modules"]["top"]["ports"]["o"]["bits"])
    for name, cell in before["modules"]["top"]["cells"].items():
        if cell["type"] == "DP16KD":
            now = netlist["modules"]["top"]["cells"][name]["connections"]
            for port, bits in cell["connections"].items():
                if port.startswith("DO"):
                    assert now[port] == [drives.get(bit, bit) for bit in bits]
                    told -= set(now[port])
    assert not told
    assert absorb_output_registers(netlist) == 0


@pytest.mark.parametrize(
    ("change", "absorbed"),
    [
        ({}, WIDTH),
        ({"CLKBMUX": "INV"}, 0),
        ({"CEB": [7]}, 0),
        ({"RSTB": [7]}, 0),
        ({"CLKA": [7]}, 0),
        ({"REGSET": "SET"}, 0),
        ({"CLKMUX": "INV"}, 0),
    ],
)
def test_leaves_what_would_behave_otherwise(
    tmp_path_factory: pytest.TempPathFactory, change: dict[str, Any], absorbed: int
) -> None:
    netlist = _plain(tmp_path_factory)
    for cell in netlist["modules"]["top"]["cells"].values():
        for part in (cell["parameters"], cell["connections"]):
            part |= {key: value for key, value in change.items() if key in part}
    assert absorb_output_registers(netlist) == absorbed


def _plain(folders: pytest.TempPathFactory) -> Any:
    """Return what Yosys makes of a plain register behind a memory; synthesised once."""
    folder = folders.getbasetemp() / "plain"
    synthesise_ecp5(to_rtlil(Reader("plain")), folder)
    return json.loads((folder / "synthesised.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("kind", ["reset", "enabled", "shared"])
def test_any_other_register_stays_where_it_is(tmp_path: Path, kind: str) -> None:
    synthesise_ecp5(to_rtlil(Reader(kind)), tmp_path)
    found = cells(tmp_path)
    assert modes(found) == {"NOREG": 2}
    assert flip_flops(found) == WIDTH


def test_a_block_ram_keeps_its_registers_outside_if_one_bit_is_changed_on_the_way(
    tmp_path: Path,
) -> None:
    synthesise_ecp5(to_rtlil(Reader("changed")), tmp_path)
    found = cells(tmp_path)
    assert modes(found) == {"NOREG": 1, "OUTREG": 1}
    assert 0 < flip_flops(found) < WIDTH
