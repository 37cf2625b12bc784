"""Small memories that answer in the cycle in which they are asked."""

from typing import Any

from amaranth import Module
from amaranth.lib.memory import Memory

__all__ = ["table"]


def table(m: Module, name: str, *, shape: Any, depth: int) -> tuple[Any, Any]:
    """Add a memory made of look-up tables; return it and its write port.

    Reads are combinational: ``read_port(domain="comb")``. A word that is read in the cycle in which
    it is written is the old one.
    """
    attrs = {"ram_style": "distributed"}
    memory: Any = Memory(shape=shape, depth=depth, init=[], attrs=attrs)
    m.submodules[name] = memory
    return memory, memory.write_port()
