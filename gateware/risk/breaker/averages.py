"""Averages of an instrument: how much it moves, where it was, how deep its market is."""

from typing import Any, Final

from amaranth import Module, Mux, Signal, Value, signed, unsigned
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from gateware.common.view import view
from gateware.market.layouts import index_of
from gateware.market.tables import table
from gateware.risk.breaker.layouts import FRACTION_BITS, depth_shape
from hw.risk_parameters import RiskParameters

__all__ = ["Averages"]

#: In the order in which they are made.
_NAMES: Final = ("sigma", "reference", "depth")


class Averages(wiring.Component):
    """Move exponential averages by ``(new - average) / 2^shift``, rounded down.

    ``sigma`` is of abs(price - price when it was taken last), ``reference`` of the price, ``depth``
    of the depth. All have ``FRACTION_BITS`` bits behind the point. An instrument's first visit
    starts them: ``sigma`` with 0, the others with what there is.

    Timing
    ------
    ``start`` in cycle 0, with all other inputs, which stay until ``done``: 1 in cycle ``LATENCY``;
    the averages are valid from then until the next start.

    Parameters
    ----------
    parameters : RiskParameters
        Sizes of the build.

    Members
    -------
    start, instrument : ``In(1)``, ``In``
        A visit.
    price, depth : ``In(tick_bits + 1)``, ``In``
        What stands [double ticks], [lots].
    take_sigma, take_others : ``In(1)``
        Whether a bucket has ended, and the averages move.
    shifts : ``In(4)`` for each of sigma, reference, depth
        Smoothing.
    done : ``Out(1)``
        The visit is over.
    sigma, reference, depth_average : ``Out``
        [double ticks / 2^16], [double ticks / 2^16], [lots / 2^16].
    clear : ``In(1)``
        Forget all averages, and the visit.
    """

    LATENCY: Final = 8

    start: Value
    instrument: Value
    price: Value
    depth: Value
    take_sigma: Value
    take_others: Value
    shifts: Any
    done: Value
    sigma: Value
    reference: Value
    depth_average: Value
    clear: Value

    def __init__(self, *, parameters: RiskParameters) -> None:
        self.parameters = p = parameters
        price, depth = p.tick_bits + 1, depth_shape(p).width
        self._bits = {"sigma": price, "reference": price, "depth": depth}
        averages = {n: unsigned(bits + FRACTION_BITS) for n, bits in self._bits.items()}
        self._kept = data.StructLayout({**averages, "before": price})
        super().__init__(
            {
                "start": In(1),
                "instrument": In(index_of(p.instruments)),
                "price": In(price),
                "depth": In(depth),
                "take_sigma": In(1),
                "take_others": In(1),
                "shifts": In(4).array(len(_NAMES)),
                "done": Out(1),
                "sigma": Out(averages["sigma"]),
                "reference": Out(averages["reference"]),
                "depth_average": Out(averages["depth"]),
                "clear": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p = self.parameters
        memory, write = table(m, "averages", shape=self._kept, depth=p.instruments)
        read, row = memory.read_port(domain="comb"), view(self._kept, name="row")
        begun, first = Signal(p.instruments), Signal()
        # step[n] is cycle n + 1.
        step = Signal(self.LATENCY)
        delta, move = Signal(signed(p.tick_bits + 2)), Signal(p.tick_bits + 1)
        m.d.sync += [
            step.eq(Mux(self.clear, 0, (step << 1) | self.start)),
            delta.eq(self.price - row.before),
            move.eq(abs(delta)),
        ]
        m.d.comb += [
            read.addr.eq(self.instrument),
            write.addr.eq(self.instrument),
            write.data.eq(row),
            write.en.eq(step[-1]),
            self.done.eq(step[-1]),
            self.sigma.eq(row.sigma),
            self.reference.eq(row.reference),
            self.depth_average.eq(row.depth),
        ]
        with m.If(self.start):
            m.d.sync += [row.eq(read.data), first.eq(~begun.bit_select(self.instrument, 1))]
        with m.If(self.clear):
            m.d.sync += begun.eq(0)
        with m.Elif(step[-1]):
            m.d.sync += begun.bit_select(self.instrument, 1).eq(1)
        self._move(m, row, {"sigma": move, "reference": self.price, "depth": self.depth}, step)
        with m.If(step[-2] & (first | self.take_sigma)):
            m.d.sync += row.before.eq(self.price)
        with m.If(step[-2] & first):
            m.d.sync += [
                row.sigma.eq(0),
                row.reference.eq(self.price << FRACTION_BITS),
                row.depth.eq(self.depth << FRACTION_BITS),
            ]
        return m

    def _move(self, m: Module, row: Any, news: dict[str, Value], step: Value) -> None:
        """Move the averages one after the other, in two cycles and one more each."""
        bits = max(self._bits.values()) + FRACTION_BITS
        difference, shift = Signal(signed(bits + 1)), Signal(4)
        part = Signal(signed(bits + 1))
        takes = {"sigma": self.take_sigma, "reference": self.take_others, "depth": self.take_others}
        m.d.sync += part.eq(difference >> shift)
        for n, name in enumerate(_NAMES):
            new = (news[name] << FRACTION_BITS)[:bits]
            with m.If(step[2 + n]):
                m.d.sync += [difference.eq(new - row[name]), shift.eq(self.shifts[n])]
            with m.If(step[4 + n] & takes[name]):
                m.d.sync += row[name].eq(row[name] + part)
