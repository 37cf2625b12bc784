"""What the benchmarks price: an arithmetic Asian at the money, a year, 252 fixings."""

import math
from typing import Final

from gpu.task import GbmTask, Payoff

__all__ = ["FIXINGS", "asian"]

FIXINGS: Final = 252
_RATE: Final = 0.05
_VOL: Final = 0.2


def asian(paths: int) -> GbmTask:
    """Return the task of a call at 100."""
    step = 1.0 / FIXINGS
    return GbmTask(
        paths=paths,
        seed=1,
        steps=FIXINGS,
        payoff=Payoff.ARITHMETIC,
        antithetic=False,
        call=True,
        spot=100.0,
        strike=100.0,
        drift=(_RATE - _VOL**2 / 2) * step,
        vol=_VOL * math.sqrt(step),
    )
