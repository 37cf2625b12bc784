"""Random use of the consolidated market, cycle by cycle, and what it must say in each."""

import random
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from gateware.market.consolidated import ConsolidatedMarket
from hw.records import ERROR, EVENT_FLAG, EVENT_KIND
from hw.risk_parameters import RiskParameters
from sim.models.consolidated import Change, Consolidated, Side, Told, place_of
from sim.models.last_trades import LastTrades, Trade

__all__ = ["MarketChecker", "MarketTraffic", "draw_event"]

_LATENCY: Final = ConsolidatedMarket.LATENCY
#: A trade is in a look this many cycles after its turn.
_SETTLED: Final = 2
_FLAGS: Final = {code.name: 1 << code.value for code in EVENT_FLAG}
_KINDS: Final = (EVENT_KIND.best, EVENT_KIND.resolved, EVENT_KIND.cleared, EVENT_KIND.read_done)


def draw_event(rng: random.Random, p: RiskParameters) -> Told:
    """Return an event: most of them with prices close to each other, a few at every end."""
    top = 1 << p.tick_bits
    flags = sum(rng.choice([0, _FLAGS[n], _FLAGS[n], _FLAGS[n]]) for n in ("bid", "ask"))
    for name in ("bid_deferred", "ask_deferred", "invalid", "crossed"):
        flags |= _FLAGS[name] if rng.random() < 0.08 else 0

    def tick() -> int:
        return rng.choice([0, top - 1, top]) if rng.random() < 0.06 else top // 2 + rng.randrange(5)

    def quantity() -> int:
        most = 1 << p.quantity_bits
        return rng.choice([rng.randrange(1, 20), rng.randrange(1, 20), most - 1, most, most << 9])

    time = rng.choice([0, rng.getrandbits(p.time_bits), rng.getrandbits(p.time_bits)])
    odd = rng.random() < 0.1
    return Told(
        book=rng.randrange(p.books) if rng.random() < 0.95 else p.books + rng.randrange(9),
        kind=rng.randrange(8) if odd else rng.choice(_KINDS),
        error=rng.choice([0, ERROR.bad_book, ERROR.feed_gap]) if rng.random() < 0.2 else 0,
        flags=flags,
        time=time << rng.choice([0, 0, 0, 40]) & (1 << 64) - 1,
        bid_tick=tick(),
        bid_quantity=quantity(),
        ask_tick=tick(),
        ask_quantity=quantity(),
    )


