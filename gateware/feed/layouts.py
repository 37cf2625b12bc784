"""Shapes that the parts of a feed share."""

from typing import Final

from amaranth import unsigned
from amaranth.lib import data

__all__ = ["LOCATE", "MESSAGE", "MESSAGE_BYTES", "PACKET_END", "SESSION_BYTES", "feed_item"]

#: Of a message, as far as anything looks into it [bytes].
MESSAGE_BYTES: Final = 46
#: Of the name of a session [bytes].
SESSION_BYTES: Final = 10

MESSAGE: Final = data.StructLayout(
    {
        "data": data.ArrayLayout(unsigned(8), MESSAGE_BYTES),  # those behind its end mean nothing
        "length": unsigned(16),  # [bytes]
        "sequence": unsigned(64),
        "feed": unsigned(3),
    }
)

#: The verdict on a packet, behind its last message.
PACKET_END: Final = data.StructLayout(
    {
        "good": unsigned(1),  # the frame is, and the packet held what it said
        "some": unsigned(1),  # it had messages
        "feed": unsigned(3),
        "next": unsigned(64),  # sequence number of the message behind the packet's last
    }
)

#: Which stock is in a book.
LOCATE: Final = data.StructLayout(
    {"locate": unsigned(16), "feed": unsigned(3), "enable": unsigned(1)}
)


def feed_item(books: int) -> data.StructLayout:
    """Return the layout of a decoded message.

    ``sequence`` : its number in the feed.

    ``wanted`` : it is an update of a book; otherwise only the number counts.

    ``book``, ``kind``, ``side``, ``order_id``, ``new_order_id``, ``tick``, ``quantity`` : as in
    ``market_update`` [ticks, lots].
    """
    return data.StructLayout(
        {
            "sequence": unsigned(64),
            "wanted": unsigned(1),
            "book": unsigned(max((books - 1).bit_length(), 1)),
            "kind": unsigned(4),
            "side": unsigned(1),
            "order_id": unsigned(64),
            "new_order_id": unsigned(64),
            "tick": unsigned(32),
            "quantity": unsigned(64),
        }
    )
