"""Co-simulation of gateware.top.book_top: generated Verilog against the model."""

from pathlib import Path

import pytest

from gateware.top.book_top import BookTop
from sim.runner import build_cosim, run_cosim
from tests.sim.updates import TINY


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory, needs_verilated: None) -> Path:
    """Compile the device once."""
    folder = tmp_path_factory.mktemp("book_top")
    build_cosim(BookTop(parameters=TINY), folder)
    return folder


@pytest.mark.cosim
@pytest.mark.parametrize(("seed", "idle", "stall"), [(1, 0.3, 0.4), (2, 0.0, 0.7), (3, 0.8, 0.0)])
def test_book_top_cosim(simulator: Path, seed: int, idle: float, stall: float) -> None:
    run_cosim(
        simulator,
        test_module="tests.cosim.book_top_cocotb",
        seed=seed,
        parameters={"SEED": str(seed), "IDLE": str(idle), "STALL": str(stall)},
    )


@pytest.mark.cosim
def test_failing_cocotb_test_is_an_error(simulator: Path) -> None:
    with pytest.raises(RuntimeError, match=r"cocotb tests of tests.cosim.failing_cocotb failed"):
        run_cosim(simulator, test_module="tests.cosim.failing_cocotb")
