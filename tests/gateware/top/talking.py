"""Talk to a complete book engine in Amaranth's own simulator."""

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from amaranth.lib import wiring
from amaranth.sim import Simulator

from gateware.top.book_top import BookTop
from hw.presets import BookParameters
from hw.records import BOOK_EVENT, EVENT_KIND, MARKET_UPDATE
from hw.registers import REGISTERS
from sim.models.book import BookModel, Update
from sim.models.book_event import ASK, ASK_DEFERRED, BID, BID_DEFERRED, Event

__all__ = ["Checker", "Pattern", "Talk", "talk"]

_EVENT_FIELDS: Final = tuple(f.name for f in BOOK_EVENT.fields)
_UPDATE_FIELDS: Final = tuple(f.name for f in MARKET_UPDATE.fields)
_READY_WITHIN: Final = 4000  # cycles
_QUIET: Final = 400  # cycles without an event after which a talk is over
Pattern = Callable[[int], bool]


def _never(_: int) -> bool:
    return False


@dataclass
class Talk:
    """What was said.

    Attributes
    ----------
    accepted : list of int
        Cycle of the transfer of each update.
    events : list of Event
        In their order.
    cycles : list of int
        Cycle of the transfer of each event.
    registers : dict of str to int
        Values at the end, low words.
    ready_after : list of int
        Cycles from each restart (the first is power-up) until the engine was ready.
    early : int
        Times that the engine would have taken an update while it was not ready.
    """

    accepted: list[int] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    cycles: list[int] = field(default_factory=list)
    registers: dict[str, int] = field(default_factory=dict)
    ready_after: list[int] = field(default_factory=list)
    early: int = 0


def talk(
    parameters: BookParameters,
    *batches: Sequence[Update],
    idle: Pattern = _never,
    stall: Pattern = _never,
    pulse: int | None = None,
    quiet: int = _QUIET,
) -> Talk:
    """Send batches of updates, as fast as the engine takes them, with a restart between batches.

    Parameters
    ----------
    parameters : BookParameters
        Sizes of the build.
    batches : sequence of sequence of Update
        Updates.
    idle, stall : callable
        Cycles in which nothing is offered, and in which no event is taken.
    pulse : int, optional
        Cycles for which a restart is held; by default until the engine is no longer ready.
    quiet : int
        Cycles without an event after which a batch is over; the last one waits no less than
        usual.
    """
    dut: wiring.Component = BookTop(parameters=parameters)
    said = Talk()

    async def testbench(ctx: Any) -> None:
        speaker = _Speaker(ctx, dut, said, idle, stall)
        for number, batch in enumerate(batches):
            if number:
                await speaker.restart(pulse)
            await speaker.until_ready()
            last = number == len(batches) - 1
            await speaker.send(batch, max(quiet, _QUIET) if last else quiet)
        for register in REGISTERS.values():
            for index in range(register.count):
                name = register.name if register.count == 1 else f"{register.name}{index}"
                address = register.address + index * register.stride
                said.registers[name] = await speaker.read(address)

    simulator = Simulator(dut)
    simulator.add_clock(1e-8)  # type: ignore[no-untyped-call] # stub lags
    simulator.add_testbench(testbench)
    simulator.run()  # type: ignore[no-untyped-call] # stub lags
    return said


