"""Timing the devices and the ``order_book`` library on the same updates."""

import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np
from numpy.typing import NDArray
from order_book import OrderBook

from host.device.base import Device
from hw.presets import BookParameters
from hw.records import EVENT_KIND
from sim.devices.model import ModelDevice
from sim.devices.verilated import VerilatedDevice
from tests.benchmarks.levels import CLEARED, Change, Levels

__all__ = ["Best", "compare", "rate_of_device", "rate_of_library"]

#: Best bid and ask of each book: tick and quantity, or None.
Best = dict[int, tuple[tuple[int, int] | None, tuple[int, int] | None]]

_SIDES = ("bids", "asks")


def rate_of_device(
    make: Callable[[BookParameters], Device], parameters: BookParameters, updates: NDArray[np.void]
) -> tuple[float, float, Best]:
    """Time one fresh device, started but empty.

    Returns
    -------
    updates_per_s : float
        From the first record handed over to the last event handed back.
    cycles : float
        Clock cycles that it took; 0 where there are none.
    best : Best
        The best prices at the end.
    """
    with make(parameters) as device:
        before = device.read("cycles")
        start = time.perf_counter()
        events = np.concatenate([device.transfer(updates), device.drain()])
        seconds = time.perf_counter() - start
        cycles = device.read("cycles") - before
    return len(updates) / seconds, cycles, _best_of(events)


def _best_of(events: NDArray[np.void]) -> Best:
    kinds = (EVENT_KIND.best, EVENT_KIND.resolved, EVENT_KIND.cleared)
    told = events[np.isin(events["kind"], kinds)]
    books, reverse = np.unique(told["book"][::-1], return_index=True)
    found: Best = {}
    for book, at in zip(books.tolist(), reverse.tolist(), strict=True):
        last = told[::-1][at]
        bid, ask = (
            (int(last[f"{side}_tick"]), int(last[f"{side}_quantity"])) for side in ("bid", "ask")
        )
        found[book] = (bid if last["flags"] & 1 else None, ask if last["flags"] & 2 else None)
    return found


def rate_of_library(changes: list[list[Change]], *, look: bool) -> tuple[float, Best]:
    """Time the ``order_book`` library.

    Parameters
    ----------
    changes : list of list of Change
        What each update does to the levels, prepared, which the devices do themselves.
    look : bool
        Whether to look at the best bid and ask after every update, as the devices do.

    Returns
    -------
    updates_per_s : float
    best : Best
        The best prices at the end.
    """
    books: dict[int, Any] = {b: OrderBook() for b in {c.book for made in changes for c in made}}
    seen: Any = None
    start = time.perf_counter()
    for made in changes:
        for book, side, tick, quantity in made:
            if side == CLEARED:
                books[book] = OrderBook()
                continue
            levels = books[book].asks if side else books[book].bids
            if quantity:
                levels[tick] = quantity
            elif tick in levels:
                del levels[tick]
            if look:
                both = books[book]
                seen = (
                    both.bids.index(0) if len(both.bids) else None,
                    both.asks.index(0) if len(both.asks) else None,
                )
    seconds = time.perf_counter() - start
    best: Best = {}
    for number, both in books.items():
        bid, ask = (tuple(side.index(0)) if len(side) else None for side in (both.bids, both.asks))
        best[number] = (bid, ask)
    assert seen is None or len(seen) == 2
    return len(changes) / seconds, best


def compare(
    updates: NDArray[np.void], parameters: BookParameters, *, repeats: int, model_updates: int
) -> dict[str, Any]:
    """Time everything on the same updates, and check that all end with the same best prices.

    Parameters
    ----------
    updates : array of shape (n,), dtype ``UPDATE_DTYPE``
        A feed without errors.
    parameters : BookParameters
        The engine.
    repeats : int
        Runs of each; the median counts.
    model_updates : int
        Updates for the model, which is slow, from the start of ``updates``.

    Returns
    -------
    dict of str to object
        ``updates_per_s`` by name, ``ratio`` of the devices to the library, ``cycles`` and
        ``cycles_per_s`` of the gateware.

    Raises
    ------
    ValueError
        If two of them end with different best prices.
    """
    changes = Levels().changes(updates)
    few = updates[:model_updates]
    rates: dict[str, list[float]] = {}
    expected: Best = {}
    cycles = 0.0
    for _ in range(repeats):  # interleaved, so that the machine's moods hit all alike
        rate, expected = rate_of_library(changes, look=False)
        rates.setdefault("order_book", []).append(rate)
        rate, _ = rate_of_library(changes, look=True)
        rates.setdefault("order_book_with_best", []).append(rate)
        rate, _, best = rate_of_device(ModelDevice, parameters, few)
        rates.setdefault("model", []).append(rate)
        _same("model", best, rate_of_library(changes[: len(few)], look=False)[1])
        if not VerilatedDevice.missing():
            rate, cycles, best = rate_of_device(VerilatedDevice, parameters, updates)
            rates.setdefault("verilated", []).append(rate)
            _same("verilated", best, expected)
    result = {name: median(values) for name, values in rates.items()}
    devices = [name for name in ("verilated", "model") if name in result]
    return {
        "updates": len(updates),
        "updates_per_s": {name: round(rate) for name, rate in result.items()},
        "ratio": {
            f"{device}/{library}": round(result[device] / result[library], 4)
            for device in devices
            for library in ("order_book", "order_book_with_best")
        },
        "cycles": round(cycles),
        "cycles_per_s": round(cycles * result.get("verilated", 0.0) / len(updates)),
    }


def _same(name: str, got: Best, expected: Best) -> None:
    for book, best in expected.items():
        if got.get(book) != best:
            raise ValueError(f"{name}: best of book {book} must be {best}, not {got.get(book)}")
