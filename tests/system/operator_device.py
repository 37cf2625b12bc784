"""A small device with a risk gate, and traffic for it; other system tests compile its size too."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import numpy as np

from host.device.records import RISK_REQUEST_DTYPE, UPDATE_DTYPE
from host.device.remote import RemoteDevice
from hw.presets import BookParameters
from hw.records import CHECK, REQUEST_KIND, RISK_EVENT_KIND, SIDE, UPDATE_KIND
from hw.risk_parameters import RiskParameters
from sim.devices.verilated_risk import VerilatedRiskDevice
from tests.gateware.bench import SMALL

__all__ = [
    "BACKEND",
    "LIMITS",
    "RISK",
    "make_market",
    "order",
    "ready",
    "send",
    "small_risk",
    "verdict",
]

BACKEND: Final = "tests.system.operator_device:small_risk"
RISK: Final = RiskParameters(
    books=SMALL.books, instruments=4, venues=2, strategies=4, accounts=2, order_slots=32
)
#: Limits under which an ordinary order of ``maker`` in ``ETH`` at ``alpha`` passes.
LIMITS: Final = """
version = 1

[instruments.ETH]
index = 1
tick_size = "0.01"
lot_size = "0.1"
permitted = true
may_grow = true
min_quantity = "0.1"
max_quantity = "10"
round_lot = 1
price_step = 1
min_tick = "1"
max_tick = "100"
collar = "5"
max_notional = "500"
max_long = "20"
max_short = "20"
max_loss = "100"
lot_value = 1
max_instrument_orders = 4
max_age = "1 h"
duplicate_window = 0
watched = true
on_return0 = "none"
on_return1 = "none"
on_return2 = "none"
on_spread = "none"
on_depth = "none"
on_divergence = "none"
on_rate = "none"
on_silence = "none"
breaker_hold = "30 s"

[venues.alpha]
index = 0
cancel_on_disconnect = true
session_open = true
venue_period = "1 ns"

[venues.beta]
index = 1
cancel_on_disconnect = false

[strategies.maker]
index = 2
may_trade = true
instruments = ["ETH"]
strategy_period = "1 ns"
max_strategy_orders = 4
max_executions = 10
message_allowance = 100

[accounts.main]
index = 1
open = true

[books.eth]
index = 0
instrument = "ETH"
venue = "alpha"
takes_part = true

[box]
box_period = "1 ns"
burst_period = "1 ns"
max_gross = 10000
max_net = 10000
max_open_orders = 8
reject_limit = 8
deadman_timeout = 100000
"""


def small_risk(parameters: BookParameters) -> VerilatedRiskDevice:
    """Open the device."""
    return VerilatedRiskDevice(parameters, RISK)


def order(number: int, **fields: int) -> Any:
    """Return an order that the limits let through."""
    made = np.zeros(1, RISK_REQUEST_DTYPE)
    good = {"instrument": 1, "venue": 0, "strategy": 2, "account": 1, "tick": 1000, "quantity": 5}
    for name, value in ({"kind": REQUEST_KIND.new, "order_id": number} | good | fields).items():
        made[name] = value
    return made


def make_market(device: RemoteDevice) -> None:
    """Quote 9.99 to 10.01 in the book of ETH."""
    quotes = np.zeros(3, UPDATE_DTYPE)
    quotes["kind"] = [UPDATE_KIND.clear, UPDATE_KIND.add, UPDATE_KIND.add]
    quotes["flags"][0] = 1
    quotes["order_id"] = [0, 1, 2]
    quotes["side"] = [SIDE.bid, SIDE.bid, SIDE.ask]
    quotes["tick"] = [0, 999, 1001]
    quotes["quantity"] = 100
    device.transfer(quotes)
    device.drain()
    device.collect(2000)


def send(device: RemoteDevice, *requests: Any) -> tuple[Any, Any]:
    """Send requests; return all orders and risk events that come."""
    parts = [device.exchange(np.concatenate(requests)), device.collect(2000)]
    orders, events = (np.concatenate(side) for side in zip(*parts, strict=True))
    return orders, events


def verdict(events: Any) -> list[str]:
    """Return the checks that the one new order among the events failed."""
    (event,) = events[np.isin(events["kind"], (RISK_EVENT_KIND.passed, RISK_EVENT_KIND.denied))]
    return [check.name for check in CHECK if int(event["failed"]) >> check.value & 1]


def ready(folder: Path, ask: Callable[..., Any]) -> None:
    """Set the limits and arm."""
    ask("risk", "set", "--file", folder / "limits.toml", "--yes")
    ask("risk", "arm", "--key", folder / "ana.key", "--clear-kill", "--yes")
