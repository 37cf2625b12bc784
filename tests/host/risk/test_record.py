"""Tests of host.risk.record: what is written down before and after an act."""

from pathlib import Path

import pytest

from host.device.base import DeviceError, DeviceLostError
from host.risk.audit_log import AuditError, AuditLog
from host.risk.record import careful, prompt


@pytest.fixture
def log(tmp_path: Path) -> AuditLog:
    return AuditLog(tmp_path / "audit.jsonl")


@pytest.fixture
def closed(tmp_path: Path) -> AuditLog:
    """Return a log that cannot be written."""
    (tmp_path / "file").touch()
    return AuditLog(tmp_path / "file" / "audit.jsonl")


def lines(log: AuditLog) -> list[tuple[str, str]]:
    return [(entry.what, entry.outcome) for entry in log.entries()]


def test_a_careful_act_is_written_down_before_it_is_done(log: AuditLog) -> None:
    with careful(log, "arm", why="because", details={"a": 1}) as act:
        assert lines(log) == [("arm", "begun")]
        act.details["b"] = 2
    begun, done = log.entries()
    assert (begun.act, begun.details) == (done.act, {"a": 1})
    assert (done.outcome, done.why, done.details) == ("done", "because", {"a": 1, "b": 2})


@pytest.mark.parametrize(
    ("error", "outcome"),
    [
        (DeviceError("no"), "failed"),
        (DeviceLostError("gone"), "unknown"),
        (KeyboardInterrupt(), "unknown"),
    ],
)
@pytest.mark.parametrize("kind", [careful, prompt])
def test_an_act_that_fails_is_written_down_with_its_error(
    log: AuditLog, error: BaseException, outcome: str, kind: object
) -> None:
    with pytest.raises(type(error)), kind(log, "set", why="", details={}):  # type: ignore[operator] # either of the two
        raise error
    last = log.entries()[-1]
    assert last.outcome == outcome
    assert str(last.details["error"]).startswith(type(error).__name__)


def test_a_careful_act_is_not_done_where_it_cannot_be_written_down(closed: AuditLog) -> None:
    done = []
    with pytest.raises(AuditError), careful(closed, "arm", why="", details={}):
        done.append(1)
    assert not done


def test_a_prompt_act_is_done_all_the_same_and_says_so(closed: AuditLog) -> None:
    done = []
    with prompt(closed, "kill", why="", details={}) as act:
        done.append(1)
    assert done
    assert "cannot write the audit log" in act.unrecorded
