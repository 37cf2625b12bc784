"""Fixtures of every test."""

from pathlib import Path

import pytest
from hypothesis import settings

from host.folders import data_directory
from sim.devices.verilated import VerilatedDevice

TESTS = Path(__file__).resolve().parent
ROOT = TESTS.parent

#: Folders of tests whose coverage is not measured: they simulate and prove circuits, several
#: times slower if traced. The lines of a circuit run once, when it is built;
#: ``tests/system/test_elaboration.py`` does that for all of them.
UNTRACED = ("cosim", "formal", "gateware")

# On a busy machine an example may wait for its turn: that is no failure.
settings.register_profile("tickgate", deadline=None)
settings.load_profile("tickgate")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what is not measured."""
    for item in items:
        if item.path.is_relative_to(TESTS) and item.path.relative_to(TESTS).parts[0] in UNTRACED:
            item.add_marker(pytest.mark.no_cover)


@pytest.fixture(autouse=True)
def processes_are_measured_as_their_test(
    request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Do not measure the processes either that such a test starts."""
    if request.node.get_closest_marker("no_cover"):
        monkeypatch.delenv("COVERAGE_PROCESS_CONFIG", raising=False)


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Return the folder of captured market data, or skip where there is none.

    It is ``TICKGATE_DATA``, else ``../shared/data`` beside the repository.
    """
    folder = data_directory()
    if folder is None:
        # Captures are too large for the repository; who has them runs these tests too.
        pytest.skip("no captured market data: no folder TICKGATE_DATA, nor ../shared/data")
    return folder


@pytest.fixture(scope="session")
def needs_verilated() -> None:
    """Skip where the gateware cannot be compiled, saying what is missing."""
    if lacks := VerilatedDevice.missing():
        # A machine without a compiler is supported: it has the model device only.
        pytest.skip(f"the verilated device needs {'; '.join(lacks)}")
