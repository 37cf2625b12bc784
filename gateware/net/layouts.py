"""Shapes that the parts of the network share."""

from typing import Final

from amaranth import unsigned
from amaranth.lib import data

__all__ = ["DROPPED", "FRAME_END", "FRAME_WORD", "GROUP", "PAYLOAD"]

FRAME_WORD: Final = data.StructLayout(
    {
        "data": unsigned(64),  # byte 0 first; bytes beyond `bytes` mean nothing
        "bytes": unsigned(4),  # 8, or 0 to 7 in the last word [bytes]
        "first": unsigned(1),  # the frame begins
        "last": unsigned(1),  # the frame ends here, for good or bad
    }
)

#: One bit at most is 1: the first of these that holds is the reason.
FRAME_END: Final = data.StructLayout(
    {
        "good": unsigned(1),
        "bad_code": unsigned(1),  # /E/ or any other control code inside
        "oversize": unsigned(1),  # cut where it grew too long
        "runt": unsigned(1),  # below 64 bytes with FCS
        "bad_fcs": unsigned(1),
    }
)

#: A multicast group that the filter lets through.
GROUP: Final = data.StructLayout(
    {
        "address": unsigned(32),  # IPv4 destination; the first octet is the highest
        "port": unsigned(16),  # UDP destination port
        "feed": unsigned(3),  # which feed this is a line of
        "line": unsigned(1),  # 0 = A, 1 = B
        "enable": unsigned(1),
    }
)

#: Where the payload of a datagram is.
PAYLOAD: Final = data.StructLayout(
    {
        "begin": unsigned(6),  # its first byte in the frame: 42, 46 or 50
        "bytes": unsigned(16),
        "feed": unsigned(3),
        "line": unsigned(1),
    }
)

#: Why a frame was not passed on; the first of these that holds.
DROPPED: Final = data.StructLayout(
    {
        "truncated": unsigned(1),  # it ended in its first six words
        "not_udp": unsigned(1),  # neither IPv4 behind at most two VLAN tags, nor UDP in it
        "options": unsigned(1),  # an IPv4 header that is not five words long
        "fragment": unsigned(1),
        "bad_checksum": unsigned(1),  # of the IPv4 header
        "bad_length": unsigned(1),  # UDP without payload, or longer than its IPv4 packet
        "no_group": unsigned(1),
    }
)
