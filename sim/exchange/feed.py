"""The market data stream: numbered messages, in packets, on lines that may be bad."""

from collections.abc import Iterable
from dataclasses import dataclass
from heapq import heappop, heappush
from itertools import count
from random import Random
from typing import Final

from host.wire import mold_udp64 as mold

__all__ = ["PERFECT", "Line", "LineFaults", "MessageStore"]


class MessageStore:
    """Messages by their number, for those who missed them.

    Parameters
    ----------
    session : str
        At most 10 characters.
    keep : int
        At least this many of the newest are kept.

    Attributes
    ----------
    first, next : int
        Numbers of the oldest message that is kept and of the next one; the first of all is 1.
    """

    def __init__(self, session: str, keep: int = 1_000_000) -> None:
        if keep < 1:
            raise ValueError(f"at least one message must be kept, not {keep}")
        self.session = session
        self.next = 1
        self._keep = keep
        self.first = 1
        self._messages: list[bytes] = []

    def append(self, messages: Iterable[bytes]) -> None:
        """Give messages their numbers and keep them."""
        self._messages += messages
        self.next = self.first + len(self._messages)
        if len(self._messages) >= 2 * self._keep:
            self.first = self.next - self._keep
            self._messages = self._messages[-self._keep :]

    def read(self, sequence: int, most: int) -> list[bytes]:
        """Return up to ``most`` messages from a number on; none if they are not kept."""
        at = sequence - self.first
        return [] if at < 0 else self._messages[at : at + most]

    def packets(self, sequence: int) -> list[bytes]:
        """Return packets with every message from a number on, as full as they may be."""
        found = []
        while messages := self.read(sequence, 100):
            messages = messages[: mold.fitting(messages)]
            found.append(mold.encode(self.session, sequence, messages))
            sequence += len(messages)
        return found

    def answer(self, request: mold.Request) -> bytes | None:
        """Return the packet that a request gets, with as many messages as fit, or None."""
        if request.session != self.session:
            return None
        messages = self.read(request.sequence, request.wanted)
        if not messages:
            return None
        messages = messages[: mold.fitting(messages)]
        return mold.encode(self.session, request.sequence, messages)


@dataclass(frozen=True, kw_only=True, slots=True)
class LineFaults:
    """What a line does to packets.

    Attributes
    ----------
    loss, duplication, reordering : float
        Probability that a packet is lost; that it comes twice; that it is held back.
    delay : float
        Of every packet [s].
    jitter : float
        A packet that is held back, or comes again, is up to this much later [s].
    """

    loss: float = 0.0
    duplication: float = 0.0
    reordering: float = 0.0
    delay: float = 0.0
    jitter: float = 0.001

    def __post_init__(self) -> None:
        for name in ("loss", "duplication", "reordering"):
            if not 0 <= getattr(self, name) <= 1:
                raise ValueError(f"{name} must be from 0 to 1, not {getattr(self, name)}")
        if self.delay < 0 or self.jitter < 0:
            raise ValueError("delay and jitter must not be negative")


PERFECT: Final = LineFaults()


class Line:
    """Packets on their way: given in, due out.

    Parameters
    ----------
    faults : LineFaults
        What happens to them.
    rng : random.Random
        The source of chance.

    Attributes
    ----------
    sent, lost, duplicated, held, refused : int
        Packets given in; those that were lost, doubled, held back; those that the machine did
        not take, which are lost too.
    """

    def __init__(self, faults: LineFaults, rng: Random) -> None:
        self.faults = faults
        self.sent = self.lost = self.duplicated = self.held = self.refused = 0
        self._rng = rng
        self._under_way: list[tuple[float, int, bytes]] = []
        self._entries = count()

    def put(self, packet: bytes, now: float) -> None:
        """Send a packet at ``now`` [s]."""
        faults, rng = self.faults, self._rng
        self.sent += 1
        if rng.random() < faults.loss:
            self.lost += 1
            return
        due = now + faults.delay
        if rng.random() < faults.duplication:
            self.duplicated += 1
            self._push(due + rng.random() * faults.jitter, packet)
        if rng.random() < faults.reordering:
            self.held += 1
            due += rng.random() * faults.jitter
        self._push(due, packet)

    def take(self, now: float) -> list[bytes]:
        """Return the packets that are due, in the order in which they arrive."""
        found = []
        while self._under_way and self._under_way[0][0] <= now:
            found.append(heappop(self._under_way)[2])
        return found

    @property
    def next_due(self) -> float | None:
        """When the next packet arrives [s], or None."""
        return self._under_way[0][0] if self._under_way else None

    def _push(self, due: float, packet: bytes) -> None:
        heappush(self._under_way, (due, next(self._entries), packet))
