"""Exit codes of what can go wrong: 1 a failed check or device, 2 usage, 3 worth a retry."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import click

from host.device.base import DeviceError, DeviceLostError
from host.device.registry import Choice, choose
from sim.captures import CaptureError
from sim.replay.fit import DoesNotFitError

__all__ = ["FAILED", "RETRY", "USAGE", "CommandError", "chosen_device", "exit_codes"]

FAILED: Final = 1
USAGE: Final = 2
RETRY: Final = 3


class CommandError(click.ClickException):
    """Ends the command: one line on standard error, and an exit code."""

    def __init__(self, message: str, exit_code: int) -> None:
        super().__init__(message)
        self._exit_code = exit_code

    @property
    def exit_code(self) -> int:  # type: ignore[override] # click reads it, and never writes
        """What the process ends with."""
        return self._exit_code


@contextmanager
def exit_codes() -> Iterator[None]:
    """Turn the errors of a run into a line for people and an exit code.

    Raises
    ------
    CommandError
        In place of what a user or operator can do something about.
    """
    try:
        yield
    except (CaptureError, DoesNotFitError) as error:
        raise CommandError(str(error), USAGE) from error
    except DeviceLostError as error:
        raise CommandError(f"{error} (running it again may help)", RETRY) from error
    except DeviceError as error:
        raise CommandError(str(error), FAILED) from error
    except OSError as error:
        raise CommandError(
            f"{error.filename or 'file'}: {error.strerror or error}", USAGE
        ) from error


def chosen_device(name: str | None) -> Choice:
    """Return the device to run, see ``host.device.registry.choose``.

    Raises
    ------
    CommandError
        With the usage code, if what was asked for cannot run here.
    """
    try:
        return choose(name)
    except DeviceError as error:
        raise CommandError(str(error), USAGE) from error
