"""Timing the simulated exchange."""

import random
import time
from collections.abc import Callable
from statistics import median

from host.wire.ouch50 import requests
from sim.exchange.accounts import Account
from sim.exchange.crowd import Crowd
from sim.exchange.crowd_options import CrowdOptions
from sim.exchange.engine import REGULAR, Listing, MatchingEngine
from sim.exchange.exchange import Exchange
from sim.exchange.orders import BUY, NewOrder, Order, Rested

__all__ = ["exchange_rates"]

_BOOKS = [Listing(symbol=f"S{i}") for i in range(8)]


def exchange_rates(actions: int, *, repeats: int = 3) -> dict[str, float]:
    """Return rates, each the median of ``repeats`` runs on one core.

    Parameters
    ----------
    actions : int
        Of each run.

    Returns
    -------
    dict of str to float
        ``matching_requests_per_s``: enter, trade, cancel in the engine alone.
        ``crowd_messages_per_s``: market data messages of a crowd with the Nasdaq mix, encoded and
        stored, the participants' own work included. ``ouch_requests_per_s``: enter and cancel as
        bytes, answered as bytes, in one process, without sockets.
    """
    runs: dict[str, Callable[[int], float]] = {
        "matching_requests_per_s": _matching,
        "crowd_messages_per_s": _crowd,
        "ouch_requests_per_s": _ouch,
    }
    return {name: median(run(actions) for _ in range(repeats)) for name, run in runs.items()}


def _matching(actions: int) -> float:
    """Time an engine alone: of ten orders one takes; half of all actions are cancels."""
    rng = random.Random(1)
    engine, live, calls = MatchingEngine(_BOOKS), list[Order](), 0
    engine.set_session(REGULAR)
    plan = []
    for _ in range(actions):
        side = rng.randrange(2)
        ticks = rng.randrange(1, 11) * (1 if (rng.random() < 0.1) == (side == BUY) else -1)
        asked = NewOrder(-1, rng.randrange(8), side, 100 * (1_000 + ticks), rng.randrange(1, 500))
        plan.append((rng.random() < 0.5, rng.random(), asked))
    start = time.perf_counter()
    for cancels, u, asked in plan:
        if cancels and live:
            i = int(u * len(live))
            order, live[i] = live[i], live[-1]
            live.pop()
            if order.open:
                engine.cancel(order)
                calls += 1
        else:
            last = engine.enter(asked)[-1]
            calls += 1
            if isinstance(last, Rested):
                live.append(last.order)
    return calls / (time.perf_counter() - start)


def _crowded() -> tuple[Exchange, Crowd]:
    now = [0]
    venue = Exchange(_BOOKS, session="BENCH", clock=lambda: now[0])
    venue.open()
    return venue, Crowd(venue, seed=1, options=CrowdOptions())


def _crowd(actions: int) -> float:
    venue, crowd = _crowded()
    before = venue.feed.next
    start = time.perf_counter()
    for _ in range(actions):
        crowd.act()
    return (venue.feed.next - before) / (time.perf_counter() - start)


def _ouch(actions: int) -> float:
    venue = Exchange(_BOOKS, [Account("u", "p", "F")], session="BENCH", clock=lambda: 0)
    venue.open()
    asked = []
    for ref in range(1, actions // 2 + 1):
        order = requests.EnterOrder(ref, "B", 100, "S0", 10_000 + 100 * (ref % 50))
        asked.append(requests.REQUESTS.encode(order))
        asked.append(requests.REQUESTS.encode(requests.CancelOrder(ref)))
    start = time.perf_counter()
    for data in asked:
        venue.request(0, data)
    seconds = time.perf_counter() - start
    assert venue.engine.books[0].sides[BUY].best() is None
    assert len(venue.accounts[0].told) == 1 + len(asked)
    return len(asked) / seconds
