"""Generated order flow in the shape of a capture."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

import numpy as np

from host.venues.instrument import Instrument
from hw.presets import BookParameters
from sim.captures import CaptureBatch, Needs
from sim.captures.needs import LiveCount
from sim.orderflow import PROFILES, order_flow

__all__ = ["DemoSource"]

_PROFILE: Final = PROFILES["demo"]
_CHUNK: Final = 4096  # updates
_NAMES: Final = ("ALPHA", "BRAVO", "CHARLIE", "DELTA", "ECHO", "FOXTROT", "GOLF", "HOTEL")


class DemoSource:
    """Order flow of the profile ``demo``, the same for the same seed.

    Parameters
    ----------
    parameters : BookParameters
        The engine that it is for.
    updates : int
        How many.
    seed : int
        Of all randomness.

    Attributes
    ----------
    instruments : list of Instrument
        Invented names: the last ``level_books`` of the profile are depth feeds of coins.
    needs : Needs
        Of this flow.
    errors, error_messages, notes
        Always empty.
    """

    def __init__(self, parameters: BookParameters, *, updates: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        self._chunks = list(order_flow(_PROFILE, parameters, n=updates, rng=rng, chunk=_CHUNK))
        self.errors: Counter[str] = Counter()
        self.error_messages: list[str] = []
        self.notes: list[str] = []
        self.instruments = [_instrument(book) for book in range(_PROFILE.books)]
        live = LiveCount()
        for chunk in self._chunks:
            live.feed(chunk)
        whole = np.concatenate(self._chunks)
        self.needs = Needs(
            books=len(self.instruments),
            peak_live_orders=live.peak,
            max_tick=int(whole["tick"].max()),
            max_quantity=live.max_quantity,
            max_id=int(max(whole["order_id"].max(), whole["new_order_id"].max())),
            max_count=live.max_count,
            updates=len(whole),
            first_time=int(whole["time"].min()),
            last_time=int(whole["time"].max()),
        )

    def __iter__(self) -> Iterator[CaptureBatch]:
        """Yield the updates in batches."""
        for chunk in self._chunks:
            yield CaptureBatch(chunk, [])


def _instrument(book: int) -> Instrument:
    if book < _PROFILE.books - _PROFILE.level_books:
        return Instrument(symbol=_NAMES[book], venue="demo", tick_size="0.01", lot_size="1")
    symbol = f"{_NAMES[book]}-USD"
    return Instrument(symbol=symbol, venue="demo", tick_size="0.01", lot_size="0.001")
