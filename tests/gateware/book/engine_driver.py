"""Talk to a book engine in Amaranth's own simulator, and watch its maintenance engine."""

from collections.abc import Awaitable, Callable
from typing import Any, Final

import pytest

import gateware.book.engine
from gateware.book.engine import BookEngine
from gateware.book.maintenance import Maintenance
from hw.records import BOOK_EVENT, EVENT_KIND, MARKET_UPDATE
from sim.models.book import Update
from sim.models.book_event import Event
from tests.gateware.bench import TINY, run
from tests.gateware.top.talking import Checker

__all__ = ["Engine", "Script", "converse"]

_EVENT_FIELDS: Final = tuple(f.name for f in BOOK_EVENT.fields)
_UPDATE_FIELDS: Final = tuple(f.name for f in MARKET_UPDATE.fields)
_PATIENCE: Final = 4000  # cycles
_QUIET: Final = 250  # cycles in which a job shows that it is at work


class Engine:
    """One engine, cycle by cycle. Its output is never stalled.

    Attributes
    ----------
    now : int
        Cycles since it was ready.
    events : list of Event
        Those that came.
    """

    def __init__(self, ctx: Any, dut: BookEngine, keeper: Maintenance) -> None:
        self._ctx, self._dut, self._keeper = ctx, dut, keeper
        self.now = 0
        self.events: list[Event] = []
        self._sent: list[Update] = []

    def counter(self, name: str) -> int:
        """Return one of ``BookEngine.COUNTERS``."""
        value: int = self._ctx.get(getattr(self._dut, name))
        return value

    def is_(self, name: str) -> bool:
        """Say whether an output of the maintenance engine is 1."""
        return bool(self._ctx.get(getattr(self._keeper, name)))

    def closed(self) -> int:
        """Return how many updates have their closing event."""
        closing = (EVENT_KIND.best, EVENT_KIND.cleared, EVENT_KIND.read_done)
        return sum(event.kind in closing for event in self.events)

    async def tick(self) -> None:
        """End the cycle; note the event in it."""
        ctx, o = self._ctx, self._dut.o
        if ctx.get(o.valid):
            payload = ctx.get(o.payload)
            self.events.append(Event(*(getattr(payload, name) for name in _EVENT_FIELDS)))
        await ctx.tick()
        self.now += 1
        ctx.set(self._dut.cycle, self.now)

    async def until(self, condition: Callable[[], bool]) -> int:
        """Wait for a condition, and return the cycle in which it holds."""
        for _ in range(_PATIENCE):
            if condition():
                return self.now
            await self.tick()
        raise AssertionError(f"must come within {_PATIENCE} cycles: {condition}")

    async def send(self, *updates: Update) -> int:
        """Send updates as fast as they are taken; return the cycle in which the last one was."""
        ctx, i, taken = self._ctx, self._dut.i, self.now
        for update in updates:
            ctx.set(i.valid, 1)
            ctx.set(i.payload, dict(zip(_UPDATE_FIELDS, update, strict=True)))
            taken = await self.until(lambda: bool(ctx.get(i.ready)))
            self._sent.append(update)
            await self.tick()
        ctx.set(i.valid, 0)
        return taken

    async def settle(self) -> None:
        """Wait until every update is closed and the maintenance engine has come to rest."""
        await self.until(lambda: self.closed() >= len(self._sent))
        before: tuple[int, ...] = ()
        while (now := self._activity()) != before:
            before = now
            for _ in range(_QUIET):
                await self.tick()

    def _activity(self) -> tuple[int, ...]:
        """Return what changes sooner or later while the maintenance engine has work."""
        return (len(self.events), self.is_("moving"), *map(self.counter, BookEngine.COUNTERS))

    def check(self) -> None:
        """Compare every event with the model."""
        Checker(TINY, self._sent).check(self.events)


Script = Callable[[Engine], Awaitable[None]]


def converse(monkeypatch: pytest.MonkeyPatch, script: Script) -> None:
    """Let a script talk to a tiny engine, then compare all that it said with the model."""
    keepers: list[Maintenance] = []

    def kept(**arguments: Any) -> Maintenance:
        keepers.append(Maintenance(**arguments))
        return keepers[-1]

    monkeypatch.setattr(gateware.book.engine, "Maintenance", kept)
    dut = BookEngine(parameters=TINY)

    async def testbench(ctx: Any) -> None:
        engine = Engine(ctx, dut, keepers[-1])
        ctx.set(dut.o.ready, 1)
        await engine.until(lambda: bool(ctx.get(dut.ready)))
        await script(engine)
        await engine.settle()
        engine.check()

    run(dut, testbench)
