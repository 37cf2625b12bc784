"""Layouts of what triggers are set to, and of what they want."""

from typing import Final

from amaranth import signed, unsigned
from amaranth.lib import data

from gateware.market.layouts import index_of
from hw.risk_parameters import RiskParameters

__all__ = [
    "PAUSE_BITS",
    "arbitrage_settings",
    "intent_layout",
    "quoter_settings",
    "taker_settings",
]

#: Of a pause [bits].
PAUSE_BITS: Final = 24


def intent_layout(parameters: RiskParameters) -> data.StructLayout:
    """Return the layout of an order that a trigger wants, or wants no more.

    ``cancel`` : cancel ``order_id``; otherwise it is a new order, and ``order_id`` means nothing.

    ``side``, ``instrument``, ``venue``, ``tick``, ``quantity`` : of the order [ticks, lots].

    ``flags`` : of ``order_flag``.
    """
    p = parameters
    return data.StructLayout(
        {
            "cancel": 1,
            "side": 1,
            "instrument": index_of(p.instruments),
            "venue": index_of(p.venues),
            "tick": unsigned(p.tick_bits),
            "quantity": unsigned(p.quantity_bits),
            "flags": unsigned(16),
            "order_id": unsigned(p.id_bits),
        }
    )


def arbitrage_settings(parameters: RiskParameters) -> data.StructLayout:
    """Return the layout of what ``Arbitrage`` is set to, for an instrument.

    ``enabled`` : whether it may act.

    ``cost`` : for each venue, what a trade there must earn: its fee, and a share of the least gain
    that is worth the risk [ticks].

    ``top`` : the highest price for which the costs hold [ticks]; above it nothing is done.

    ``max_quantity`` : of each order [lots]; 0 does nothing.

    ``pause`` : from its last order to its next attempt [cycles].
    """
    p = parameters
    tick = unsigned(p.tick_bits)
    return data.StructLayout(
        {
            "enabled": 1,
            "cost": data.ArrayLayout(tick, p.venues),
            "top": tick,
            "max_quantity": unsigned(p.quantity_bits),
            "pause": unsigned(PAUSE_BITS),
        }
    )


def taker_settings(parameters: RiskParameters) -> data.StructLayout:
    """Return the layout of what ``ImbalanceTaker`` is set to, for an instrument.

    ``enabled`` : whether it may act.

    ``ratio`` : how many times the other side a side must be, in sixteenths; 16 and less do nothing.

    ``max_spread`` : the widest spread at which it acts [ticks]; 0 does nothing.

    ``max_quantity``, ``pause`` : as in ``arbitrage_settings``.
    """
    p = parameters
    return data.StructLayout(
        {
            "enabled": 1,
            "ratio": unsigned(8),
            "max_spread": unsigned(p.tick_bits),
            "max_quantity": unsigned(p.quantity_bits),
            "pause": unsigned(PAUSE_BITS),
        }
    )


def quoter_settings(parameters: RiskParameters) -> data.StructLayout:
    """Return the layout of what ``Quoter`` is set to.

    ``enabled`` : whether it may quote; otherwise it cancels.

    ``instrument``, ``venue`` : where.

    ``fair``, ``fair_time`` : the host's value of the instrument, and when it was so [ticks, ns].

    ``max_age`` : how far that time may be from now [ns]; 0: it never quotes.

    ``half_spread`` : from the value to either quote [ticks].

    ``skew`` : added to both prices; negative to sell rather than buy [ticks].

    ``step`` : a quote that is off by as much is moved; 0 counts as 1 [ticks].

    ``quantity`` : of each quote [lots]; 0: it never quotes.

    ``pause`` : after a quote that was denied or rejected, until the next of that side [cycles].
    """
    p = parameters
    tick, time = unsigned(p.tick_bits), unsigned(p.time_bits)
    return data.StructLayout(
        {
            "enabled": 1,
            "instrument": index_of(p.instruments),
            "venue": index_of(p.venues),
            "fair": tick,
            "fair_time": time,
            "max_age": time,
            "half_spread": tick,
            "skew": signed(p.tick_bits),
            "step": tick,
            "quantity": unsigned(p.quantity_bits),
            "pause": unsigned(PAUSE_BITS),
        }
    )
