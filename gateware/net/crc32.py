"""CRC-32 of Ethernet, eight bytes a cycle, as equations over single bits.

A step of the CRC is linear and can be undone. So eight bytes are *folded* to 32 bits first, with no
state in it, and a frame that ends inside a word is compared with what undoing the missing bytes
makes of the residue: one step for full words is all that depends on the state.

References
----------
IEEE 802.3, clause 3.2.9. Bits are reflected: bit 0 of a byte comes first.
"""

from functools import reduce
from operator import xor
from typing import Final

from amaranth import Cat, Const, Value

__all__ = ["INITIAL", "RESIDUES", "fold", "step_word"]

_POLYNOMIAL: Final = 0xEDB88320
#: State before the first byte.
INITIAL: Final = 0xFFFFFFFF
#: State after the last byte of a frame with its FCS.
_RESIDUE: Final = 0xDEBB20E3


def _forward(state: int, n_bytes: int) -> int:
    """Return the state after so many bytes of zero."""
    for _ in range(8 * n_bytes):
        state = (state >> 1) ^ (_POLYNOMIAL if state & 1 else 0)
    return state


def _backward(state: int, n_bytes: int) -> int:
    """Return the state before so many bytes of zero."""
    for _ in range(8 * n_bytes):
        odd = state >> 31  # the polynomial has its highest bit set, a shifted state has not
        state = ((state ^ (_POLYNOMIAL if odd else 0)) << 1) | odd
    return state


#: State XOR folded word, of a good frame whose last word has 0 to 7 bytes.
RESIDUES: Final = tuple(_backward(_RESIDUE, n) for n in range(8))


def _linear(value: Value, columns: list[int]) -> Value:
    """Return the XOR of the columns whose bit of ``value`` is 1."""
    rows: list[Value] = []
    for row in range(32):
        bits = [value[n] for n, column in enumerate(columns) if column >> row & 1]
        rows.append(reduce(xor, bits, Const(0, 1)))
    return Cat(*rows)


def fold(word: Value) -> Value:
    """Fold eight bytes, byte 0 first, into 32 bits to XOR to the state; missing bytes are 0."""
    return word[:32] ^ _linear(word[32:64], [_backward(1 << n, 4) for n in range(32)])


def step_word(value: Value) -> Value:
    """Return the state behind a full word, of the state before it XOR the folded word."""
    return _linear(value, [_forward(1 << n, 8) for n in range(32)])
