# amaranth: UnusedElaboratable=no
"""The components that are co-simulated one by one, side by side in one top.

Verilator's own C++ takes much longer to compile than a component of a small build: so they share
one simulator. Nothing connects them.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from amaranth import Module, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import Out

from gateware.book.best_levels import BestLevels
from gateware.book.decision import Decide
from gateware.book.decode import Decode
from gateware.book.engine import BookEngine
from gateware.book.level_store import LevelStore
from gateware.book.order_table import OrderTable
from gateware.book.pipeline import Pipeline
from gateware.book.row_cache import RowCache
from gateware.book.row_update import RowUpdate
from gateware.common.rmw_memory import RmwMemory
from gateware.csr.bank import RegisterBank
from tests.gateware.bench import TINY

__all__ = ["CONSTANTS", "DEPTH", "PARTS", "TABLE", "Bench", "part"]

#: Words of the read-modify-write memory: few, so that requests meet.
DEPTH: Final = 5
CONSTANTS: Final = {"map_id": 0x12345678, "books": 2}
#: Of the order table alone: ids wide enough for many of them to share all their sets.
TABLE: Final = replace(TINY, id_bits=24)

_MADE: Final[dict[str, Callable[[], wiring.Component]]] = {
    "best_levels": lambda: BestLevels(parameters=TINY),
    "decide": lambda: Decide(parameters=TINY),
    "decode": lambda: Decode(parameters=TINY),
    "engine": lambda: BookEngine(parameters=TINY),
    "level_store": lambda: LevelStore(parameters=TINY),
    "order_table": lambda: OrderTable(parameters=TABLE),
    "pipeline": lambda: Pipeline(parameters=TINY),
    "register_bank": lambda: RegisterBank(constants=CONSTANTS),
    "rmw_memory": lambda: RmwMemory(
        shape=data.StructLayout({"value": unsigned(8)}), depth=DEPTH
    ),
    "row_cache": lambda: RowCache(parameters=TINY),
    "row_update": lambda: RowUpdate(parameters=TINY),
}  # fmt: skip
#: Names of the components, each the prefix of its ports and the name of its cocotb module.
PARTS: Final = tuple(_MADE)


def part(name: str) -> wiring.Component:
    """Return a new component of one of ``PARTS``, as it is in the bench."""
    return _MADE[name]()


class Bench(wiring.Component):
    """Every component of ``PARTS``; the ports of each are members of a member of its name."""

    def __init__(self) -> None:
        self._parts = {name: part(name) for name in PARTS}
        super().__init__({name: Out(p.signature) for name, p in self._parts.items()})

    def elaborate(self, platform: object) -> Module:
        """Lead the ports of every component outside."""
        m = Module()
        for name, component in self._parts.items():
            m.submodules[name] = component
            port: Any = getattr(self, name)
            wiring.connect(m, component, wiring.flipped(port))
        return m
