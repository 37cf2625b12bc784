"""SipHash-2-4: a keyed hash of short messages."""

from typing import Final

__all__ = ["INITIAL", "KEY_BYTES", "sip_hash"]

#: Bytes of a key.
KEY_BYTES: Final = 16
#: What the halves of the key are mixed with at first: "somepseudorandomlygeneratedbytes".
INITIAL: Final = (
    0x736F6D6570736575,
    0x646F72616E646F6D,
    0x6C7967656E657261,
    0x7465646279746573,
)
_MASK: Final = (1 << 64) - 1

State = tuple[int, int, int, int]


def sip_hash(key: bytes, message: bytes) -> int:
    """Return the 64-bit tag of a message: 2 rounds a word, 4 at the end.

    Parameters
    ----------
    key : bytes
        16 bytes.
    message : bytes
        Of any length.

    Raises
    ------
    ValueError
        If the key is not 16 bytes long.

    References
    ----------
    J.-P. Aumasson, D. J. Bernstein, "SipHash: a fast short-input PRF", INDOCRYPT 2012.
    """
    if len(key) != KEY_BYTES:
        raise ValueError(f"key must be {KEY_BYTES} bytes long, not {len(key)}")
    halves = (int.from_bytes(key[:8], "little"), int.from_bytes(key[8:], "little"))
    v0, v1, v2, v3 = (word ^ halves[n % 2] for n, word in enumerate(INITIAL))
    end = bytes(-(len(message) + 1) % 8) + bytes([len(message) % 256])
    padded = message + end
    for first in range(0, len(padded), 8):
        word = int.from_bytes(padded[first : first + 8], "little")
        v0, v1, v2, v3 = _round(_round((v0, v1, v2, v3 ^ word)))
        v0 ^= word
    v0, v1, v2, v3 = _round(_round(_round(_round((v0, v1, v2 ^ 0xFF, v3)))))
    return v0 ^ v1 ^ v2 ^ v3


def _round(state: State) -> State:
    v0, v1, v2, v3 = state
    v0 = v0 + v1 & _MASK
    v2 = v2 + v3 & _MASK
    v1 = _turned(v1, 13) ^ v0
    v3 = _turned(v3, 16) ^ v2
    v0 = _turned(v0, 32)
    v2 = v2 + v1 & _MASK
    v0 = v0 + v3 & _MASK
    v1 = _turned(v1, 17) ^ v2
    v3 = _turned(v3, 21) ^ v0
    v2 = _turned(v2, 32)
    return v0, v1, v2, v3


def _turned(word: int, bits: int) -> int:
    return (word << bits | word >> 64 - bits) & _MASK
