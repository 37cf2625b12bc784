"""Reference model of ``gateware.risk.sip_hash``: the same hash, of numbers instead of bytes."""

from hw.sip_hash import KEY_BYTES, sip_hash

__all__ = ["sip_hash_of"]

_MESSAGE_BYTES = 16


def sip_hash_of(key: int, message: int) -> int:
    """Return the tag of a message of 16 bytes.

    Parameters
    ----------
    key : int
        128 bits, first byte lowest.
    message : int
        128 bits, first byte lowest.
    """
    return sip_hash(key.to_bytes(KEY_BYTES, "little"), message.to_bytes(_MESSAGE_BYTES, "little"))
