"""Too many rejects by venues among the latest outcomes of orders."""

from collections.abc import Sequence
from typing import Final

from amaranth import Cat, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["RejectWatch"]

_GROUP: Final = 8  # outcomes that are counted in one step


class RejectWatch(wiring.Component):
    """Trip when at least ``limit`` of the last ``window`` outcomes are rejects.

    Before the first outcomes there were no rejects. What could switch the watch off makes it
    strict instead: a ``limit`` or ``window`` of 0 counts as 1, a ``limit`` above ``window`` as
    ``window``, a ``window`` above ``depth`` as ``depth``.

    Timing
    ------
    An outcome of cycle k, with the ``limit`` and ``window`` of cycle k, is in ``trip`` from cycle
    k + ``LATENCY`` on; so is a change of these alone. One outcome a cycle. ``clear`` in cycle k
    forgets all outcomes before cycle k; ``trip`` is 0 from cycle k + 1 on, at least until cycle
    k + ``LATENCY``, where an outcome of cycle k counts.

    Parameters
    ----------
    depth : int
        Outcomes that are remembered, at least 1.

    Members
    -------
    outcome : ``In(1)``
        A venue took or rejected an order.
    rejected : ``In(1)``
        It rejected it.
    limit : ``In(range(depth + 1))``
        Rejects that trip [orders].
    window : ``In(range(depth + 1))``
        Among so many outcomes [orders].
    clear : ``In(1)``
        Forget all outcomes, and the trip.
    trip : ``Out(1)``
        There were too many, since ``clear``.

    Raises
    ------
    ValueError
        If ``depth`` is below 1.
    """

    LATENCY: Final = 4

    outcome: Value
    rejected: Value
    limit: Value
    window: Value
    clear: Value
    trip: Value

    def __init__(self, *, depth: int = 64) -> None:
        if depth < 1:
            raise ValueError(f"depth must be at least 1, not {depth}")
        self.depth = depth
        super().__init__(
            {
                "outcome": In(1),
                "rejected": In(1),
                "limit": In(range(depth + 1)),
                "window": In(range(depth + 1)),
                "clear": In(1),
                "trip": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        # Cycle 1: the outcomes, and which of them count.
        history, counts = Signal(self.depth), Signal(self.depth)
        window, least = Signal.like(self.window, init=1), Signal.like(self.limit, init=1)
        kept = Mux(self.clear, 0, history)
        m.d.sync += [
            history.eq(Mux(self.outcome, Cat(self.rejected, kept), kept)),
            counts.eq(Cat((n < self.window) | (n == 0) for n in range(self.depth))),
            window.eq(Mux(self.window > self.depth, self.depth, self.window | (self.window == 0))),
            least.eq(self.limit | (self.limit == 0)),
        ]
        # Cycle 2: rejects of each group. Cycle 3: all of them.
        rejects = history & counts
        groups = []
        for first in range(0, self.depth, _GROUP):
            bits = rejects[first : first + _GROUP]
            groups.append(Signal(range(len(bits) + 1), name=f"group{first}"))
            m.d.sync += groups[-1].eq(_sum(list(bits)))
        total = Signal(range(self.depth + 1))
        bounds = [Signal.like(self.limit, name=f"bound{n}", init=1) for n in (2, 3)]
        m.d.sync += [
            total.eq(_sum(groups)),
            bounds[0].eq(Mux(least > window, window, least)),
            bounds[1].eq(bounds[0]),
        ]
        with m.If(total >= bounds[1]):
            m.d.sync += self.trip.eq(1)
        with m.If(self.clear):
            m.d.sync += [self.trip.eq(0), total.eq(0), *(group.eq(0) for group in groups)]
        return m


def _sum(values: Sequence[Value]) -> Value:
    """Add in a balanced tree."""
    if len(values) == 1:
        return values[0]
    half = len(values) // 2
    return _sum(values[:half]) + _sum(values[half:])
