"""What is installed: our names are ours alone, and the wheel holds what the code reads."""

import importlib.metadata
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.repo.files import PACKAGES, ROOT, pyproject

PROJECT = pyproject()["project"]


def test_no_other_distribution_claims_our_names() -> None:
    owners = importlib.metadata.packages_distributions()
    claimed = {name: set(owners.get(name, ())) - {"tickgate"} for name in (*PACKAGES, "tests")}
    assert {name: others for name, others in claimed.items() if others} == {}


@pytest.mark.parametrize("group", PROJECT["entry-points"])
def test_every_entry_point_leads_somewhere(group: str) -> None:
    for name, target in PROJECT["entry-points"][group].items():
        point = importlib.metadata.EntryPoint(name, target, group)
        assert callable(point.load()), target


def test_the_command_line_is_callable() -> None:
    point = importlib.metadata.EntryPoint(
        "tickgate", PROJECT["scripts"]["tickgate"], "console_scripts"
    )
    assert callable(point.load())


def test_every_dependency_has_its_reason() -> None:
    text = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    listed = {line for lines in PROJECT["optional-dependencies"].values() for line in lines}
    for dependency in listed | set(PROJECT["dependencies"]):
        line = re.search(rf'^  "{re.escape(dependency)}",(.*)$', text, re.MULTILINE)
        assert line, dependency
        assert line[1].strip().startswith("# "), f"{dependency}: no reason beside it"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Return the names of the files in a wheel of this tree."""
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel"]
    subprocess.run([*command, "--directory", str(folder)], cwd=ROOT, check=True)
    with zipfile.ZipFile(next(folder.glob("*.whl"))) as archive:
        return archive.namelist()


def test_the_wheel_holds_every_file_of_the_packages(wheel: list[str]) -> None:
    def belongs(path: Path) -> bool:
        return path.is_file() and "__pycache__" not in path.parts

    files = {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if belongs(path)
    }
    assert {"hw/registers.toml", "hw/records.toml", "hw/latency.toml"} <= files
    assert files <= set(wheel)


def test_the_wheel_holds_nothing_else(wheel: list[str]) -> None:
    tops = {name.split("/")[0] for name in wheel}
    assert tops == {*PACKAGES, f"tickgate-{PROJECT['version']}.dist-info"}
