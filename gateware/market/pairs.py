"""What is kept of every two venues of an instrument, so that the best is found without comparing.

A comparison of prices takes most of a cycle. An event changes one venue: it is compared with each
of the others, and what the others are to each other is remembered.
"""

from collections.abc import Sequence
from typing import Any

from amaranth import Cat, Const, Module, Mux, Signal, Value, unsigned
from amaranth.lib import data

from gateware.common.choice import one_hot_index, select

__all__ = ["best_of", "compared", "pairs_layout"]


def pairs_layout(venues: int) -> data.StructLayout:
    """Return the layout of the relations; bit ``v * venues + w`` is of the venues v and w.

    ``bids``, ``asks`` : v has a price, and w has none that is better; of v and v: v has a price.

    ``meets``, ``passes`` : v has a bid and w an ask, and the bid is not below it; is above it.
    """
    names = ("bids", "asks", "meets", "passes")
    return data.StructLayout(dict.fromkeys(names, unsigned(venues * venues)))


def compared(own: Value, said: Any, stored: Any, old: Sequence[Any]) -> dict[str, Value]:
    """Return the relations after an event.

    Parameters
    ----------
    own : Value
        Of which venue it is, one bit for each.
    said : View
        ``bid_known``, ``ask_known``, ``prices`` of the event.
    stored : View
        The relations before it.
    old : sequence of View
        ``prices`` of each venue before it.
    """
    new = said.prices
    venues = len(own)
    has_bid, has_ask = (
        [side[v * venues + v] for v in range(venues)] for side in (stored.bids, stored.asks)
    )

    def after(kept: Value, same: Value, ours: list[Value], theirs: list[Value]) -> Value:
        bits = []
        for v in range(venues):
            for w in range(venues):
                changed = same if v == w else Mux(own[v], ours[w], theirs[v])
                touched = own[v] | own[w]
                bits.append(Mux(touched, changed, kept[v * venues + w]))
        return Cat(bits)

    bids, asks = [o.bid_tick for o in old], [o.ask_tick for o in old]
    both = said.bid_known & said.ask_known
    return {
        "bids": after(
            stored.bids,
            said.bid_known,
            [said.bid_known & (~has_bid[w] | (new.bid_tick >= bids[w])) for w in range(venues)],
            [has_bid[v] & (~said.bid_known | (bids[v] >= new.bid_tick)) for v in range(venues)],
        ),
        "asks": after(
            stored.asks,
            said.ask_known,
            [said.ask_known & (~has_ask[w] | (new.ask_tick <= asks[w])) for w in range(venues)],
            [has_ask[v] & (~said.ask_known | (asks[v] <= new.ask_tick)) for v in range(venues)],
        ),
        "meets": after(
            stored.meets,
            both & (new.bid_tick >= new.ask_tick),
            [said.bid_known & has_ask[w] & (new.bid_tick >= asks[w]) for w in range(venues)],
            [said.ask_known & has_bid[v] & (bids[v] >= new.ask_tick) for v in range(venues)],
        ),
        "passes": after(
            stored.passes,
            both & (new.bid_tick > new.ask_tick),
            [said.bid_known & has_ask[w] & (new.bid_tick > asks[w]) for w in range(venues)],
            [said.ask_known & has_bid[v] & (bids[v] > new.ask_tick) for v in range(venues)],
        ),
    }


def best_of(
    m: Module, holds: Value, ticks: Sequence[Value], quantities: Sequence[Value], *, name: str
) -> dict[str, Value]:
    """Return the best of one side: the fields of ``market_side``.

    The quantities are added while it is found out who is best: two by two, each pair as if it were
    alone, so that a sum waits only for the relations within the pair.

    Parameters
    ----------
    m : Module
        Where to.
    holds : Value
        The relation of this side.
    ticks, quantities : sequence of Value
        Of each venue, a power of two of them [ticks], [lots].
    name : str
        Of the side.
    """
    venues = len(ticks)

    def leads(members: range, of: range) -> Value:
        """Say whether one of some venues is not worse than any of others."""
        best = [Cat(holds[v * venues + w] for w in of if w != v).all() for v in members]
        return Cat(best).any()

    def total(members: range) -> Value:
        if len(members) == 1:
            return quantities[members.start]
        middle = members.start + len(members) // 2
        low, high = range(members.start, middle), range(middle, members.stop)
        parts = [Mux(leads(half, members), total(half), 0) for half in (low, high)]
        bits = len(quantities[0]) + (len(members) - 1).bit_length()
        added = Signal(bits, name=f"{name}_quantity{members.start}_{len(members)}")
        m.d.comb += added.eq(parts[0] + parts[1])
        return added

    lead = Signal(venues, name=f"{name}_lead")
    for v in range(venues):
        others = [holds[v * venues + w] for w in range(venues) if w != v]
        ahead = [holds[w * venues + v] for w in range(v)]
        m.d.comb += lead[v].eq(Cat(others).all() & ~Cat(ahead, Const(0, 1)).any())
    return {
        "known": Cat(holds[v * venues + v] for v in range(venues)).any(),
        "tick": select([(lead[v], ticks[v]) for v in range(venues)]),
        "quantity": total(range(venues)),
        "venue": one_hot_index(lead),
    }
