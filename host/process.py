"""Child processes that end with their parent, and the ladder that stops them."""

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

__all__ = ["Child", "detach", "die_with_parent_thread", "end_with_parent"]

_PR_SET_PDEATHSIG: Final = 1
_TERM_WAIT_S: Final = 2.0
_POLL_S: Final = 0.02
_TAIL_BYTES: Final = 2000


class Child:
    """A Python module run as a process of its own, with its own process group.

    Its standard input is a pipe that only this process holds: when it closes, the child knows that
    its parent is gone (see ``end_with_parent``). What it prints goes to ``log``. The group holds
    what the child starts itself, compilers for example, so that they end with it.

    Parameters
    ----------
    module : str
        Run as ``python -m module``.
    arguments : sequence of str
        Its command line.
    log : Path
        File for its standard output and error; overwritten.
    """

    def __init__(self, module: str, arguments: Sequence[str], *, log: Path) -> None:
        self._log = log
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [sys.executable, "-m", module, *arguments],
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=_environment(),
                process_group=0,  # an interrupt at the terminal reaches the parent alone
            )

    @property
    def pid(self) -> int:
        """Process id, which is the group's too."""
        return self._process.pid

    def alive(self) -> bool:
        """Say whether the process still runs."""
        if self._process.returncode is not None:
            return False
        state = os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
        return state is None

    def wait(self, timeout_s: float) -> bool:
        """Wait for the end, at most ``timeout_s`` [s]; return whether it came."""
        deadline = time.monotonic() + timeout_s
        while self.alive():
            if time.monotonic() >= deadline:
                return False
            time.sleep(_POLL_S)
        return True

    def stop(self, grace_s: float) -> None:
        """Wait ``grace_s`` [s] for the child to end by itself, then terminate, then kill.

        Nothing of its group is left afterwards. Calling it twice is allowed.
        """
        if self._process.returncode is not None:
            return
        if not self.wait(grace_s):
            self.signal(signal.SIGTERM)
            self.wait(_TERM_WAIT_S)
        self.kill()

    def kill(self) -> None:
        """Kill the group at once and reap the child."""
        if self._process.returncode is not None:
            return
        # Before the child is reaped: its id, which names the group, cannot be another's yet.
        self.signal(signal.SIGKILL)
        self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()

    def signal(self, number: int) -> None:
        """Send a signal to the whole group."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    def describe_end(self) -> str:
        """Say how the process ended, with the last lines that it printed."""
        self.kill()
        code = self._process.returncode
        how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
        return f"process {self.pid} ended with {how}{self._tail()}"

    def _tail(self) -> str:
        try:
            text = self._log.read_bytes()[-_TAIL_BYTES:].decode(errors="replace").strip()
        except OSError:
            text = ""
        return f"; it last said: {text}" if text else ""


def detach(module: str, arguments: Sequence[str], *, log: Path, keep: int) -> int:
    """Run a Python module as a process that outlives this one; return its process id.

    It has a session and a process group of its own, no terminal, and no standard input.

    Parameters
    ----------
    module : str
        Run as ``python -m module``.
    arguments : sequence of str
        Its command line.
    log : Path
        File for its standard output and error; overwritten.
    keep : int
        A file descriptor of this process that it has too, to the end of its life.
    """
    with log.open("wb") as output:
        actions = [
            (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
            (os.POSIX_SPAWN_DUP2, output.fileno(), 1),
            (os.POSIX_SPAWN_DUP2, output.fileno(), 2),
        ]
        os.set_inheritable(keep, True)
        command = [sys.executable, "-m", module, *arguments]
        return os.posix_spawn(
            sys.executable, command, _environment(), file_actions=actions, setsid=True
        )


def _environment() -> dict[str, str]:
    return os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}


def end_with_parent(*, before: Callable[[], None] | None = None) -> None:
    """Kill this process and its group when the parent is gone. For a ``Child``, once, at its start.

    Parameters
    ----------
    before : callable, optional
        Runs first, in a thread of its own.
    """

    def watch() -> None:
        while True:
            try:
                if not os.read(0, 1):
                    break
            except OSError:
                break
        if before is not None:
            before()
        os.killpg(os.getpgrp(), signal.SIGKILL)

    threading.Thread(target=watch, name="parent watch", daemon=True).start()


def die_with_parent_thread() -> None:
    """Let the kernel kill this process when the thread that started it ends (Linux).

    Works even while native code keeps the interpreter, where no Python thread could.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
