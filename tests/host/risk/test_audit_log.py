"""Tests of host.risk.audit_log."""

import json
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from host.risk.audit_log import AuditError, AuditLog


@pytest.fixture
def log(tmp_path: Path) -> AuditLog:
    return AuditLog(tmp_path / "state" / "audit.jsonl")


def write(log: AuditLog, count: int, start: int = 0) -> None:
    for act in range(start, start + count):
        log.append(act=act, what="kill", why=f"reason {act}", outcome="done", details={"n": act})


def test_what_was_written_is_read_in_order_with_who_and_when(log: AuditLog) -> None:
    write(log, 3)
    entries = log.entries()
    assert [(e.number, e.act, e.why) for e in entries] == [
        (0, 0, "reason 0"),
        (1, 1, "reason 1"),
        (2, 2, "reason 2"),
    ]
    assert all(str(os.getuid()) in e.who for e in entries)
    assert entries[0].at <= entries[1].at <= entries[2].at
    assert log.path.stat().st_mode & 0o777 == 0o600


def test_an_absent_log_has_no_entries_and_is_right(log: AuditLog) -> None:
    assert log.entries() == []
    assert log.verify().lines == 0


def test_the_chain_holds_and_its_head_is_that_of_the_last_line(log: AuditLog) -> None:
    write(log, 4)
    verdict = log.verify()
    assert (verdict.lines, verdict.problem) == (4, "")
    write(log, 1)
    assert log.entries()[-1].previous == verdict.head


def altered(lines: list[bytes], how: str) -> list[bytes]:
    if how == "reason":
        return [lines[0], lines[1].replace(b"reason 1", b"reason 7"), *lines[2:]]
    if how == "removed":
        return [lines[0], *lines[2:]]
    if how == "swapped":
        return [lines[0], lines[2], lines[1], *lines[3:]]
    if how == "twice":
        return [lines[0], lines[1], lines[1], *lines[2:]]
    if how == "renumbered":
        fields: dict[str, Any] = json.loads(lines[2])
        return [lines[0], json.dumps(fields | {"number": 1}).encode(), *lines[3:]]
    return [lines[0], b"not json", *lines[2:]]


@pytest.mark.parametrize(
    ("how", "line", "text"),
    [
        ("reason", 3, "does not follow from the line before"),
        ("removed", 2, "has number 2, not 1"),
        ("swapped", 2, "has number 2, not 1"),
        ("twice", 3, "has number 1, not 2"),
        ("renumbered", 2, "does not follow from the line before"),
        ("garbage", 2, "is no entry"),
    ],
)
def test_a_line_that_was_changed_shows(log: AuditLog, how: str, line: int, text: str) -> None:
    write(log, 5)
    lines = log.path.read_bytes().splitlines()
    log.path.write_bytes(b"\n".join(altered(lines, how)) + b"\n")
    verdict = log.verify()
    assert verdict.problem.startswith(f"line {line}: {text}")
    assert verdict.lines == line - 1


def test_after_a_line_that_is_not_complete_nothing_is_written(log: AuditLog) -> None:
    write(log, 2)
    content = log.path.read_bytes()
    log.path.write_bytes(content[:-5])
    with pytest.raises(AuditError, match="is not complete: keep the file elsewhere"):
        write(log, 1)
    log.path.write_bytes(content + b"{}\n")
    with pytest.raises(AuditError, match=r"the last line of .* is no entry"):
        write(log, 1)
    assert log.path.read_bytes() == content + b"{}\n"


def test_a_full_disk_leaves_no_part_of_a_line(
    log: AuditLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(log, 2)
    before = log.path.read_bytes()
    real = os.write

    def full(descriptor: int, data: bytes) -> int:
        return real(descriptor, data[:10])

    monkeypatch.setattr(os, "write", full)
    with pytest.raises(AuditError, match=r"cannot write the audit log .*only 10 of"):
        write(log, 1)
    monkeypatch.undo()
    assert log.path.read_bytes() == before
    write(log, 1, start=2)
    assert log.verify().lines == 3


def test_a_line_is_on_the_disk_before_append_returns(
    log: AuditLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[bytes] = []
    real = os.fsync

    def sync(descriptor: int) -> None:
        if os.fstat(descriptor).st_size and log.path.exists():
            synced.append(log.path.read_bytes())
        real(descriptor)

    monkeypatch.setattr(os, "fsync", sync)
    write(log, 2)
    assert synced[-1] == log.path.read_bytes()


def test_a_folder_that_is_none_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(AuditError, match="cannot write the audit log"):
        write(AuditLog(tmp_path / "file" / "audit.jsonl"), 1)


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    (tmp_path / "audit.jsonl").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(AuditError, match="cannot write the audit log"):
        write(AuditLog(tmp_path / "audit.jsonl"), 1)


def test_many_writers_make_one_chain(log: AuditLog) -> None:
    threads = [threading.Thread(target=write, args=(AuditLog(log.path), 20)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert log.verify().lines == 80
    assert log.verify().problem == ""
