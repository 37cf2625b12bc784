"""What is kept for looks at the consolidated market, and the looks."""

from typing import Any

from amaranth import Cat, Module, Value, unsigned
from amaranth.lib import data

from gateware.common.view import view_resetting
from gateware.market.layouts import index_of, market_mark
from gateware.market.tables import table
from hw.risk_parameters import RiskParameters

__all__ = ["answer_looks", "there_layout"]


def there_layout(parameters: RiskParameters) -> data.StructLayout:
    """Return the layout of a book's place and state after an event."""
    p = parameters
    place = {"instrument": index_of(p.instruments), "venue": index_of(p.venues)}
    flags = dict.fromkeys(("invalid", "deferred", "crossed", "gap"), unsigned(1))
    state = {**flags, "time": unsigned(p.time_bits)}
    return data.StructLayout({"place": data.StructLayout(place), "state": data.StructLayout(state)})


def answer_looks(
    m: Module, ports: Any, told: Value, there: Any, part: Value, best: Any, hidden: Value
) -> None:
    """Keep what is told of an instrument, and answer both looks one cycle after they are made.

    Parameters
    ----------
    m : Module
        Where to.
    ports : ConsolidatedMarket
        Whose looks; ``live[1]`` are the instruments of which something is kept.
    told, there : Value, View
        An event, its place and the state of its book.
    part, best : Value, View
        Of its instrument: the venues of which a book takes part, and the best of both sides.
    hidden : Value
        Looks of this cycle find nothing.
    """
    p = ports.parameters
    kept = data.StructLayout(
        {"part": p.venues, "known": 1, "bid_tick": p.tick_bits, "ask_tick": p.tick_bits}
    )
    instruments, write = table(m, "best", shape=kept, depth=p.instruments)
    m.d.comb += [
        write.addr.eq(there.place.instrument),
        write.data.part.eq(part),
        write.data.known.eq(best.bid.known & best.ask.known),
        write.data.bid_tick.eq(best.bid.tick),
        write.data.ask_tick.eq(best.ask.tick),
        write.en.eq(told),
    ]
    state = there.state.shape()
    states, write = table(m, "states", shape=state, depth=p.instruments * p.venues)
    m.d.comb += [
        write.addr.eq(Cat(there.place.venue, there.place.instrument)),
        write.data.eq(there.state),
        write.en.eq(told),
    ]

    def look(instrument: Value, answer: Any) -> Value:
        """Answer with the middle; return the venues of which a book takes part."""
        read = instruments.read_port(domain="comb")
        seen = ports.live[1].bit_select(instrument, 1) & ~hidden
        m.d.comb += read.addr.eq(instrument)
        m.d.sync += [
            answer.double_mid.eq(read.data.bid_tick + read.data.ask_tick),
            answer.mid_known.eq(read.data.known & seen),
        ]
        return Value.cast(read.data.part & seen.replicate(p.venues))

    mark = view_resetting(market_mark(p), "mid_known", name="marked")
    look(ports.mark_instrument, mark)
    names = ("mid_known", "book.part", "book.seen")
    layout = data.StructLayout({**market_mark(p).members, "book": ports.view.book.shape()})
    found = view_resetting(layout, *names, name="found")
    takes_part = look(ports.look_instrument, found).bit_select(ports.look_venue, 1)
    read = states.read_port(domain="comb")
    m.d.comb += [read.addr.eq(Cat(ports.look_venue, ports.look_instrument)), ports.mark.eq(mark)]
    m.d.sync += [found.book.part.eq(takes_part), found.book.seen.eq(takes_part)]
    m.d.sync += [found.book[name].eq(read.data[name]) for name in state.members]
    m.d.comb += [
        ports.view.double_mid.eq(found.double_mid),
        ports.view.mid_known.eq(found.mid_known),
        ports.view.book.eq(found.book),
    ]
