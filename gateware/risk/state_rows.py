"""What the gate remembers of instruments, strategies and venues, row by row."""

from typing import Any, Final

from amaranth import Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from gateware.risk.layouts import RiskShapes
from hw.risk_parameters import RiskParameters

__all__ = ["StateRows"]


class StateRows(wiring.Component):
    """Rows of exposure, conduct and arrival times.

    Timing
    ------
    Indices are sampled in cycle 0, the rows are valid in cycle ``LATENCY``. A write in cycle k is
    seen by what is sampled in cycle k + 1 or later; what is sampled in cycle k may be anything.

    Parameters
    ----------
    parameters : RiskParameters
        Size.

    Members
    -------
    instrument, venue, strategy : ``In``
        Rows to look up.
    exposure, conduct, arrival : ``Out``
        Of the instrument, the strategy, and the venue's theoretical arrival time [ns].
    other_instrument, other_exposure, other_torn : ``In``, ``Out``, ``Out(1)``
        A second look at exposures; ``other_torn``: it was just being written, and is void.
    write_exposure, write_conduct, write_arrival : ``In({enable, index, row})``
        Writes.
    clear : ``In(1)``
        Set every row to 0.
    ready : ``Out(1)``
        Every row is as written; while it is 0 nothing is written.
    """

    LATENCY: Final = 1

    instrument: Value
    venue: Value
    strategy: Value
    exposure: Any
    conduct: Any
    arrival: Value
    other_instrument: Value
    other_exposure: Any
    other_torn: Value
    write_exposure: Any
    write_conduct: Any
    write_arrival: Any
    clear: Value
    ready: Value

    def __init__(self, *, parameters: RiskParameters) -> None:
        self.parameters = p = parameters
        s = RiskShapes(parameters)
        self._tables: dict[str, tuple[str, Any, Any, int]] = {
            "exposure": ("instrument", s.instrument, s.exposure, p.instruments),
            "conduct": ("strategy", s.strategy, s.conduct, p.strategies),
            "arrival": ("venue", s.venue, s.time, p.venues),
        }
        ports: dict[str, Any] = {}
        for name, (index, index_shape, row, _) in self._tables.items():
            write = data.StructLayout({"enable": 1, "index": index_shape, "row": row})
            ports |= {index: In(index_shape), name: Out(row), f"write_{name}": In(write)}
        super().__init__(
            {
                **ports,
                "other_instrument": In(s.instrument),
                "other_exposure": Out(s.exposure),
                "other_torn": Out(1),
                "clear": In(1),
                "ready": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p = self.parameters
        most = max(p.instruments, p.strategies, p.venues)
        sweep, clearing = Signal(range(most)), Signal(init=1)
        with m.If(clearing):
            m.d.sync += sweep.eq(sweep + 1)
            with m.If(sweep == most - 1):
                m.d.sync += clearing.eq(0)
        with m.If(self.clear):
            m.d.sync += [clearing.eq(1), sweep.eq(0)]
        m.d.comb += self.ready.eq(~clearing)
        for name, (index, _, row, depth) in self._tables.items():
            memory: Any = Memory(shape=row, depth=depth, init=[])
            m.submodules[name] = memory
            read, write, asked = (
                memory.read_port(),
                memory.write_port(),
                getattr(self, f"write_{name}"),
            )
            m.d.comb += [
                read.addr.eq(getattr(self, index)),
                getattr(self, name).eq(read.data),
                write.addr.eq(Mux(clearing, sweep[: len(write.addr)], asked.index)),
                Value.cast(write.data).eq(Mux(clearing, 0, Value.cast(asked.row))),
                write.en.eq(clearing | asked.enable),
            ]
            if name == "exposure":
                other = memory.read_port()
                m.d.comb += [
                    other.addr.eq(self.other_instrument),
                    self.other_exposure.eq(other.data),
                ]
                m.d.sync += self.other_torn.eq(
                    clearing | (asked.enable & (asked.index == self.other_instrument))
                )
        return m
