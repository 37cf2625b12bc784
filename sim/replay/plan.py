"""Put read-outs between the updates of a batch, and count what they are compared with."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from hw.records import UPDATE_KIND
from sim.replay.depth import read_updates
from sim.replay.readouts import Handler, Readouts, ignore
from sim.replay.result import CheckCount

__all__ = ["READS", "Comparisons", "Request", "merge"]

READS: Final = (UPDATE_KIND.read_levels, UPDATE_KIND.read_orders)
_EXAMPLES: Final = 5


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """A level read-out of one book.

    Attributes
    ----------
    position : int
        Before which update of the batch it is sent.
    book : int
        Book index.
    handler : Handler
        Gets the answer.
    own : bool
        The update at ``position`` is this read-out already: nothing is sent besides.
    """

    position: int
    book: int
    handler: Handler
    own: bool = False


class Comparisons:
    """Count comparisons with what the venue said, and keep the first differences.

    Attributes
    ----------
    checked, failed : int
        Comparisons, and those that differed.
    """

    def __init__(self) -> None:
        self.checked = 0
        self.failed = 0
        self._examples: list[str] = []

    def note(self, difference: str | None) -> None:
        """Count one comparison; ``difference`` is None where it agreed."""
        self.checked += 1
        if difference is not None:
            self.failed += 1
            if len(self._examples) < _EXAMPLES:
                self._examples.append(difference)

    def count(self) -> CheckCount:
        """Return what was counted."""
        return CheckCount(checked=self.checked, failed=self.failed, examples=tuple(self._examples))


def merge(
    updates: NDArray[np.void], requests: Sequence[Request], time: int, readouts: Readouts
) -> NDArray[np.void]:
    """Return the updates with the requested read-outs between them.

    Parameters
    ----------
    updates : array of shape (n,), dtype ``UPDATE_DTYPE``
        May hold read-outs of its own; their answers are expected and ignored.
    requests : sequence of Request
        In the order of their position.
    time : int
        Of read-outs before the first update [ns]; the others take that of the update before.
    readouts : Readouts
        Is told of every read-out, in the order of sending.

    Raises
    ------
    ValueError
        If a request calls an update its own that is no read-out.
    """
    sent = [request for request in requests if not request.own]
    positions = [request.position for request in sent]
    reads = read_updates([r.book for r in sent], UPDATE_KIND.read_levels, time)
    for k, position in enumerate(positions):
        if position:
            reads["time"][k] = updates["time"][position - 1]
    taken = {request.position: request.handler for request in requests if request.own}
    answers: list[tuple[int, int, int, Handler]] = [
        (r.position, 0, r.book, r.handler) for r in sent
    ]
    for k in np.flatnonzero(np.isin(updates["kind"], READS)).tolist():
        answers.append((k, 1, int(updates["book"][k]), taken.pop(k, ignore)))
    if taken:
        raise ValueError(f"expected read-outs at {sorted(taken)} of the batch, got other updates")
    for _, _, book, handler in sorted(answers, key=lambda answer: answer[:2]):
        readouts.expect(book, handler)
    return np.insert(updates, positions, reads) if sent else updates
