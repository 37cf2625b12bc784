"""Tests of host.runtime: one appliance a folder, whatever became of the last one."""

import fcntl
import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from host.runtime import Facts, Runtime, RuntimeFolderError
from hw.presets import PRESETS
from tests.conftest import ROOT

FACTS = Facts(
    pid=1,
    device="model",
    preset="small",
    parameters={**PRESETS["small"].sizes(), "name": "small"},
    started_at=2,
)
# Claims the folder, says so, and waits to be killed.
HOLDER = """
import sys, time
from pathlib import Path
from host.runtime import Runtime
with Runtime(Path(sys.argv[1])).claim():
    print("ready", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def runtime(tmp_path: Path) -> Runtime:
    return Runtime(tmp_path / "tickgate")


def test_the_folder_is_private_and_the_facts_are_read_back(runtime: Runtime) -> None:
    with runtime.claim():
        assert runtime.folder.stat().st_mode & 0o777 == 0o700
        runtime.write(FACTS)
        assert runtime.runs()
        assert runtime.facts() == FACTS
        assert runtime.facts().book_parameters().sizes() == PRESETS["small"].sizes()
    assert not runtime.runs()


def test_a_second_appliance_is_refused_and_told_of_the_first(runtime: Runtime) -> None:
    with runtime.claim():
        with pytest.raises(RuntimeFolderError, match=r"^an appliance runs already$"):
            runtime.claim().__enter__()
        runtime.write(FACTS)
        with pytest.raises(RuntimeFolderError, match=r"\(process 1, device model\)$"):
            runtime.claim().__enter__()
        assert runtime.facts() == FACTS


def test_one_who_only_looks_is_waited_for(runtime: Runtime) -> None:
    with runtime.claim():
        pass
    descriptor = os.open(runtime.folder / "lock", os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_SH)
    looking = threading.Timer(0.05, os.close, (descriptor,))
    looking.start()
    with runtime.claim():
        assert runtime.runs()
    looking.join()


def test_a_killed_holder_leaves_nothing_that_looks_alive(runtime: Runtime) -> None:
    command = [sys.executable, "-c", HOLDER, str(runtime.folder)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"ready\n"
        runtime.write(FACTS)
        (runtime.folder / "control").touch()
        assert runtime.runs()
        holder.kill()
        holder.wait()
    assert not runtime.runs()
    with pytest.raises(RuntimeFolderError, match="the last one ended without being stopped"):
        runtime.facts()
    with runtime.claim():
        assert [entry.name for entry in runtime.folder.iterdir()] == ["lock"]


def test_where_nothing_ran_or_it_was_stopped_there_is_nothing(runtime: Runtime) -> None:
    with pytest.raises(RuntimeFolderError, match=r"^no appliance runs$"):
        runtime.facts()
    with runtime.claim():
        with pytest.raises(RuntimeFolderError, match="just starting"):
            runtime.facts()
        runtime.write(FACTS)
    runtime.forget()
    with pytest.raises(RuntimeFolderError, match=r"^no appliance runs$"):
        runtime.facts()


def test_a_folder_that_others_can_open_is_refused(runtime: Runtime) -> None:
    runtime.folder.mkdir(mode=0o755)
    runtime.folder.chmod(0o755)
    with pytest.raises(RuntimeFolderError, match=r"mode 0700, not 0755.: chmod 700"):
        runtime.claim().__enter__()


def test_a_link_or_a_file_is_refused(runtime: Runtime, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir(mode=0o700)
    runtime.folder.symlink_to(tmp_path / "real")
    with pytest.raises(RuntimeFolderError, match="must be a folder of your own"):
        runtime.claim().__enter__()
    runtime.folder.unlink()
    runtime.folder.touch()
    with pytest.raises(RuntimeFolderError, match="cannot make the folder"):
        runtime.claim().__enter__()


def test_a_path_that_is_too_long_for_sockets_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RuntimeFolderError, match="too long for sockets; set XDG_RUNTIME_DIR"):
        Runtime(tmp_path / ("x" * 100)).claim().__enter__()


def test_the_lock_lives_as_long_as_one_who_inherited_it(runtime: Runtime) -> None:
    with runtime.claim() as descriptor:
        os.set_inheritable(descriptor, True)
        heir = subprocess.Popen(
            [sys.executable, "-c", "import sys; sys.stdin.read()"],
            stdin=subprocess.PIPE,
            pass_fds=[descriptor],
        )
    assert runtime.runs()
    assert heir.stdin is not None
    heir.stdin.close()
    heir.wait()
    assert not runtime.runs()
