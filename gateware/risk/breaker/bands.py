"""The band of each instrument, as the gate looks at it."""

from typing import Any

from amaranth import Const, Module, Mux, Signal, Value
from amaranth.lib import data

from gateware.common.view import view
from gateware.market.tables import table
from gateware.risk.breaker.layouts import breaker_band
from hw.risk_parameters import RiskParameters

__all__ = ["keep_bands"]


def keep_bands(
    m: Module,
    store: Value,
    instrument: Value,
    band: Any,
    look: Value,
    clear: Value,
    parameters: RiskParameters,
) -> Any:
    """Keep the bands; return that of the instrument that was looked at one cycle before.

    A band that was never made, or was forgotten, is in force and has nothing inside.

    Parameters
    ----------
    m : Module
        Where to.
    store, instrument, band : Value, Value, View
        A new band.
    look : Value
        Whose band is wanted.
    clear : Value
        Forget all bands.
    parameters : RiskParameters
        Sizes of the build.
    """
    layout: data.StructLayout = breaker_band(parameters)
    memory, write = table(m, "bands", shape=layout, depth=parameters.instruments)
    read, shown = memory.read_port(domain="comb"), view(layout, name="band")
    made = Signal(parameters.instruments)
    with m.If(clear):
        m.d.sync += made.eq(0)
    with m.Elif(store):
        m.d.sync += made.bit_select(instrument, 1).eq(1)
    nothing: Any = layout.const({"in_force": 1, "low": (1 << parameters.tick_bits) - 1, "high": 0})
    known = made.bit_select(look, 1) & ~clear
    m.d.comb += [
        read.addr.eq(look),
        write.addr.eq(instrument),
        write.data.eq(band),
        write.en.eq(store),
    ]
    m.d.sync += shown.eq(Mux(known, Value.cast(read.data), Const(nothing.as_bits(), layout.size)))
    return shown
