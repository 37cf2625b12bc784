"""Which machine runs the kernels: a GPU through CuPy, the processor, or NumPy."""

import functools
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from gpu.kernels import CHUNK, ENTRIES, MODEL_ENTRIES, SUMS, cuda_source, model_source
from gpu.model_task import ModelTask, structs
from gpu.native import CompilerError, NativeBackend
from gpu.task import FIELDS, GbmTask
from gpu.twin import NumpyBackend

__all__ = [
    "BACKENDS",
    "Backend",
    "BackendError",
    "CupyBackend",
    "choose",
    "gbm_arguments",
    "import_cupy",
]

BACKENDS: Final = ("auto", "cupy", "native", "numpy")
_THREADS: Final = 256  # of a block; the same in sums_cuda.h


class BackendError(RuntimeError):
    """The backend that was asked for cannot run here."""


class Backend(Protocol):
    """What runs kernels.

    Members
    -------
    name : str
        One of ``BACKENDS``.
    """

    @property
    def name(self) -> str:
        """One of ``BACKENDS``."""
        ...

    def gbm_sums(self, task: GbmTask) -> NDArray[np.float64]:
        """Return the sums of each chunk of samples, shape (chunks, 5)."""
        ...

    def model_sums(self, tasks: Sequence[ModelTask]) -> NDArray[np.float64]:
        """Return the sums of each chunk of mixed samples, shape (chunks, 5)."""
        ...


class CupyBackend:
    """Kernels on an NVIDIA GPU, compiled by NVRTC when the backend is made.

    Raises
    ------
    BackendError
        If CuPy is not installed or finds no GPU.
    """

    name = "cupy"

    def __init__(self) -> None:
        cupy = import_cupy()
        try:
            if not cupy.cuda.runtime.getDeviceCount():
                raise BackendError("CuPy finds no GPU")
        except cupy.cuda.runtime.CUDARuntimeError as error:
            raise BackendError(f"CuPy finds no GPU: {error}") from error
        self._cupy = cupy
        self._kernels = self._compiled(cuda_source(), ENTRIES)

    def _compiled(self, source: str, entries: tuple[str, ...]) -> dict[str, Any]:
        module = self._cupy.RawModule(code=source, options=("--std=c++17",))
        return {name: module.get_function(name) for name in entries}

    @functools.cached_property
    def _models(self) -> dict[str, Any]:
        """Kernels of models, compiled when they are first asked for."""
        return self._compiled(model_source("cuda"), MODEL_ENTRIES)

    def gbm_sums(self, task: GbmTask) -> NDArray[np.float64]:
        """Return the sums of each chunk of samples, shape (chunks, 5)."""
        chunks = -(-task.paths // CHUNK)
        out = self._cupy.empty((chunks, SUMS), dtype=np.float64)
        grid = (min(chunks, 65535),)
        self._kernels["gbm_sums"](grid, (_THREADS,), (*gbm_arguments(task), out))
        result: NDArray[np.float64] = self._cupy.asnumpy(out)
        return result

    def model_sums(self, tasks: Sequence[ModelTask]) -> NDArray[np.float64]:
        """Return the sums of each chunk of mixed samples, shape (chunks, 5)."""
        chunks = -(-tasks[0].paths // CHUNK)
        out = self._cupy.empty((chunks, SUMS), dtype=np.float64)
        grid = (min(chunks, 65535),)
        self._models["model_sums"](grid, (_THREADS,), (*self._given(tasks), out))
        result: NDArray[np.float64] = self._cupy.asnumpy(out)
        return result

    def model_paths(self, tasks: Sequence[ModelTask]) -> NDArray[np.float32]:
        """Return value and control of every mixed sample, shape (paths, 2)."""
        out = self._cupy.empty((tasks[0].paths, 2), dtype=np.float32)
        grid = (-(-tasks[0].paths // _THREADS),)
        self._models["model_paths"](grid, (_THREADS,), (*self._given(tasks), out))
        result: NDArray[np.float32] = self._cupy.asnumpy(out)
        return result

    def _given(self, tasks: Sequence[ModelTask]) -> tuple[Any, np.uint32]:
        """Return the structs in the memory of the device, and their number."""
        given = np.frombuffer(bytes(structs(tasks)), dtype=np.uint8)
        return self._cupy.asarray(given), np.uint32(len(tasks))

    def facts(self) -> dict[str, Any]:
        """Return the name of the device, and the versions of driver, CUDA and CuPy."""
        runtime = self._cupy.cuda.runtime
        return {
            "device": runtime.getDeviceProperties(runtime.getDevice())["name"].decode(),
            "driver": runtime.driverGetVersion(),
            "cuda": runtime.runtimeGetVersion(),
            "cupy": self._cupy.__version__,
        }

    def gbm_paths(self, task: GbmTask) -> NDArray[np.float32]:
        """Return value and control of every sample, shape (paths, 2)."""
        out = self._cupy.empty((task.paths, 2), dtype=np.float32)
        grid = (-(-task.paths // _THREADS),)
        self._kernels["gbm_paths"](grid, (_THREADS,), (*gbm_arguments(task), out))
        result: NDArray[np.float32] = self._cupy.asnumpy(out)
        return result


def import_cupy() -> Any:
    """Return the module ``cupy``; nothing else imports it."""
    try:
        import cupy
    except ImportError as error:
        raise BackendError(f"CuPy is not installed: {error}") from error
    return cupy


def choose(name: str, cache: Path, *, threads: int = 0) -> Backend:
    """Return the backend of that name.

    Parameters
    ----------
    name : str
        One of ``BACKENDS``. ``auto`` takes the first of the others that can run here.
    cache : Path
        Folder of compiled libraries.
    threads : int
        Threads of ``native``; 0 takes as many as the process may use.

    Raises
    ------
    BackendError
        If the backend cannot run here.
    ValueError
        If there is no backend of that name.
    """
    if name not in BACKENDS:
        raise ValueError(f"backend must be one of {', '.join(BACKENDS)}, not {name}")
    if name == "numpy":
        return NumpyBackend()
    if name == "cupy":
        return CupyBackend()
    if name == "native":
        return _native(cache, threads)
    for candidate in (CupyBackend, lambda: _native(cache, threads)):
        try:
            return candidate()
        except BackendError:
            continue
    return NumpyBackend()


def _native(cache: Path, threads: int) -> NativeBackend:
    try:
        return NativeBackend(cache, threads=threads)
    except CompilerError as error:
        raise BackendError(str(error)) from error


def gbm_arguments(task: GbmTask) -> tuple[np.generic, ...]:
    """Return the arguments ``GBM_ARGUMENTS`` of ``launch_cuda.h``, in their types."""
    return tuple(np.dtype(kind).type(getattr(task, name)) for name, kind in FIELDS)
