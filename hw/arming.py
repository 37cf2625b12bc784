"""What an operator's words mean to the kill switch, and how they are signed."""

from enum import IntFlag
from typing import Final

from hw.sip_hash import sip_hash

__all__ = ["MESSAGE_BYTES", "Scope", "arming_answer", "arming_message"]

#: Length of the message that an answer signs [bytes].
MESSAGE_BYTES: Final = 16
_FIELDS: Final = {"challenge": 8, "operator": 1, "scope": 1, "instruments": 4}  # [bytes]


class Scope(IntFlag):
    """What an operator asks for."""

    ARM = 1
    """New orders may leave."""
    CLEAR_KILL = 2
    """The box is killed no more."""
    CLEAR_GROUPS = 4
    """No venue, account or strategy is killed any more."""
    CLEAR_INSTRUMENTS = 8
    """The instruments of the mask are neither killed nor halted any more."""


def arming_message(*, challenge: int, operator: int, scope: int, instruments: int) -> bytes:
    """Return what the answer to a challenge signs.

    Parameters
    ----------
    challenge : int
        As the gateware gave it, 64 bits.
    operator : int
        Who asked, 0 to 255.
    scope : int
        What for, see ``Scope``, 8 bits.
    instruments : int
        Mask of the instruments that it is about, 32 bits.

    Returns
    -------
    bytes
        16 bytes: the challenge, the operator, the scope, two bytes 0, the instruments; little
        endian.

    Raises
    ------
    ValueError
        If a number does not fit.
    """
    values = (challenge, operator, scope, instruments)
    for (name, size), value in zip(_FIELDS.items(), values, strict=True):
        if not 0 <= value < 1 << 8 * size:
            raise ValueError(f"{name} must be from 0 to {(1 << 8 * size) - 1}, not {value}")
    head = challenge.to_bytes(8, "little") + bytes([operator, scope, 0, 0])
    return head + instruments.to_bytes(4, "little")


def arming_answer(
    key: bytes, *, challenge: int, operator: int, scope: int, instruments: int
) -> int:
    """Return the answer to a challenge: the 64-bit tag of its message under the operator's key.

    Parameters
    ----------
    key : bytes
        Of the operator who asked, 16 bytes.
    challenge, operator, scope, instruments : int
        See ``arming_message``.

    Raises
    ------
    ValueError
        If the key is not 16 bytes long or a number does not fit.
    """
    message = arming_message(
        challenge=challenge, operator=operator, scope=scope, instruments=instruments
    )
    return sip_hash(key, message)
