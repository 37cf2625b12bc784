"""Which machine runs the kernels: a GPU through CuPy, the processor, or NumPy."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from gpu.basket_task import BasketTask
from gpu.kernels import (
    BASKET_ENTRIES,
    CHUNK,
    ENTRIES,
    MODEL_ENTRIES,
    SUMS,
    basket_source,
    cuda_source,
    model_source,
)
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

    def basket_sums(self, task: BasketTask) -> NDArray[np.float64]:
        """Return the sums of each chunk of samples, shape (chunks, 5)."""
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
        self._kernels: dict[str, Any] = {}
        self._compile(cuda_source(), ENTRIES)

    def _compile(self, source: str, entries: tuple[str, ...]) -> None:
        module = self._cupy.RawModule(code=source, options=("--std=c++17",))
        self._kernels |= {name: module.get_function(name) for name in entries}

    def _kernel(self, name: str) -> Any:
        """Return a kernel; its module is compiled when it is first asked for."""
        if name not in self._kernels:
            source, entries = (
                (model_source, MODEL_ENTRIES)
                if name in MODEL_ENTRIES
                else (basket_source, BASKET_ENTRIES)
            )
            self._compile(source("cuda"), entries)
        return self._kernels[name]

    def gbm_sums(self, task: GbmTask) -> NDArray[np.float64]:
        """Return the sums of each chunk of samples, shape (chunks, 5)."""
        return self._sums("gbm_sums", task.paths, *gbm_arguments(task))

    def gbm_paths(self, task: GbmTask) -> NDArray[np.float32]:
        """Return value and control of every sample, shape (paths, 2)."""
        return self._paths("gbm_paths", task.paths, *gbm_arguments(task))

    def model_sums(self, tasks: Sequence[ModelTask]) -> NDArray[np.float64]:
        """Return the sums of each chunk of mixed samples, shape (chunks, 5)."""
        return self._sums("model_sums", tasks[0].paths, *self._mix(tasks))

    def model_paths(self, tasks: Sequence[ModelTask]) -> NDArray[np.float32]:
        """Return value and control of every mixed sample, shape (paths, 2)."""
        return self._paths("model_paths", tasks[0].paths, *self._mix(tasks))

    def basket_sums(self, task: BasketTask) -> NDArray[np.float64]:
        """Return the sums of each chunk of samples, shape (chunks, 5)."""
        return self._sums("basket_sums", task.paths, self._copied(bytes(task.as_struct())))

    def basket_paths(self, task: BasketTask) -> NDArray[np.float32]:
        """Return value and control of every sample, shape (paths, 2)."""
        return self._paths("basket_paths", task.paths, self._copied(bytes(task.as_struct())))

    def _sums(self, name: str, paths: int, *given: Any) -> NDArray[np.float64]:
        chunks = -(-paths // CHUNK)
        out = self._cupy.empty((chunks, SUMS), dtype=np.float64)
        self._kernel(name)((min(chunks, 65535),), (_THREADS,), (*given, out))
        result: NDArray[np.float64] = self._cupy.asnumpy(out)
        return result

    def _paths(self, name: str, paths: int, *given: Any) -> NDArray[np.float32]:
        out = self._cupy.empty((paths, 2), dtype=np.float32)
        self._kernel(name)((-(-paths // _THREADS),), (_THREADS,), (*given, out))
        result: NDArray[np.float32] = self._cupy.asnumpy(out)
        return result

    def _mix(self, tasks: Sequence[ModelTask]) -> tuple[Any, np.uint32]:
        return self._copied(bytes(structs(tasks))), np.uint32(len(tasks))

    def _copied(self, struct: bytes) -> Any:
        """Return a struct in the memory of the device."""
        return self._cupy.asarray(np.frombuffer(struct, dtype=np.uint8))

    def facts(self) -> dict[str, Any]:
        """Return the name of the device, and the versions of driver, CUDA and CuPy."""
        runtime = self._cupy.cuda.runtime
        return {
            "device": runtime.getDeviceProperties(runtime.getDevice())["name"].decode(),
            "driver": runtime.driverGetVersion(),
            "cuda": runtime.runtimeGetVersion(),
            "cupy": self._cupy.__version__,
        }


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
