"""What the tests of components share: a small build, a clock, and plain values of structures."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from amaranth import Elaboratable
from amaranth.sim import Simulator

from hw.presets import BookParameters

__all__ = ["SMALL", "TINY", "Testbench", "run", "values"]

Testbench = Callable[[Any], Awaitable[None]]

#: As narrow as the limits of a build allow where a test wants to reach every limit soon.
TINY: Final = BookParameters(
    books=2, window_ticks=64, order_slots=256, stash_slots=2, cached_levels=3, id_bits=16,
    tick_bits=16, quantity_bits=8, count_bits=8,
)  # fmt: skip
#: A small build with the usual widths.
SMALL: Final = BookParameters(books=4, window_ticks=64, order_slots=256)


def run(component: Elaboratable, testbench: Testbench) -> None:
    """Clock a design until the testbench has ended."""
    simulator = Simulator(component)
    # Components without state have no clock.
    simulator.add_clock(1e-8, if_exists=True)  # type: ignore[no-untyped-call] # stub lags
    simulator.add_testbench(testbench)
    simulator.run()  # type: ignore[no-untyped-call] # stub lags


def values(structure: Any, *names: str) -> tuple[int, ...]:
    """Return fields of a structure that was read from a simulation."""
    return tuple(int(getattr(structure, name)) for name in names)
