"""A small device with a risk gate, in the size that other system tests compile too."""

from typing import Final

from hw.presets import BookParameters
from hw.risk_parameters import RiskParameters
from sim.devices.verilated_risk import VerilatedRiskDevice
from tests.gateware.bench import SMALL

__all__ = ["BACKEND", "LIMITS", "RISK", "small_risk"]

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
