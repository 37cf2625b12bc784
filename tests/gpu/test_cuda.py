"""The CUDA module: compiled by NVRTC, and its scalar lane run on the processor."""

import ctypes
import importlib.util
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gpu.backend import gbm_arguments
from gpu.basket_task import BasketPayoff
from gpu.basket_twin import basket_paths
from gpu.kernels import (
    BASKET_ENTRIES,
    ENTRIES,
    MODEL_ENTRIES,
    basket_source,
    cuda_source,
    model_source,
)
from gpu.model_task import structs
from gpu.model_twin import model_paths
from gpu.native import CompilerError, find_compiler
from gpu.philox import philox_words
from gpu.task import GBM_PAYOFFS, Payoff
from gpu.twin import gbm_paths
from tests.gpu.baskets import basket_task
from tests.gpu.machines import task
from tests.gpu.processes import CASES, model_task

# What CUDA gives to a kernel, for one thread at a time on the processor.
SHIM = """
#include <cmath>
#include <cstring>
#define __device__
#define __global__
#define __forceinline__ inline
#define __shared__ static
#define __syncthreads()
struct Index { unsigned x; };
static Index blockIdx, threadIdx, blockDim = {1}, gridDim = {1};
static inline unsigned __umulhi(unsigned a, unsigned b) { return (unsigned long long)a * b >> 32; }
static inline int __float_as_int(float x) { int y; std::memcpy(&y, &x, 4); return y; }
static inline float __int_as_float(int x) { float y; std::memcpy(&y, &x, 4); return y; }
static inline float __int2float_rn(int x) { return (float)x; }
"""
C_TYPES: dict[type, Any] = {
    np.uint64: ctypes.c_uint64,
    np.uint32: ctypes.c_uint32,
    np.float32: ctypes.c_float,
}
CALLS = """
extern "C" void each_path(GBM_ARGUMENTS, float *out)
{
    for (blockIdx.x = 0; blockIdx.x < paths; ++blockIdx.x)
        gbm_paths(paths, seed, steps, payoff, antithetic, sign, spot, strike, drift, vol, barrier,
                  out);
}
extern "C" void each_counter(Wide n, Wide seed, unsigned block, unsigned *out)
{
    for (blockIdx.x = 0; blockIdx.x < n; ++blockIdx.x)
        philox_words(n, seed, block, out);
}
"""


MODULES = (
    (cuda_source(), ENTRIES),
    (model_source("cuda"), MODEL_ENTRIES),
    (basket_source("cuda"), BASKET_ENTRIES),
)


def nvrtc() -> ctypes.CDLL:
    try:
        spec = importlib.util.find_spec("nvidia.cuda_nvrtc")
    except ModuleNotFoundError:
        spec = None
    if spec is None or not spec.submodule_search_locations:
        # The extra dev brings it, where there are wheels: on Linux.
        pytest.skip("nvidia-cuda-nvrtc-cu12 is not installed")
    (library,) = Path(spec.submodule_search_locations[0], "lib").glob("libnvrtc.so.*")
    return ctypes.CDLL(str(library))


def ptx(source: str, architecture: str) -> tuple[int, str]:
    """Return NVRTC's status, and the PTX or else the log."""
    library, program, size = nvrtc(), ctypes.c_void_p(), ctypes.c_size_t()
    arguments = ctypes.byref(program), source.encode(), b"kernels.cu", 0, None, None
    assert library.nvrtcCreateProgram(*arguments) == 0
    options = [f"--gpu-architecture={architecture}".encode(), b"--std=c++17"]
    status = library.nvrtcCompileProgram(program, 2, (ctypes.c_char_p * 2)(*options))
    what = "ProgramLog" if status else "PTX"
    getattr(library, f"nvrtcGet{what}Size")(program, ctypes.byref(size))
    text = ctypes.create_string_buffer(size.value)
    getattr(library, f"nvrtcGet{what}")(program, text)
    library.nvrtcDestroyProgram(ctypes.byref(program))
    return status, text.value.decode()


@pytest.mark.parametrize("architecture", ["sm_80", "sm_90"])
def test_nvrtc_compiles_every_kernel(architecture: str) -> None:
    for source, entries in MODULES:
        status, text = ptx(source, architecture)
        assert status == 0, text
        assert f".target {architecture}" in text
        assert [name for name in entries if f".visible .entry {name}(" not in text] == []


