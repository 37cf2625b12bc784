"""Order flow of many books, in bursts, as arrays of updates."""

from bisect import bisect_left
from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from host.device.records import UPDATE_DTYPE
from hw.presets import BookParameters
from sim.models.book_effects import Update
from sim.orderflow.book_flow import BookFlow, Setting
from sim.orderflow.draws import Draws
from sim.orderflow.faults import Faults
from sim.orderflow.level_flow import LevelFlow
from sim.orderflow.profile import PROFILES, Profile
from sim.orderflow.venue_book import Clock

__all__ = ["order_flow"]

_FIRST_TIME: Final = 1_700_000_000_000_000_000  # [ns since the Unix epoch, UTC]
_BLOCK: Final = 8192  # updates made between two arrays
_ROOM: Final = 64  # orders of the largest quantity that fit a level
_FILL: Final = 0.9  # of the books' share of the usable orders: faults rest a few more


def order_flow(
    profile: Profile | str,
    parameters: BookParameters,
    *,
    n: int,
    rng: np.random.Generator,
    chunk: int = 65536,
) -> Iterator[NDArray[np.void]]:
    """Generate order flow in chunks, with constant memory.

    The updates depend on the profile, the parameters and the generator's state, and on nothing
    else: another ``chunk`` cuts the same updates elsewhere, and a larger ``n`` goes on with them.

    Parameters
    ----------
    profile : Profile or str
        What to generate, or the name of one of ``PROFILES``.
    parameters : BookParameters
        The engine that it is for: books, widths and capacity are kept to.
    n : int
        Updates in total, opening snapshots included [updates].
    rng : numpy.random.Generator
        Source of all randomness.
    chunk : int
        Updates of each array but the last [updates].

    Yields
    ------
    array of shape (chunk,), dtype ``UPDATE_DTYPE``

    Raises
    ------
    ValueError
        If there is no such profile, or ``n`` or ``chunk`` is out of range.
    """
    if isinstance(profile, str):
        if profile not in PROFILES:
            raise ValueError(f"profile must be one of {', '.join(PROFILES)}, not {profile!r}")
        profile = PROFILES[profile]
    if n < 0 or chunk < 1:
        raise ValueError(f"n must be at least 0 and chunk at least 1, not {n} and {chunk}")
    return _chunks(_blocks(profile, parameters, rng), n, chunk)


def _chunks(blocks: Iterator[NDArray[np.void]], n: int, chunk: int) -> Iterator[NDArray[np.void]]:
    rest = np.zeros(0, UPDATE_DTYPE)
    while n:
        size = min(n, chunk)
        parts = [rest]
        have = len(rest)
        while have < size:
            parts.append(next(blocks))
            have += len(parts[-1])
        joined = np.concatenate(parts)
        yield joined[:size]
        rest = joined[size:]
        n -= size


def _blocks(
    profile: Profile, parameters: BookParameters, rng: np.random.Generator
) -> Iterator[NDArray[np.void]]:
    """Yield updates without end, in arrays of at least ``_BLOCK``."""
    draws = Draws(
        rng,
        longest_burst=profile.longest_burst,
        largest_quantity=max(1, (1 << parameters.quantity_bits) // _ROOM),
    )
    clock = Clock(_FIRST_TIME, id_bits=parameters.id_bits)
    books = min(profile.books or parameters.books, parameters.books)
    setting = Setting(
        parameters=parameters,
        profile=profile,
        draws=draws,
        clock=clock,
        capacity=int(parameters.usable_orders * _FILL) // books,
    )
    out: list[Update] = []
    flows = [
        (LevelFlow if index >= books - profile.level_books else BookFlow)(index, setting)
        for index in range(books)
    ]
    faults = Faults(parameters, draws)
    for flow in flows:
        flow.open()
        out += flow.out
        flow.out = out
    # Few books have most of the traffic: weights 1, 1/2, 1/3 and so on.
    shares = np.cumsum(1 / np.arange(1, books + 1)).tolist()
    while True:
        while len(out) < _BLOCK:
            flow = flows[bisect_left(shares, next(draws.uniform) * shares[-1])]
            _burst(flow, faults)
        yield np.array(out, UPDATE_DTYPE)
        out.clear()


def _burst(flow: BookFlow, faults: Faults) -> None:
    """Make the next burst of one book."""
    profile, draws = flow.profile, flow.draws
    flow.clock.now += next(draws.pause)
    flow.walk()
    u = next(draws.uniform)
    if u < profile.unusual:
        _unusual(flow, faults, u)
        return
    for _ in range(next(draws.burst)):
        flow.step()


def _unusual(flow: BookFlow, faults: Faults, u: float) -> None:
    """Let one of the events happen whose probabilities ``u`` lies within."""
    profile = flow.profile
    for probability, event in (
        (profile.feed_gap, flow.lose),
        (profile.snapshot, flow.rebuild),
        (profile.market_gap, flow.jump),
    ):
        if u < probability:
            event()
            return
        u -= probability
    faults.strike(flow)
