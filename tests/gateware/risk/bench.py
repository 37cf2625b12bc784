"""What the tests of the risk gate share: a narrow build."""

from typing import Final

from hw.risk_parameters import RiskParameters

__all__ = ["NARROW"]

#: So narrow that ids meet in the table, prices cross and sums reach their ends soon.
NARROW: Final = RiskParameters(
    books=4, instruments=4, venues=2, strategies=4, accounts=2, order_slots=16, id_bits=8,
    tick_bits=10, quantity_bits=8, position_bits=12, lot_value_bits=5, time_bits=24,
)  # fmt: skip
