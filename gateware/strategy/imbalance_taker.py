"""Trigger: take the smaller side of a lopsided market."""

from typing import Any, Final

from amaranth import Module, Mux, Signal, Value
from amaranth.lib.wiring import Out

from gateware.common.saturating import count_saturating
from gateware.common.view import view
from gateware.market.layouts import market_change
from gateware.strategy.layouts import taker_settings
from gateware.strategy.trigger import Trigger
from hw.records import ORDER_FLAG, SIDE
from hw.risk_parameters import RiskParameters

__all__ = ["ImbalanceTaker"]

_ONE: Final = 16  # of the ratio


class ImbalanceTaker(Trigger):
    """Buy the best offer if the best bid is many times as large, and the other way round.

    With quantities B and A at best bid and offer it buys if ``16 B >= ratio A`` and sells if
    ``16 A >= ratio B``, where the spread is from 1 to ``max_spread``. The microprice
    (P_bid A + P_ask B) / (A + B) is then at least ``ratio / (ratio + 16)`` of the spread away from
    the side that is large. The order is immediate or cancel at that price, of the quantity there
    or ``max_quantity``, to the first venue that has it.

    Timing
    ------
    Change in cycle 0, order offered in cycle ``LATENCY``. While an order waits or a pause is under
    way, and in the cycle after a change, others are passed over; chances that meet an order or a
    pause are counted.

    Parameters
    ----------
    parameters : RiskParameters
        Sizes.

    Members
    -------
    change_valid, change : ``In(1)``, ``In(market_change)``
        Of ``ConsolidatedMarket``.
    settings : ``In(taker_settings)``
        Of the instrument of this cycle's change.
    intent : ``Out(stream)``
        Orders.
    passed_over : ``Out(32)``
        Chances that were not taken for want of time; stops at its largest value.
    """

    LATENCY: Final = 2

    passed_over: Signal

    def __init__(self, *, parameters: RiskParameters) -> None:
        super().__init__(
            parameters=parameters,
            settings=taker_settings(parameters),
            more={"passed_over": Out(32)},
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bid, ask, settings = self.change.bid, self.change.ask, self.settings
        # Cycle 1: what is compared.
        change = view(market_change(self.parameters), name="change1")
        limits = view(taker_settings(self.parameters), name="settings1")
        looks = Signal()
        bids, asks = (Signal(len(bid.quantity) + 8, reset_less=True) for _ in range(2))
        m.d.sync += [
            looks.eq(
                self.change_valid & settings.enabled & bid.known & ask.known
                & (settings.ratio > _ONE) & settings.max_quantity.any()
                & (bid.tick < ask.tick) & bid.quantity.any() & ask.quantity.any()
            ),
            change.eq(self.change), limits.eq(settings),
            bids.eq(bid.quantity * settings.ratio), asks.eq(ask.quantity * settings.ratio),
        ]  # fmt: skip
        # Cycle 2: the order.
        near = change.ask.tick - change.bid.tick <= limits.max_spread
        buys = change.bid.quantity * _ONE >= asks
        sells = change.ask.quantity * _ONE >= bids
        fires, waits, left = Signal(), Signal(), Signal.like(settings.pause)
        m.d.comb += [fires.eq(looks & near & (buys | sells)), self.intent.valid.eq(waits)]
        with m.If(waits):
            m.d.sync += waits.eq(~self.intent.ready)
        with m.Elif(left.any()):
            m.d.sync += left.eq(left - 1)
        with m.Elif(fires):
            m.d.sync += [waits.eq(1), left.eq(limits.pause)]
            self._fill(m, change, buys, limits.max_quantity)
        count_saturating(m, self.passed_over, fires & (waits | left.any()))
        return m

    def _fill(self, m: Module, change: Any, buys: Value, most: Value) -> None:
        """Fill in the order: of the side that is small."""
        order = self.intent.payload
        m.d.sync += [
            order.eq(0), order.instrument.eq(change.instrument),
            order.flags.eq(ORDER_FLAG.immediate_or_cancel),
        ]  # fmt: skip
        for takes, side, price in ((~buys, SIDE.ask, change.bid), (buys, SIDE.bid, change.ask)):
            with m.If(takes):
                m.d.sync += [
                    order.side.eq(side), order.venue.eq(price.venue), order.tick.eq(price.tick),
                    order.quantity.eq(Mux(price.quantity < most, price.quantity, most)),
                ]  # fmt: skip
