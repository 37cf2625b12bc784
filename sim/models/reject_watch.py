"""Reference model of ``gateware.risk.reject_watch``: the latest outcomes, and how many were bad."""

__all__ = ["RejectWatch"]


class RejectWatch:
    """What it says is as of the outcome, without the cycles that counting takes.

    Parameters
    ----------
    depth : int
        Outcomes that are remembered.

    Attributes
    ----------
    trip : bool
        There were too many rejects since it was cleared.
    """

    def __init__(self, *, depth: int = 64) -> None:
        self.depth = depth
        self.trip = False
        self._latest: list[bool] = []  # newest first

    def clear(self) -> None:
        """Forget all outcomes, and the trip."""
        self._latest.clear()
        self.trip = False

    def add(self, *, rejected: bool) -> None:
        """Take the outcome of an order."""
        self._latest = [rejected, *self._latest][: self.depth]

    def judge(self, *, limit: int, window: int) -> None:
        """Trip if ``limit`` of the last ``window`` outcomes are rejects."""
        window = min(max(window, 1), self.depth)
        if sum(self._latest[:window]) >= min(max(limit, 1), window):
            self.trip = True
