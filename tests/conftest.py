"""Fixtures of every test."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).resolve().parent.parent

# On a busy machine an example may wait for its turn: that is no failure.
settings.register_profile("tickgate", deadline=None)
settings.load_profile("tickgate")


@pytest.fixture(scope="session")
def data_dir() -> Path:
    """Return the folder of captured market data, or skip where there is none.

    It is ``TICKGATE_DATA``, else ``../shared/data`` beside the repository.
    """
    given = os.environ.get("TICKGATE_DATA")
    folder = Path(given) if given else ROOT.parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no captured market data: {folder} is no folder (set TICKGATE_DATA)")
    return folder
