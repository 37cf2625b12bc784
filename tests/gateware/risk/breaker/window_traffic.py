"""Random use of a price window, cycle by cycle, and what it must say in each."""

import random
from collections.abc import Callable
from typing import Any, Final

from gateware.risk.breaker.price_window import PriceWindow
from sim.models.price_window import PriceWindow as Model

__all__ = ["WINDOW", "WindowTraffic"]

#: Sizes of the component.
WINDOW: Final = {"instruments": 4, "price_bits": 6}


class WindowTraffic:
    """Random inputs of every cycle, and their check.

    Parameters
    ----------
    rng : random.Random
        Source of the inputs.
    """

    def __init__(self, rng: random.Random) -> None:
        self._rng = rng
        self._models = [Model() for _ in range(WINDOW["instruments"])]
        self._prices: list[int | None] = [None] * WINDOW["instruments"]
        self._expected: list[tuple[int, int] | None] = [None] * PriceWindow.LATENCY
        self._left, self._busy, self._ends = 0, 0.0, 0.0

    def inputs(self) -> dict[str, int]:
        """Return the inputs of the next cycle."""
        rng = self._rng
        if not self._left:
            self._left = rng.randrange(1, 80)
            self._busy, self._ends = rng.choice([0.1, 0.6, 1.0]), rng.choice([0.0, 0.05, 0.5])
        self._left -= 1
        who = rng.randrange(len(self._models))
        price, valid = rng.randrange(1 << WINDOW["price_bits"]), int(rng.random() < self._busy)
        stood = self._prices[who]
        now = {
            "valid": valid, "instrument": who, "price": price,
            "before": price if stood is None else stood,
            "next_bucket": int(rng.random() < self._ends), "empty": int(rng.random() < 0.01),
        }  # fmt: skip
        self._expected.append(self._models[who].come(price, stood) if valid else None)
        if valid:
            self._prices[who] = price
        for model in self._models:
            if now["empty"]:
                model.empty()
            elif now["next_bucket"]:
                model.next_bucket()
        return now

    def check(self, get: Callable[[str], Any]) -> None:
        """Check the outputs of this cycle.

        Parameters
        ----------
        get : callable
            From the name of an output to its value.
        """
        expected = self._expected.pop(0)
        if expected is not None:
            assert (get("highest"), get("lowest")) == expected
