"""Troubles that a whole device can be brought into: by its market, its limits and its registers."""

from collections.abc import Iterator, Sequence
from typing import Final

from hw.registers import LIMITS
from sim.models.risk_world import BookState, Request, Targets
from sim.orderflow.risk_steps import Ask, BookMoved, CancelAll, Quoted, Settle, Stage, Step, Told
from sim.orderflow.risk_troubles import Trouble, Troubles

__all__ = ["SILENCE", "DeviceTroubles"]

#: Silence of the host after which the deadman kills: longer than any traffic [1024 cycles].
SILENCE: Final = (1 << 32) - 1


class DeviceTroubles(Troubles):
    """As ``Troubles``, but a full queue of events and books that never had one.

    What kills by itself (a loss, silence) has killed the device before the next request: it is at
    rest after every change of limits.
    """

    _held = False  # a trouble that ends the kill of the box is under way

    def shares(self) -> dict[Trouble, int]:
        """Return how often each trouble is drawn."""
        return super().shares() | {self.kill: 2, self.silence: 1}

    def any(self) -> Iterator[Step | None]:
        """Draw one trouble."""
        yield from self._revived()
        yield from super().any()

    def _revived(self) -> Iterator[Step]:
        """Let the box live again, if a loss has killed it."""
        if self.gate.world.killed and not self._held and not any(self.gate.state.loss_up):
            yield Told("killed", False)

    def staged(self, writes: Sequence[tuple[str, int, int]]) -> Iterator[Step]:
        """Change limits, always with time to come to rest."""
        yield from super().staged(writes)
        yield Settle()

    def limited(self, writes: list[tuple[str, int, int]], r: Request) -> Iterator[Step | None]:
        """Change limits for a few orders."""
        yield from self.staged(writes)
        yield Ask(r._replace(time=self.gate.world.now))
        if self.rng.random() < 0.5:
            yield None
        yield from self.staged([(n, i, self.setting.limits[n][i]) for n, i, _ in writes])
        yield from self._revived()

    def told(self) -> Iterator[Step | None]:
        """Let the breaker act."""
        rng, r = self.rng, self.requests.good()
        i, world = r.instrument, self.gate.world
        if self.gate.limits.fault or world.halted or world.reducing or world.bands:
            return  # one at a time: it takes limits of its own
        u = rng.randrange(3)
        if u == 0:
            yield Told("halted", {i})
            yield CancelAll(Targets())
            yield from self.during("halted", {i}, set(), r)
        elif u == 1:
            yield from self.during("reducing", {i}, set(), r)
        else:
            low, high = r.tick + rng.randint(-1, 1), r.tick + rng.randint(-1, 1)
            yield from self.during("bands", {i: (low, high)}, {}, r)

    def kill(self) -> Iterator[Step | None]:
        """Let the host kill."""
        if not self.gate.world.killed:
            r = self.requests.good()
            yield from self.killed(self.some(r), r)

    def killed(self, targets: Targets, r: Request | None = None) -> Iterator[Step | None]:
        """Kill, send the cancels, and arm again later."""
        held, self._held = self._held, self._held or targets.box
        yield from super().killed(targets, r)
        self._held = held

    def silence(self) -> Iterator[Step | None]:
        """Let the host be silent until the deadman kills."""
        world, r = self.gate.world, self.requests.good()
        if world.killed or self._held or self.gate.limits.fault:
            return
        self._held = True
        yield Told("deadman_expired", True)
        yield CancelAll(Targets(box=True))
        yield Ask(r._replace(time=world.now))
        yield None
        yield Told("deadman_expired", False)
        yield Told("killed", False)
        self._held = False

    def book(self) -> Iterator[Step | None]:
        """Let a book have a gap, or be crossed."""
        rng, r = self.rng, self.requests.good()
        i, double = r.instrument, self.gate.market.double_mid[r.instrument]
        if double is None:
            return
        state = BookState(part=True, seen=True, time=self.gate.world.now)
        if rng.random() < 0.5:
            yield BookMoved(i, r.venue, state._replace(gap=True, invalid=True))
            yield Quoted(i, None)
        else:
            yield BookMoved(i, r.venue, state._replace(crossed=True))
            yield Quoted(i, 2 * ((double - 1) // 2))
        yield Ask(r._replace(time=self.gate.world.now))
        yield None
        yield Quoted(i, double)

    def no_price(self) -> Iterator[Step | None]:
        """Let the market of an instrument be unknown."""
        r = self.requests.good()
        double = self.gate.market.double_mid[r.instrument]
        if double is None:
            return
        yield Quoted(r.instrument, None)
        yield Ask(r._replace(time=self.gate.world.now))
        yield None
        yield Quoted(r.instrument, double)

    def bad_writes(self) -> Iterator[Step | None]:
        """Write limits that cannot be kept, where the register map has room for them."""
        if self.gate.limits.fault:
            return
        for step in super().bad_writes():
            if isinstance(step, Stage) and not _has_room(step):
                step = Stage("venue_flags", self.gate.parameters.venues, 0)
            yield step


def _has_room(write: Stage) -> bool:
    """Say whether the register map has a place for a write, whatever the build has."""
    field = next(fields[write.name] for fields in LIMITS.values() if write.name in fields)
    return write.index < field.count and write.value < 1 << field.width
