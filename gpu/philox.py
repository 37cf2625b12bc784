"""Random numbers of the kernels in NumPy: Philox 4x32-10 and what is made of its words.

``philox_words`` equals the kernel bit for bit; the others take the same words and go on in double
precision. Salmon, Moraes, Dror and Shaw (2011), "Parallel random numbers: as easy as 1, 2, 3".
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["Floats", "Words", "box_muller", "exponential", "path_words", "philox_words"]

_MULTIPLIERS: Final = (np.uint64(0xD2511F53), np.uint64(0xCD9E8D57))
_WEYL: Final = (0x9E3779B9, 0xBB67AE85)
_LOW: Final = np.uint64(0xFFFFFFFF)
_HALF: Final = np.uint64(32)

Floats = NDArray[np.float64]
Words = NDArray[np.uint32]


def philox_words(counters: Words, seed: int) -> Words:
    """Return Philox 4x32-10 of the counters.

    Parameters
    ----------
    counters : array of uint32, shape (n, 4)
        One counter a row.
    seed : int
        Key: its low word first.

    Returns
    -------
    array of uint32, shape (n, 4)
    """
    a, b, c, d = (counters[:, i].astype(np.uint64) for i in range(4))
    keys = [seed & 0xFFFFFFFF, seed >> 32]
    for _ in range(10):
        one, two = a * _MULTIPLIERS[0], c * _MULTIPLIERS[1]
        low, high = np.uint64(keys[0]), np.uint64(keys[1])
        a, b, c, d = two >> _HALF ^ b ^ low, two & _LOW, one >> _HALF ^ d ^ high, one & _LOW
        keys = [(key + step) & 0xFFFFFFFF for key, step in zip(keys, _WEYL, strict=True)]
    return np.stack([a, b, c, d], axis=1).astype(np.uint32)


def path_words(paths: NDArray[np.uint64], block: int, stream: int, seed: int) -> Words:
    """Return the words of paths at counter (path, block, stream), shape (paths, 4)."""
    counters = np.zeros((len(paths), 4), dtype=np.uint32)
    counters[:, 0] = paths & _LOW
    counters[:, 1] = paths >> _HALF
    counters[:, 2] = block
    counters[:, 3] = stream
    return philox_words(counters, seed)


def box_muller(words: Words) -> Floats:
    """Return the normal numbers of words, each two of two: the shape stays (n, even)."""
    u = (words[:, ::2] >> np.uint32(1)) * 2.0**-31 + 2.0**-32
    radius = np.sqrt(-2.0 * np.log(np.minimum(u, 1.0)))
    angle = words[:, 1::2] * (2.0 * np.pi * 2.0**-32)
    z = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=2)
    return z.reshape(words.shape)


def exponential(words: Words) -> Floats:
    """Return an exponential number of each word, at most 17.33."""
    result: Floats = -np.log((words >> np.uint32(8)) * 2.0**-24 + 2.0**-25)
    return result
