"""How the commands of ``sim`` fail: what the program itself does not know how to tell."""

from collections.abc import Iterator
from contextlib import contextmanager

from host.cli.output import CliError, Exit
from host.device.base import DeviceError
from host.device.registry import Choice, choose
from sim.captures import CaptureError
from sim.replay.fit import DoesNotFitError

__all__ = ["chosen_device", "explained"]


@contextmanager
def explained() -> Iterator[None]:
    """Turn the errors of captures and files into ones for people; those of devices pass.

    Raises
    ------
    CliError
        With the usage code.
    """
    try:
        yield
    except CaptureError as error:
        raise CliError(str(error), code="capture", exit_code=Exit.USAGE) from error
    except DoesNotFitError as error:
        raise CliError(str(error), code="does_not_fit", exit_code=Exit.USAGE) from error
    except OSError as error:
        reason = f"{error.filename or 'a file'}: {error.strerror or error}"
        raise CliError(reason, code="file", exit_code=Exit.USAGE) from error


def chosen_device(name: str | None) -> Choice:
    """Return the device to run, see ``host.device.registry.choose``.

    Raises
    ------
    CliError
        With the usage code, if what was asked for cannot run here.
    """
    try:
        return choose(name)
    except DeviceError as error:
        raise CliError(
            str(error), code="device", suggestion="tickgate doctor", exit_code=Exit.USAGE
        ) from error
