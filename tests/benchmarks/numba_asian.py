"""The arithmetic Asian as a numba user would write it: the peer of the kernels on the processor.

Single precision, Philox 4x32-10, Box and Muller, one path at a time, threads over chunks of
paths, sums in double precision, and the geometric average as control, as in the kernels.
"""

import math
from typing import Any, Final

import numpy as np

from gpu.kernels import CHUNK, SUMS
from gpu.task import GbmTask

__all__ = ["sums_with_numba"]

# Typed constants: numba turns a sum of uint64 and a plain integer into a float.
_M0: Final = np.uint64(0xD2511F53)
_M1: Final = np.uint64(0xCD9E8D57)
_W0: Final = np.uint64(0x9E3779B9)
_W1: Final = np.uint64(0xBB67AE85)
_LOW: Final = np.uint64(0xFFFFFFFF)
_32: Final = np.uint64(32)
_1: Final = np.uint64(1)
_0: Final = np.uint64(0)
_CHUNK: Final = CHUNK
_SUMS: Final = SUMS
_UNIT: Final = np.float32(2.0**-31)
_HALF: Final = np.float32(2.0**-32)
_TURN: Final = np.float32(2.0 * math.pi * 2.0**-32)
_TWO: Final = np.float32(-2.0)
_ZERO: Final = np.float32(0.0)


def _philox(a: Any, b: Any, c: Any, low: Any, high: Any) -> Any:
    d = _0
    for _ in range(10):
        one, two = a * _M0, c * _M1
        a, b, c, d = (two >> _32) ^ b ^ low, two & _LOW, (one >> _32) ^ d ^ high, one & _LOW
        low, high = (low + _W0) & _LOW, (high + _W1) & _LOW
    return a, b, c, d


def _pair(one: Any, two: Any) -> Any:
    u = np.float32(one >> _1) * _UNIT + _HALF
    radius = math.sqrt(_TWO * math.log(u))
    angle = np.float32(two) * _TURN
    return radius * math.cos(angle), radius * math.sin(angle)


def _kernel(philox: Any, pair: Any, prange: Any) -> Any:
    def kernel(out: Any, steps: Any, seed: Any, market: Any) -> None:
        spot, strike, drift, vol = market
        share = np.float32(1.0) / np.float32(steps)
        for chunk in prange(len(out)):
            s0, s1, s2, s3, s4 = 0.0, 0.0, 0.0, 0.0, 0.0
            for k in range(_CHUNK):
                path = np.uint64(chunk) * np.uint64(_CHUNK) + np.uint64(k)
                log, total_log, total = _ZERO, _ZERO, _ZERO
                for block in range(steps // 4):
                    a, b, c, d = philox(path, _0, np.uint64(block), seed & _LOW, seed >> _32)
                    z0, z1 = pair(a, b)
                    z2, z3 = pair(c, d)
                    for z in (z0, z1, z2, z3):
                        log += drift + vol * z
                        total_log += log
                        total += math.exp(log)
                y = max(spot * total * share - strike, _ZERO)
                x = max(spot * math.exp(total_log * share) - strike, _ZERO)
                s0 += y
                s1 += y * y
                s2 += x
                s3 += x * x
                s4 += x * y
            out[chunk, 0], out[chunk, 1], out[chunk, 2] = s0, s1, s2
            out[chunk, 3], out[chunk, 4] = s3, s4

    return kernel


def sums_with_numba(threads: int) -> Any:
    """Return a function of a task that returns the sums of each chunk, shape (chunks, 5).

    It walks calls without mirrors, whole chunks of paths and a multiple of four steps.
    """
    import numba

    numba.set_num_threads(threads)
    inline = numba.njit(fastmath=True, inline="always")
    compiled = numba.njit(parallel=True, fastmath=True, error_model="numpy")(
        _kernel(inline(_philox), inline(_pair), numba.prange)
    )

    def sums(task: GbmTask) -> Any:
        if task.paths % CHUNK or task.steps % 4 or task.antithetic or not task.call:
            raise ValueError(f"calls without mirrors, whole chunks and blocks of steps, not {task}")
        out = np.empty((task.paths // CHUNK, SUMS))
        market = tuple(np.float32(v) for v in (task.spot, task.strike, task.drift, task.vol))
        compiled(out, task.steps, np.uint64(task.seed), market)
        return out

    return sums
