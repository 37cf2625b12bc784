"""Trigger: quote both sides around a value that the host sets."""

from typing import Any, Final

from amaranth import Module, Mux, Signal, Value, signed
from amaranth.lib.wiring import In

from gateware.common.records import RISK_REQUEST_LAYOUT
from gateware.common.view import view
from gateware.strategy.layouts import quoter_settings
from gateware.strategy.quote_side import QuoteSide
from gateware.strategy.trigger import Trigger
from hw.records import ORDER_FLAG, SIDE
from hw.risk_parameters import RiskParameters

__all__ = ["Quoter"]


class Quoter(Trigger):
    """Keep a bid below and an offer above the host's value of one instrument.

    The bid is at ``fair + skew - half_spread``, but below the best offer; the offer at
    ``fair + skew + half_spread``, but above the best bid; both are post-only. A quote that is
    ``step`` off or more is cancelled and made anew once the venue says that it has left. What was
    traded of a quote is not replaced before the rest has left. When the value is further than
    ``max_age`` from now, or a price is not in 1 to 2^tick_bits - 1, the quote is cancelled.

    Timing
    ------
    A change of the settings or of the market in cycle 0 makes a quote leave, or the first one
    come, in cycle ``LATENCY``, unless another waits for ``intent.ready``: cancels go first, then
    the bid.

    Parameters
    ----------
    parameters : RiskParameters
        Sizes.

    Members
    -------
    change_valid, change : ``In(1)``, ``In(market_change)``
        Of ``ConsolidatedMarket``; other instruments are ignored.
    forget_market : ``In(1)``
        The best prices are not known any more.
    settings : ``In(quoter_settings)``
        A change of ``instrument`` or ``venue`` holds for new quotes; old ones are cancelled first.
    now : ``In(time_bits)``
        The box's time [ns].
    new_id : ``In(id_bits)``
        What a new order that is taken in this cycle is called.
    intent : ``Out(stream)``
        Orders and cancels. A new order that waits is offered until taken.
    passed, denied : ``In(1)``
        What the risk gate says to the last new order, for one cycle.
    report_valid, report : ``In(1)``, ``In(RISK_REQUEST_LAYOUT)``
        What the gate takes: fills and the end of orders of any id.
    """

    LATENCY: Final = 4

    forget_market: Value
    now: Value
    new_id: Value
    passed: Value
    denied: Value
    report_valid: Value
    report: Any

    def __init__(self, *, parameters: RiskParameters) -> None:
        p = parameters
        super().__init__(
            parameters=p,
            settings=quoter_settings(p),
            more={
                "forget_market": In(1),
                "now": In(p.time_bits),
                "new_id": In(p.id_bits),
                "passed": In(1),
                "denied": In(1),
                "report_valid": In(1),
                "report": In(RISK_REQUEST_LAYOUT),
            },
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        sides = [QuoteSide(parameters=self.parameters) for _ in range(2)]
        m.submodules.bid, m.submodules.ask = sides
        settings = self._settings(m)
        place = view(quoter_settings(self.parameters), name="place")  # of the quotes that stand
        moved = (place.instrument != settings[3].instrument) | (place.venue != settings[3].venue)
        with m.If(~sides[0].standing & ~sides[1].standing):
            m.d.sync += place.eq(settings[3])
        allowed = self._allowed(m, settings)
        for side, (tick, known) in zip(sides, self._wanted(m, settings), strict=True):
            m.d.comb += [
                side.wanted.eq(allowed & known & ~moved), side.tick.eq(tick),
                side.step.eq(settings[3].step), side.quantity.eq(settings[3].quantity),
                side.pause.eq(settings[3].pause), side.new_id.eq(self.new_id),
                side.passed.eq(self.passed), side.denied.eq(self.denied),
                side.report_valid.eq(self.report_valid), side.report.eq(self.report),
            ]  # fmt: skip
        self._offer(m, sides, place)
        return m

    def _settings(self, m: Module) -> list[Any]:
        """Return the settings of this cycle, and of one, two and three before."""
        settings = [self.settings]
        for age in (1, 2, 3):
            settings.append(view(quoter_settings(self.parameters), name=f"settings{age}"))
            m.d.sync += settings[age].eq(settings[age - 1])
        return settings

    def _allowed(self, m: Module, settings: list[Any]) -> Value:
        """Return whether the settings of three cycles ago allowed quotes: their value was young."""
        late, early, allowed, kept = Signal(), Signal(), Signal(), Signal()
        ahead, behind = settings[0].fair_time - self.now, self.now - settings[0].fair_time
        on = settings[1].enabled & settings[1].quantity.any() & settings[1].max_age.any()
        m.d.sync += [
            late.eq(behind > settings[0].max_age), early.eq(ahead > settings[0].max_age),
            allowed.eq(on & ~late & ~early), kept.eq(allowed),
        ]  # fmt: skip
        return kept

    def _best(self, m: Module) -> list[tuple[Signal, Signal]]:
        """Return the best bid and offer of the instrument, each with whether it is known."""
        bits, settings = self.parameters.tick_bits, self.settings
        best = [
            (Signal(bits, name=f"best_{name}"), Signal(name=f"{name}_known"))
            for name in ("bid", "ask")
        ]
        watched = Signal.like(settings.instrument)
        m.d.sync += watched.eq(settings.instrument)
        for (tick, known), side in zip(best, (self.change.bid, self.change.ask), strict=True):
            with m.If(self.forget_market):
                m.d.sync += known.eq(0)
            with m.Elif(self.change_valid & (self.change.instrument == settings.instrument)):
                m.d.sync += [tick.eq(side.tick), known.eq(side.known)]
            with m.Elif(watched != settings.instrument):
                m.d.sync += known.eq(0)
        return best

    def _wanted(self, m: Module, settings: list[Any]) -> list[tuple[Value, Value]]:
        """Return price of bid and offer by the settings of three cycles ago, and if it can be."""
        shape = signed(self.parameters.tick_bits + 3)
        (bid, bid_known), (ask, ask_known) = self._best(m)
        middle, buys, sells = Signal(shape), Signal(shape), Signal(shape)
        below, above, buy, sell = Signal(shape), Signal(shape), Signal(shape), Signal(shape)
        m.d.sync += [
            middle.eq(settings[0].fair + settings[0].skew),
            buys.eq(middle - settings[1].half_spread), sells.eq(middle + settings[1].half_spread),
        ]  # fmt: skip
        m.d.comb += [
            below.eq(ask - 1), buy.eq(Mux(ask_known & (below < buys), below, buys)),
            above.eq(bid + 1), sell.eq(Mux(bid_known & (above > sells), above, sells)),
        ]  # fmt: skip
        wanted: list[tuple[Value, Value]] = []
        for name, price in (("buy", buy), ("sell", sell)):
            tick = Signal(self.parameters.tick_bits, name=f"{name}_tick")
            known = Signal(name=f"{name}_known")
            m.d.sync += [tick.eq(price), known.eq((price >= 1) & (price >> len(tick) == 0))]
            wanted.append((tick, known))
        return wanted

    def _offer(self, m: Module, sides: list[QuoteSide], place: Any) -> None:
        """Offer what a side wants; what is offered stays until it is taken."""
        turn = [Signal(name=f"turn{n}") for n in range(2)]
        order, waits = self.intent.payload, Signal()
        who = Signal(2)
        bid, ask = sides
        m.d.comb += [
            turn[0].eq(bid.cancels | (bid.quotes & ~ask.cancels)),
            turn[1].eq(~turn[0] & (ask.cancels | ask.quotes)),
            self.intent.valid.eq(waits),
        ]
        with m.If(waits & self.intent.ready):
            m.d.sync += [waits.eq(0), who.eq(0)]
        with m.Elif(~waits & (turn[0] | turn[1]) & ~bid.asked & ~ask.asked):
            m.d.sync += [waits.eq(1), who.eq(turn[0] | (turn[1] << 1)), order.eq(0)]
            m.d.sync += [order.instrument.eq(place.instrument), order.venue.eq(place.venue)]
            for n, (side, name) in enumerate(zip(sides, (SIDE.bid, SIDE.ask), strict=True)):
                with m.If(turn[n]):
                    m.d.sync += [
                        order.side.eq(name), order.cancel.eq(side.cancels),
                        order.tick.eq(Mux(side.cancels, side.quoted, side.tick)),
                        order.quantity.eq(Mux(side.cancels, side.left, side.quantity)),
                        order.flags.eq(Mux(side.cancels, 0, ORDER_FLAG.post_only)),
                        order.order_id.eq(Mux(side.cancels, side.order_id, 0)),
                    ]  # fmt: skip
        for n, side in enumerate(sides):
            m.d.comb += [
                side.taken.eq(waits & self.intent.ready & who[n]),
                side.taken_cancel.eq(order.cancel),
                side.taken_tick.eq(order.tick),
                side.taken_quantity.eq(order.quantity),
            ]
