"""Write a component as RTLIL or Verilog.

Amaranth gives every memory an initial value and writes it out bit by bit. The gateware clears its
memories itself, so zeros are left out: a table of 2^20 orders exports in seconds, not in minutes,
and a simulator is free to start it with anything.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from amaranth._toolchain.yosys import find_yosys
from amaranth.back import rtlil  # type: ignore[attr-defined] # stub lags
from amaranth.lib import wiring

__all__ = ["to_rtlil", "to_verilog"]


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


def to_rtlil(component: wiring.Component, *, name: str = "top", emit_src: bool = True) -> str:
    """Return the RTLIL of a component.

    Parameters
    ----------
    component : wiring.Component
        The design. Its ports become ``clk``, ``rst`` and one per member, named ``i__payload``.
    name : str
        Name of the top module.
    emit_src : bool
        Keep source locations.

    Returns
    -------
    str
        RTLIL in which memories that start as zeros have no initial value.
    """
    with _without_zero_memories():
        text = str(rtlil.convert(component, name=name, emit_src=emit_src))
    # Every clocked read port of the gateware tolerates any value where it meets a write to the same
    # word (see OrderTable and RmwMemory). Without this Yosys builds the old value around each block
    # RAM, an address comparison and a multiplexer in the longest paths.
    return text.replace("\\COLLISION_X_MASK 1'0", "\\COLLISION_X_MASK 1'1")


def to_verilog(component: wiring.Component, *, name: str = "top") -> str:
    """Return the Verilog of a component, without source locations.

    Parameters
    ----------
    component : wiring.Component
        As ``to_rtlil``.
    name : str
        Name of the top module.

    Raises
    ------
    amaranth._toolchain.yosys.YosysError
        If Yosys rejects the design.
    """
    script = "\n".join(
        (
            f"read_rtlil <<rtlil\n{to_rtlil(component, name=name, emit_src=False)}\nrtlil",
            "proc -nomux -norom",
            "memory_collect",
            "write_verilog -sv -norename -noattr",
        )
    )
    yosys = find_yosys(lambda version: version >= (0, 40))  # type: ignore[no-untyped-call]
    # Yosys warns that it cannot write every process; Amaranth emits only those that it can.
    return str(yosys.run(["-q", "-"], script, ignore_warnings=True))
