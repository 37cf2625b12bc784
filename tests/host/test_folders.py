"""Tests of host.folders."""

from pathlib import Path

import pytest

from host.folders import cache_directory, data_directory


def test_the_cache_is_where_the_environment_says() -> None:
    assert cache_directory({"XDG_CACHE_HOME": "/b"}) == Path("/b/tickgate")


def test_the_cache_is_in_the_home_folder_otherwise(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/someone")
    assert cache_directory({}) == Path("/home/someone/.cache/tickgate")


def test_the_data_folder_must_exist(tmp_path: Path) -> None:
    assert data_directory({"TICKGATE_DATA": str(tmp_path)}) == tmp_path
    assert data_directory({"TICKGATE_DATA": str(tmp_path / "nothing")}) is None
