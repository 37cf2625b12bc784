"""Reference model of ``gateware.risk.deadman``: how long the host may still be silent."""

__all__ = ["Deadman"]


class Deadman:
    """It is expired from the start.

    Parameters
    ----------
    unit : int
        Cycles of a unit of the timeout.

    Attributes
    ----------
    left : int
        Cycles until it is expired.
    """

    def __init__(self, *, unit: int = 1024) -> None:
        self.unit = unit
        self.left = 0

    @property
    def expired(self) -> bool:
        """Whether the host has been silent for too long."""
        return self.left == 0

    def step(self, timeout: int, *, refresh: bool) -> None:
        """Let one cycle pass.

        Parameters
        ----------
        timeout : int
            Longest silence [units].
        refresh : bool
            The host lives.
        """
        whole = timeout * self.unit
        self.left = whole if refresh else min(max(self.left - 1, 0), whole)
