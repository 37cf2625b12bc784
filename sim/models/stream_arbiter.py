"""Reference model of ``gateware.common.stream_arbiter``: inputs that take turns."""

from collections.abc import Sequence

from sim.models.stream_buffer import StreamBuffer

__all__ = ["StreamArbiter"]


class StreamArbiter:
    """Whose turn it is, cycle by cycle.

    Parameters
    ----------
    inputs : int
        Number of inputs, at least 2.

    Attributes
    ----------
    last : int
        The last input that had its turn.
    buffer : StreamBuffer
        What has come and not left.

    Raises
    ------
    ValueError
        If ``inputs`` is below 2.
    """

    def __init__(self, inputs: int) -> None:
        if inputs < 2:
            raise ValueError(f"inputs must be at least 2, not {inputs}")
        self._inputs = inputs
        self.last = inputs - 1
        self.buffer = StreamBuffer()

    def turn(self, offered: Sequence[int | None]) -> int | None:
        """Return the input that is ready in this cycle, or None.

        Parameters
        ----------
        offered : sequence of int or None
            The payload of each input that is valid.
        """
        if not self.buffer.ready:
            return None
        order = [(self.last + 1 + n) % self._inputs for n in range(self._inputs)]
        return next((n for n in order if offered[n] is not None), None)

    def tick(self, offered: Sequence[int | None], *, taken: bool) -> None:
        """End a cycle; ``taken``: whether ``o.ready`` is 1."""
        turn = self.turn(offered)
        self.buffer.tick(None if turn is None else offered[turn], taken=taken)
        if turn is not None:
            self.last = turn
