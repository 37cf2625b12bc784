"""Trigger: buy where an instrument is offered for less than another venue bids, after fees."""

from typing import Final

from amaranth import Module, Mux, Signal, Value
from amaranth.lib.wiring import In, Out

from gateware.common.saturating import count_saturating
from gateware.common.view import view
from gateware.strategy.layouts import arbitrage_settings, intent_layout
from gateware.strategy.trigger import Trigger
from hw.records import ORDER_FLAG, SIDE
from hw.risk_parameters import RiskParameters

__all__ = ["Arbitrage"]


class Arbitrage(Trigger):
    """Sell at the best bid and buy at the best offer, if that pays the costs at both venues.

    With best bid b at venue v and best offer a at another venue w it acts if
    ``b - a >= cost[v] + cost[w]`` and ``b <= top``. Both orders are immediate or cancel, of the
    smallest of the two quantities and ``max_quantity``. The sale goes first; the purchase follows
    once the sale has passed the risk gate, and not at all if it was denied. A quantity is that of
    all venues at that price, and the order goes to the first of them: what that venue has not is
    cancelled, so one order may trade less than the other.

    Timing
    ------
    Change in cycle 0, first order offered in cycle ``LATENCY``; the second one cycle after
    ``passed``. While an attempt or a pause is under way, others are passed over and counted.

    Parameters
    ----------
    parameters : RiskParameters
        Sizes.

    Members
    -------
    change_valid, change : ``In(1)``, ``In(market_change)``
        Of ``ConsolidatedMarket``.
    settings : ``In(arbitrage_settings)``
        Of the instrument of this cycle's change.
    intent : ``Out(stream)``
        Orders.
    passed, denied : ``In(1)``
        What the risk gate says to the last order, for one cycle.
    passed_over : ``Out(32)``
        Chances that were not taken for want of time; stops at its largest value.
    """

    LATENCY: Final = 1

    passed: Value
    denied: Value
    passed_over: Signal

    def __init__(self, *, parameters: RiskParameters) -> None:
        super().__init__(
            parameters=parameters,
            settings=arbitrage_settings(parameters),
            more={"passed": In(1), "denied": In(1), "passed_over": Out(32)},
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bid, ask, settings = self.change.bid, self.change.ask, self.settings
        sale = view(intent_layout(self.parameters), name="sale")
        purchase = view(intent_layout(self.parameters), name="purchase")
        left = Signal.like(settings.pause)
        pays = self._pays(m)
        quantity = _smallest(bid.quantity, ask.quantity, settings.max_quantity)
        with m.FSM() as attempt:
            with m.State("WATCH"), m.If(pays):
                m.next = "SALE"
                for order, side, price in ((sale, SIDE.ask, bid), (purchase, SIDE.bid, ask)):
                    m.d.sync += [
                        order.eq(0),
                        order.side.eq(side),
                        order.instrument.eq(self.change.instrument),
                        order.venue.eq(price.venue),
                        order.tick.eq(price.tick),
                        order.quantity.eq(quantity),
                        order.flags.eq(ORDER_FLAG.immediate_or_cancel),
                    ]
                m.d.sync += left.eq(settings.pause)
            with m.State("SALE"), m.If(self.intent.ready):
                m.next = "VERDICT"
            with m.State("VERDICT"):
                with m.If(self.passed):
                    m.next = "PURCHASE"
                with m.Elif(self.denied):
                    m.next = "PAUSE"
            with m.State("PURCHASE"), m.If(self.intent.ready):
                m.next = "PAUSE"
            with m.State("PAUSE"):
                m.d.sync += left.eq(left - 1)
                with m.If(left <= 1):
                    m.next = "WATCH"
        m.d.comb += [
            self.intent.valid.eq(attempt.ongoing("SALE") | attempt.ongoing("PURCHASE")),
            self.intent.payload.eq(Mux(attempt.ongoing("SALE"), sale, purchase)),
        ]
        count_saturating(m, self.passed_over, pays & ~attempt.ongoing("WATCH"))
        return m

    def _pays(self, m: Module) -> Value:
        """Return whether this change is worth an attempt."""
        bid, ask, settings = self.change.bid, self.change.ask, self.settings
        gain = bid.tick - ask.tick
        costs = settings.cost[bid.venue] + settings.cost[ask.venue]
        pays = Signal()
        m.d.comb += pays.eq(
            self.change_valid & settings.enabled & bid.known & ask.known
            & (bid.venue != ask.venue) & (gain >= costs) & (bid.tick <= settings.top)
            & bid.quantity.any() & ask.quantity.any() & settings.max_quantity.any()
        )  # fmt: skip
        return pays


def _smallest(a: Value, b: Value, c: Value) -> Value:
    """Return the smallest of three, with all comparisons at once."""
    return Mux((a <= b) & (a <= c), a, Mux(b <= c, b, c))
