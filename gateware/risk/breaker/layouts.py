"""Layouts that the parts of the circuit breaker share."""

from typing import Final

from amaranth import Cat, Shape, Value, unsigned
from amaranth.lib import data

from gateware.market.layouts import index_of, market_side
from hw.breaker_detectors import BREAKER_DETECTORS, BREAKER_WINDOWS
from hw.records import BREAKER_ACTION
from hw.risk_parameters import RiskParameters

__all__ = [
    "COUNT_BITS",
    "FRACTION_BITS",
    "GRADES",
    "breaker_band",
    "depth_shape",
    "edges_layout",
    "fences_layout",
    "grades_of",
    "item_layout",
    "snapshot_layout",
    "thresholds_layout",
    "trip_layout",
    "verdict_layout",
]

#: Bits behind the point of what is averaged: as many as the largest smoothing shifts, and one.
FRACTION_BITS: Final = 16
#: What a detector can do, the mildest first.
GRADES: Final = ("widen", "reduce", "halt")
#: Of changes in a bucket.
COUNT_BITS: Final = 32


def depth_shape(parameters: RiskParameters) -> Shape:
    """Return the shape of the quantity at a best price [lots]."""
    return unsigned(market_side(parameters)["quantity"].width)


def thresholds_layout(parameters: RiskParameters) -> data.StructLayout:
    """Return the layout of what an instrument is judged by.

    ``returns`` : largest fall or rise within each window [double ticks].

    ``floor`` : smallest depth [lots].
    """
    price = unsigned(parameters.tick_bits + 1)
    returns = data.ArrayLayout(price, BREAKER_WINDOWS)
    return data.StructLayout({"returns": returns, "floor": depth_shape(parameters)})


def edges_layout(parameters: RiskParameters) -> data.StructLayout:
    """Return the layout of the prices that an instrument may have, edges included.

    ``lows``, ``highs`` : for each window [double ticks].
    """
    prices = data.ArrayLayout(unsigned(parameters.tick_bits + 1), BREAKER_WINDOWS)
    return data.StructLayout({"lows": prices, "highs": prices})


def fences_layout(parameters: RiskParameters) -> data.StructLayout:
    """Return the layout of ``edges_layout``, and ``floor``, the smallest depth [lots]."""
    edges = edges_layout(parameters)
    prices = edges.members
    return data.StructLayout({**prices, "floor": depth_shape(parameters)})


def item_layout(parameters: RiskParameters) -> data.StructLayout:
    """Return the layout of what goes through the history of an instrument.

    ``change`` : it is a change of its market; otherwise a look at what stands.

    ``priced`` : both sides have a price; ``bid``, ``ask`` [ticks] and quantities [lots].
    """
    tick, depth = unsigned(parameters.tick_bits), depth_shape(parameters)
    return data.StructLayout(
        {
            "change": 1,
            "instrument": index_of(parameters.instruments),
            "priced": 1,
            "bid": tick,
            "ask": tick,
            "bid_quantity": depth,
            "ask_quantity": depth,
        }
    )


def snapshot_layout(parameters: RiskParameters) -> data.StructLayout:
    """Return the layout of all that is known of an instrument at one moment.

    ``known`` : it had a price; without, only ``divergence``, ``count`` and ``time`` mean anything.

    ``price`` : best bid + best ask [double ticks]; ``spread`` [ticks]; ``depth`` [lots].

    ``highest``, ``lowest`` : of each window [double ticks].

    ``divergence`` : between venues [double ticks].

    ``count`` : changes in this bucket. ``time`` : of the last one [ns].
    """
    price = unsigned(parameters.tick_bits + 1)
    prices = data.ArrayLayout(price, BREAKER_WINDOWS)
    return data.StructLayout(
        {
            "known": 1,
            "price": price,
            "spread": unsigned(parameters.tick_bits),
            "depth": depth_shape(parameters),
            "highest": prices,
            "lowest": prices,
            "divergence": price,
            "count": COUNT_BITS,
            "time": parameters.time_bits,
        }
    )


def verdict_layout(parameters: RiskParameters) -> data.StructLayout:
    """Return the layout of what a judge finds of one instrument in one cycle.

    ``over`` : detectors whose threshold is crossed.

    ``grades`` : actions that follow, a bit for each of ``GRADES``. 0: nothing was found.
    """
    return data.StructLayout(
        {
            "instrument": index_of(parameters.instruments),
            "over": len(BREAKER_DETECTORS),
            "grades": len(GRADES),
        }
    )


def trip_layout(parameters: RiskParameters) -> data.StructLayout:
    """Return the layout of what the host is told.

    ``instrument``; ``detectors`` : those that tripped; ``action`` : of ``breaker_action``, the
    strictest that began or the one that ended; ``released`` : it ended; ``time`` [ns] and ``cycle``
    of the decision.
    """
    return data.StructLayout(
        {
            "instrument": index_of(parameters.instruments),
            "detectors": len(BREAKER_DETECTORS),
            "action": 2,
            "released": 1,
            "time": parameters.time_bits,
            "cycle": 64,
        }
    )


def breaker_band(parameters: RiskParameters) -> data.StructLayout:
    """Return the layout of an instrument's band.

    ``in_force`` : orders outside are denied; ``low``, ``high`` : its edges, inside [ticks].
    """
    tick = unsigned(parameters.tick_bits)
    return data.StructLayout({"in_force": 1, "low": tick, "high": tick})


def grades_of(over: Value, actions: Value) -> Value:
    """Return the actions of those detectors whose threshold is crossed."""
    return Cat(
        Cat(
            over[d] & (actions[2 * d : 2 * d + 2] == getattr(BREAKER_ACTION, grade))
            for d in range(len(BREAKER_DETECTORS))
        ).any()
        for grade in GRADES
    )
