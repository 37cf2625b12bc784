"""Reference model of ``gateware.common.stream_buffer``: a queue with two places."""

from collections import deque

__all__ = ["StreamBuffer"]


class StreamBuffer:
    """What waits, cycle by cycle.

    Attributes
    ----------
    waiting : deque of int
        Payloads that have come and not left, at most two; the first one is on ``o``.
    """

    def __init__(self) -> None:
        self.waiting: deque[int] = deque()

    @property
    def ready(self) -> bool:
        """Whether ``i`` is ready in this cycle."""
        return len(self.waiting) < 2

    @property
    def head(self) -> int | None:
        """The payload on ``o`` in this cycle, or None if there is none."""
        return self.waiting[0] if self.waiting else None

    def tick(self, offered: int | None, *, taken: bool) -> None:
        """End a cycle.

        Parameters
        ----------
        offered : int or None
            The payload on ``i``, if that is valid.
        taken : bool
            Whether ``o.ready`` is 1.
        """
        accepts = self.ready and offered is not None
        if taken and self.waiting:
            self.waiting.popleft()
        if accepts and offered is not None:
            self.waiting.append(offered)
