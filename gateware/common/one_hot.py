"""Finite state machine with one flip-flop for each state."""

from collections.abc import Iterator
from contextlib import contextmanager

from amaranth import Module, Signal

__all__ = ["ONE_HOT", "OneHot"]

#: Signals of this name have exactly one bit set: synthesis may take a switch on one as parallel.
ONE_HOT = "one_hot"


class OneHot:
    """Finite state machine of a module, in place of ``Module.FSM``.

    What a state does then waits for one flip-flop, not for a state to be decoded; in a machine of
    some fifty states that is several levels of logic.

    Parameters
    ----------
    m : Module
        Where the machine lives.
    init : str
        State after reset.
    width : int
        Most states that there can be. Flip-flops that no state uses are optimised away.

    Raises
    ------
    ValueError
        If there are more states than ``width``, a state is described twice, or one is gone to and
        not described.
    """

    def __init__(self, m: Module, *, init: str, width: int) -> None:
        self._m = m
        self._width = width
        self._places = {init: 0}
        self._described: set[str] = set()
        self._now = Signal(width, init=1, name=ONE_HOT)

    @contextmanager
    def states(self) -> Iterator[None]:
        """Hold the descriptions of all states."""
        with self._m.Switch(self._now):
            yield
        if missing := self._places.keys() - self._described:
            raise ValueError(
                f"states that are gone to must be described; {sorted(missing)} are not"
            )

    @contextmanager
    def state(self, name: str) -> Iterator[None]:
        """Hold the description of one state."""
        place = self._place(name)
        if name in self._described:
            raise ValueError(f"state {name!r} must be described once, not twice")
        self._described.add(name)
        with self._m.Case("-" * (self._width - 1 - place) + "1" + "-" * place):
            yield

    def go(self, name: str) -> None:
        """Be in state ``name`` from the next cycle on, unless a later statement says otherwise."""
        self._m.d.sync += self._now.eq(1 << self._place(name))

    def _place(self, name: str) -> int:
        place = self._places.setdefault(name, len(self._places))
        if place >= self._width:
            raise ValueError(f"there must be at most {self._width} states; {name!r} is one more")
        return place
