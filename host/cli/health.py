"""The checks of ``tickgate doctor``: what this machine has, and what to do about what it lacks."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Final, Literal

from host.device.registry import available
from host.folders import cache_directory, data_directory

__all__ = ["Check", "examine", "requirements"]

_OLDEST: Final = (3, 11)
_NEWEST: Final = (3, 13)
_REQUIREMENT: Final = re.compile(r"^(?P<name>[\w.-]+).*?(extra == ['\"](?P<extra>[\w-]+)['\"])?$")
_GPU_TIMEOUT_S: Final = 10


@dataclass(frozen=True, kw_only=True, slots=True)
class Check:
    """One thing that was looked at.

    Attributes
    ----------
    name : str
        What was looked at.
    status : "ok", "warn" or "fail"
        ``warn``: something optional is missing. ``fail``: Tickgate cannot work.
    detail : str
        What was found.
    fix : str
        What to do, empty where there is nothing to do.
    """

    name: str
    status: Literal["ok", "warn", "fail"]
    detail: str
    fix: str = ""


def examine() -> list[Check]:
    """Look at everything."""
    checks = [
        _python(sys.version_info[:2]),
        *_packages(""),
        *_packages("sim"),
        *_packages("compute"),
        *(_tool(name, candidates) for name, candidates in _tools().items()),
        *_devices(available),
        _gpu(),
        _data(data_directory()),
        _cache(cache_directory()),
    ]
    # Two extras may bring the same package.
    return list({check.name: check for check in checks}.values())


def _python(found: tuple[int, ...]) -> Check:
    text = ".".join(map(str, found))
    if _OLDEST <= found <= _NEWEST:
        return Check(name="python", status="ok", detail=text)
    return Check(
        name="python",
        status="fail" if found < _OLDEST else "warn",
        detail=f"{text}; tested with 3.11 to 3.13",
        fix="Make the virtual environment with a Python from 3.11 to 3.13.",
    )


def requirements(extra: str, declared: list[str] | None = None) -> list[str]:
    """Return the packages that Tickgate needs for an extra, or always where it is empty.

    Parameters
    ----------
    extra : str
        Name of the extra.
    declared : list of str, optional
        Requirements in the form of package metadata, instead of Tickgate's own.
    """
    if declared is None:
        try:
            declared = requires("tickgate") or []
        except PackageNotFoundError:  # a source tree that is not installed
            declared = []
    matches = filter(None, map(_REQUIREMENT.match, declared))
    return [match["name"] for match in matches if (match["extra"] or "") == extra]


def _packages(extra: str) -> Iterator[Check]:
    needed = requirements(extra)
    if not needed and not extra:
        yield Check(
            name="tickgate",
            status="fail",
            detail="not installed",
            fix="Run `pip install -e .` in the root of the source tree, or `make .venv`.",
        )
    install = f"pip install 'tickgate[{extra}]'" if extra else "pip install tickgate"
    for name in needed:
        try:
            yield Check(name=f"package {name}", status="ok", detail=version(name))
        except PackageNotFoundError:
            yield Check(
                name=f"package {name}",
                status="warn" if extra else "fail",
                detail="not installed",
                fix=install,
            )


def _tools() -> dict[str, tuple[str, ...]]:
    compilers = ("c++", "g++", "clang++")
    chosen = os.environ.get("CXX")
    return {
        "C++ compiler": (chosen.split()[0],) if chosen else compilers,
        "make": ("make",),
        "perl": ("perl",),
    }


def _tool(name: str, candidates: tuple[str, ...]) -> Check:
    for candidate in candidates:
        path = shutil.which(candidate)
        if path is not None:
            return Check(name=name, status="ok", detail=path)
    return Check(
        name=name,
        status="warn",
        detail=f"none of {', '.join(candidates)} found; device verilated needs it",
        fix="Install it (Debian, Ubuntu: apt install g++ make perl), or use --device model.",
    )


def _devices(lookup: Callable[[], dict[str, list[str]]]) -> Iterator[Check]:
    found = lookup()
    for name, lacks in found.items():
        yield Check(
            name=f"device {name}",
            status="warn" if lacks else "ok",
            detail=" ".join(lacks) or "ready",
            fix="pip install 'tickgate[sim]', and see the lines above." if lacks else "",
        )
    if not any(not lacks for lacks in found.values()):
        yield Check(
            name="devices",
            status="fail",
            detail="no device can run here",
            fix="pip install 'tickgate[sim]'",
        )


def _gpu() -> Check:
    tool = shutil.which("nvidia-smi")
    if tool is None:
        return Check(name="GPU", status="ok", detail="none; array functions run on NumPy")
    try:
        result = subprocess.run(
            [tool, "-L"], capture_output=True, text=True, timeout=_GPU_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        return Check(name="GPU", status="warn", detail=str(error), fix="Check the driver.")
    listed = result.stdout.strip()
    if result.returncode or not listed:
        said = (result.stderr or result.stdout).strip() or f"exit code {result.returncode}"
        return Check(name="GPU", status="warn", detail=said, fix="Check the driver.")
    return Check(name="GPU", status="ok", detail=listed.splitlines()[0])


def _data(folder: Path | None) -> Check:
    if folder is not None:
        return Check(name="captured data", status="ok", detail=str(folder))
    return Check(
        name="captured data",
        status="warn",
        detail="no folder; `tickgate demo` needs none",
        fix="Set TICKGATE_DATA to a folder of captures.",
    )


def _cache(folder: Path) -> Check:
    existing = next(f for f in (folder, *folder.parents) if f.exists())
    if existing.is_dir() and os.access(existing, os.W_OK | os.X_OK):
        return Check(name="cache", status="ok", detail=str(folder))
    return Check(
        name="cache",
        status="fail",
        detail=f"{folder} cannot be written, because of {existing}",
        fix="Set XDG_CACHE_HOME to a folder that you may write.",
    )
