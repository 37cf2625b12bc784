"""The drill ``stuck-feed``: feeds that fall silent, repeat themselves, lose updates or cross."""

from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from typing import Any, Final

from hw.records import SIDE
from sim.drills.desk import Desk, Traded
from sim.drills.gate import OpenDevice, arm
from sim.drills.play import Trip
from sim.drills.results import DrillResult, Table, detectors_of
from sim.drills.stage import Stage, Verdict

__all__ = ["run_stuck_feed"]

_BID: Final = SIDE.bid
_MS: Final = 1_000_000
_SECOND: Final = 1_000 * _MS
_STEP: Final = 50 * _MS  # between two quotes of a venue that is well
_PROBE_EVERY: Final = 2  # steps
_PRICE: Final = 31_780
_SIZE: Final = 1_000
_VENUES: Final = 3
_STALE_AFTER: Final = 2 * _SECOND
_DRIFT: Final = 20  # of the venues that are well, while one repeats itself [ticks a step]
_NONE: Final[frozenset[str]] = frozenset()
_STALE: Final = frozenset({"book_stale"})
_REDUCE: Final = frozenset({"reduce_only"})
_NOTES: Final = (
    (
        "Detection is that of the venue that repeats itself, from the moment at which the venues "
        "were further apart than the limit."
    ),
    "A verdict is wrong if the checks that failed are not exactly those of the trouble.",
)


def desk() -> Desk:
    """Return the desk of the drill: one instrument at three venues."""
    eth = Traded(
        symbol="ETH-USD",
        currency="USD",
        price=_PRICE,
        tick_size=Fraction(1, 100),
        lot_size=Fraction(1, 1000),
        books=tuple((n, n) for n in range(_VENUES)),
        lot=1,
        step=1,
        largest=20_000,
        most=50_000,
        loss=200_000_000,
    )
    return Desk(instruments=(eth,))


class _Watch:
    """Venues that quote, orders that are sent to each of them, and what must come of those.

    Attributes
    ----------
    sound : set of int
        Venues that are well.
    mid : int
        What they quote about [ticks]; each a tick more than the one before it.
    heard : dict of int to int
        When a venue was heard last [ns].
    rows : list of dict
        What came of each trouble.
    """

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.mid = _PRICE
        self.sound = set(range(_VENUES))
        self.heard = dict.fromkeys(range(_VENUES), stage.now)
        self.rows: list[dict[str, Any]] = []
        self._steps = 0

    def play(
        self,
        trouble: str,
        seconds: float,
        expected: Callable[[int], frozenset[str] | None],
        *,
        also: Callable[[], None] = lambda: None,
    ) -> list[Trip]:
        """Let time pass; return what the circuit breaker did.

        Parameters
        ----------
        trouble : str
            Its name.
        seconds : float
            How long.
        expected : callable
            Says which checks must fail for an order to a venue now; None: any may.
        also : callable, optional
            What happens in each step after the venues that are well have quoted.
        """
        stage, seen = self.stage, self.stage.playing.seen
        start, before = stage.now, len(seen.trips)
        outcome: Counter[str] = Counter()
        first: int | None = None
        while stage.now - start < seconds * _SECOND:
            stage.wait(_STEP)
            for venue in self.sound:
                self.quote(venue, self.mid + venue)
            also()
            stage.tell()
            self._steps += 1
            if self._steps % _PROBE_EVERY:
                continue
            for venue in range(_VENUES):
                verdict = self._probe(venue)
                must = expected(venue)
                outcome["denied" if verdict.failed else "passed"] += 1
                outcome["wrong"] += must is not None and verdict.failed != must
                if verdict.failed and first is None:
                    first = stage.now
        trips = seen.trips[before:]
        self.rows.append(
            {
                "trouble": trouble,
                "passed": outcome["passed"],
                "denied": outcome["denied"],
                "wrong": outcome["wrong"],
                "first denied ms": None if first is None else (first - start) / _MS,
                "tripped": ", ".join(d for trip in trips for d in detectors_of(trip)) or None,
                "tripped ms": (trips[0].time - start) / _MS if trips else None,
                "re-armed": False,
            }
        )
        return trips

    def quote(self, venue: int, mid: int) -> None:
        """Let a venue quote about a mid."""
        self.stage.feeds[venue].quote(mid, half=2, levels=3, quantity=10 * _SIZE)
        self.heard[venue] = self.stage.now

    def recover(self, seconds: float = 1.0) -> None:
        """Let all venues be well again, and the operator end a halt."""
        self.sound = set(range(_VENUES))
        self.play("until all is well", seconds, lambda _: None)
        device = self.stage.playing.device
        if device.read("halted_instruments") & 1:
            arm(device)
            self.rows[-1]["re-armed"] = True
        self.play("none", 1, lambda _: _NONE)

    def _probe(self, venue: int) -> Verdict:
        """Send an order that is no duplicate, of a strategy with messages left."""
        tick = self.mid - 20 - venue - _VENUES * (self._steps % 7)
        strategy = len(self.rows) % self.stage.playing.device.risk.strategies
        return self.stage.probe(venue, _BID, tick, _SIZE, strategy=strategy)

    def stale(self, venue: int) -> frozenset[str]:
        """Return what must fail where the trouble is silence alone."""
        return _STALE if self.stage.now - self.heard[venue] > _STALE_AFTER else _NONE


