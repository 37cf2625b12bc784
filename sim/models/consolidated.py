"""Reference model of ``gateware.market.consolidated``: events take effect one after the other."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, NamedTuple

from hw.records import ERROR, EVENT_FLAG, EVENT_KIND
from hw.risk_parameters import RiskParameters
from sim.models.risk_world import BookState

__all__ = ["Change", "Consolidated", "Quote", "Side", "Told", "place_of"]

_TELLING: Final = frozenset(
    {EVENT_KIND.best, EVENT_KIND.resolved, EVENT_KIND.cleared, EVENT_KIND.read_done}
)


class Told(NamedTuple):
    """What counts of a ``book_event``: fields of the same names."""

    book: int
    kind: int = EVENT_KIND.best
    error: int = ERROR.none
    flags: int = 0
    time: int = 0
    bid_tick: int = 0
    bid_quantity: int = 0
    ask_tick: int = 0
    ask_quantity: int = 0

    def flag(self, name: str) -> bool:
        """Return a flag by the name of its code point."""
        return bool(self.flags >> getattr(EVENT_FLAG, name) & 1)


class Side(NamedTuple):
    """One side of the consolidated market: price [ticks], quantity [lots], first venue."""

    tick: int
    quantity: int
    venue: int


class Quote(NamedTuple):
    """What one venue has: price [ticks] and quantity [lots] of each side, or None."""

    bid: tuple[int, int] | None
    ask: tuple[int, int] | None
    state: BookState


class Change(NamedTuple):
    """An instrument after an event of its book at one venue.

    Attributes
    ----------
    instrument, venue : int
        The place of the book.
    time : int
        Of the book's last event that had one [ns].
    bid, ask : Side or None
    crossed, locked, deferred : bool
    row : tuple of Quote or None
        What each venue has, None where no book takes part that has had an event.
    """

    instrument: int
    venue: int
    time: int
    bid: Side | None
    ask: Side | None
    crossed: bool
    locked: bool
    deferred: bool
    row: tuple[Quote | None, ...]


@dataclass(slots=True)
class _Past:
    """What stays of a book: its feed has a gap; time of its last event that had one [ns]."""

    gap: bool = False
    time: int = 0


def place_of(row: int, parameters: RiskParameters) -> tuple[int, int] | None:
    """Return instrument and venue that a row of ``book_market`` says; None: takes no part."""
    instrument, venue = row & 0xFF, row >> 8 & 0xFF
    exists = instrument < parameters.instruments and venue < parameters.venues
    return (instrument, venue) if row >> 16 & 1 and exists else None


class Consolidated:
    """The market of every instrument.

    Parameters
    ----------
    parameters : RiskParameters
        Sizes of the build.

    Attributes
    ----------
    places : dict of (int, int) to Quote
        By instrument and venue.
    """

    def __init__(self, parameters: RiskParameters) -> None:
        self._parameters = parameters
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        self._past = [_Past() for _ in range(self._parameters.books)]
        self.forget()

    def forget(self) -> None:
        """Forget what came by the mapping, because it has changed."""
        self.places: dict[tuple[int, int], Quote] = {}

    def event(self, told: Told, row: int) -> Change | None:
        """Take an event; return the change, or None if there is none.

        Parameters
        ----------
        told : Told
            The event.
        row : int
            Of the mapping, ``book_market`` of its book.
        """
        p = self._parameters
        if told.kind not in _TELLING or told.error == ERROR.bad_book or told.book >= p.books:
            return None
        past = self._past[told.book]
        past.gap = (past.gap and told.kind != EVENT_KIND.cleared) or told.error == ERROR.feed_gap
        if told.time:
            past.time = min(told.time, (1 << p.time_bits) - 1)
        place = place_of(row, p)
        if place is None:
            return None
        self.places[place] = Quote(
            bid=self._side(told, "bid", told.bid_tick, told.bid_quantity),
            ask=self._side(told, "ask", told.ask_tick, told.ask_quantity),
            state=BookState(
                part=True,
                seen=True,
                invalid=told.flag("invalid"),
                deferred=told.flag("bid_deferred") or told.flag("ask_deferred"),
                crossed=told.flag("crossed"),
                gap=past.gap,
                time=past.time,
            ),
        )
        return self._change(*place)

    def book(self, instrument: int, venue: int) -> BookState | None:
        """Return the state of the book at a place, None if none takes part there."""
        quote = self.places.get((instrument, venue))
        return None if quote is None else quote.state

    def double_mid(self, instrument: int) -> int | None:
        """Return best bid + best ask [ticks], None unless both are known."""
        bid, ask = self._best(instrument)
        return None if bid is None or ask is None else bid.tick + ask.tick

    def _side(self, told: Told, side: str, tick: int, quantity: int) -> tuple[int, int] | None:
        p = self._parameters
        counts = told.flag(side) and not told.flag(f"{side}_deferred") and not told.flag("invalid")
        if not counts or tick >> p.tick_bits:
            return None
        return tick, min(quantity, (1 << p.quantity_bits) - 1)

    def _row(self, instrument: int) -> tuple[Quote | None, ...]:
        return tuple(self.places.get((instrument, v)) for v in range(self._parameters.venues))

    def _best(self, instrument: int) -> tuple[Side | None, Side | None]:
        row = [(v, quote) for v, quote in enumerate(self._row(instrument)) if quote is not None]
        bids = [(v, *quote.bid) for v, quote in row if quote.bid is not None]
        asks = [(v, *quote.ask) for v, quote in row if quote.ask is not None]
        bid = max((tick for _, tick, _ in bids), default=None)
        ask = min((tick for _, tick, _ in asks), default=None)
        return _at(bid, bids), _at(ask, asks)

    def _change(self, instrument: int, venue: int) -> Change:
        bid, ask = self._best(instrument)
        row = self._row(instrument)
        return Change(
            instrument=instrument,
            venue=venue,
            time=self.places[instrument, venue].state.time,
            bid=bid,
            ask=ask,
            crossed=bid is not None and ask is not None and bid.tick >= ask.tick,
            locked=bid is not None and ask is not None and bid.tick == ask.tick,
            deferred=any(quote is not None and quote.state.deferred for quote in row),
            row=row,
        )


def _at(best: int | None, offers: Iterable[tuple[int, int, int]]) -> Side | None:
    """Return the best price, how much there is of it, and where first."""
    if best is None:
        return None
    there = [(venue, quantity) for venue, tick, quantity in offers if tick == best]
    return Side(best, sum(quantity for _, quantity in there), there[0][0])
