"""The backends that this machine has, for the tests."""

import functools
import importlib.util
from dataclasses import replace
from typing import Any, Final

import pytest

from gpu.native import LEVELS, CompilerError, NativeBackend, feature_level, find_compiler
from gpu.task import GbmTask, Payoff
from tests.repo.files import ROOT

__all__ = ["CACHE", "levels", "native", "needs_compiler", "needs_level", "needs_quantlib", "task"]

CACHE: Final = ROOT / "build" / "kernels"
_TASK: Final = GbmTask(
    paths=5000,
    seed=0x123456789ABCDEF0,
    steps=30,
    payoff=Payoff.EUROPEAN,
    antithetic=False,
    call=True,
    spot=100.0,
    strike=101.0,
    drift=0.001,
    vol=0.03,
    barrier=0.25,
)

# The extra dev brings it; a machine with a GPU may have no more than make gpu-check asks for.
needs_quantlib = pytest.mark.skipif(
    importlib.util.find_spec("QuantLib") is None, reason="QuantLib is not installed"
)


@functools.cache
def levels() -> tuple[int, ...]:
    """Return the feature levels that the processor can run; none without a compiler."""
    try:
        return tuple(range(feature_level(CACHE, find_compiler()) + 1))
    except CompilerError:
        return ()


def needs_level(level: int) -> None:
    """Skip the test where the processor cannot run a feature level."""
    if level not in levels():
        # Not every processor has AVX2 or AVX-512; without a compiler the backend numpy serves.
        pytest.skip(f"no compiler, or no processor for level {level}: {LEVELS[level]}")


@functools.cache
def native(level: int, threads: int = 2) -> NativeBackend:
    """Return the backend of a feature level, or skip the test where it cannot run."""
    needs_level(level)
    return NativeBackend(CACHE, threads=threads, level=level)


# A machine without a compiler is supported: it has the backend numpy.
needs_compiler = pytest.mark.skipif(not levels(), reason="no C++ compiler")


def task(payoff: Payoff, **changed: Any) -> GbmTask:
    """Return a task of 5,000 samples and 30 steps, with changes."""
    return replace(_TASK, payoff=payoff, **changed)
