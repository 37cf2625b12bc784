"""The benchmark of Monte Carlo does what it says, on little work."""

import json
import math
from typing import Any

import pytest

from gpu.task import GbmTask
from tests.benchmarks import compute
from tests.benchmarks.numba_asian import sums_with_numba
from tests.gpu.machines import needs_compiler

pytestmark = needs_compiler


def test_command_prints_the_ratios_last(capsys: pytest.CaptureFixture[str]) -> None:
    assert compute.main(["--chunks=1", "--samples=200", "--repeats=1"]) == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert list(found)[-1] == "ratios"
    rates = found["path_steps_per_s"]
    assert math.isclose(found["ratios"]["native/numba"], rates["native"] / rates["numba"])
    assert math.isclose(found["ratios"]["native/quantlib"], rates["native"] / rates["quantlib"])


def test_a_peer_that_prices_something_else_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    class Wrong:
        def gbm_sums(self, task: GbmTask) -> Any:
            return sums_with_numba(1)(task) * 1.001

    monkeypatch.setattr(compute, "choose", lambda *_, **__: Wrong())
    with pytest.raises(RuntimeError, match="kernels and numba disagree"):
        compute.compare(chunks=1, samples=100, repeats=1, threads=1)
