"""The folder of the running appliance: one appliance a folder, whatever became of the last one.

A lock says whether one runs: the controller holds it from its first moment to the end of its life,
however that comes. So a file that is left behind, or a process id that another process has by now,
never looks like an appliance.
"""

import fcntl
import json
import os
import stat
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from host.device.base import DeviceError
from host.protocol.endpoints import LONGEST_PATH
from hw.presets import BookParameters

__all__ = ["Facts", "Runtime", "RuntimeFolderError"]

_LOCK: Final = "lock"
_FACTS: Final = "appliance.json"
_PRIVATE: Final = 0o700
_TRIES: Final = 10  # one who only looks has the lock for a moment
_TRY_S: Final = 0.02


class RuntimeFolderError(DeviceError):
    """The folder cannot be used, or another appliance has it; the text says what to do."""


class Facts(BaseModel):
    """What the one who started the appliance wrote down."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    pid: Annotated[int, Field(ge=1, description="of the controller")]
    device: str
    preset: str
    parameters: dict[str, int | str]
    started_at: Annotated[int, Field(ge=0, description="time [ns since epoch, UTC]")]

    def book_parameters(self) -> BookParameters:
        """Return the size of the device."""
        parameters: dict[str, Any] = self.parameters
        return BookParameters(**parameters)


class Runtime:
    """The folder, its lock and its facts.

    Parameters
    ----------
    folder : Path
        See ``host.folders.runtime_directory``.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    @contextmanager
    def claim(self) -> Iterator[int]:
        """Make the folder, take the lock, and remove what a dead appliance has left.

        Yields the lock's file descriptor: who inherits it holds the lock.

        Raises
        ------
        RuntimeFolderError
            If the folder is not private, its path is too long, or an appliance runs.
        """
        self._prepare()
        descriptor = os.open(self.folder / _LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if not _locked(descriptor):
                facts = self._read()
                which = f" (process {facts.pid}, device {facts.device})" if facts else ""
                raise RuntimeFolderError(f"an appliance runs already{which}")
            self._clear()
            yield descriptor
        finally:
            os.close(descriptor)

    def _prepare(self) -> None:
        if len(str(self.folder).encode()) + len("/control") > LONGEST_PATH:
            raise RuntimeFolderError(
                f"the path {self.folder} is too long for sockets; set XDG_RUNTIME_DIR to a "
                "shorter one"
            )
        try:
            self.folder.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
            found = self.folder.lstat()
        except OSError as error:
            raise RuntimeFolderError(f"cannot make the folder {self.folder}: {error}") from error
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
            raise RuntimeFolderError(f"{self.folder} must be a folder of your own")
        if stat.S_IMODE(found.st_mode) & 0o077:
            raise RuntimeFolderError(
                f"{self.folder} must be closed to others (mode 0700, not "
                f"{stat.S_IMODE(found.st_mode):04o}): chmod 700 {self.folder}"
            )

    def _clear(self) -> None:
        for entry in self.folder.iterdir():
            if entry.name != _LOCK:
                entry.unlink()

    def runs(self) -> bool:
        """Say whether an appliance runs."""
        try:
            descriptor = os.open(self.folder / _LOCK, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    def write(self, facts: Facts) -> None:
        """Write down what is known of the appliance, at once for every reader."""
        new = self.folder / f"{_FACTS}.new"
        new.write_text(facts.model_dump_json(), encoding="utf-8")
        new.replace(self.folder / _FACTS)

    def forget(self) -> None:
        """Note that the appliance was stopped."""
        (self.folder / _FACTS).unlink(missing_ok=True)

    def facts(self) -> Facts:
        """Return what is known of the running appliance.

        Raises
        ------
        RuntimeFolderError
            If none runs, or it has not written anything down.
        """
        if not self.runs():
            left = " (the last one ended without being stopped)" if self._read() else ""
            raise RuntimeFolderError(f"no appliance runs{left}")
        facts = self._read()
        if facts is None:
            raise RuntimeFolderError("the appliance is just starting, or its folder was changed")
        return facts

    def _read(self) -> Facts | None:
        try:
            return Facts.model_validate(json.loads((self.folder / _FACTS).read_bytes()))
        except (OSError, ValueError, ValidationError):
            return None


def _locked(descriptor: int) -> bool:
    for _ in range(_TRIES):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_TRY_S)
        else:
            return True
    return False
