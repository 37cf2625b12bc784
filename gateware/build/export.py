"""Write a component as RTLIL or Verilog.

Amaranth gives every memory an initial value and writes it out bit by bit. The gateware clears its
memories itself, so zeros are left out: a table of 2^20 orders exports in seconds, not in minutes,
and a simulator is free to start it with anything.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from amaranth._toolchain import yosys as toolchain
from amaranth.back import rtlil  # type: ignore[attr-defined] # stub lags
from amaranth.lib import wiring

from gateware.common.fabric import Fabric
from gateware.common.one_hot import ONE_HOT

__all__ = ["to_rtlil", "to_verilog"]

_CLOCKED_READ: Final = re.compile(
    r"(    parameter \\COLLISION_X_MASK )(\d+)'0+(\n(?:    .*\n)*?    parameter \\CLK_ENABLE 1\n)"
)
_ONE_HOT_SWITCH: Final = re.compile(rf"\n( +)(switch \\{ONE_HOT} )")


@contextmanager
def _without_zero_memories() -> Iterator[None]:
    """Make Amaranth omit the initial value of memories that start as zeros."""
    original = rtlil.ModuleEmitter.emit_memory

    def emit_memory(self: Any, cell_idx: int, cell: Any) -> None:
        if any(cell.init):
            original(self, cell_idx, cell)

    rtlil.ModuleEmitter.emit_memory = emit_memory
    try:
        yield
    finally:
        rtlil.ModuleEmitter.emit_memory = original


def to_rtlil(
    component: wiring.Component,
    *,
    name: str = "top",
    emit_src: bool = True,
    undefined_collisions: bool = True,
    fabric: Fabric | None = None,
) -> str:
    """Return the RTLIL of a component.

    Parameters
    ----------
    component : wiring.Component
        The design. Its ports become ``clk``, ``rst`` and one per member, named ``i__payload``.
    name : str
        Name of the top module.
    emit_src : bool
        Keep source locations.
    undefined_collisions : bool
        Whether a clocked read that meets a write to the same word may give anything. Every such
        read port of the gateware tolerates it (see ``OrderTable`` and ``RmwMemory``). Otherwise it
        gives the old value, for which Yosys builds an address comparison and a multiplexer around
        each block RAM, in the longest paths.
    fabric : Fabric, optional
        What it is going to be made of.

    Returns
    -------
    str
        RTLIL in which memories that start as zeros have no initial value, and in which a switch on
        the state of a ``OneHot`` machine is parallel.
    """
    with _without_zero_memories():
        text = str(rtlil.convert(component, name=name, platform=fabric, emit_src=emit_src))
    text = _ONE_HOT_SWITCH.sub(r"\n\1attribute \\parallel_case 1\n\1\2", text)
    return _CLOCKED_READ.sub(_any_value, text) if undefined_collisions else text


def _any_value(match: re.Match[str]) -> str:
    """Set every bit of the mask: one for each write port."""
    head, width, tail = match.groups()
    return f"{head}{width}'{'1' * int(width)}{tail}"


def to_verilog(
    component: wiring.Component, *, name: str = "top", undefined_collisions: bool = False
) -> str:
    """Return the Verilog of a component, without source locations.

    Parameters
    ----------
    component, name, undefined_collisions
        As ``to_rtlil``. A simulation is faster where collisions are defined.

    Raises
    ------
    amaranth._toolchain.yosys.YosysError
        If Yosys rejects the design.
    """
    text = to_rtlil(component, name=name, emit_src=False, undefined_collisions=undefined_collisions)
    script = "\n".join(
        (
            f"read_rtlil <<rtlil\n{text}\nrtlil",
            "proc -nomux -norom",
            "memory_collect",
            "write_verilog -sv -norename -noattr",
        )
    )
    # Private, but the one look-up that amaranth.back.verilog itself makes.
    find_yosys: Any = toolchain.find_yosys
    yosys = find_yosys(lambda version: version >= (0, 40))
    # Yosys warns that it cannot write every process; Amaranth emits only those that it can.
    return str(yosys.run(["-q", "-"], script, ignore_warnings=True))
