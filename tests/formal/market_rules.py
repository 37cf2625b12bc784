# amaranth: UnusedElaboratable=no
"""The rules of the consolidated market, written down once more for its proofs, without state."""

from typing import Any, Final

from amaranth import Cat, Const, Mux, Value
from amaranth.lib import data

from hw.records import EVENT_FLAG
from hw.risk_parameters import RiskParameters

__all__ = [
    "EVENT",
    "LOTS",
    "TICK",
    "TIME",
    "Narrow",
    "best",
    "narrow",
    "quote_layout",
    "quote_of",
    "relations",
]

#: Prices are just so many that all of a row can differ; what compares them is the same for more.
TICK: Final = 3
LOTS: Final = 2
TIME: Final = 2


#: The fields of an event that count, a bit wider than what fits.
EVENT: Final = data.StructLayout(
    {
        "book": 2,
        "kind": 3,
        "error": 4,
        "flags": 6,
        "time": TIME + 1,
        **{
            f"{side}_{what}": bits
            for side in ("bid", "ask")
            for what, bits in (("tick", TICK + 1), ("quantity", LOTS + 1))
        },
    }
)


class Narrow(RiskParameters):
    """Narrower than a build may be."""

    def __post_init__(self) -> None:
        """Take any numbers."""


def narrow(venues: int) -> Narrow:
    """Return a build with two books and two instruments."""
    return Narrow(
        books=2,
        instruments=2,
        venues=venues,
        tick_bits=TICK,
        quantity_bits=LOTS,
        time_bits=TIME,
    )


def quote_layout() -> data.StructLayout:
    """Return the layout of what one venue has."""
    flags = dict.fromkeys(("part", "invalid", "deferred", "crossed", "gap"), 1)
    sides = {
        f"{side}_{what}": bits
        for side in ("bid", "ask")
        for what, bits in (("known", 1), ("tick", TICK), ("quantity", LOTS))
    }
    return data.StructLayout({**flags, "time": TIME, **sides})


def quote_of(event: Any, gap: Value, time: Value) -> dict[str, Value]:
    """Return what an event says of its book."""
    flag = {code.name: event.flags[code.value] for code in EVENT_FLAG}
    told = {
        "part": Const(1),
        "invalid": flag["invalid"],
        "deferred": flag["bid_deferred"] | flag["ask_deferred"],
        "crossed": flag["crossed"],
        "gap": gap,
        "time": time,
    }
    for side in ("bid", "ask"):
        tick, quantity = event[f"{side}_tick"], event[f"{side}_quantity"]
        exact = ~flag["invalid"] & ~flag[f"{side}_deferred"] & (tick < 1 << TICK)
        told |= {
            f"{side}_known": flag[side] & exact,
            f"{side}_tick": tick[:TICK],
            f"{side}_quantity": Mux(quantity >= 1 << LOTS, (1 << LOTS) - 1, quantity),
        }
    return told


def best(row: list[Any], side: str) -> dict[str, Value]:
    """Return the best of a side: venue after venue, the first of those at the best price."""
    known: Value = Const(0)
    tick: Value = Const(0, TICK)
    venue: Value = Const(0, 2)
    quantity: Value = Const(0, LOTS + 2)
    for v, quote in enumerate(row):
        price, lots = quote[f"{side}_tick"], quote[f"{side}_quantity"]
        better = price > tick if side == "bid" else price < tick
        first = quote[f"{side}_known"] & (~known | better)
        joins = quote[f"{side}_known"] & known & (price == tick)
        quantity = Mux(first, lots, Mux(joins, quantity + lots, quantity))[: LOTS + 2]
        tick, venue = Mux(first, price, tick), Mux(first, v, venue)
        known = known | quote[f"{side}_known"]
    return {"known": known, "tick": tick, "quantity": quantity, "venue": venue}


def relations(row: list[Any]) -> dict[str, Value]:
    """Return what ``gateware.market.pairs`` keeps of every two venues."""
    pairs = [(v, w) for v in row for w in row]
    return {
        "bids": Cat(v.bid_known & (~w.bid_known | (v.bid_tick >= w.bid_tick)) for v, w in pairs),
        "asks": Cat(v.ask_known & (~w.ask_known | (v.ask_tick <= w.ask_tick)) for v, w in pairs),
        "meets": Cat(v.bid_known & w.ask_known & (v.bid_tick >= w.ask_tick) for v, w in pairs),
        "passes": Cat(v.bid_known & w.ask_known & (v.bid_tick > w.ask_tick) for v, w in pairs),
    }
