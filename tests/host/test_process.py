"""Tests of host.process with real processes."""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from host.process import Child

READY_S = 10.0

# Runs a program text, and returns the child and what it said until it was ready.
Run = Callable[[str], tuple[Child, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Run]:
    """Return a function that runs a program text as a child, and waits until it says ready."""
    monkeypatch.syspath_prepend(str(tmp_path))
    started: list[Child] = []

    def start(text: str) -> tuple[Child, str]:
        name = f"program_{len(started)}"
        (tmp_path / f"{name}.py").write_text(text)
        log = tmp_path / "log"
        started.append(Child(name, [str(tmp_path)], log=log))
        deadline = time.monotonic() + READY_S
        while "ready" not in log.read_text():
            assert time.monotonic() < deadline, log.read_text()
            time.sleep(0.01)
        return started[-1], log.read_text()

    yield start
    for child in started:
        child.kill()


def gone(pid: int) -> bool:
    """Say whether a process has ended, reaped or not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


def wait_until_gone(pid: int) -> None:
    deadline = time.monotonic() + READY_S
    while not gone(pid):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_child_that_ends_in_time_is_not_signalled(run: Run) -> None:
    child, _ = run("import time\nprint('ready', flush=True)\ntime.sleep(0.2)\nprint('done')")
    child.stop(READY_S)
    child.stop(READY_S)
    assert child.describe_end().endswith("ended with exit code 0; it last said: ready\ndone")


def test_a_child_that_goes_on_is_terminated(run: Run) -> None:
    child, _ = run("import time\nprint('ready', flush=True)\ntime.sleep(60)")
    assert child.alive()
    child.stop(0.0)
    assert not child.alive()
    assert "signal SIGTERM" in child.describe_end()


def test_a_child_that_ignores_that_is_killed_with_its_own_children(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("host.process._TERM_WAIT_S", 0.2)
    child, said = run(
        "import signal, subprocess, sys, time\n"
        "signal.signal(signal.SIGTERM, signal.SIG_IGN)\n"  # children inherit it
        "sub = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print('ready', sub.pid, flush=True)\ntime.sleep(60)"
    )
    grandchild = int(said.split()[1])
    child.stop(0.0)
    assert "signal SIGKILL" in child.describe_end()
    wait_until_gone(grandchild)


def test_what_a_dead_child_started_goes_with_it(run: Run) -> None:
    child, said = run(
        "import os, signal, subprocess, sys\n"
        "sub = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        "print('ready', sub.pid, flush=True)\nos.kill(os.getpid(), signal.SIGKILL)"
    )
    assert child.wait(READY_S)
    child.kill()
    wait_until_gone(int(said.split()[1]))


def test_the_end_is_told_even_where_the_log_is_gone(run: Run, tmp_path: Path) -> None:
    child, _ = run("import sys\nprint('ready', flush=True)\nsys.exit(7)")
    assert child.wait(READY_S)
    (tmp_path / "log").unlink()
    assert child.describe_end() == f"process {child.pid} ended with exit code 7"


CHILD = """
import os, sys, time
from pathlib import Path
from host.process import end_with_parent
end_with_parent(before=lambda: Path(sys.argv[1], "farewell").write_text("x"))
print("ready", flush=True)
time.sleep(60)
"""


def test_a_child_notices_that_its_parent_is_gone(run: Run, tmp_path: Path) -> None:
    child, _ = run(CHILD)
    stdin = child._process.stdin
    assert stdin is not None
    stdin.close()  # what the kernel does when the parent dies
    assert child.wait(READY_S)
    assert "signal SIGKILL" in child.describe_end()
    assert (tmp_path / "farewell").exists()


PARENT = """
import os, sys, time
from host.process import Child, die_with_parent_thread
if sys.argv[1] == "child":
    die_with_parent_thread()
    print("ready", flush=True)
    time.sleep(60)
from pathlib import Path
log = Path(sys.argv[1], "inner")
child = Child(__spec__.name, ["child"], log=log)
while "ready" not in log.read_text():
    time.sleep(0.01)
print("ready", child.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="a service of the Linux kernel")
def test_the_kernel_ends_a_child_whose_parent_is_killed(run: Run) -> None:
    child, said = run(PARENT)
    os.kill(child.pid, signal.SIGKILL)
    wait_until_gone(int(said.split()[1]))
