"""The backends that this machine has, for the tests."""

import functools
import importlib.util
from typing import Final

import pytest

from gpu.native import LEVELS, CompilerError, NativeBackend, feature_level, find_compiler
from gpu.task import GbmTask, Payoff
from tests.repo.files import ROOT

__all__ = ["CACHE", "levels", "native", "needs_quantlib", "task"]

CACHE: Final = ROOT / "build" / "kernels"


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


@functools.cache
def native(level: int, threads: int = 2) -> NativeBackend:
    """Return the backend of a feature level, or skip the test where it cannot run."""
    if level not in levels():
        pytest.skip(f"no compiler, or no processor for level {level}: {LEVELS[level]}")
    return NativeBackend(CACHE, threads=threads, level=level)


def task(payoff: Payoff, **changed: float) -> GbmTask:
    """Return a task of 5,000 samples and 30 steps, with changes."""
    given = {"paths": 5000, "seed": 0x123456789ABCDEF0, "steps": 30, "antithetic": False}
    market = {
        "call": True,
        "spot": 100.0,
        "strike": 101.0,
        "drift": 0.001,
        "vol": 0.03,
        "barrier": 0.25,
    }
    return GbmTask(**{**given, **market, **changed}, payoff=payoff)  # type: ignore[arg-type]
