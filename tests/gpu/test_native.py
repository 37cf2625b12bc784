"""Compiled libraries and their folder."""

import os
from pathlib import Path

import numpy as np
import pytest

from gpu import native as module
from gpu.backend import BackendError, choose
from gpu.native import CompilerError, NativeBackend, feature_level, find_compiler
from gpu.philox import philox_words
from gpu.task import Payoff
from gpu.twin import gbm_paths
from tests.gpu.machines import CACHE, levels, native, needs_compiler, task


@needs_compiler
def test_a_library_is_compiled_once(tmp_path: Path) -> None:
    feature_level(tmp_path, find_compiler())
    (library,) = tmp_path.iterdir()
    os.utime(library, (1, 1))
    feature_level(tmp_path, find_compiler())
    assert [(path, path.stat().st_mtime) for path in tmp_path.iterdir()] == [(library, 1.0)]


@needs_compiler
def test_each_level_has_a_library_of_its_own() -> None:
    assert len({native(level)._library._name for level in levels()}) == len(levels())


@needs_compiler
def test_lanes_without_x86_instructions_give_the_same_words_and_paths(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(module, "LEVELS", (("-U__SSE2__",),))
    portable = NativeBackend(CACHE, level=0)
    counters = np.random.default_rng(2).integers(0, 2**32, (101, 4), dtype=np.uint32)
    np.testing.assert_array_equal(portable.philox_words(counters, 77), philox_words(counters, 77))
    given = task(Payoff.ARITHMETIC, paths=501)
    assert np.abs(portable.gbm_paths(given) - gbm_paths(given)).max() < 1e-4


@needs_compiler
def test_a_level_that_the_processor_lacks_is_refused(tmp_path: Path) -> None:
    text = f"level must be from 0 to {levels()[-1]} on this machine, not 9"
    with pytest.raises(ValueError, match=text):
        NativeBackend(tmp_path, level=9)


def test_a_negative_number_of_threads_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="threads must not be negative, not -1"):
        NativeBackend(tmp_path, threads=-1)


@needs_compiler
def test_a_failing_compiler_is_shown_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_FLAGS", (*module._FLAGS, "-fno-such-option"))
    with pytest.raises(CompilerError, match="no-such-option"):
        feature_level(tmp_path, find_compiler())
    assert list(tmp_path.iterdir()) == []


def test_without_a_compiler_numpy_serves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("gpu.backend.CupyBackend", _no_gpu)
    assert choose("auto", tmp_path).name == "numpy"
    with pytest.raises(BackendError, match=r"no C\+\+ compiler: install g\+\+ or clang\+\+"):
        choose("native", tmp_path)


def test_an_unknown_backend_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="one of auto, cupy, native, numpy, not cuda"):
        choose("cuda", tmp_path)


def _no_gpu() -> None:
    raise BackendError("no GPU")
