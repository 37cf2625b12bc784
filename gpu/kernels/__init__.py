"""Kernels in CUDA C++, which the C++ compiler of the machine compiles for its processor too.

What one path does is written once, against the types and functions that ``lane_cuda.h`` and
``lane_cpu.h`` both define. A lane is one path: a thread of the GPU has one, a vector of the
processor 4 to 16. ``sums_cuda.h`` and ``sums_cpu.h`` walk over the paths and add up.
"""

from pathlib import Path
from typing import Final

__all__ = [
    "BASKET_ENTRIES",
    "CHUNK",
    "ENTRIES",
    "MODEL_ENTRIES",
    "SUMS",
    "anneal_source",
    "basket_source",
    "cpu_source",
    "cuda_source",
    "model_source",
]

CHUNK: Final = 4096  # paths whose sums make one row; the same in payoff.h
SUMS: Final = 5  # columns of a row: value, value^2, control, control^2, value * control
ENTRIES: Final = ("philox_words", "gbm_sums", "gbm_paths")  # kernels of the CUDA module
MODEL_ENTRIES: Final = ("model_sums", "model_paths")  # those of the module of models
BASKET_ENTRIES: Final = ("basket_sums", "basket_paths")  # those of the module of baskets

_SHARED: Final = ("math.h", "philox.h", "payoff.h")
#: What gives the work to threads; a GPU does so by itself.
_THREADS: Final = {"cpu": ("threads_cpu.h",), "cuda": ()}


def cuda_source() -> str:
    """Return the module for NVRTC: one text that includes no header."""
    return _joined("lane_cuda.h", *_SHARED, "gbm.h", "sums_cuda.h", "launch_cuda.h")


def cpu_source() -> str:
    """Return the same kernels for a C++17 compiler."""
    return _joined("lane_cpu.h", *_SHARED, "gbm.h", "threads_cpu.h", "sums_cpu.h", "launch_cpu.h")


def basket_source(machine: str) -> str:
    """Return the paths of correlated assets, for ``cpu`` or ``cuda``."""
    return _joined(*_over_paths(machine, "basket"))


def model_source(machine: str) -> str:
    """Return the paths of processes with jumps or stochastic variance, for ``cpu`` or ``cuda``."""
    return _joined(*_over_paths(machine, "model"))


def anneal_source(machine: str) -> str:
    """Return the annealing of Ising spins, for ``cpu`` or ``cuda``."""
    parts = (*_THREADS[machine], "math.h", "philox.h", "anneal.h", f"anneal_{machine}.h")
    return _joined(f"lane_{machine}.h", *parts)


def _over_paths(machine: str, name: str) -> tuple[str, ...]:
    sums = (*_THREADS[machine], f"sums_{machine}.h")
    return f"lane_{machine}.h", *_SHARED, f"{name}.h", *sums, f"{name}_{machine}.h"


def _joined(*names: str) -> str:
    folder = Path(__file__).parent
    return "\n".join((folder / name).read_text(encoding="utf-8") for name in names)