def test_nvrtc_refuses_a_system_header() -> None:
    status, text = ptx("#include <cmath>\n" + cuda_source(), "sm_80")
    assert status != 0
    assert "cmath" in text


MODEL_CALLS = """
extern "C" void each_path(const Model *tasks, unsigned count, float *out)
{
    for (blockIdx.x = 0; blockIdx.x < tasks->paths; ++blockIdx.x)
        model_paths(tasks, count, out);
}
"""

BASKET_CALLS = """
extern "C" void each_path(const Basket *task, float *out)
{
    for (blockIdx.x = 0; blockIdx.x < task->paths; ++blockIdx.x)
        basket_paths(task, out);
}
"""


@pytest.fixture(scope="module")
def scalar(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    """Return the CUDA module, compiled for the processor."""
    return on_processor(cuda_source() + CALLS, tmp_path_factory.mktemp("scalar"))


@pytest.fixture(scope="module")
def scalar_models(tmp_path_factory: pytest.TempPathFactory) -> ctypes.CDLL:
    """Return the CUDA module of models, compiled for the processor."""
    return on_processor(model_source("cuda") + MODEL_CALLS, tmp_path_factory.mktemp("models"))


def on_processor(source: str, folder: Path) -> ctypes.CDLL:
    try:
        compiler = find_compiler()
    except CompilerError as error:
        # A machine without a compiler is supported: it has the backend numpy.
        pytest.skip(str(error))
    (folder / "k.cpp").write_text(SHIM + source, encoding="utf-8")
    command = [compiler, "-std=c++17", "-O2", "-fwrapv", "-shared", "-fPIC", "-o", "k.so", "k.cpp"]
    subprocess.run(command, cwd=folder, check=True)
    return ctypes.CDLL(str(folder / "k.so"))


@pytest.mark.parametrize("payoff", GBM_PAYOFFS)
@pytest.mark.parametrize("antithetic", [False, True])
def test_the_scalar_lane_walks_the_paths_of_the_twin(
    scalar: ctypes.CDLL, payoff: Payoff, antithetic: bool
) -> None:
    given = task(payoff, paths=500, antithetic=antithetic, steps=31)
    out = np.empty((given.paths, 2), dtype=np.float32)
    # The arguments as CuPy gets them, so that their order and types are those of the kernel.
    values = [C_TYPES[type(v)](v.item()) for v in gbm_arguments(given)]
    scalar.each_path(*values, ctypes.c_void_p(out.ctypes.data))
    bound = 5e-4 if payoff == Payoff.KNOCK_OUT else 1e-4
    assert np.abs(out - gbm_paths(given)).max() < bound


@pytest.mark.parametrize(("name", "payoff"), CASES)
def test_the_scalar_lane_walks_the_models_of_the_twin(
    scalar_models: ctypes.CDLL, name: str, payoff: Payoff
) -> None:
    given = [model_task(name, payoff, paths=500, antithetic=True)]
    out = np.empty((given[0].paths, 2), dtype=np.float32)
    scalar_models.each_path(structs(given), 1, ctypes.c_void_p(out.ctypes.data))
    assert np.abs(out - model_paths(given)).max() < 1e-3


def test_the_scalar_lane_walks_the_baskets_of_the_twin(tmp_path: Path) -> None:
    library = on_processor(basket_source("cuda") + BASKET_CALLS, tmp_path)
    for payoff in BasketPayoff:
        given = basket_task(payoff, paths=300, antithetic=True)
        out = np.empty((given.paths, 2), dtype=np.float32)
        library.each_path(ctypes.byref(given.as_struct()), ctypes.c_void_p(out.ctypes.data))
        assert np.abs(out - basket_paths(given)).max() < 3e-6 * given.total


def test_the_scalar_lane_draws_the_words_of_the_twin(scalar: ctypes.CDLL) -> None:
    out = np.empty((100, 4), dtype=np.uint32)
    sizes = ctypes.c_uint64(100), ctypes.c_uint64(2**63 + 5), ctypes.c_uint32(9)
    scalar.each_counter(*sizes, ctypes.c_void_p(out.ctypes.data))
    counters = np.zeros((100, 4), dtype=np.uint32)
    counters[:, 0], counters[:, 2] = np.arange(100), 9
    np.testing.assert_array_equal(out, philox_words(counters, 2**63 + 5))
