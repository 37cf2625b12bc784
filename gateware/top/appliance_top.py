"""Book engine and risk gate as one device: streams, registers, counters."""

from typing import Any, Final

from amaranth import Module, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from gateware.common.records import (
    BOOK_EVENT_LAYOUT,
    MARKET_UPDATE_LAYOUT,
    ORDER_LAYOUT,
    RISK_EVENT_LAYOUT,
    RISK_REQUEST_LAYOUT,
)
from gateware.risk.risk_unit import RiskUnit
from gateware.top.book_top import BookTop
from hw.presets import BookParameters
from hw.records import UPDATE_KIND
from hw.risk_parameters import RiskParameters

__all__ = ["ApplianceTop"]


class ApplianceTop(wiring.Component):
    """The book engine, and the risk gate that looks at its events.

    A restart of the engine (register ``control``) makes the market unknown, and with that denies
    every new order; what the gate knows of orders and positions stays.

    Timing
    ------
    As ``BookTop`` and ``RiskUnit``.

    Parameters
    ----------
    parameters : BookParameters
        Sizes of the book engine.
    risk : RiskParameters, optional
        Sizes of the risk gate; by default the usual ones beside this engine.

    Members
    -------
    i, o : ``In(stream)``, ``Out(stream)``
        Market updates and book events, as of ``BookTop``.
    request, order, risk : ``In(stream)``, ``Out(stream)``, ``Out(stream)``
        Requests, orders and events, as of ``RiskUnit``.
    kill_pin, entropy : ``In(1)``, ``In(64)``
        As of ``RiskUnit``.
    csr_address, csr_r_stb, csr_r_data, csr_w_stb, csr_w_data : ``In``, ``Out``
        Register bus.

    Raises
    ------
    ValueError
        If the two do not have as many books.
    """

    LATENCY: Final = BookTop.LATENCY

    i: Any
    o: Any
    request: stream.Interface
    order: stream.Interface
    risk: stream.Interface
    kill_pin: Value
    entropy: Value
    csr_address: Value
    csr_r_stb: Value
    csr_r_data: Value
    csr_w_stb: Value
    csr_w_data: Value

    def __init__(self, *, parameters: BookParameters, risk: RiskParameters | None = None) -> None:
        if risk is None:
            risk = RiskParameters.beside(parameters)
        if risk.books != parameters.books:
            raise ValueError(
                f"risk.books must be the {parameters.books} of the engine, not {risk.books}"
            )
        self.parameters = parameters
        self.risk_parameters = risk
        super().__init__(
            {
                "i": In(stream.Signature(MARKET_UPDATE_LAYOUT)),
                "o": Out(stream.Signature(BOOK_EVENT_LAYOUT)),
                "request": In(stream.Signature(RISK_REQUEST_LAYOUT)),
                "order": Out(stream.Signature(ORDER_LAYOUT)),
                "risk": Out(stream.Signature(RISK_EVENT_LAYOUT)),
                "kill_pin": In(1),
                "entropy": In(64),
                "csr_address": In(16),
                "csr_r_stb": In(1),
                "csr_r_data": Out(32),
                "csr_w_stb": In(1),
                "csr_w_data": In(32),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        book: Any = BookTop(parameters=self.parameters, risk=self.risk_parameters)
        unit: Any = RiskUnit(parameters=self.risk_parameters)
        m.submodules.book, m.submodules.unit = book, unit
        wiring.connect(m, wiring.flipped(self.i), book.i)
        wiring.connect(m, book.o, wiring.flipped(self.o))
        wiring.connect(m, wiring.flipped(self.request), unit.request)
        wiring.connect(m, unit.order, wiring.flipped(self.order))
        wiring.connect(m, unit.events, wiring.flipped(self.risk))
        update = self.i.payload
        m.d.comb += [
            unit.book_valid.eq(book.o.valid & book.o.ready),
            unit.book.eq(book.o.payload),
            unit.trade_valid.eq(
                self.i.valid
                & self.i.ready
                & (update.kind == UPDATE_KIND.trade)
                & (update.tick != 0)
            ),
            unit.trade_book.eq(update.book),
            unit.trade_tick.eq(update.tick),
            unit.forget_market.eq(book.restarting),
            unit.kill_pin.eq(self.kill_pin),
            unit.entropy.eq(self.entropy),
            unit.cycle.eq(book.cycle),
            self.csr_r_data.eq(book.csr_r_data | unit.r_data),
        ]
        for part, prefix in ((book, "csr_"), (unit, "")):
            for name in ("address", "r_stb", "w_stb", "w_data"):
                m.d.comb += getattr(part, f"{prefix}{name}").eq(getattr(self, f"csr_{name}"))
        return m
