"""Fixtures of the tests of whole runs."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from host.cli import main
from host.risk.operator_key import make_key
from host.running import Running, start, stop
from tests.gateware.bench import SMALL
from tests.system.operator_device import BACKEND, LIMITS

_START_S = 600.0  # the first start compiles


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return the folder of a running appliance, of this test alone; its audit log is beside it."""
    with TemporaryDirectory(prefix="t-", dir="/tmp") as folder:  # sockets have a longest path
        monkeypatch.setenv("XDG_RUNTIME_DIR", folder)
        monkeypatch.setenv("XDG_STATE_HOME", f"{folder}/state")
        yield Path(folder) / "tickgate"


@pytest.fixture
def ask(capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """Return a function that runs a command and returns its JSON answer."""

    def run(*arguments: object, code: int = 0) -> Any:
        capsys.readouterr()
        assert main([*map(str, arguments), "--json"]) == code, capsys.readouterr()
        (line,) = capsys.readouterr().out.splitlines()
        return json.loads(line)

    return run


@pytest.fixture
def operator_folder(runtime: Path, tmp_path: Path) -> Path:
    """Return a folder with a limits file and a key."""
    (tmp_path / "limits.toml").write_text(LIMITS)
    make_key(tmp_path / "ana.key", name="ana", operator=0)
    return tmp_path


@pytest.fixture
def running(operator_folder: Path) -> Iterator[Path]:
    """Run an appliance with the small device; its gate has Ana's key and no limits."""
    start(BACKEND, SMALL)
    try:
        with Running() as client:
            client.wait_until_ready(timeout_s=_START_S)
        assert main(["risk", "enrol", str(operator_folder / "ana.key")]) == 0
        yield operator_folder
    finally:
        assert stop() == "stopped"
