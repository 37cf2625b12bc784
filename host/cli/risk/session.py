"""What the commands of ``tickgate risk`` share: the running gate, its names, and the audit log."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from host.cli.output import CliError, Exit, print_note
from host.device.base import DeviceError, DeviceLostError
from host.folders import state_directory
from host.protocol.messages import RiskLimits
from host.risk.arming import ArmingRefusedError
from host.risk.audit_log import AuditError, AuditLog
from host.risk.client import GateClient
from host.risk.limits import Limits, LimitsError, parse_limits
from host.risk.operator_key import KeyFileError, OperatorKey, load_key
from host.risk.record import Act
from host.running import Running
from host.runtime import RuntimeFolderError

__all__ = [
    "Session",
    "audit_log",
    "confirmed",
    "explained",
    "key_of",
    "limits_error",
    "reason_option",
    "session",
    "told_unrecorded",
]

reason_option = click.option(
    "--reason", default="", metavar="TEXT", help="Why; it goes to the audit log."
)


@dataclass(kw_only=True)
class Session:
    """A gate that is attached to.

    Attributes
    ----------
    running : Running
        The appliance.
    gate : GateClient
        Its gate.
    """

    running: Running
    gate: GateClient
    _said: RiskLimits | None = field(default=None)

    def said(self) -> RiskLimits:
        """Return the limits that were set last, as the worker says; asked for once."""
        if self._said is None:
            self._said = self.gate.limits()
        return self._said

    def limits(self) -> Limits | None:
        """Return them parsed; None if none were set."""
        document = self.said().document
        return parse_limits(document) if document else None


@contextmanager
def session() -> Iterator[Session]:
    """Attach to the gate of the running appliance.

    Raises
    ------
    CliError
        Whatever goes wrong with it, with what to do.
    """
    with explained(), Running() as running, running.gate() as gate:
        yield Session(running=running, gate=gate)


@contextmanager
def explained() -> Iterator[None]:
    """Turn the errors of a running appliance into what the user is told."""
    try:
        yield
    except RuntimeFolderError as error:
        raise CliError(
            str(error), code="not_running", suggestion="tickgate up --device verilated_risk"
        ) from error
    except AuditError as error:
        raise CliError(
            f"{error}; nothing was done",
            code="audit_unwritable",
            suggestion="make room, or see that the folder can be written",
        ) from error
    except LimitsError as error:
        raise limits_error(error) from error
    except KeyFileError as error:
        raise CliError(str(error), code="key_file") from error
    except ArmingRefusedError as error:
        raise CliError(
            str(error), code="arming_refused", suggestion="tickgate risk show"
        ) from error
    except (PermissionError, ValueError) as error:
        raise CliError(str(error), code="refused", suggestion="tickgate risk show") from error
    except DeviceLostError:
        raise
    except DeviceError as error:
        raise CliError(str(error), code="device", suggestion="tickgate status") from error


def limits_error(error: LimitsError) -> CliError:
    """Return what to tell the user of limits that were refused."""
    lines = "".join(f"\n  {problem}" for problem in error.problems)
    return CliError(f"the limits are refused as a whole:{lines}", code="limits_refused")


def audit_log() -> AuditLog:
    """Return the user's audit log."""
    return AuditLog(state_directory() / "audit.jsonl")


def key_of(path: Path) -> OperatorKey:
    """Read a key file.

    Raises
    ------
    CliError
        If it cannot be used.
    """
    try:
        return load_key(path)
    except KeyFileError as error:
        raise CliError(str(error), code="key_file") from error


def told_unrecorded(act: Act) -> dict[str, Any]:
    """Warn if an act was not written down; return its line of the JSON answer."""
    if act.unrecorded:
        print_note(f"warning: NOT RECORDED in the audit log: {act.unrecorded}")
    return {"recorded": not act.unrecorded}


def confirmed(question: str, *, yes: bool, as_json: bool) -> None:
    """Ask a person, unless ``yes``.

    Raises
    ------
    CliError
        If there is nobody to ask, or the answer is no.
    """
    if yes:
        return
    if as_json or not sys.stdin.isatty():
        raise CliError(
            "nobody can be asked here; nothing was changed",
            code="not_confirmed",
            suggestion="give --yes, or run it in a terminal without --json",
            exit_code=Exit.USAGE,
        )
    if not click.confirm(question, err=True):
        raise CliError("not confirmed; nothing was changed", code="not_confirmed")
