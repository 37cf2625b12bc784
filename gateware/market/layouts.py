"""Layouts of the consolidated market, for those that look at it."""

from amaranth import Shape, unsigned
from amaranth.lib import data

from hw.risk_parameters import RiskParameters

__all__ = ["index_of", "market_change", "market_mark", "market_side", "market_venue", "market_view"]


def index_of(count: int) -> Shape:
    """Return the shape of an index below ``count``, a power of two."""
    return unsigned((count - 1).bit_length())


def market_mark(parameters: RiskParameters) -> data.StructLayout:
    """Return the layout of the middle of an instrument's market.

    ``double_mid``: best bid + best ask [ticks]; it means nothing unless ``mid_known``.
    """
    return data.StructLayout({"double_mid": unsigned(parameters.tick_bits + 1), "mid_known": 1})


def market_view(parameters: RiskParameters) -> data.StructLayout:
    """Return the layout of what a look finds: of an instrument, and of its book at one venue.

    ``double_mid``, ``mid_known`` : as in ``market_mark``.

    ``last``, ``last_known`` : price of the last trade [ticks]; it means nothing unless known.

    ``book`` : a book takes part there (``part``) and has had an event (``seen``: never one without
    the other); its last event said ``invalid``, a side ``deferred``, ``crossed``; ``gap``: since
    its last ``cleared`` event one had the error ``feed_gap``; ``time`` of its last event [ns].
    Unless ``part`` it means nothing.
    """
    flags = ("part", "seen", "invalid", "deferred", "crossed", "gap")
    book = {**dict.fromkeys(flags, unsigned(1)), "time": unsigned(parameters.time_bits)}
    return data.StructLayout(
        {
            "double_mid": unsigned(parameters.tick_bits + 1),
            "mid_known": 1,
            "last": unsigned(parameters.tick_bits),
            "last_known": 1,
            "book": data.StructLayout(book),
        }
    )


def market_side(parameters: RiskParameters) -> data.StructLayout:
    """Return the layout of one side of the consolidated market; all 0 unless ``known``.

    ``tick`` : the best price [ticks].

    ``quantity`` : of all venues at that price [lots], each with at most ``quantity_bits``.

    ``venue`` : the first of them.
    """
    venue = index_of(parameters.venues)
    quantity = unsigned(parameters.quantity_bits + venue.width)
    tick = unsigned(parameters.tick_bits)
    return data.StructLayout({"known": 1, "tick": tick, "quantity": quantity, "venue": venue})


def market_change(parameters: RiskParameters) -> data.StructLayout:
    """Return the layout of an instrument's market after an event of one of its books.

    ``instrument``, ``venue`` : the place of that book.

    ``time`` : of the book's last event that had one [ns].

    ``bid``, ``ask`` : as in ``market_side``.

    ``crossed``, ``locked`` : best bid >= best ask, best bid = best ask, both known.

    ``deferred`` : a side of some book that takes part is deferred, and so left out.
    """
    side = market_side(parameters)
    return data.StructLayout(
        {
            "instrument": index_of(parameters.instruments),
            "venue": index_of(parameters.venues),
            "time": unsigned(parameters.time_bits),
            "bid": side,
            "ask": side,
            **dict.fromkeys(("crossed", "locked", "deferred"), unsigned(1)),
        }
    )


def market_venue(parameters: RiskParameters) -> data.StructLayout:
    """Return the layout of what one venue has in an instrument.

    ``part`` : a book takes part there and has had an event.

    ``valid`` : and it is not invalid.

    ``bid_known``, ``ask_known`` : and the side has a price, which is not deferred.

    ``bid_tick``, ``ask_tick`` : that price [ticks]; it means nothing unless known.
    """
    tick = unsigned(parameters.tick_bits)
    return data.StructLayout(
        {
            "part": 1,
            "valid": 1,
            "bid_known": 1,
            "bid_tick": tick,
            "ask_known": 1,
            "ask_tick": tick,
        }
    )
