"""Notice events that were lost on the way."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["HoleDetector"]


class HoleDetector:
    """Check that the ``sequence`` of a device's events has no holes.

    The first event after the start or a restart may have any number.
    """

    def __init__(self) -> None:
        self._next: int | None = None

    def restart(self) -> None:
        """Expect any number next."""
        self._next = None

    def check(self, events: NDArray[np.void]) -> str | None:
        """Take the next events, shape (n,); return None, or a sentence that says what is lost."""
        if len(events) == 0:
            return None
        sequence = events["sequence"]
        first = int(sequence[0])
        if self._next is not None and first != self._next:
            return f"event {self._next} must follow, but {first} came: events were lost"
        jumps = np.flatnonzero(np.diff(sequence) != 1)
        if len(jumps):
            at = int(jumps[0])
            return (
                f"event {int(sequence[at]) + 1} must follow, but {int(sequence[at + 1])} came: "
                "events were lost"
            )
        self._next = first + len(events)
        return None
