"""The audit log: what operators did, one JSON object a line, each chained to the one before.

A line holds the SHA-256 of the whole line before it, so that a line that is changed, removed or
put in shows. What shows nothing is an end that was cut off: note the number and the hash of the
last line elsewhere, as ``tickgate risk audit --verify`` prints them.
"""

import fcntl
import getpass
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from host.env import SYSTEM, Environment

__all__ = ["AuditError", "AuditLog", "Entry", "Verdict"]

_FIRST: Final = "0" * 64
_TAIL_BYTES: Final = 1 << 20  # longer than any line


class AuditError(RuntimeError):
    """The audit log cannot be written, or is not what was written."""


class Entry(BaseModel):
    """One line.

    ``act`` numbers what an operator did: ``begun`` comes before it, ``done``, ``failed`` or
    ``unknown`` after it, with the same number. ``details`` says how it was asked for, and what
    came of it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    number: Annotated[int, Field(ge=0)]
    at: Annotated[int, Field(ge=0, description="time [ns since epoch, UTC]")]
    who: str
    act: Annotated[int, Field(ge=0)]
    what: str
    why: str
    outcome: Literal["begun", "done", "failed", "unknown"]
    details: dict[str, JsonValue]
    previous: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """What a verification found.

    Attributes
    ----------
    lines : int
        Lines up to the first that is wrong, or all.
    head : str
        SHA-256 of the last of them.
    problem : str
        What is wrong with the next line; empty if nothing is.
    """

    lines: int
    head: str
    problem: str = ""


class AuditLog:
    """Append to a log and read it.

    Parameters
    ----------
    path : Path
        Of the log; made, with its folder, when the first line is written, closed to others.
    env : Environment
        Clocks and ids.
    """

    def __init__(self, path: Path, env: Environment = SYSTEM) -> None:
        self.path = path
        self._env = env

    def append(
        self,
        *,
        act: int,
        what: str,
        why: str,
        outcome: Literal["begun", "done", "failed", "unknown"],
        details: dict[str, Any],
    ) -> Entry:
        """Write one line to the disk and return it.

        Raises
        ------
        AuditError
            If it cannot be written whole, or the last line is not one of ours; nothing is written.
        """
        try:
            with self._locked() as descriptor:
                number, previous = self._end(descriptor)
                entry = Entry(
                    number=number, at=self._env.wall_ns(), who=_who(), act=act, what=what, why=why,
                    outcome=outcome, details=details, previous=previous,
                )  # fmt: skip
                _write(descriptor, entry.model_dump_json().encode() + b"\n")
                return entry
        except OSError as error:
            raise AuditError(f"cannot write the audit log {self.path}: {error}") from error

    @contextmanager
    def _locked(self) -> Iterator[int]:
        folder = self.path.parent
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        new = not self.path.exists()
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(self.path, flags, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if new:
                _sync_folder(folder)
            yield descriptor
        finally:
            os.close(descriptor)

    def _end(self, descriptor: int) -> tuple[int, str]:
        """Return the number of the next line and the hash of the last."""
        size = os.fstat(descriptor).st_size
        if size == 0:
            return 0, _FIRST
        tail = os.pread(descriptor, _TAIL_BYTES, max(0, size - _TAIL_BYTES))
        line = tail.removesuffix(b"\n").rpartition(b"\n")[2]
        if not tail.endswith(b"\n"):
            raise AuditError(f"the last line of {self.path} is not complete: {_REMEDY}")
        entry = _parse(line)
        if entry is None:
            raise AuditError(f"the last line of {self.path} is no entry: {_REMEDY}")
        return entry.number + 1, _hash(line)

    def entries(self) -> list[Entry]:
        """Return all entries, oldest first; none if there is no log.

        Raises
        ------
        AuditError
            If a line is no entry, or the log cannot be read.
        """
        found = []
        for number, line in enumerate(self._lines()):
            entry = _parse(line)
            if entry is None:
                raise AuditError(f"line {number + 1} of {self.path} is no entry")
            found.append(entry)
        return found

    def verify(self) -> Verdict:
        """Check every line and the chain through all of them.

        Raises
        ------
        AuditError
            If the log cannot be read.
        """
        head, count = _FIRST, 0
        for line in self._lines():
            if problem := _wrong(_parse(line), count, head):
                return Verdict(lines=count, head=head, problem=f"line {count + 1}: {problem}")
            head, count = _hash(line), count + 1
        return Verdict(lines=count, head=head)

    def _lines(self) -> list[bytes]:
        try:
            content = self.path.read_bytes()
        except FileNotFoundError:
            return []
        except OSError as error:
            raise AuditError(f"cannot read the audit log {self.path}: {error}") from error
        lines = content.split(b"\n")
        return lines[:-1] if lines[-1] == b"" else lines


_REMEDY: Final = "keep the file elsewhere and move it away; a new one begins a new chain"


def _write(descriptor: int, line: bytes) -> None:
    """Write all of a line, or nothing of it."""
    size = os.fstat(descriptor).st_size
    try:
        written = os.write(descriptor, line)
        if written < len(line):
            raise OSError(f"only {written} of {len(line)} bytes could be written")
        os.fsync(descriptor)
    except OSError:
        os.ftruncate(descriptor, size)
        raise


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _wrong(entry: Entry | None, number: int, head: str) -> str:
    if entry is None:
        return "is no entry"
    if entry.number != number:
        return f"has number {entry.number}, not {number}"
    if entry.previous != head:
        return "does not follow from the line before: one of them was changed"
    return ""


def _parse(line: bytes) -> Entry | None:
    try:
        return Entry.model_validate(json.loads(line))
    except (ValueError, ValidationError):
        return None


def _hash(line: bytes) -> str:
    return hashlib.sha256(line).hexdigest()


def _who() -> str:
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a user id without a name
        name = "?"
    return f"{name} (uid {os.getuid()})"
