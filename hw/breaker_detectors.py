"""What the circuit breaker detects: the names of the bits of a tripped event's ``failed``."""

from typing import Final

__all__ = ["BREAKER_DETECTORS", "BREAKER_WINDOWS", "WINDOW_BUCKETS"]

#: Windows over which returns are measured, and buckets of each.
BREAKER_WINDOWS: Final = 3
WINDOW_BUCKETS: Final = 8
#: Lowest bit first; two bits of ``breaker_actions`` for each, in the same order.
BREAKER_DETECTORS: Final = (
    "return0", "return1", "return2", "spread", "depth", "divergence", "rate", "silence",
)  # fmt: skip
