"""The drill ``crash``: ETH-USD on 2017-06-21, with the circuit breaker and without it."""

from dataclasses import dataclass
from typing import Final

from host.risk.defaults import DEFAULTS, BreakerDefaults
from sim.drills.desk import Desk, Traded, desk_limits
from sim.drills.eth_crash import PUBLISHED, CrashShape, crash_tape
from sim.drills.gate import OpenDevice, ready
from sim.drills.play import Playing, Seen
from sim.drills.results import DrillResult, Table, trip_table
from sim.drills.strategies import FollowingMaker
from sim.drills.tape import Tape

__all__ = ["run_crash"]

_LOTS: Final = 1000  # of one ETH
_MOST_MS: Final = 100  # of market time, until the crash must be detected
_CENTS: Final = 100 * _LOTS  # ticks * lots of one USD


@dataclass(frozen=True, kw_only=True, slots=True)
class _Protection:
    """What stands between the strategy and the market in one run."""

    name: str
    breaker_acts: bool
    price_checks: bool


_RUNS: Final = (
    _Protection(name="all checks and the breaker", breaker_acts=True, price_checks=True),
    _Protection(name="all checks, no breaker", breaker_acts=False, price_checks=True),
    _Protection(name="no price check, no breaker", breaker_acts=False, price_checks=False),
)
_NOTES: Final = (
    (
        "A reconstruction: no tick data of the day is public. The prices, the stops and the number "
        "of prints are published; times, sizes and what other venues did are assumed."
    ),
    (
        "Losses are at the end, after the rebound, marked to the consolidated mid; worst is the "
        "largest at any moment."
    ),
)


def run_crash(
    open_device: OpenDevice,
    *,
    seed: int,
    shape: CrashShape | None = None,
    breaker: BreakerDefaults = DEFAULTS,
) -> DrillResult:
    """Play the crash three times: with the breaker, without it, and without any price check.

    Parameters
    ----------
    open_device : OpenDevice
        Makes a device just after reset.
    seed : int
        Of the tape.
    shape : CrashShape, optional
        What is assumed of the day.
    breaker : BreakerDefaults
        Rule of the thresholds.
    """
    shape = shape or CrashShape()
    tape = crash_tape(shape, seed)
    seen = {run.name: _run(open_device, _desk(shape, run, breaker), tape) for run in _RUNS}
    protected, bare, _ = seen.values()
    (traded,) = _desk(shape, _RUNS[0], breaker).instruments
    threshold = traded.price - breaker.ticks(min(breaker.returns), traded.price)
    beyond = next(p for p in tape.prints if p.tick < threshold)
    false = [trip for trip in protected.trips if trip.time < PUBLISHED.start]
    first = next((trip for trip in protected.trips if trip not in false), None)
    delay = (first.time - beyond.time) / 1e6 if first else None
    return DrillResult(
        name="crash",
        detection_cycles=first.cycles if first else None,
        detection_ms=delay,
        denied=dict(protected.denied),
        orders=protected.orders,
        orders_denied=protected.orders_denied,
        currency=traded.currency,
        loss_with=traded.money(protected.loss),
        loss_without=traded.money(bare.loss),
        false_alarms=len(false),
        missed=delay is None or delay > _MOST_MS,
        tables=(_runs_table(seen, traded), trip_table(protected.trips, PUBLISHED.start)),
        notes=_NOTES,
    )


def _desk(shape: CrashShape, run: _Protection, breaker: BreakerDefaults) -> Desk:
    eth = Traded(
        symbol="ETH-USD",
        currency="USD",
        price=PUBLISHED.first,
        tick_size=PUBLISHED.tick_size,
        lot_size=PUBLISHED.lot_size,
        books=tuple((book, book) for book in range(1 + shape.others)),
        lot=1,
        step=1,
        largest=20 * _LOTS,
        most=50 * _LOTS,
        loss=2_000 * _CENTS,
    )
    return Desk(
        instruments=(eth,),
        breaker=breaker,
        breaker_acts=run.breaker_acts,
        price_checks=run.price_checks,
    )


def _run(open_device: OpenDevice, desk: Desk, tape: Tape) -> Seen:
    """Play the tape once."""
    maker = FollowingMaker(instrument=0, venue=0, book=0, quantity=5 * _LOTS, last=PUBLISHED.first)
    with open_device() as device:
        ready(device, desk_limits(desk, device.risk))
        return Playing(device, desk.places(), strategy=maker).play(tape)


def _runs_table(seen: dict[str, Seen], traded: Traded) -> Table:
    """Return what each protection came to."""
    rows = [
        {
            "protection": name,
            "orders": one.orders,
            "denied": one.orders_denied,
            "fills": one.fills,
            "loss": round(traded.money(one.loss), 2),
            "worst": round(traded.money(one.worst), 2),
            "killed": len(one.kills) > 0,
        }
        for name, one in seen.items()
    ]
    return Table("runs", f"Runs, losses in {traded.currency}", rows)
