"""What a process takes from the world: time and identifiers, so that tests can give their own."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

__all__ = ["SYSTEM", "Environment"]


def _random_id() -> int:
    return secrets.randbits(63)


@dataclass(frozen=True, kw_only=True, slots=True)
class Environment:
    """Clocks and identifiers.

    Attributes
    ----------
    monotonic : callable
        Seconds from an arbitrary origin, never backwards [s]; for deadlines.
    wall_ns : callable
        Time since the Unix epoch, UTC [ns]; for stamps.
    new_id : callable
        A number from 0 to 2^63 - 1 that no other process has; for requests and streams.
    """

    monotonic: Callable[[], float] = time.monotonic
    wall_ns: Callable[[], int] = time.time_ns
    new_id: Callable[[], int] = _random_id


SYSTEM: Final = Environment()
