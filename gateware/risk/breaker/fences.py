"""Fences: the prices between which an instrument may move, made ready for its next change."""

from typing import Any

from amaranth import Module, Mux, Signal, Value

from gateware.common.view import view
from gateware.market.tables import table
from gateware.risk.breaker.layouts import fences_layout
from hw.risk_parameters import RiskParameters

__all__ = ["keep_fences", "set_fences"]


def set_fences(highest: Value, lowest: Value, bound: Value, low: Value, high: Value) -> list[Any]:
    """Return the statements that put ``low`` and ``high`` so far from the extremes as may be.

    What would lie beyond the prices that there are is the last of these.
    """
    fall = (highest - bound)[: len(low) + 1]
    rise = lowest + bound
    top = (1 << len(high)) - 1
    return [low.eq(Mux(fall[-1], 0, fall)), high.eq(Mux(rise[-1], top, rise))]


def keep_fences(
    m: Module,
    valid: Value,
    instrument: Value,
    fences: Any,
    select: Value,
    clear: Value,
    parameters: RiskParameters,
) -> tuple[Any, Value]:
    """Keep the fences of each instrument; show those that are selected, one cycle later.

    Parameters
    ----------
    m : Module
        Where to.
    valid, instrument, fences : Value, Value, View
        New ones, in force from the next cycle on.
    select : Value
        Whose are wanted.
    clear : Value
        Forget all of them.
    parameters : RiskParameters
        Sizes of the build.

    Returns
    -------
    View, Value
        The fences, and whether there are any.
    """
    layout = fences_layout(parameters)
    memory, write = table(m, "fences", shape=layout, depth=parameters.instruments)
    read, shown = memory.read_port(domain="comb"), view(layout, name="shown")
    fenced, has = Signal(parameters.instruments), Signal()
    with m.If(clear):
        m.d.sync += fenced.eq(0)
    with m.Elif(valid):
        m.d.sync += fenced.bit_select(instrument, 1).eq(1)
    m.d.comb += [
        write.addr.eq(instrument),
        write.data.eq(fences),
        write.en.eq(valid),
        read.addr.eq(select),
    ]
    m.d.sync += [shown.eq(read.data), has.eq(fenced.bit_select(select, 1) & ~clear)]
    return shown, has
