"""Fixtures of every test."""

from pathlib import Path

import pytest
from hypothesis import settings

from host.folders import data_directory
from sim.devices.verilated import VerilatedDevice

ROOT = Path(__file__).resolve().parent.parent

# On a busy machine an example may wait for its turn: that is no failure.
settings.register_profile("tickgate", deadline=None)
settings.load_profile("tickgate")


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
