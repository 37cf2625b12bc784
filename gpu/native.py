"""The kernels on the processor, compiled by its C++ compiler for what it can do.

A library is compiled once for its source, compiler and feature level, and kept in the cache
folder under a hash of the three. Only a library of the level that the processor reports is loaded,
so a cache that several machines share never gives one of them an instruction it has not.
"""

import ctypes
import functools
import hashlib
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from gpu.basket_task import BasketTask
from gpu.kernels import CHUNK, SUMS, basket_source, cpu_source, model_source
from gpu.model_task import ModelTask, structs
from gpu.task import GbmTask

__all__ = [
    "LEVELS",
    "CompilerError",
    "NativeBackend",
    "feature_level",
    "find_compiler",
    "load_library",
    "usable_processors",
]

_FLAGS: Final = (
    "-std=c++17",
    "-O3",
    "-fno-math-errno",
    "-fwrapv",
    "-Wno-psabi",
    "-shared",
    "-fPIC",
    "-pthread",
)
_AVX2: Final = ("-mavx2", "-mfma")
_AVX512: Final = ("-mavx512f", "-mavx512bw", "-mavx512dq", "-mavx512vl")

# Options of each feature level, as probe.cpp numbers them: the baseline of the machine first.
LEVELS: Final = ((), _AVX2, (*_AVX2, *_AVX512, "-mprefer-vector-width=512"))


class CompilerError(RuntimeError):
    """No C++ compiler, or one that fails."""


def find_compiler() -> str:
    """Return the C++ compiler: ``g++`` or ``clang++``, whichever is found first."""
    for name in ("g++", "clang++"):
        if path := shutil.which(name):
            return path
    raise CompilerError("no C++ compiler: install g++ or clang++, or choose the backend numpy")


def feature_level(cache: Path, compiler: str) -> int:
    """Return the highest of ``LEVELS`` that this processor and its system can run."""
    probe = (Path(__file__).parent / "kernels" / "probe.cpp").read_text(encoding="utf-8")
    level = int(load_library(probe, compiler, (), cache).feature_level())
    return min(level, len(LEVELS) - 1)