class MarketChecker:
    """What the outputs must be in each cycle, from the inputs up to it.

    Parameters
    ----------
    parameters : RiskParameters
        Sizes of the component.
    """

    def __init__(self, parameters: RiskParameters) -> None:
        self.parameters = parameters
        self.seen: Counter[str] = Counter()
        self._now, self._shown = Consolidated(parameters), Consolidated(parameters)
        self._trades = LastTrades(parameters)
        self._cycle = 0
        #: By cycle: what comes then.
        self._changes: dict[int, Change] = {}
        self._showing: dict[int, Callable[[], object]] = {}
        self._settling: dict[int, tuple[Trade, int]] = {}
        self._forgot = -9
        self._answers: dict[str, int | bool | None] | None = None

    def cycle(
        self, get: Callable[[str], Any], *, told: Told | None, trade: Trade | None,
        rows: list[int], look: tuple[int, int], mark: int, forget: bool, clear: bool,
    ) -> None:  # fmt: skip
        """Check the outputs in a cycle with these inputs.

        Parameters
        ----------
        get : callable
            From the name of an output to its value.
        told, trade : Told, Trade or None
            What comes.
        rows : list of int
            The mapping.
        look, mark : (int, int), int
            Who is looked at.
        forget, clear : bool
            ``mapping_changed``, ``clear``.
        """
        now, p = self._cycle, self.parameters
        self._check_change(get, clear)
        assert get("trades_dropped") == self._trades.dropped, now
        if self._answers is not None:
            self._check_looks(get)

        if show := self._showing.pop(now - _LATENCY, None):
            show()
        if now in self._settling:
            self._trades.settle(*self._settling.pop(now))
        turn = self._trades.turn() if told is None else None
        if turn is not None:
            assert get("book_select") == turn.book, now
            if place := place_of(rows[turn.book], p):
                self._settling[now + _SETTLED] = turn, place[0]
        if told is not None:
            assert get("book_select") == told.book % p.books, now
            self._event(told, rows[told.book % p.books])
        if trade is not None:
            self._trades.come(trade)
        if forget:
            self._forgot = now
            self._forget(self._showing.get(now))
        if clear:
            self._clear()
        self._look(look, mark, hidden=clear or now - self._forgot < _LATENCY)
        self._cycle += 1

    def _event(self, told: Told, row: int) -> None:
        change = self._now.event(told, row)
        self._showing[self._cycle] = lambda: self._shown.event(told, row)
        if change is not None:
            self._changes[self._cycle + _LATENCY] = change
            self._note(change)

    def _note(self, change: Change) -> None:
        ties = sum(q is not None and q.bid is not None and q.bid[0] == change.bid.tick
                   for q in change.row) if change.bid else 0  # fmt: skip
        self.seen.update(
            [
                f"bid {change.bid is not None} ask {change.ask is not None}",
                f"crossed {change.crossed} locked {change.locked}",
                f"deferred {change.deferred}",
                f"venues at the best {min(ties, 3)}",
                f"back to back {self._cycle + _LATENCY - 1 in self._changes}",
            ]
        )

    def _forget(self, before: Callable[[], object] | None) -> None:
        def show() -> None:
            if before is not None:
                before()
            self._shown.forget()

        self._showing[self._cycle] = show
        self._now.forget()
        self._trades.forget()
        self._settling.clear()

    def _clear(self) -> None:
        for model in (self._now, self._shown, self._trades):
            model.clear()
        for pending in (self._changes, self._showing, self._settling):
            pending.clear()

    def _look(self, look: tuple[int, int], mark: int, *, hidden: bool) -> None:
        """Keep what the looks of this cycle must find."""
        book = None if hidden else self._shown.book(*look)
        self._answers = {
            "mid": None if hidden else self._shown.double_mid(look[0]),
            "mark": None if hidden else self._shown.double_mid(mark),
            "last": None if hidden else self._trades.last[look[0]],
            "part": book is not None,
            **({} if book is None else book._asdict()),
        }
        known = [f"{name} known" for name in ("mid", "last") if self._answers[name] is not None]
        self.seen.update(known + ([] if book is None else [f"gap {book.gap}"]))

    def _check_looks(self, get: Callable[[str], Any]) -> None:
        assert self._answers is not None
        found, mark, case = get("view"), get("mark"), (self._cycle, self._answers)
        for view, name in ((found, "mid"), (mark, "mark")):
            assert (view.double_mid if view.mid_known else None) == self._answers[name], case
        assert (found.last if found.last_known else None) == self._answers["last"], case
        assert found.book.part == found.book.seen == self._answers["part"], case
        if found.book.part:
            for name in ("invalid", "deferred", "crossed", "gap", "time"):
                assert found.book[name] == self._answers[name], (name, case)

    def _check_change(self, get: Callable[[str], Any], clear: bool) -> None:
        following = None if clear else self._changes.get(self._cycle + 1)
        assert get("change_next_valid") == (following is not None), self._cycle
        if following is not None:
            assert get("change_next_instrument") == following.instrument, self._cycle
        expected = self._changes.pop(self._cycle, None)
        assert get("change_valid") == (expected is not None), self._cycle
        if expected is None:
            return
        told, case = get("change"), (self._cycle, expected)
        for name in ("instrument", "venue", "time", "crossed", "locked", "deferred"):
            assert told[name] == getattr(expected, name), (name, case)
        for side in ("bid", "ask"):
            one = told[side]
            assert (Side(one.tick, one.quantity, one.venue) if one.known else None) == getattr(
                expected, side
            ), (side, case)
        for venue, quote in zip(get("row"), expected.row, strict=True):
            assert venue.part == (quote is not None), case
            assert venue.valid == (quote is not None and not quote.state.invalid), case
            for side in ("bid", "ask"):
                price = None if quote is None else getattr(quote, side)
                assert venue[f"{side}_known"] == (price is not None), (side, case)
                assert price is None or venue[f"{side}_tick"] == price[0], (side, case)


