"""The drill ``runaway``: strategies that loop, each until a limit stops it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from hw.records import REQUEST_KIND, SIDE
from sim.drills.desk import Desk, Traded, desk_limits
from sim.drills.gate import OpenDevice
from sim.drills.play import Seen
from sim.drills.results import DrillResult, Table
from sim.drills.stage import Stage

__all__ = ["run_runaway"]

_BID, _ASK = SIDE.bid, SIDE.ask
_US: Final = 1_000
_MS: Final = 1_000_000
_PRICE: Final = 31_780
_HALF: Final = 50  # of the spread [ticks]
_AWAY: Final = 300  # of prices that do not trade [ticks]
_LARGEST: Final = 20_000
_LATENCY: Final = 500 * _US
_REFRESH: Final = 100 * _MS
_NOTES: Final = (
    (
        "Detection: from the order that is over a limit to its verdict; in market time, how long "
        "the loop that was stopped last had run."
    ),
    (
        "Loss without: the same loops with rates, duplicates, positions, executions, messages and "
        "losses as good as unlimited."
    ),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Loop:
    """A strategy that does the same again and again.

    Attributes
    ----------
    name : str
        For people.
    pulse, pulses : int
        Time between two orders [ns], and how many.
    order : callable of int
        Side, price [ticks] and quantity [lots] of the n-th order.
    cancels : bool
        Whether it cancels each order at once.
    stopped_by : str
        The check that must stop it.
    most : callable
        From the limits of its instrument, its strategy and the box: the most orders that may pass.
    """

    name: str
    pulse: int
    pulses: int
    order: Callable[[int], tuple[int, int, int]]
    cancels: bool = False
    stopped_by: str
    most: Callable[[Mapping[str, int]], int]

    def conforming(self, row: Mapping[str, int], rate: str) -> int:
        """Return how many orders a rate may let pass in the time of the loop."""
        time = self.pulse * (self.pulses - 1) + row[f"{rate}_tolerance"]
        return time // row[f"{rate}_period"] + 1


def _loops() -> tuple[Loop, ...]:
    spray = Loop(
        name="quotes every price in turn", pulse=200 * _US, pulses=200,
        order=lambda n: (_BID, _PRICE - _AWAY - n, 10), stopped_by="strategy_rate",
        most=lambda row: spray.conforming(row, "strategy"),
    )  # fmt: skip
    return (
        Loop(
            name="sends one order again and again", pulse=50 * _US, pulses=100,
            order=lambda _: (_BID, _PRICE - _AWAY, 10), stopped_by="duplicate",
            most=lambda row: 1 + 99 * 50 * _US // row["duplicate_window"],
        ),
        spray,
        Loop(
            name="sends and cancels", pulse=2 * _MS, pulses=250,
            order=lambda n: (_BID, _PRICE - 2 * _AWAY - n % 50, 10), cancels=True,
            stopped_by="message_ratio", most=lambda row: row["message_allowance"] // 2,
        ),
        Loop(
            name="buys and sells a little", pulse=2 * _MS, pulses=250,
            order=lambda n: _take(_BID if n % 2 == 0 else _ASK, 10), stopped_by="executions",
            most=lambda row: row["max_executions"],
        ),
        Loop(
            name="buys without end", pulse=2 * _MS, pulses=80,
            order=lambda _: _take(_BID, 1_000), stopped_by="max_long",
            most=lambda row: row["max_long"] // 1_000,
        ),
        Loop(
            name="buys and sells as much as it may", pulse=2 * _MS, pulses=160,
            order=lambda n: _take(_ASK if n % 2 == 0 else _BID, _LARGEST), stopped_by="max_loss",
            # Each order gives away half a spread; a few more are under way when that is seen.
            most=lambda row: row["max_loss"] // (_HALF * _LARGEST) + 3,
        ),
    )  # fmt: skip


def _take(side: int, quantity: int) -> tuple[int, int, int]:
    """Return an order that trades at once."""
    return side, _PRICE + (_HALF if side == _BID else -_HALF), quantity


def desk(*, limited: bool) -> Desk:
    """Return the desk of the drill, with limits on what a strategy may do or without."""
    eth = Traded(
        symbol="ETH-USD",
        currency="USD",
        price=_PRICE,
        tick_size=Fraction(1, 100),
        lot_size=Fraction(1, 1000),
        books=((0, 0), (1, 1)),
        lot=1,
        step=1,
        largest=_LARGEST,
        most=50_000,
        loss=100_000_000,
    )
    return Desk(instruments=(eth,), price_checks=limited, rates=limited)


def run_runaway(open_device: OpenDevice) -> DrillResult:
    """Let every loop run, with the limits and without them.

    Parameters
    ----------
    open_device : OpenDevice
        Makes a device just after reset.
    """
    limited, rows = _run(open_device, limited=True)
    free, _ = _run(open_device, limited=False)
    (traded,) = desk(limited=True).instruments
    return DrillResult(
        name="runaway",
        detection_cycles=max(row["cycles"] or 0 for row in rows),
        detection_ms=max(row["stopped after ms"] or 0 for row in rows),
        denied=dict(limited.denied),
        orders=limited.orders,
        orders_denied=limited.orders_denied,
        currency=traded.currency,
        loss_with=traded.money(limited.loss),
        loss_without=traded.money(free.loss),
        false_alarms=len(limited.trips),
        wrong=sum(row["wrong"] for row in rows),
        tables=(Table("loops", "Loops", rows),),
        notes=_NOTES,
    )


def _run(open_device: OpenDevice, *, limited: bool) -> tuple[Seen, list[dict[str, Any]]]:
    plan = desk(limited=limited)
    with open_device() as device:
        row = {name: values[0] for name, values in desk_limits(plan, device.risk).items()}
        stage = Stage(device, plan, latency=_LATENCY)
        for feed in stage.feeds:
            feed.quote(_PRICE, half=_HALF, levels=3, quantity=_LARGEST)
        stage.tell()
        stage.wait(_REFRESH)
        rows = []
        for strategy, loop in enumerate(_loops()):
            rows.append(_loop(stage, loop, strategy, row, limited=limited))
            for _ in range(4):
                stage.wait(_REFRESH)
                _refresh(stage)
        return stage.playing.seen, rows


def _refresh(stage: Stage) -> None:
    """Let the venues say that nothing has changed, and the reports come that are due."""
    for feed in stage.feeds:
        feed.repeat()
    stage.tell()
    stage.playing.ask(stage.now, [])


def _loop(
    stage: Stage, loop: Loop, strategy: int, row: Mapping[str, int], *, limited: bool
) -> dict[str, Any]:
    """Let one loop run, and return what came of it."""
    passed, denied, wrong, cycles = 0, 0, 0, None
    first: int | None = None
    start = refreshed = stage.now
    for n in range(loop.pulses):
        intent = stage.intent(0, *loop.order(n), strategy=strategy)
        verdict = stage.verdict(intent)
        if not verdict.failed:
            passed += 1
            if loop.cancels:
                stage.playing.ask(stage.now, [intent | {"kind": REQUEST_KIND.cancel}])
        else:
            denied += 1
            wrong += loop.stopped_by not in verdict.failed and first is None
            if first is None:
                first, cycles = stage.now, verdict.latency
        stage.wait(loop.pulse)
        if stage.now - refreshed >= _REFRESH:
            refreshed = stage.now
            _refresh(stage)
    stage.end_all()
    most = loop.most(row) if limited else loop.pulses
    return {
        "loop": loop.name,
        "passed": passed,
        "may pass": most if limited else None,
        "denied": denied,
        "stopped by": loop.stopped_by if first is not None else None,
        "stopped after ms": None if first is None else (first - start) / _MS,
        "cycles": cycles,
        "wrong": wrong + (passed > most),
    }
