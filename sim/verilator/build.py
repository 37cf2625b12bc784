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
from typing import Final

import gateware
import hw
from host.device.base import DeviceError
from host.device.records import EVENT_DTYPE, UPDATE_DTYPE
from host.folders import cache_directory
from hw.presets import BookParameters
from hw.records import ERROR, EVENT_FLAG, EVENT_KIND
from sim.verilator.toolchain import compile_cpp, missing, tool_versions, verilate

__all__ = ["build_key", "library_path"]

_LOG: Final = logging.getLogger(__name__)
_HERE: Final = Path(__file__).parent
_SUFFIXES: Final = (".py", ".toml", ".cpp")


def build_key(parameters: BookParameters) -> str:
    """Return the name of a build: a hash of all that its library depends on.

    The sources of the gateware stand for the design, because writing it out takes longer than
    starting a device may.
    """
    digest = hashlib.sha256()
    for package in (gateware, hw):
        root = Path(package.__path__[0])
        _add_sources(digest, root, (p for p in root.rglob("*") if _matters(p)))
    _add_sources(digest, _HERE, _HERE.iterdir())
    digest.update(json.dumps([parameters.sizes(), tool_versions()], sort_keys=True).encode())
    return digest.hexdigest()


def _matters(path: Path) -> bool:
    """Say whether a file can change the design: place and route cannot."""
    return path.parent.name != "build" or path.name == "export.py"


def _add_sources(digest: "hashlib._Hash", root: Path, paths: Iterator[Path]) -> None:
    for path in sorted(p for p in paths if p.suffix in _SUFFIXES):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(root)} {len(content)}\n".encode())
        digest.update(content)


def library_path(parameters: BookParameters) -> Path:
    """Return the shared library of a build, made now if it is not in the cache.

    Of several processes that want the same one, one builds and the others wait.

    Raises
    ------
    DeviceError
        If the machine lacks a tool, a tool fails, or the cache cannot be written.
    """
    if lacks := missing():
        raise DeviceError(f"the verilated device cannot be built: it needs {'; '.join(lacks)}")
    key = build_key(parameters)
    folder = cache_directory()
    library = folder / f"book-{key[:32]}.so"
    if library.exists():
        return library
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _locked(folder / f"book-{key[:32]}.lock"):
            if not library.exists():
                _build(parameters, library)
    except OSError as error:
        raise DeviceError(f"the verilated device cannot be built in {folder}: {error}") from error
    return library


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    with path.open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    path.unlink(missing_ok=True)


def _build(parameters: BookParameters, library: Path) -> None:
    # Amaranth takes a while to import: only where something is built.
    from gateware.build.export import to_verilog
    from gateware.top.book_top import BookTop
    from sim.verilator.clocked_top import ClockedTop

    _LOG.info("compiling the gateware (%s): about a minute, once", parameters.name or "own sizes")
    started = time.monotonic()
    with tempfile.TemporaryDirectory(dir=library.parent, prefix="build-") as scratch:
        folder = Path(scratch)
        verilate(to_verilog(ClockedTop(device=BookTop(parameters=parameters))), folder)
        made = compile_cpp(
            folder,
            sources=[_HERE / "harness.cpp"],
            output="device.so",
            defines=_defines(),
            link=["-shared"],
        )
        made.replace(library)  # atomic: nobody ever sees half a library
    _LOG.info("compiled in %.0f s: %s", time.monotonic() - started, library)


def _defines() -> dict[str, int]:
    """Return what the harness must know of the records."""
    fields = EVENT_DTYPE.fields
    assert fields is not None
    defines = {"TG_UPDATE_BYTES": UPDATE_DTYPE.itemsize, "TG_EVENT_BYTES": EVENT_DTYPE.itemsize}
    for name in ("kind", "cause", "flags", "error", "book"):
        defines[f"TG_{name.upper()}"] = fields[name][1]
    for name in ("level", "order", "resolved"):
        defines[f"TG_{name.upper()}"] = getattr(EVENT_KIND, name)
    defines["TG_LEVEL_OVERFLOW"] = ERROR.level_overflow
    defines["TG_DEFERRED"] = 1 << EVENT_FLAG.bid_deferred | 1 << EVENT_FLAG.ask_deferred
    return defines
