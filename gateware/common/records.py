"""Amaranth layouts of the records in ``hw/records.toml``."""

from typing import Final

from amaranth import unsigned
from amaranth.lib import data

from hw.records import BOOK_EVENT, MARKET_UPDATE, ORDER, RISK_EVENT, RISK_REQUEST, Record

__all__ = [
    "BOOK_EVENT_LAYOUT",
    "MARKET_UPDATE_LAYOUT",
    "ORDER_LAYOUT",
    "RISK_EVENT_LAYOUT",
    "RISK_REQUEST_LAYOUT",
    "layout_of",
]


def layout_of(record: Record) -> data.StructLayout:
    """Return the layout whose bits are the record's bytes, little-endian."""
    return data.StructLayout({field.name: unsigned(field.width) for field in record.fields})


MARKET_UPDATE_LAYOUT: Final = layout_of(MARKET_UPDATE)
BOOK_EVENT_LAYOUT: Final = layout_of(BOOK_EVENT)
RISK_REQUEST_LAYOUT: Final = layout_of(RISK_REQUEST)
ORDER_LAYOUT: Final = layout_of(ORDER)
RISK_EVENT_LAYOUT: Final = layout_of(RISK_EVENT)
