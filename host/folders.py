"""Where files live on this machine that are not the user's own."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

__all__ = ["cache_directory", "data_directory", "runtime_directory", "state_directory"]

_BESIDE_REPOSITORY: Final = Path(__file__).resolve().parents[2] / "shared" / "data"


def cache_directory(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the folder for what can be made again; it may not exist yet.

    It is ``tickgate`` in ``XDG_CACHE_HOME``, or in ``~/.cache``.
    """
    base = environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "tickgate"


def data_directory(environ: Mapping[str, str] = os.environ) -> Path | None:
    """Return the folder of captured market data, or None where there is none.

    It is ``TICKGATE_DATA``, else ``../shared/data`` beside the repository.
    """
    given = environ.get("TICKGATE_DATA")
    folder = Path(given) if given else _BESIDE_REPOSITORY
    return folder if folder.is_dir() else None


def state_directory(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the folder for what must outlive a restart; it may not exist yet.

    It is ``tickgate`` in ``XDG_STATE_HOME``, or in ``~/.local/state``.
    """
    base = environ.get("XDG_STATE_HOME")
    return (Path(base) if base else Path.home() / ".local" / "state") / "tickgate"


def runtime_directory(environ: Mapping[str, str] = os.environ) -> Path:
    """Return the folder of the running appliance's sockets; it may not exist yet.

    It is ``tickgate`` in ``XDG_RUNTIME_DIR``, or ``run`` in the folder of the state.
    """
    base = environ.get("XDG_RUNTIME_DIR")
    return Path(base) / "tickgate" if base else state_directory(environ) / "run"
