"""Codes of OUCH 5.0, as Nasdaq's public "OUCH 5.0" specification has them."""

from enum import IntEnum, StrEnum
from typing import Final

__all__ = [
    "MAX_PRICE",
    "MAX_QUANTITY",
    "CancelReason",
    "OptionTag",
    "RejectReason",
    "SelfMatch",
    "TimeInForce",
]

MAX_QUANTITY: Final = 999_999  # of an order, and of a chain of replaces [shares]
MAX_PRICE: Final = 1_999_999_900  # of a limit order [0.0001]


class TimeInForce(StrEnum):
    """How long an order may stay."""

    DAY = "0"
    IMMEDIATE = "3"
    EXTENDED = "5"
    TIMED = "6"
    AFTER_HOURS = "E"


class CancelReason(StrEnum):
    """Why shares of an order left it without a trade."""

    REGULATORY = "D"
    CLOSED = "E"
    POST_ONLY_SLID = "F"
    POST_ONLY = "G"
    HALTED = "H"
    IMMEDIATE = "I"
    COLLAR = "K"
    SELF_MATCH = "Q"
    SUPERVISORY = "S"
    TIMEOUT = "T"
    USER = "U"
    OPEN_PROTECTION = "X"
    SYSTEM = "Z"


class RejectReason(IntEnum):
    """Why an order was refused: those that this project gives."""

    DESTINATION_CLOSED = 0x02
    INVALID_DISPLAY = 0x03
    HALTED = 0x07
    INVALID_SIDE = 0x09
    FIRM_NOT_AUTHORIZED = 0x0C
    OTHER = 0x0F
    PEGGING_NOT_ALLOWED = 0x11
    INVALID_QUANTITY = 0x13
    INVALID_CROSS = 0x14
    REPLACE_NOT_ALLOWED = 0x15
    INVALID_SYMBOL = 0x17
    INVALID_PRICE = 0x1D
    INVALID_SELF_MATCH = 0x40


class SelfMatch(StrEnum):
    """What happens where two orders of one firm would trade ("AIQ strategy")."""

    DISABLED = "N"
    DECREMENT_BOTH = "Y"
    DECREMENT_BOTH_TOLD = "D"  # as above, told in messages of their own
    CANCEL_OLDEST = "O"
    CANCEL_NEWEST = "W"


class OptionTag(IntEnum):
    """Options that may follow a message, in its appendage."""

    SECONDARY_ORDER = 1
    FIRM = 2
    MIN_QUANTITY = 3
    CUSTOMER_TYPE = 4
    MAX_FLOOR = 5
    PRICE_TYPE = 6
    PEG_OFFSET = 7
    DISCRETION_PRICE = 9
    DISCRETION_PRICE_TYPE = 10
    DISCRETION_PEG_OFFSET = 11
    POST_ONLY = 12
    RANDOM_RESERVES = 13
    ROUTE = 14
    EXPIRE_TIME = 15
    TRADE_NOW = 16
    HANDLE_INSTRUCTION = 17
    BBO_WEIGHT = 18
    DISPLAY_QUANTITY = 22
    DISPLAY_PRICE = 23
    GROUP = 24
    SHARES_LOCATED = 25
    LOCATE_BROKER = 26
    SIDE = 27
    USER_REF_INDEX = 28
    SELF_MATCH = 29
    SELF_MATCH_GROUP = 30