class MarketTraffic:
    """Random inputs of every cycle, and their check.

    Parameters
    ----------
    parameters : RiskParameters
        Sizes of the component.
    rng : random.Random
        Source.
    """

    #: What every stretch of traffic must have had in it.
    INTERESTING: Final = frozenset(
        {
            *(f"bid {bid} ask {ask}" for bid in (False, True) for ask in (False, True)),
            *(f"crossed {c} locked {k}" for c, k in ((False, False), (True, False), (True, True))),
            *(
                f"{what} {so}"
                for what in ("deferred", "gap", "back to back")
                for so in (False, True)
            ),
            *(f"venues at the best {count}" for count in range(3)),
            "mid known",
            "last known",
        }
    )

    def __init__(self, parameters: RiskParameters, rng: random.Random) -> None:
        self.parameters, self._rng = parameters, rng
        self.checker = MarketChecker(parameters)
        self._rows = [0] * parameters.books
        self._change_rows()
        self._answer = 0
        self._left, self._busy, self._trading = 0, 0.0, 0.0
        self._draw: dict[str, Any] = {}

    def inputs(self) -> dict[str, Any]:
        """Return the inputs of the next cycle."""
        rng, p = self._rng, self.parameters
        if not self._left:
            self._left = rng.randrange(1, 150)
            self._busy, self._trading = rng.choice([0.1, 0.6, 1.0]), rng.choice([0.05, 0.3, 1.0])
        self._left -= 1
        book = rng.randrange(p.books) if rng.random() < 0.95 else 0x100
        tick = rng.choice([rng.randrange(1 << p.tick_bits), 0, (1 << p.tick_bits) - 1])
        trade = Trade(book, tick if rng.random() < 0.9 else 1 << p.tick_bits)
        self._draw = {
            "told": draw_event(rng, p) if rng.random() < self._busy else None,
            "trade": trade if rng.random() < self._trading else None,
            "look": (rng.randrange(p.instruments), rng.randrange(p.venues)),
            "mark": rng.randrange(p.instruments),
            "forget": rng.random() < 0.012,
            "clear": rng.random() < 0.004,
        }
        told = self._draw["told"]
        return {
            "event_valid": told is not None,
            "event": (told or draw_event(rng, p))._asdict(),
            "trade_valid": self._draw["trade"] is not None,
            "trade_book": trade.book,
            "trade_tick": trade.tick,
            "book_market": self._answer,
            "look_instrument": self._draw["look"][0],
            "look_venue": self._draw["look"][1],
            "mark_instrument": self._draw["mark"],
            "mapping_changed": self._draw["forget"],
            "clear": self._draw["clear"],
        }

    def check(self, get: Callable[[str], Any]) -> None:
        """Check the outputs of this cycle.

        Parameters
        ----------
        get : callable
            From the name of an output to its value.
        """
        self.checker.cycle(get, rows=self._rows, **self._draw)
        self._answer = self._rows[get("book_select")]
        if self._draw["forget"]:
            self._change_rows()

    def _change_rows(self) -> None:
        """Map some books anew; a few take no part, or are where nothing is."""
        rng, p = self._rng, self.parameters
        for book in range(p.books):
            if rng.random() < 0.5:
                instrument, venue = rng.randrange(p.instruments), rng.randrange(p.venues)
                if rng.random() < 0.1:
                    instrument, venue = rng.choice([(p.instruments, venue), (instrument, p.venues)])
                part = rng.random() < 0.9
                junk = rng.getrandbits(15) << 17
                self._rows[book] = instrument | venue << 8 | part << 16 | junk
