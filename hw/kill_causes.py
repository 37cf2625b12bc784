"""What kills: the names of the bits of the kill switch's causes."""

from typing import Final

__all__ = ["KILL_CAUSES"]

#: Lowest bit first. All but the last one kill the box; a fault of a report kills instruments.
KILL_CAUSES: Final = ("pin", "host", "deadman", "loss", "rejects", "breaker", "fault")
