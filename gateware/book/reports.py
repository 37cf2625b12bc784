"""What the pipeline of the book engine tells its maintenance engine."""

from amaranth import unsigned
from amaranth.lib import data

from gateware.book.layouts import Shapes

__all__ = ["report_layout"]


def report_layout(shapes: Shapes) -> data.StructLayout:
    """Return the layout of the reports.

    Each group is valid in the cycle in which its first bit is 1.
    """
    return data.StructLayout(
        {
            # A SCAN: slots that match.
            "scanned": unsigned(1),
            "matches": shapes.slot,
            # A READ_SLOT: what is in it.
            "slot_read": unsigned(1),
            "entry": shapes.entry,
            # A READ_ROW: both rows of the book, the one asked for first.
            "row_read": unsigned(1),
            "row": shapes.meta,
            "other_row": shapes.meta,
            "row_best": shapes.pk,
            # A PEEK: one level and the bitmap around it.
            "peeked": unsigned(1),
            "level_quantity": shapes.quantity,
            "level_count": shapes.count,
            "leaf": unsigned(shapes.leaf_bits),
            "summary": unsigned(shapes.leaves),
            # A command on a row was carried out.
            "ran": unsigned(1),
            "ran_book": shapes.book,
            "ran_side": shapes.side,
            "ran_row": shapes.meta,
            "ran_best": shapes.pk,
            "ran_outside": unsigned(1),  # by an update, on an order outside the window
            "ran_dropped": unsigned(1),  # a level fell out of the cache
            "ran_invalid": unsigned(1),
            "ran_update": unsigned(1),  # by an update
            # An event went out, a cycle ago.
            "told": unsigned(1),
            "told_book": shapes.book,
            "told_deferred": unsigned(2),
            # A level's quantity or count did not fit, noticed after the event.
            "overflow": unsigned(1),
            "overflow_book": shapes.book,
        }
    )
