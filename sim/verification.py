"""What a verifier found."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = ["Verification"]

_WORDS: Final = 20  # mismatches that are put into words


@dataclass(slots=True)
class Verification:
    """What a verifier found.

    Attributes
    ----------
    updates, events : int
        Updates fed, and events that the device gave.
    compared : int
        Events compared with the model: every closing and every ``resolved`` event.
    mismatches : int
        Everything that contradicts the model or the contract.
    first : list of str
        The first mismatches in words: where, expected, got.
    deferred : int
        Sides that an event deferred.
    deferred_longest : int
        Longest time that a side stayed deferred, from one event to another [cycles].
    resolved : int
        ``resolved`` events.
    read_outs : int
        Read-outs compared.
    capacity : int
        Updates that found no slot in the device, and that the model was told of.
    invalidations : int
        Times that a book became invalid.
    notices : int
        Books found invalid by an event without an update: a level was too large.
    invalid_books : tuple of int
        Books that are invalid now.
    errors : dict of str to int
        Events by the name of the error that the device gave.
    """

    updates: int = 0
    events: int = 0
    compared: int = 0
    mismatches: int = 0
    first: list[str] = field(default_factory=list)
    deferred: int = 0
    deferred_longest: int = 0
    resolved: int = 0
    read_outs: int = 0
    capacity: int = 0
    invalidations: int = 0
    notices: int = 0
    invalid_books: tuple[int, ...] = ()
    errors: dict[str, int] = field(default_factory=dict)

    @property
    def passed(self) -> bool:
        """Whether nothing contradicts the model."""
        return not self.mismatches

    def note(self, text: str, count: int = 1) -> None:
        """Count a mismatch, and keep its words if it is one of the first."""
        self.mismatches += count
        if len(self.first) < _WORDS:
            self.first.append(text)

    def first_of(self, places: NDArray[np.intp]) -> NDArray[np.intp]:
        """Count mismatches at ``places``, but for those that there is room to ``note``.

        Putting into words is slow, and a device that is wrong once is wrong often.
        """
        room = max(_WORDS - len(self.first), 0)
        self.mismatches += len(places[room:])
        return places[:room]
