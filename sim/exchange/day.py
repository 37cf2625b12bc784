"""One day of a served exchange, in real time."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from sim.exchange.accounts import Account
from sim.exchange.calibration import MIXES
from sim.exchange.crowd import Crowd
from sim.exchange.crowd_options import CrowdOptions
from sim.exchange.engine import Listing
from sim.exchange.exchange import Exchange
from sim.exchange.server import ExchangeServer, ServerOptions

__all__ = ["DayOptions", "serve_day", "wall_clock"]

_TURN_S: Final = 0.001  # how often the crowd wakes
_AT_ONCE: Final = 500  # actions before the sockets have their turn


@dataclass(frozen=True, kw_only=True, slots=True)
class DayOptions:
    """What happens on the day.

    Attributes
    ----------
    listings : tuple of Listing
        What is traded.
    accounts : tuple of Account
        Who may come in.
    server : ServerOptions
        Where.
    rate : float
        Actions of the crowd a second; 0: there is no crowd.
    mix : str
        Key of ``MIXES``.
    seed : int
        Of the crowd.
    seconds : float
        How long the day is; 0: until it is stopped.
    linger_s : float
        How long lost messages can be asked for after its end [s].
    """

    listings: tuple[Listing, ...]
    accounts: tuple[Account, ...]
    server: ServerOptions
    rate: float = 1_000.0
    mix: str = "nasdaq"
    seed: int = 1
    seconds: float = 0.0
    linger_s: float = 1.0


def wall_clock() -> Callable[[], int]:
    """Return a clock of ns since midnight UTC that never goes back."""
    begin = time.time_ns() % (86_400 * 10**9) - time.monotonic_ns()
    return lambda: begin + time.monotonic_ns()


async def serve_day(
    options: DayOptions, *, stop: asyncio.Event, ready: Callable[[ExchangeServer], None]
) -> dict[str, Any]:
    """Open, trade, close and end the session; return what happened, for a summary.

    Parameters
    ----------
    options : DayOptions
        What happens.
    stop : asyncio.Event
        Ends the day early.
    ready : callable
        Called once the sockets are open and the day has begun.
    """
    clock = wall_clock()
    exchange = Exchange(
        options.listings,
        options.accounts,
        session=f"TG{clock() // 10**9:08d}",
        clock=clock,
    )
    async with ExchangeServer(exchange, options.server) as server:
        exchange.open()
        ready(server)
        crowd = _crowd(exchange, options, clock())
        trading = asyncio.create_task(_trade(crowd, clock)) if crowd else None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(options.seconds or None):
                await stop.wait()
        if trading is not None:
            trading.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await trading
        exchange.close()
        server.end_session()
        await asyncio.sleep(options.linger_s)
        return _summary(server, crowd)


def _crowd(exchange: Exchange, options: DayOptions, start: int) -> Crowd | None:
    if not options.rate:
        return None
    crowd_options = CrowdOptions(rate=options.rate, mix=MIXES[options.mix])
    return Crowd(exchange, seed=options.seed, options=crowd_options, start=start)


async def _trade(crowd: Crowd, clock: Callable[[], int]) -> None:
    """Let the crowd act in real time; where it cannot keep up, it acts as fast as it can."""
    while True:
        for _ in range(_AT_ONCE):
            if crowd.now > clock():
                break
            crowd.act()
        await asyncio.sleep(0 if crowd.now <= clock() else _TURN_S)


def _summary(server: ExchangeServer, crowd: Crowd | None) -> dict[str, Any]:
    exchange = server.exchange
    return {
        "session": exchange.feed.session,
        "requests": exchange.requests,
        "messages": exchange.feed.next - 1,
        "crowd_actions": crowd.actions if crowd else 0,
        "accounts": {
            account.user: {"told": len(account.told), "problems": dict(account.problems)}
            for account in exchange.accounts.values()
        },
        "lines": [
            {
                "sent": line.sent,
                "lost": line.lost,
                "duplicated": line.duplicated,
                "held": line.held,
                "refused": line.refused,
            }
            for line in server.feed.lines
        ],
        "retransmissions": server.requests.answered,
        "problems": dict(server.orders.problems + server.requests.problems),
    }
