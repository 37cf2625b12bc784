"""What all venues of an instrument have: the second stage of the consolidated market."""

from typing import Any

from amaranth import Cat, Module, Mux, Signal, Value, unsigned
from amaranth.lib import data

from gateware.common.view import view
from gateware.market.pairs import compared, pairs_layout
from gateware.market.tables import table
from gateware.market.told import prices_layout
from hw.risk_parameters import RiskParameters

__all__ = ["keep_rows"]


def _control(venues: int) -> data.StructLayout:
    """Return the layout of a row without its prices; a bit for each venue."""
    masks = dict.fromkeys(("part", "valid", "deferred"), unsigned(venues))
    return data.StructLayout({**masks, "pairs": pairs_layout(venues)})


def keep_rows(
    m: Module,
    valid: Value,
    said: Any,
    place: Any,
    live: Value,
    parameters: RiskParameters,
) -> tuple[Any, list[Any]]:
    """Put an event into its instrument's row; return the row one cycle later.

    The row is read and written in one cycle, so that the next event finds it done.

    Parameters
    ----------
    m : Module
        Where to.
    valid, said : Value, View
        An event, and what it says.
    place : View
        ``instrument`` and ``venue`` of its book.
    live : Value
        Instruments that have a row; an event of another one begins it.
    parameters : RiskParameters
        Sizes of the build.

    Returns
    -------
    View, list of View
        One cycle later: the row but its prices, and the prices of each venue.
    """
    p = parameters
    own = Signal(p.venues)
    m.d.comb += own.eq(Cat(place.venue == v for v in range(p.venues)))
    layout, prices = _control(p.venues), prices_layout(p)

    old, now = [], []
    for v in range(p.venues):
        memory, write = table(m, f"prices{v}", shape=prices, depth=p.instruments)
        read = memory.read_port(domain="comb")
        old.append(read.data)
        now.append(view(prices, name=f"prices{v}"))
        m.d.comb += [
            read.addr.eq(place.instrument),
            write.addr.eq(place.instrument),
            write.data.eq(said.prices),
            write.en.eq(valid & own[v]),
        ]
        m.d.sync += now[v].eq(Mux(own[v], Value.cast(said.prices), Value.cast(read.data)))

    memory, write = table(m, "rows", shape=layout, depth=p.instruments)
    read = memory.read_port(domain="comb")
    stored, merged = view(layout, name="stored"), view(layout, name="merged")
    m.d.comb += [
        read.addr.eq(place.instrument),
        # What a memory holds of a row that was forgotten means nothing.
        Value.cast(stored).eq(Mux(live.bit_select(place.instrument, 1), Value.cast(read.data), 0)),
        merged.part.eq(stored.part | own),
        merged.valid.eq(Mux(said.invalid, stored.valid & ~own, stored.valid | own)),
        merged.deferred.eq(Mux(said.deferred, stored.deferred | own, stored.deferred & ~own)),
        *(
            merged.pairs[name].eq(value)
            for name, value in compared(own, said, stored.pairs, old).items()
        ),
        write.addr.eq(place.instrument),
        write.data.eq(merged),
        write.en.eq(valid),
    ]
    row = view(layout, name="row")
    m.d.sync += row.eq(merged)
    return row, now
