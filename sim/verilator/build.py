"""Build the device's shared library, or find it in the cache."""

import fcntl
import hashlib
import json
import logging
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

import gateware
import hw
from host.device.base import DeviceError
from host.device.records import (
    EVENT_DTYPE,
    ORDER_DTYPE,
    RISK_EVENT_DTYPE,
    RISK_REQUEST_DTYPE,
    UPDATE_DTYPE,
)
from host.folders import cache_directory
from hw.presets import BookParameters
from hw.records import ERROR, EVENT_FLAG, EVENT_KIND, RISK_EVENT_KIND
from hw.risk_parameters import RiskParameters
from sim.verilator.toolchain import compile_cpp, missing, tool_versions, verilate

if TYPE_CHECKING:
    from amaranth.lib.wiring import Component

__all__ = ["build_key", "library_path"]

_LOG: Final = logging.getLogger(__name__)
_HERE: Final = Path(__file__).parent
_SUFFIXES: Final = (".py", ".toml", ".cpp", ".h")


def build_key(parameters: BookParameters, risk: RiskParameters | None = None) -> str:
    """Return the name of a build: a hash of all that its library depends on.

    ``risk`` is None for a build without the risk gate.

    The sources of the gateware stand for the design, because writing it out takes longer than
    starting a device may.
    """
    digest = hashlib.sha256()
    for package in (gateware, hw):
        root = Path(package.__path__[0])
        _add_sources(digest, root, (p for p in root.rglob("*") if _matters(p)))
    _add_sources(digest, _HERE, _HERE.iterdir())
    sizes = [parameters.sizes(), risk and risk.sizes()]
    digest.update(json.dumps([sizes, tool_versions()], sort_keys=True).encode())
    return digest.hexdigest()


def _matters(path: Path) -> bool:
    """Say whether a file can change the design: place and route cannot."""
    return path.parent.name != "build" or path.name == "export.py"


def _add_sources(digest: "hashlib._Hash", root: Path, paths: Iterator[Path]) -> None:
    for path in sorted(p for p in paths if p.suffix in _SUFFIXES):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(root)} {len(content)}\n".encode())
        digest.update(content)


def library_path(parameters: BookParameters, risk: RiskParameters | None = None) -> Path:
    """Return the shared library of a build, made now if it is not in the cache.

    Of several processes that want the same one, one builds and the others wait.

    Parameters
    ----------
    parameters : BookParameters
        Size of the book engine.
    risk : RiskParameters, optional
        Size of the risk gate; without it the build has none.

    Raises
    ------
    DeviceError
        If the machine lacks a tool, a tool fails, or the cache cannot be written.
    """
    if lacks := missing():
        raise DeviceError(f"the verilated device cannot be built: it needs {'; '.join(lacks)}")
    name = f"{'book' if risk is None else 'risk'}-{build_key(parameters, risk)[:32]}"
    folder = cache_directory()
    library = folder / f"{name}.so"
    if library.exists():
        return library
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _locked(folder / f"{name}.lock"):
            if not library.exists():
                _build(parameters, risk, library)
    except OSError as error:
        raise DeviceError(f"the verilated device cannot be built in {folder}: {error}") from error
    return library


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    path.unlink(missing_ok=True)


def _top(parameters: BookParameters, risk: RiskParameters | None) -> "Component":
    # Amaranth takes a while to import: only where something is built.
    if risk is None:
        from gateware.top.book_top import BookTop

        return BookTop(parameters=parameters)
    from gateware.top.appliance_top import ApplianceTop

    return ApplianceTop(parameters=parameters, risk=risk)


def _build(parameters: BookParameters, risk: RiskParameters | None, library: Path) -> None:
    from gateware.build.export import to_verilog
    from sim.verilator.clocked_top import ClockedTop

    _LOG.info("compiling the gateware (%s): about a minute, once", parameters.name or "own sizes")
    started = time.monotonic()
    with tempfile.TemporaryDirectory(dir=library.parent, prefix="build-") as scratch:
        folder = Path(scratch)
        verilate(to_verilog(ClockedTop(device=_top(parameters, risk))), folder)
        made = compile_cpp(
            folder,
            sources=[_HERE / "harness.cpp"],
            output="device.so",
            defines=_book_defines() | ({} if risk is None else _risk_defines()),
            link=["-shared"],
        )
        made.replace(library)  # atomic: nobody ever sees half a library
    _LOG.info("compiled in %.0f s: %s", time.monotonic() - started, library)


def _offset(dtype: np.dtype[np.void], name: str) -> int:
    """Return at which byte of a record a field begins."""
    fields = dtype.fields
    assert fields is not None
    return fields[name][1]


def _book_defines() -> dict[str, int]:
    """Return what the harness must know of the book engine's records."""
    defines = {"TG_UPDATE_BYTES": UPDATE_DTYPE.itemsize, "TG_EVENT_BYTES": EVENT_DTYPE.itemsize}
    for name in ("kind", "cause", "flags", "error", "book"):
        defines[f"TG_{name.upper()}"] = _offset(EVENT_DTYPE, name)
    for name in ("level", "order", "resolved"):
        defines[f"TG_{name.upper()}"] = getattr(EVENT_KIND, name)
    defines["TG_LEVEL_OVERFLOW"] = ERROR.level_overflow
    defines["TG_DEFERRED"] = 1 << EVENT_FLAG.bid_deferred | 1 << EVENT_FLAG.ask_deferred
    return defines


def _risk_defines() -> dict[str, int]:
    """Return what the harness must know of the risk gate's records."""
    closing = ("passed", "denied", "told", "audit_done")
    return {
        "TG_RISK": 1,
        "TG_REQUEST_BYTES": RISK_REQUEST_DTYPE.itemsize,
        "TG_ORDER_BYTES": ORDER_DTYPE.itemsize,
        "TG_RISK_EVENT_BYTES": RISK_EVENT_DTYPE.itemsize,
        "TG_RISK_KIND": _offset(RISK_EVENT_DTYPE, "kind"),
        "TG_RISK_CAUSE": _offset(RISK_EVENT_DTYPE, "cause"),
        "TG_RISK_CANCEL_SENT": RISK_EVENT_KIND.cancel_sent,
        "TG_RISK_CLOSING": sum(1 << getattr(RISK_EVENT_KIND, name) for name in closing),
    }
