"""Shapes that the parts of the network share."""

from typing import Final

from amaranth import unsigned
from amaranth.lib import data

__all__ = ["FRAME_END", "FRAME_WORD"]

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
