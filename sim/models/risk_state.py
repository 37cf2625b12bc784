"""What the risk gate knows of its own: orders, positions, counts, rates."""

from collections import deque
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from hw.order_slots import ORDER_WAYS, slot_of
from hw.records import ORDER_STATE, SIDE
from hw.risk_parameters import RiskParameters
from sim.models.risk_limits import RiskLimits
from sim.models.risk_world import Market, World

__all__ = ["FILTER_ORDERS", "OpenOrder", "RiskState"]

#: Orders that the duplicate filter remembers.
FILTER_ORDERS: Final = 8
_BID: Final = SIDE.bid
_LIVE: Final = ORDER_STATE.live


@dataclass(kw_only=True, slots=True)
class OpenOrder:
    """An order that may be filled.

    Attributes
    ----------
    tick : int
        Price [ticks].
    remaining : int
        Quantity that can still be filled [lots].
    state : int
        Of ``order_state``.
    execution : int
        Of its last fill, or 0.
    """

    order_id: int
    side: int
    instrument: int
    venue: int
    strategy: int
    account: int
    tick: int
    remaining: int
    state: int = _LIVE
    execution: int = 0


@lru_cache(maxsize=8192)
def _places(order_slots: int, id_bits: int, order_id: int) -> tuple[int, ...]:
    return tuple(slot_of(order_slots, id_bits, way, order_id) for way in range(ORDER_WAYS))


