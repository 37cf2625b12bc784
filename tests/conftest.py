"""Fixtures of every test."""

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


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
