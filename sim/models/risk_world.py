"""What the risk gate sees of the world: requests, the market, kills and the time."""

from dataclasses import dataclass, field
from typing import NamedTuple

from hw.risk_parameters import RiskParameters

__all__ = ["BookState", "Market", "Request", "Targets", "World"]


class Request(NamedTuple):
    """One ``risk_request``: its fields, in the order of the record."""

    kind: int = 0
    side: int = 0
    instrument: int = 0
    venue: int = 0
    strategy: int = 0
    account: int = 0
    flags: int = 0
    order_id: int = 0
    tick: int = 0
    quantity: int = 0
    execution: int = 0
    time: int = 0


class BookState(NamedTuple):
    """The book of an instrument at a venue.

    Attributes
    ----------
    part : bool
        A book takes part in the consolidated market for the instrument at the venue.
    seen : bool
        It has had an event.
    invalid, deferred, crossed : bool
        Its last event said so.
    gap : bool
        Since its last ``cleared`` event one had the error ``feed_gap``.
    time : int
        Of its last event [ns].
    """

    part: bool = False
    seen: bool = False
    invalid: bool = False
    deferred: bool = False
    crossed: bool = False
    gap: bool = False
    time: int = 0


class Market:
    """The market as the gate sees it.

    Attributes
    ----------
    books : dict of (int, int) to BookState
        By instrument and venue; none takes part where there is no entry.
    double_mid : list of int or None
        Of each instrument, best bid + best ask [ticks]; None unless both are known.
        Set by ``RiskGate.quote``, because a loss depends on it.
    last : list of int or None
        Of each instrument, price of the last trade [ticks], or None.
    """

    def __init__(self, parameters: RiskParameters) -> None:
        self.books: dict[tuple[int, int], BookState] = {}
        self.double_mid: list[int | None] = [None] * parameters.instruments
        self.last: list[int | None] = [None] * parameters.instruments


@dataclass(kw_only=True, slots=True)
class World:
    """What else is told to the gate. As it stands at first, every new order is denied.

    Attributes
    ----------
    now : int
        Time [ns].
    armed, deadman_expired, killed : bool
    killed_venues, killed_accounts, killed_instruments, killed_strategies : set of int
    halted, reducing : set of int
        Instruments that the circuit breaker halts, and holds in reduce-only.
    bands : dict of int to (int, int)
        Lowest and highest price [ticks] of the instruments whose band is in force.
    events_full : bool or None
        The queue of events to the host is nearly full; None where the caller cannot tell.
    """

    now: int = 0
    armed: bool = False
    deadman_expired: bool = True
    killed: bool = False
    killed_venues: set[int] = field(default_factory=set)
    killed_accounts: set[int] = field(default_factory=set)
    killed_instruments: set[int] = field(default_factory=set)
    killed_strategies: set[int] = field(default_factory=set)
    halted: set[int] = field(default_factory=set)
    reducing: set[int] = field(default_factory=set)
    bands: dict[int, tuple[int, int]] = field(default_factory=dict)
    events_full: bool | None = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Targets:
    """Whom a kill concerns: the box, or all that belongs to one of those named."""

    box: bool = False
    venues: frozenset[int] = frozenset()
    accounts: frozenset[int] = frozenset()
    instruments: frozenset[int] = frozenset()
    strategies: frozenset[int] = frozenset()