class RiskState:
    """Everything that a check may look at.

    Attributes
    ----------
    limits, active : RiskLimits, dict of str to list of int
        The limits; those in force.
    market, world : Market, World
        What was told.
    orders : dict of int to OpenOrder
        By id.
    ways : list of dict of int to int
        Of each way of the table, the id in each slot that is taken.
    position, open_buy, open_sell : list of int
        Of each instrument [lots].
    cash : list of int
        Of each instrument [ticks * lots].
    instrument_orders, strategy_orders : list of int
        Open orders.
    fills, used : list of int
        Of each strategy: fills since they were reset; message allowance in use [messages].
    strategy_tat, venue_tat, box_tat, burst_tat : list of int
        Theoretical arrival times [ns].
    recent : deque of tuple
        The last orders that passed: (instrument, strategy, side, tick, quantity), time [ns].
    forgotten : int or None
        Time of the youngest order that ``recent`` no longer holds [ns].
    lowest_sell, highest_buy : list of int or None
        Of each instrument, bounds on the prices of own orders as wide as the gate's can be [ticks].
    loss_up, loss_down : list of bool
        Of each instrument, whether its loss flag may be up, and may be down.
    """

    def __init__(self, parameters: RiskParameters) -> None:
        self.parameters = parameters
        self.limits = RiskLimits(parameters)
        self.active = self.limits.active
        self.market = Market(parameters)
        self.world = World()
        self.orders: dict[int, OpenOrder] = {}
        self.ways: list[dict[int, int]] = [{} for _ in range(ORDER_WAYS)]
        n = parameters.instruments
        self.position, self.open_buy, self.open_sell = [0] * n, [0] * n, [0] * n
        self.cash, self.instrument_orders = [0] * n, [0] * n
        self.strategy_orders = [0] * parameters.strategies
        self.fills, self.used = [0] * parameters.strategies, [0] * parameters.strategies
        self.strategy_tat, self.venue_tat = [0] * parameters.strategies, [0] * parameters.venues
        self.box_tat, self.burst_tat = [0], [0]
        self.recent: deque[tuple[tuple[int, ...], int]] = deque()
        self.forgotten: int | None = None
        self.lowest_sell: list[int | None] = [None] * n
        self.highest_buy: list[int | None] = [None] * n
        self.loss_up, self.loss_down = [True] * n, [False] * n

    @property
    def largest_position(self) -> int:
        """Greatest size of a position, long or short [lots]."""
        return (1 << (self.parameters.position_bits - 1)) - 1

    def places(self, order_id: int) -> tuple[int, ...]:
        """Return the slot of an id in each way."""
        return _places(self.parameters.order_slots, self.parameters.id_bits, order_id)

    def free_way(self, order_id: int) -> int | None:
        """Return the lowest way in which an id's slot is free, or None."""
        for way, slot in enumerate(self.places(order_id)):
            if slot not in self.ways[way]:
                return way
        return None

    def enter(self, order: OpenOrder) -> None:
        """Let an order rest.

        Raises
        ------
        ValueError
            If its id is open or has no place.
        """
        way = self.free_way(order.order_id)
        if way is None or order.order_id in self.orders:
            raise ValueError(f"id {order.order_id} must not be open, and must have a free place")
        self.ways[way][self.places(order.order_id)[way]] = order.order_id
        self.orders[order.order_id] = order
        i = order.instrument
        self.instrument_orders[i] += 1
        self.strategy_orders[order.strategy] += 1
        open_side = self.open_buy if order.side == _BID else self.open_sell
        open_side[i] += order.remaining
        self._widen(order)

    def _widen(self, order: OpenOrder) -> None:
        i = order.instrument
        if order.side == _BID:
            highest = self.highest_buy[i]
            self.highest_buy[i] = order.tick if highest is None else max(highest, order.tick)
        else:
            lowest = self.lowest_sell[i]
            self.lowest_sell[i] = order.tick if lowest is None else min(lowest, order.tick)

    def narrow(self) -> None:
        """Bring the bounds on own prices to what the open orders say."""
        self.highest_buy = [None] * self.parameters.instruments
        self.lowest_sell = [None] * self.parameters.instruments
        for order in self.orders.values():
            self._widen(order)

    def shrink(self, order: OpenOrder, quantity: int) -> None:
        """Take a quantity off what remains; at 0 the order leaves."""
        order.remaining -= quantity
        open_side = self.open_buy if order.side == _BID else self.open_sell
        open_side[order.instrument] -= quantity
        if order.remaining == 0:
            self._remove(order)

    def leave(self, order: OpenOrder) -> None:
        """Let an order leave, whatever remains of it."""
        self.shrink(order, order.remaining)

    def _remove(self, order: OpenOrder) -> None:
        del self.orders[order.order_id]
        for way, slot in enumerate(self.places(order.order_id)):
            if self.ways[way].get(slot) == order.order_id:
                del self.ways[way][slot]
        self.instrument_orders[order.instrument] -= 1
        self.strategy_orders[order.strategy] -= 1

    def by_slot(self) -> list[OpenOrder]:
        """Return the open orders in the order of their slots, way by way."""
        return [self.orders[ids[slot]] for ids in self.ways for slot in sorted(ids)]

    def own_bounds(self, instrument: int) -> tuple[int | None, int | None]:
        """Return the highest own buy and the lowest own sell, as they are [ticks]."""
        mine = [order for order in self.orders.values() if order.instrument == instrument]
        buys = [order.tick for order in mine if order.side == _BID]
        sells = [order.tick for order in mine if order.side != _BID]
        return max(buys, default=None), min(sells, default=None)

    def totals(self) -> tuple[int, int, int, int]:
        """Return P, G, B and S: net, gross, open buys and open sells of the box [value units]."""
        values = self.active["lot_value"]
        p = sum(v * n for v, n in zip(values, self.position, strict=True))
        g = sum(v * abs(n) for v, n in zip(values, self.position, strict=True))
        b = sum(v * n for v, n in zip(values, self.open_buy, strict=True))
        s = sum(v * n for v, n in zip(values, self.open_sell, strict=True))
        return p, g, b, s

    def loss_reading(self, instrument: int) -> bool | None:
        """Say whether the loss is over its limit; None if that cannot be told."""
        position, r = self.position[instrument], self.market.double_mid[instrument]
        if position and r is None:
            return None
        value = 2 * self.cash[instrument] + position * (r or 0)
        return value < -2 * self.active["max_loss"][instrument]

    def note_loss(self, instrument: int) -> None:
        """Keep in mind that a mark from now on may read the loss as it is."""
        reading = self.loss_reading(instrument)
        if reading is not None:
            self.loss_up[instrument] |= reading
            self.loss_down[instrument] |= not reading

    def move(self, instrument: int, side: int, tick: int, quantity: int) -> bool:
        """Trade: move position and cash; False if the position would not fit."""
        signed = quantity if side == _BID else -quantity
        wanted = self.position[instrument] + signed
        largest = self.largest_position
        self.position[instrument] = max(-largest, min(largest, wanted))
        self.cash[instrument] -= signed * tick
        self.note_loss(instrument)
        return abs(wanted) <= largest
