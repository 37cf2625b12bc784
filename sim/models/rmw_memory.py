"""Reference model of ``gateware.common.rmw_memory``: requests take effect one after the other."""

__all__ = ["RmwMemory"]


class RmwMemory:
    """Words that are read, and written back in the same step.

    Parameters
    ----------
    depth : int
        Number of words, at least 2. They start as 0.

    Attributes
    ----------
    words : list of int

    Raises
    ------
    ValueError
        If ``depth`` is below 2.
    """

    def __init__(self, depth: int) -> None:
        if depth < 2:
            raise ValueError(f"depth must be at least 2, not {depth}")
        self.words = [0] * depth

    def access(self, address: int, new: int | None = None) -> int:
        """Return a word as it was, and replace it if there is a new one."""
        old = self.words[address]
        if new is not None:
            self.words[address] = new
        return old
