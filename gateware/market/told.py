"""What a book event says of its book: the first two stages of the consolidated market."""

from typing import Any, Final

from amaranth import Cat, Module, Mux, Signal, Value, unsigned
from amaranth.lib import data

from gateware.common.view import view
from gateware.market.layouts import index_of
from gateware.market.tables import table
from hw.records import ERROR, EVENT_FLAG, EVENT_KIND
from hw.risk_parameters import RiskParameters

__all__ = ["book_history", "prices_layout", "take_event"]

#: Events that carry the state of their book.
_TELLING: Final = (EVENT_KIND.best, EVENT_KIND.resolved, EVENT_KIND.cleared, EVENT_KIND.read_done)


def prices_layout(parameters: RiskParameters) -> data.StructLayout:
    """Return the layout of both sides' best prices [ticks] and quantities [lots]."""
    tick, quantity = unsigned(parameters.tick_bits), unsigned(parameters.quantity_bits)
    return data.StructLayout(
        {"bid_tick": tick, "bid_quantity": quantity, "ask_tick": tick, "ask_quantity": quantity}
    )


def take_event(m: Module, event: Any, parameters: RiskParameters) -> tuple[Value, Any]:
    """Take what counts out of an event.

    Returns
    -------
    Value, View
        Whether it counts, in the cycle of the event; and one cycle later what it says.
    """
    p = parameters
    books = index_of(p.books)
    names = ("bid_known", "ask_known", "invalid", "deferred", "crossed", "cleared", "gap", "timed")
    layout = {"book": books, **dict.fromkeys(names, 1), "time": p.time_bits}
    said = view(data.StructLayout({**layout, "prices": prices_layout(p)}), name="said")
    flag = {code.name: event.flags[code.value] for code in EVENT_FLAG}
    m.d.sync += [
        said.book.eq(event.book),
        said.invalid.eq(flag["invalid"]),
        said.deferred.eq(flag["bid_deferred"] | flag["ask_deferred"]),
        said.crossed.eq(flag["crossed"]),
        said.cleared.eq(event.kind == EVENT_KIND.cleared),
        said.gap.eq(event.error == ERROR.feed_gap),
        said.timed.eq(event.time.any()),
        said.time.eq(_at_most(event.time, p.time_bits)),
    ]
    for side in ("bid", "ask"):
        tick, quantity = event[f"{side}_tick"], event[f"{side}_quantity"]
        unknown = flag["invalid"] | flag[f"{side}_deferred"] | tick[p.tick_bits :].any()
        m.d.sync += [
            said[f"{side}_known"].eq(flag[side] & ~unknown),
            said.prices[f"{side}_tick"].eq(tick),
            said.prices[f"{side}_quantity"].eq(_at_most(quantity, p.quantity_bits)),
        ]
    telling = Cat(event.kind == kind for kind in _TELLING).any() & (event.error != ERROR.bad_book)
    return telling & ~event.book[books.width :].any(), said


def book_history(m: Module, ports: Any, valid: Value, said: Any) -> tuple[Value, Value]:
    """Keep what an event says of a book's past: nothing but ``clear`` makes it forget.

    Parameters
    ----------
    m : Module
        Where to.
    ports : ConsolidatedMarket
        Whose ``gaps`` and ``timed`` these are, a bit for each book: its feed has a gap; it had an
        event with a time.
    valid, said : Value, View
        An event, and what it says.

    Returns
    -------
    Value, Value
        After the event: whether the feed has a gap; the time of the last event that had one [ns].
    """
    p, gaps, timed = ports.parameters, ports.gaps, ports.timed
    memory, write = table(m, "times", shape=unsigned(p.time_bits), depth=p.books)
    read = memory.read_port(domain="comb")
    gap, time, known = Signal(), Signal(p.time_bits), Signal()
    m.d.comb += [
        read.addr.eq(said.book),
        write.addr.eq(said.book),
        write.data.eq(said.time),
        write.en.eq(valid & said.timed),
        known.eq(timed.bit_select(said.book, 1)),
        gap.eq((gaps.bit_select(said.book, 1) & ~said.cleared) | said.gap),
        time.eq(Mux(said.timed, said.time, Mux(known, read.data, 0))),
    ]
    with m.If(valid):
        m.d.sync += [
            gaps.bit_select(said.book, 1).eq(gap),
            timed.bit_select(said.book, 1).eq(known | said.timed),
        ]
    with m.If(ports.clear):
        m.d.sync += [gaps.eq(0), timed.eq(0)]
    return gap, time


def _at_most(value: Value, bits: int) -> Value:
    """Return a value in fewer bits, the largest there is if it needs more."""
    return value[:bits] | value[bits:].any().replicate(bits)
