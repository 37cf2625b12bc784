"""The book engine as a device: streams, registers, counters."""

from typing import Final

from amaranth import Module, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from gateware.book.engine import BookEngine
from gateware.common.records import BOOK_EVENT_LAYOUT, MARKET_UPDATE_LAYOUT
from gateware.csr.bank import RegisterBank
from hw.presets import BookParameters
from hw.records import ERROR
from hw.registers import map_id
from hw.risk_parameters import RiskParameters

__all__ = ["BookTop"]


class BookTop(wiring.Component):
    """Book engine with its registers.

    Timing
    ------
    As ``BookEngine`` and ``RegisterBank``.

    Parameters
    ----------
    parameters : BookParameters
        Sizes of the build.
    risk : RiskParameters, optional
        Of a build with the risk gate, which is around this one: its identity says so.

    Members
    -------
    i : ``In(stream.Signature(MARKET_UPDATE_LAYOUT))``
        Market updates.
    o : ``Out(stream.Signature(BOOK_EVENT_LAYOUT))``
        Events.
    csr_address, csr_r_stb, csr_r_data, csr_w_stb, csr_w_data : ``In``, ``Out``
        Register bus, see ``RegisterBank``.
    restarting : ``Out(1)``
        Everything is being cleared.
    cycle : ``Out(64)``
        Cycles since reset.
    """

    LATENCY: Final = BookEngine.LATENCY

    i: stream.Interface
    o: stream.Interface
    csr_address: Value
    csr_r_stb: Value
    csr_r_data: Value
    csr_w_stb: Value
    csr_w_data: Value
    restarting: Value
    cycle: Value

    def __init__(self, *, parameters: BookParameters, risk: RiskParameters | None = None) -> None:
        self.parameters = parameters
        self.risk = risk
        super().__init__(
            {
                "i": In(stream.Signature(MARKET_UPDATE_LAYOUT)),
                "o": Out(stream.Signature(BOOK_EVENT_LAYOUT)),
                "csr_address": In(16),
                "csr_r_stb": In(1),
                "csr_r_data": Out(32),
                "csr_w_stb": In(1),
                "csr_w_data": In(32),
                "restarting": Out(1),
                "cycle": Out(64),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.engine = engine = BookEngine(parameters=self.parameters)
        m.submodules.bank = bank = RegisterBank(
            constants={
                "map_id": map_id(self.parameters, risk=self.risk),
                "books": self.parameters.books,
            }
        )
        wiring.connect(m, wiring.flipped(self.i), engine.i)
        wiring.connect(m, engine.o, wiring.flipped(self.o))
        m.d.comb += [
            bank.address.eq(self.csr_address),
            bank.r_stb.eq(self.csr_r_stb),
            bank.w_stb.eq(self.csr_w_stb),
            bank.w_data.eq(self.csr_w_data),
            self.csr_r_data.eq(bank.r_data),
            engine.restart.eq(bank.control[0]),
            self.restarting.eq(bank.control[0]),
            bank.status.eq(engine.ready),
        ]
        for name in BookEngine.COUNTERS:
            m.d.comb += getattr(bank, name).eq(getattr(engine, name))

        cycles = Signal(64)
        m.d.sync += cycles.eq(cycles + 1)
        m.d.comb += [engine.cycle.eq(cycles), bank.cycles.eq(cycles), self.cycle.eq(cycles)]
        counted = {
            "updates": engine.accepted,
            "events": engine.told,
            "stall_cycles": engine.stalled & engine.ready,
        }
        for name, event in counted.items():
            count = Signal(64, name=name)
            m.d.comb += getattr(bank, name).eq(count)
            m.d.sync += count.eq(count + event)
            with m.If(engine.restart):
                m.d.sync += count.eq(0)
        for code in ERROR:
            count = Signal(32, name=f"errors_{code.name}")
            m.d.comb += getattr(bank, f"errors{code.value}").eq(count)
            with m.If(engine.erred & (engine.error == code.value) & ~count.all()):
                m.d.sync += count.eq(count + 1)
            with m.If(engine.restart):
                m.d.sync += count.eq(0)
        return m
