"""Widths and layouts of the risk gate."""

from typing import Final

from amaranth import signed, unsigned
from amaranth.lib import data

from hw.order_slots import ORDER_WAYS
from hw.risk_parameters import RiskParameters

__all__ = ["RiskShapes"]

#: How far cash can go beyond a largest position's, in bits.
_CASH_ROOM: Final = 8
_FILL_BITS: Final = 32
_USED_BITS: Final = 32


class RiskShapes:
    """Shapes of everything in a risk gate of one size.

    Parameters
    ----------
    parameters : RiskParameters
        Size of the gate.

    Attributes
    ----------
    instrument, venue, strategy, account, slot : Shape
        Indices. The top bits of a slot are its way.
    way_slots : int
        Slots of one way.
    count : Shape
        Of open orders.
    order_id, tick, quantity, time : Shape
        As in the parameters.
    position : Shape
        Signed [lots].
    open_quantity : Shape
        What all open orders of one side can come to [lots].
    worth : Shape
        Price times a quantity as large as a position [ticks * lots].
    cash : Shape
        Signed [ticks * lots].
    lot_value : Shape
        As in the parameters.
    value : Shape
        Signed; every sum of notionals fits [value units].
    order : StructLayout
        An open order, but its id.
    visited : StructLayout
        What a visit of a slot finds.
    own : StructLayout
        Bounds on our own prices in an instrument.
    mark : StructLayout
        Price that positions are marked to [double ticks].
    exposure : StructLayout
        What the gate knows of an instrument.
    conduct : StructLayout
        What the gate knows of a strategy.
    """

    def __init__(self, parameters: RiskParameters) -> None:
        p = parameters

        def index(count: int) -> int:
            return (count - 1).bit_length()

        self.instrument = unsigned(index(p.instruments))
        self.venue = unsigned(index(p.venues))
        self.strategy = unsigned(index(p.strategies))
        self.account = unsigned(index(p.accounts))
        self.slot = unsigned(index(p.order_slots))
        self.way_slots = p.order_slots // ORDER_WAYS
        self.count = unsigned(p.order_slots.bit_length())
        self.order_id = unsigned(p.id_bits)
        self.tick = unsigned(p.tick_bits)
        self.quantity = unsigned(p.quantity_bits)
        self.time = unsigned(p.time_bits)
        self.position = signed(p.position_bits)
        self.open_quantity = unsigned(p.quantity_bits + index(p.order_slots))
        self.worth = unsigned(p.tick_bits + p.position_bits - 1)
        self.cash = signed(p.tick_bits + p.position_bits + _CASH_ROOM)
        self.lot_value = unsigned(p.lot_value_bits)
        widest = max(p.position_bits, self.open_quantity.width)
        # Three sums over all instruments, and an order more.
        self.value = signed(widest + p.lot_value_bits + index(p.instruments) + 3)
        self.order = data.StructLayout(
            {
                "instrument": self.instrument,
                "venue": self.venue,
                "strategy": self.strategy,
                "account": self.account,
                "side": 1,
                "state": 2,
                "tick": self.tick,
                "remaining": self.quantity,
                "execution": 64,
            }
        )
        self.visited = data.StructLayout(
            {"torn": 1, "valid": 1, "id": self.order_id, "order": self.order}
        )
        self.own = data.StructLayout(
            {"buy": 1, "highest_buy": self.tick, "sell": 1, "lowest_sell": self.tick}
        )
        self.mark = data.StructLayout({"double_mid": p.tick_bits + 1, "mid_known": 1})
        self.exposure = data.StructLayout(
            {
                "position": self.position,
                "open_buy": self.open_quantity,
                "open_sell": self.open_quantity,
                "cash": self.cash,
                "orders": self.count,
            }
        )
        self.conduct = data.StructLayout(
            {
                "orders": self.count,
                "fills": _FILL_BITS,
                "used": _USED_BITS,
                "arrival": self.time,
            }
        )
