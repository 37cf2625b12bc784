"""Random use of the last trades, cycle by cycle, and what they must say in each."""

import random
from collections.abc import Callable
from typing import Any, Final

from hw.risk_parameters import RiskParameters
from sim.models.last_trades import LastTrades as Model
from sim.models.last_trades import Trade

__all__ = ["TradeTraffic"]

#: A look this many cycles after a trade's turn sees it.
_SETTLED: Final = 2


class TradeTraffic:
    """Random inputs of every cycle, and their check.

    Parameters
    ----------
    parameters : RiskParameters
        Sizes of the component.
    rng : random.Random
        Source of the inputs.
    """

    #: What the traffic must have had in it.
    INTERESTING: Final = frozenset({"known", "unknown", "dropped", "hidden", "no part", "full"})

    def __init__(self, parameters: RiskParameters, rng: random.Random) -> None:
        self.parameters, self._rng = parameters, rng
        self.seen: set[str] = set()
        self._model = Model(parameters)
        self._cycle, self._forgot = 0, -9
        self._settling: dict[int, tuple[Trade, int]] = {}
        self._turn: Trade | None = None
        self._found: int | None = None
        self._left, self._busy, self._trading = 0, 0.0, 0.0
        self._now: dict[str, int] = {}
        self._looked = False

    def inputs(self) -> dict[str, int]:
        """Return the inputs of the next cycle."""
        rng, p = self._rng, self.parameters
        if not self._left:
            self._left = rng.randrange(1, 60)
            self._busy, self._trading = rng.choice([0.0, 0.5, 0.95]), rng.choice([0.1, 0.5, 1.0])
        self._left -= 1
        top = 1 << p.tick_bits
        self._now = {
            "trade_valid": rng.random() < self._trading,
            "trade_book": rng.choice(
                [rng.randrange(p.books), rng.randrange(p.books), p.books, 1 << 15]
            ),
            "trade_tick": rng.choice([rng.randrange(top), 0, top - 1, top, 1 << 63]),
            "busy": rng.random() < self._busy,
            "part": rng.random() < 0.8,
            "instrument": rng.randrange(p.instruments),
            "look_instrument": rng.randrange(p.instruments),
            "forget": rng.random() < 0.02,
            "clear": rng.random() < 0.004,
        }
        return self._now

    def check(self, get: Callable[[str], Any]) -> None:
        """Check the outputs of this cycle.

        Parameters
        ----------
        get : callable
            From the name of an output to its value.
        """
        now, model = self._now, self._model
        assert get("dropped") == model.dropped, self._cycle
        if self._looked:
            assert (get("last") if get("last_known") else None) == self._found, self._cycle
        self._settle()
        if now["busy"] or not model.waiting:
            self._turn = None
        else:
            assert get("book") == model.waiting[0].book, self._cycle
            self._turn = model.turn()
        if now["trade_valid"]:
            dropped = model.dropped
            model.come(Trade(now["trade_book"], now["trade_tick"]))
            self.seen |= {"dropped"} if model.dropped > dropped else set()
            self.seen |= {"full"} if self._turn and len(model.waiting) == 4 else set()
        if now["forget"] or now["clear"]:
            self._turn = None
            self._settling.clear()
            if now["clear"]:
                model.clear()
            else:
                model.forget()
                self._forgot = self._cycle
        self._looked = True
        hidden = self._cycle - self._forgot < _SETTLED
        self._found = None if hidden else model.last[now["look_instrument"]]
        self.seen.add("hidden" if hidden else "unknown" if self._found is None else "known")
        self._cycle += 1

    def _settle(self) -> None:
        """Show the trade that is seen from this cycle on, and place that of the cycle before."""
        if self._cycle in self._settling:
            self._model.settle(*self._settling.pop(self._cycle))
        if self._turn is not None:
            if self._now["part"]:
                self._settling[self._cycle + 1] = self._turn, self._now["instrument"]
            else:
                self.seen.add("no part")
