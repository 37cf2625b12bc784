"""Acts of an operator with their lines in the audit log.

An act that lets more through (arming, setting limits) is refused where its line cannot be written.
An act that lets less through (kill, disarm) comes first and is written down after.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal

from host.device.base import DeviceLostError
from host.env import SYSTEM, Environment
from host.risk.audit_log import AuditError, AuditLog

__all__ = ["Act", "careful", "prompt"]


@dataclass(kw_only=True, slots=True)
class Act:
    """What is being done.

    Attributes
    ----------
    number : int
        In the audit log.
    what, why : str
        The command, and the operator's reason.
    details : dict of str to object
        For the audit log; more may be added while the act goes on.
    unrecorded : str
        Why it, or its outcome, could not be written down; empty if it was.
    """

    number: int
    what: str
    why: str
    details: dict[str, Any] = field(default_factory=dict)
    unrecorded: str = ""


@contextmanager
def careful(
    log: AuditLog, what: str, *, why: str, details: dict[str, Any], env: Environment = SYSTEM
) -> Iterator[Act]:
    """Write down that an act begins, let it be done, and write down what became of it.

    Raises
    ------
    AuditError
        If the beginning cannot be written: the act must not be done.
    """
    act = Act(number=env.new_id(), what=what, why=why, details=details)
    log.append(act=act.number, what=what, why=why, outcome="begun", details=details)
    with _outcome(log, act):
        yield act


@contextmanager
def prompt(
    log: AuditLog, what: str, *, why: str, details: dict[str, Any], env: Environment = SYSTEM
) -> Iterator[Act]:
    """Let an act be done at once, and write down what became of it."""
    act = Act(number=env.new_id(), what=what, why=why, details=details)
    with _outcome(log, act):
        yield act


@contextmanager
def _outcome(log: AuditLog, act: Act) -> Iterator[None]:
    try:
        yield
    except BaseException as error:
        act.details["error"] = f"{type(error).__name__}: {error}"[:2000]
        known = isinstance(error, Exception) and not isinstance(error, DeviceLostError)
        _write(log, act, "failed" if known else "unknown")
        raise
    _write(log, act, "done")


def _write(log: AuditLog, act: Act, outcome: Literal["done", "failed", "unknown"]) -> None:
    try:
        log.append(act=act.number, what=act.what, why=act.why, outcome=outcome, details=act.details)
    except AuditError as error:
        act.unrecorded = str(error)