def run_stuck_feed(open_device: OpenDevice) -> DrillResult:
    """Play every trouble, one after the other, with calm between them.

    Parameters
    ----------
    open_device : OpenDevice
        Makes a device just after reset.
    """
    plan = desk()
    hold = plan.breaker.hold / _SECOND + 1
    with open_device() as device:
        stage = Stage(device, plan)
        stage.quote_all(_PRICE)
        watch = _Watch(stage)
        false = watch.play("none", 3, lambda _: _NONE)
        watch.sound = {1, 2}
        watch.play("venue 0 is silent", 4, watch.stale)
        watch.recover()
        trip, delay = _repeats(watch, plan)
        watch.recover(hold)
        _loses(watch)
        watch.recover()
        _crosses(watch)
        watch.recover()
        _all_silent(watch, plan)
        watch.recover(hold)
        seen = stage.playing.seen
    return DrillResult(
        name="stuck-feed",
        detection_cycles=trip.cycles if trip else None,
        detection_ms=delay,
        denied=dict(seen.denied),
        orders=seen.orders,
        orders_denied=seen.orders_denied,
        false_alarms=len(false),
        wrong=sum(row["wrong"] for row in watch.rows),
        missed=trip is None,
        tables=(Table("troubles", "Troubles", watch.rows),),
        notes=_NOTES,
    )


def _repeats(watch: _Watch, plan: Desk) -> tuple[Trip | None, float | None]:
    """Let a venue say the same again and again while the others move away."""
    watch.sound = {0, 2}
    frozen = 2 * (watch.mid + 1)
    limit = 2 * plan.breaker.ticks(plan.breaker.divergence, _PRICE)
    apart: list[int] = []

    def also() -> None:
        watch.mid += _DRIFT
        watch.stage.feeds[1].repeat()
        watch.heard[1] = watch.stage.now
        # The venues that are well have quoted before the mid moved.
        if not apart and 2 * (watch.mid - _DRIFT + 2) - frozen > limit:
            apart.append(watch.stage.now)

    trips = watch.play(
        "venue 1 repeats itself", 3, lambda _: _REDUCE if apart else _NONE, also=also
    )
    if not trips or not apart:
        return None, None
    return trips[0], (trips[0].time - apart[0]) / _MS


def _loses(watch: _Watch) -> None:
    """Let a venue lose updates, and begin anew."""
    watch.sound = {0, 1}
    feed = watch.stage.feeds[2]
    feed.lose()
    watch.heard[2] = watch.stage.now
    untrusted = frozenset({"book_invalid", "feed_gap"})
    watch.play("venue 2 lost updates", 1.5, lambda venue: untrusted if venue == 2 else _NONE)
    feed.begin_anew()


def _crosses(watch: _Watch) -> None:
    """Let the bid of a venue stand above its offer."""
    watch.sound = {1, 2}

    def also() -> None:
        watch.quote(0, watch.mid)
        watch.stage.feeds[0].rest(_BID, watch.mid + 10, _SIZE, crosses=True)

    crossed = frozenset({"book_crossed"})
    watch.play("venue 0 is crossed", 1.5, lambda v: crossed if v == 0 else _NONE, also=also)


def _all_silent(watch: _Watch, plan: Desk) -> None:
    """Let no venue say anything; only orders carry the time on."""
    watch.sound = set()
    since = watch.stage.now

    def expected(venue: int) -> frozenset[str] | None:
        age = watch.stage.now - since
        if plan.breaker.silence < age <= plan.breaker.silence + 4 * _STEP:
            return None  # a round of the breaker finds it
        return watch.stale(venue) | (_REDUCE if age > plan.breaker.silence else _NONE)

    watch.play("all venues are silent", 12, expected)