class NativeBackend:
    """Kernels on vectors and on threads.

    Parameters
    ----------
    cache : Path
        Folder of compiled libraries; made where it is absent.
    threads : int
        Threads of a launch; 0 takes as many as the process may use. No result depends on it.
    level : int
        Index into ``LEVELS``; without it, the highest that the processor can run.
        Levels with fused multiply-add agree; the baseline differs by rounding.

    Raises
    ------
    CompilerError
        If there is no C++ compiler or it fails.
    ValueError
        If the processor cannot run the level, or the number of threads is negative.
    """

    name = "native"

    def __init__(self, cache: Path, *, threads: int = 0, level: int | None = None) -> None:
        if threads < 0:
            raise ValueError(f"threads must not be negative, not {threads}")
        compiler = find_compiler()
        highest = feature_level(cache, compiler)
        self.level = highest if level is None else level
        if not 0 <= self.level <= highest:
            raise ValueError(f"level must be from 0 to {highest} on this machine, not {level}")
        self.threads = threads or usable_processors()
        self._load = functools.partial(
            load_library, compiler=compiler, options=LEVELS[self.level], cache=cache
        )
        self._library = self._load(cpu_source())

    def gbm_sums(self, task: GbmTask) -> NDArray[np.float64]:
        """Return the sums of each chunk of samples, shape (chunks, 5)."""
        out = np.empty((-(-task.paths // CHUNK), SUMS))
        self._library.gbm_sums(ctypes.byref(task.as_struct()), self.threads, _pointer(out))
        return out

    def gbm_paths(self, task: GbmTask) -> NDArray[np.float32]:
        """Return value and control of every sample, shape (paths, 2)."""
        out = np.empty((task.paths, 2), dtype=np.float32)
        self._library.gbm_paths(ctypes.byref(task.as_struct()), _pointer(out))
        return out

    @functools.cached_property
    def _models(self) -> ctypes.CDLL:
        """Kernels of models, compiled when they are first asked for."""
        return self._load(model_source("cpu"))

    def model_sums(self, tasks: Sequence[ModelTask]) -> NDArray[np.float64]:
        """Return the sums of each chunk of mixed samples, shape (chunks, 5)."""
        given = structs(tasks)
        out = np.empty((-(-tasks[0].paths // CHUNK), SUMS))
        self._models.model_sums(given, len(given), self.threads, _pointer(out))
        return out

    def model_paths(self, tasks: Sequence[ModelTask]) -> NDArray[np.float32]:
        """Return value and control of every mixed sample, shape (paths, 2)."""
        given = structs(tasks)
        out = np.empty((tasks[0].paths, 2), dtype=np.float32)
        self._models.model_paths(given, len(given), _pointer(out))
        return out

    @functools.cached_property
    def _baskets(self) -> ctypes.CDLL:
        return self._load(basket_source("cpu"))

    def basket_sums(self, task: BasketTask) -> NDArray[np.float64]:
        """Return the sums of each chunk of samples, shape (chunks, 5)."""
        out = np.empty((-(-task.paths // CHUNK), SUMS))
        self._baskets.basket_sums(ctypes.byref(task.as_struct()), self.threads, _pointer(out))
        return out

    def basket_paths(self, task: BasketTask) -> NDArray[np.float32]:
        """Return value and control of every sample, shape (paths, 2)."""
        out = np.empty((task.paths, 2), dtype=np.float32)
        self._baskets.basket_paths(ctypes.byref(task.as_struct()), _pointer(out))
        return out

    def philox_words(self, counters: NDArray[np.uint32], seed: int) -> NDArray[np.uint32]:
        """Return Philox 4x32-10 of the counters, shape (n, 4) as they have."""
        counters = np.ascontiguousarray(counters, dtype=np.uint32)
        out = np.empty_like(counters)
        sizes = ctypes.c_uint64(len(counters)), ctypes.c_uint64(seed)
        self._library.philox_words(sizes[0], _pointer(counters), sizes[1], _pointer(out))
        return out

    def exp_log(self, x: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return exponential and logarithm as the kernels compute them, shape (2, n)."""
        out = np.empty((2, len(x)), dtype=np.float32)
        self._library.exp_log(ctypes.c_uint64(len(x)), _pointer(x), _pointer(out))
        return out

    def sine_cosine(self, words: NDArray[np.uint32]) -> NDArray[np.float32]:
        """Return sine and cosine of 2 pi w / 2^32 as the kernels compute them, shape (2, n)."""
        out = np.empty((2, len(words)), dtype=np.float32)
        self._library.sine_cosine(ctypes.c_uint64(len(words)), _pointer(words), _pointer(out))
        return out


def _pointer(array: NDArray[Any]) -> ctypes.c_void_p:
    return ctypes.c_void_p(array.ctypes.data)


def usable_processors() -> int:
    """Return how many processors this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def load_library(source: str, compiler: str, options: tuple[str, ...], cache: Path) -> ctypes.CDLL:
    """Return a library that is compiled unless it is in the cache.

    Raises
    ------
    CompilerError
        If the compiler fails.
    """
    version = subprocess.run([compiler, "--version"], capture_output=True, text=True, check=True)
    identity = [source, version.stdout, platform.machine(), *_FLAGS, *options]
    digest = hashlib.sha256("\0".join(identity).encode()).hexdigest()[:24]
    library = cache / f"kernels-{digest}.so"
    if not library.exists():
        cache.mkdir(parents=True, exist_ok=True)
        _compile(source, [compiler, *_FLAGS, *options], library)
    return ctypes.CDLL(str(library))


def _compile(source: str, command: list[str], library: Path) -> None:
    """Write the library in one step, so that another process never loads half of it."""
    with tempfile.TemporaryDirectory(dir=library.parent) as folder:
        text, made = Path(folder) / "kernels.cpp", Path(folder) / "kernels.so"
        text.write_text(source, encoding="utf-8")
        run = subprocess.run(
            [*command, "-o", str(made), str(text)], capture_output=True, text=True, check=False
        )
        if run.returncode:
            raise CompilerError(f"{command[0]} cannot compile the kernels: {run.stderr[:2000]}")
        made.replace(library)
