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
from gateware.common.multiplier import Multiplier
from gateware.common.rmw_memory import RmwMemory
from gateware.common.stream_arbiter import StreamArbiter
from gateware.common.stream_buffer import StreamBuffer
from gateware.csr.bank import RegisterBank
from gateware.market.consolidated import ConsolidatedMarket
from gateware.market.last_trades import LastTrades
from gateware.net.receive_mac import ReceiveMac
from gateware.net.udp_filter import UdpFilter
from gateware.risk.arming import Arming
from gateware.risk.breaker.price_window import PriceWindow
from gateware.risk.circuit_breaker import CircuitBreaker
from gateware.risk.deadman import Deadman
from gateware.risk.kill_switch import KillSwitch
from gateware.risk.limit_tables import LimitTables
from gateware.risk.open_orders import OpenOrders
from gateware.risk.reject_watch import RejectWatch
from gateware.risk.sip_hash import SipHash
from gateware.risk.time_base import TimeBase
from gateware.strategy.arbitrage import Arbitrage
from gateware.strategy.imbalance_taker import ImbalanceTaker
from gateware.strategy.quoter import Quoter
from hw.registers import REGISTERS, RISK_REGISTERS
from tests.gateware.bench import TINY
from tests.gateware.market.bench import MARKET
from tests.gateware.risk.arming_traffic import (
    INSTRUMENTS,
    LOCKOUT_BITS,
    OPERATORS,
    TIMEOUT_BITS,
)
from tests.gateware.risk.bench import NARROW
from tests.gateware.risk.breaker.window_traffic import WINDOW
from tests.gateware.risk.breaker_traffic import BREAKER
from tests.gateware.risk.kill_words import COUNTS
from tests.gateware.risk.limit_traffic import SOME_LIMITS

__all__ = [
    "ARBITER_INPUTS",
    "BANK",
    "CONSTANTS",
    "DEADMAN",
    "DEPTH",
    "PARTS",
    "TABLE",
    "Bench",
    "part",
]

#: Streams that the arbiter merges: no power of two.
ARBITER_INPUTS: Final = 3
#: Words of the read-modify-write memory: few, so that requests meet.
DEPTH: Final = 5
#: Of the register bank: those of a build with the risk gate.
BANK: Final = REGISTERS | RISK_REGISTERS
CONSTANTS: Final = {"map_id": 0x12345678, "books": 2}
#: Widths of the factors of the multiplier [bits]: pieces of both, and more than one diagonal.
FACTORS: Final = (40, 25)
#: Of the order table alone: ids wide enough for many of them to share all their sets.
TABLE: Final = replace(TINY, id_bits=24)

#: Widths of the deadman: short units, so that it expires often.
DEADMAN: Final = {"timeout_bits": 5, "unit_bits": 3}

_MADE: Final[dict[str, Callable[[], wiring.Component]]] = {
    "arbitrage": lambda: Arbitrage(parameters=MARKET),
    "arming": lambda: Arming(
        operators=OPERATORS, instruments=INSTRUMENTS, timeout_bits=TIMEOUT_BITS,
        lockout_bits=LOCKOUT_BITS,
    ),
    "best_levels": lambda: BestLevels(parameters=TINY),
    "circuit_breaker": lambda: CircuitBreaker(parameters=BREAKER),
    "consolidated": lambda: ConsolidatedMarket(parameters=MARKET),
    "deadman": lambda: Deadman(**DEADMAN),
    "decide": lambda: Decide(parameters=TINY),
    "decode": lambda: Decode(parameters=TINY),
    "engine": lambda: BookEngine(parameters=TINY),
    "imbalance_taker": lambda: ImbalanceTaker(parameters=MARKET),
    "kill_switch": lambda: KillSwitch(**COUNTS),
    "last_trades": lambda: LastTrades(parameters=NARROW),
    "level_store": lambda: LevelStore(parameters=TINY),
    "limit_tables": lambda: LimitTables(parameters=NARROW, limits=SOME_LIMITS),
    "multiplier": lambda: Multiplier(a_bits=FACTORS[0], b_bits=FACTORS[1]),
    "open_orders": lambda: OpenOrders(parameters=NARROW),
    "order_table": lambda: OrderTable(parameters=TABLE),
    "price_window": lambda: PriceWindow(**WINDOW),
    "pipeline": lambda: Pipeline(parameters=TINY),
    "quoter": lambda: Quoter(parameters=MARKET),
    "receive_mac": ReceiveMac,
    "register_bank": lambda: RegisterBank(constants=CONSTANTS, registers=BANK),
    "reject_watch": RejectWatch,
    "rmw_memory": lambda: RmwMemory(
        shape=data.StructLayout({"value": unsigned(8)}), depth=DEPTH
    ),
    "row_cache": lambda: RowCache(parameters=TINY),
    "row_update": lambda: RowUpdate(parameters=TINY),
    "sip_hash": SipHash,
    "stream_arbiter": lambda: StreamArbiter(shape=unsigned(16), inputs=ARBITER_INPUTS),
    "stream_buffer": lambda: StreamBuffer(shape=unsigned(16)),
    "time_base": lambda: TimeBase(time_bits=NARROW.time_bits),
    "udp_filter": lambda: UdpFilter(groups=4),
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