class _Speaker:
    """Drive one engine, cycle by cycle."""

    def __init__(self, ctx: Any, dut: Any, said: Talk, idle: Pattern, stall: Pattern) -> None:
        self.ctx, self.dut, self.said, self.idle, self.stall = ctx, dut, said, idle, stall
        self.now = 0

    async def tick(self) -> bool:
        """End the cycle; note and say whether an event was transferred in it."""
        ctx, o = self.ctx, self.dut.o
        ctx.set(o.ready, not self.stall(self.now))
        told = bool(ctx.get(o.valid) and ctx.get(o.ready))
        if told:
            payload = ctx.get(o.payload)
            self.said.events.append(Event(*(getattr(payload, name) for name in _EVENT_FIELDS)))
            self.said.cycles.append(self.now)
        await ctx.tick()
        self.now += 1
        return told

    async def read(self, address: int) -> int:
        """Read one word."""
        self.ctx.set(self.dut.csr_address, address)
        self.ctx.set(self.dut.csr_r_stb, 1)
        await self.tick()
        word: int = self.ctx.get(self.dut.csr_r_data)
        return word

    async def restart(self, pulse: int | None) -> None:
        """Raise the restart bit until the engine is not ready, or for some cycles only."""
        await self.write(REGISTERS["control"].address, 1)
        held = 0
        while held < pulse if pulse is not None else await self.read(REGISTERS["status"].address):
            held += 1
            assert held < _READY_WITHIN, "the engine does not restart"
            await self.tick()
        await self.write(REGISTERS["control"].address, 0)

    async def write(self, address: int, word: int) -> None:
        """Write one word."""
        self.ctx.set(self.dut.csr_address, address)
        self.ctx.set(self.dut.csr_w_data, word)
        self.ctx.set(self.dut.csr_w_stb, 1)
        await self.tick()
        self.ctx.set(self.dut.csr_w_stb, 0)

    async def until_ready(self) -> None:
        """Wait until every memory is clear; no update is taken before."""
        begin = self.now
        while not await self.read(REGISTERS["status"].address):
            assert self.now - begin < _READY_WITHIN, "the engine does not get ready"
            # One cycle old: in the last round the engine may be ready by now.
            self.ctx.set(self.dut.i.valid, self.now % 8 == 0)
            self.said.early += bool(self.ctx.get(self.dut.i.valid & self.dut.i.ready))
            self.ctx.set(self.dut.i.valid, 0)
        self.said.ready_after.append(self.now - begin)

    async def send(self, updates: Sequence[Update], enough: int) -> None:
        """Send updates and wait until the engine has no more to say."""
        ctx, i = self.ctx, self.dut.i
        waiting = deque(updates)
        quiet = 0
        while waiting or quiet < enough:
            offered = bool(waiting) and not self.idle(self.now)
            ctx.set(i.valid, offered)
            if offered:
                ctx.set(i.payload, dict(zip(_UPDATE_FIELDS, waiting[0], strict=True)))
                if ctx.get(i.ready):
                    self.said.accepted.append(self.now)
                    waiting.popleft()
            quiet = 0 if await self.tick() or waiting else quiet + 1


class Checker:
    """Compare what an engine says with the reference model, book by book.

    Parameters
    ----------
    parameters : BookParameters
        Sizes of the build.
    updates : sequence of Update
        Those sent, in their order.
    """

    def __init__(self, parameters: BookParameters, updates: Sequence[Update]) -> None:
        self.model = BookModel(parameters)
        self._waiting: dict[int, deque[Update]] = {}
        for update in updates:
            self._waiting.setdefault(update[0], deque()).append(update)
        self._reads: dict[int, list[Event]] = {}
        self._closed: dict[int, Event] = {}
        self._deferred: dict[int, int] = {}
        self.deferrals = 0

    def check(self, events: Sequence[Event]) -> None:
        """Check every event, and that none is missing."""
        for sequence, event in enumerate(events):
            assert event.sequence == sequence
            book = event.book
            if event.kind in (EVENT_KIND.level, EVENT_KIND.order):
                self._reads.setdefault(book, []).append(event)
            elif event.kind == EVENT_KIND.resolved:
                assert self._deferred.get(book, 0), "resolved without a deferred event before it"
                head = self._closed[book]._replace(
                    kind=event.kind, time=0, order_id=0, cause=0, error=0
                )
                self._compare(event, head)
            else:
                *reads, closing = self.model.apply(self._waiting[book].popleft())
                told = [
                    e._replace(sequence=0, cycle=0, latency=0) for e in self._reads.pop(book, [])
                ]
                assert sorted(told) == sorted(reads)
                self._closed[book] = closing
                self._compare(event, closing)
        assert not any(self._waiting.values())
        assert not any(self._deferred.values())

    def _compare(self, event: Event, exact: Event) -> None:
        deferred = event.flags & (BID_DEFERRED | ASK_DEFERRED)
        self._deferred[event.book] = deferred
        self.deferrals += bool(deferred)
        event = event._replace(sequence=0, cycle=0, latency=0, flags=event.flags & ~deferred)
        if deferred & BID_DEFERRED:
            exact = exact._replace(bid_tick=0, bid_quantity=0, bid_count=0)
        if deferred & ASK_DEFERRED:
            exact = exact._replace(ask_tick=0, ask_quantity=0, ask_count=0)
        if deferred:
            hidden = (BID if deferred & BID_DEFERRED else 0) | (
                ASK if deferred & ASK_DEFERRED else 0
            )
            exact = exact._replace(flags=exact.flags & ~hidden & 31)
        assert event == exact
