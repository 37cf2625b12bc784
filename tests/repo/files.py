"""What lies in this repository."""

import tomllib
from pathlib import Path
from typing import Any, Final

__all__ = ["PACKAGES", "ROOT", "packages_in", "pyproject", "sources"]

ROOT: Final = Path(__file__).resolve().parents[2]
PACKAGES: Final = ("gateware", "gpu", "host", "hw", "sim")


def sources(*folders: str) -> list[Path]:
    """Return every Python file below some folders of the root, in order."""
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def packages_in(*folders: str) -> list[Path]:
    """Return every folder below some folders of the root that holds a Python file."""
    return sorted({path.parent for path in sources(*folders)})


def pyproject() -> dict[str, Any]:
    """Return ``pyproject.toml``."""
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
