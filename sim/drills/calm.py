"""The drill ``calm``: recorded markets on ordinary days, in which nothing should trip."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from host.device.base import RiskDevice
from host.risk.defaults import DEFAULTS, BreakerDefaults
from hw.breaker_detectors import BREAKER_DETECTORS
from hw.presets import PRESETS, BookParameters
from hw.records import BREAKER_ACTION
from hw.risk_parameters import RiskParameters
from sim.captures import CaptureError, measure, open_capture
from sim.drills.desk import Desk, Traded, desk_limits
from sim.drills.eth_crash import CrashShape, calm_tape
from sim.drills.gate import arm, bring_into_force, ready
from sim.drills.play import Playing, Seen
from sim.drills.results import DrillResult, Table, detectors_of
from sim.replay.fit import DoesNotFitError, choose_preset

__all__ = ["CALM", "OpenSized", "calm_captures", "run_calm"]

OpenSized = Callable[[BookParameters, RiskParameters], RiskDevice]
"""Makes a device of a size as it is after reset."""

#: Captures of ordinary days, below the folder of data.
CALM: Final = (
    "binance/*.gz",
    "bitstamp_l3/orders.csv*",
    "venues/COINBASE.ws.*",
    "venues/KRAKEN.ws.*",
)
_SECOND: Final = 1_000_000_000
_LEARNING: Final = 2 * _SECOND
_REARM_AFTER: Final = 5 * _SECOND  # the operator ends a halt: what trips again counts again
_MOST_BOOKS: Final = 16
_GENERATED: Final = CrashShape(calm=15 * _SECOND)
Updates = NDArray[np.void]


def calm_captures(data: Path) -> list[Path]:
    """Return the calm captures in a folder, in the order of their names."""
    return sorted(path for pattern in CALM for path in data.glob(pattern))


@dataclass(frozen=True, kw_only=True, slots=True)
class _Watched:
    """What came of one capture.

    Attributes
    ----------
    name : str
        Of the file.
    books, watched : int
        Books in it, and those of them that the circuit breaker watched.
    seconds : float
        Market time.
    updates : int
        Updates played.
    seen : Seen
        What the device said.
    crossed : tuple of bool
        Of each trip whether the book was crossed with itself.
    """

    name: str
    books: int
    watched: int
    seconds: float
    updates: int
    seen: Seen
    crossed: tuple[bool, ...]

    def row(self) -> dict[str, Any]:
        """Return it for a table, with the trips of each detector."""
        trips: Counter[str] = Counter()
        for trip in self.seen.trips:
            trips.update(detectors_of(trip))
        plain = {
            "capture": self.name,
            "books": self.books,
            "watched": self.watched,
            "seconds": round(self.seconds, 1),
            "updates": self.updates,
        }
        return plain | {name: trips[name] for name in BREAKER_DETECTORS}

    def alarms(self) -> list[dict[str, Any]]:
        """Return every trip for a table."""
        pairs = zip(self.seen.trips, self.crossed, strict=True)
        return [
            {
                "capture": self.name,
                "book": trip.instrument,
                "detectors": ", ".join(detectors_of(trip)),
                "action": BREAKER_ACTION.name_of(trip.action),
                "time": trip.time,
                "book crossed": crossed,
            }
            for trip, crossed in pairs
        ]


def run_calm(
    open_device: OpenSized,
    captures: Sequence[Path],
    *,
    seed: int,
    breaker: BreakerDefaults = DEFAULTS,
    tell: Callable[[str], None] = lambda _: None,
) -> DrillResult:
    """Play captures, or generated flow where there is none, and count what trips.

    Parameters
    ----------
    open_device : OpenSized
        Makes a device of the size that a capture needs.
    captures : sequence of Path
        Files; those without market updates are passed over.
    seed : int
        Of generated flow.
    breaker : BreakerDefaults
        Rule of the thresholds.
    tell : callable
        Is told what is played.
    """
    watched: list[_Watched] = []
    notes: list[str] = []
    for path in captures:
        tell(path.name)
        try:
            one = _capture(open_device, path, breaker, notes)
        except (CaptureError, DoesNotFitError) as error:
            notes.append(f"{path.name} left out: {error}")
            continue
        if one is None:
            notes.append(f"{path.name} left out: no market updates")
        else:
            watched.append(one)
    if not watched:
        notes.append("no calm capture found: generated calm flow instead")
        watched.append(_generated(open_device, breaker, seed))
    notes.append(
        "Thresholds are the defaults, scaled to each book's price after its first two seconds."
    )
    return DrillResult(
        name="calm",
        false_alarms=sum(len(one.seen.trips) for one in watched),
        tables=(
            Table("captures", "False alarms, by detector", [one.row() for one in watched]),
            Table("alarms", "False alarms", [alarm for one in watched for alarm in one.alarms()]),
        ),
        notes=tuple(notes),
    )


def _risk_size(parameters: BookParameters, instruments: int) -> RiskParameters:
    """Return a gate with a row for each instrument: its rounds are as short as can be."""
    rows = max(2, 1 << (instruments - 1).bit_length())
    return RiskParameters(books=parameters.books, instruments=rows, tick_bits=parameters.tick_bits)


def _capture(
    open_device: OpenSized, path: Path, breaker: BreakerDefaults, notes: list[str]
) -> _Watched | None:
    """Play one capture, each book an instrument of its own; None if there is nothing in it."""
    symbols = _fitting(path, notes)
    needs = measure([path], symbols=symbols)
    if not needs.updates:
        return None
    parameters = choose_preset(needs, PRESETS)
    size = _risk_size(parameters, min(needs.books, _MOST_BOOKS))
    with (
        open_capture([path], symbols=symbols) as capture,
        open_device(parameters, size) as device,
    ):
        watch = _Watch(device, min(needs.books, _MOST_BOOKS), breaker)
        return watch.play(path.name, _steps(batch.updates for batch in capture))


def _fitting(path: Path, notes: list[str]) -> list[str] | None:
    """Return the symbols that a build holds, or None for all; note what is left out."""
    symbols: list[str] | None = None
    while True:
        needs = measure([path], symbols=symbols)
        try:
            choose_preset(needs, PRESETS)
        except DoesNotFitError:
            widest = needs.max_tick_symbol
            symbols = [symbol for symbol in symbols or _symbols(path) if symbol != widest]
            if not widest or not symbols:
                raise
            notes.append(f"{path.name}: without {widest}, whose prices no build holds")
            continue
        return symbols


def _symbols(path: Path) -> list[str]:
    with open_capture([path]) as capture:
        for _ in capture:
            pass
        return [instrument.symbol for instrument in capture.instruments]


def _generated(open_device: OpenSized, breaker: BreakerDefaults, seed: int) -> _Watched:
    """Play generated flow: the time before the crash, each venue an instrument of its own."""
    tape = calm_tape(_GENERATED, seed)
    parameters, books = PRESETS["small"], 1 + _GENERATED.others
    with open_device(parameters, RiskParameters.beside(parameters)) as device:
        return _Watch(device, books, breaker).play("generated", _steps(iter([tape.updates])))


def _steps(batches: Iterator[Updates]) -> Iterator[tuple[int, Updates]]:
    """Yield what happens at one time; times that go back count as the time before."""
    now = 0
    for updates in batches:
        times = np.maximum.accumulate(np.maximum(updates["time"], now))
        edges = [0, *(np.flatnonzero(np.diff(times)) + 1).tolist(), len(times)]
        for start, end in pairwise(edges):
            now = int(times[start])
            yield now, updates[start:end]


class _Watch:
    """Learn the prices, set the thresholds, and watch the rest; end a halt after a while."""

    def __init__(self, device: RiskDevice, books: int, breaker: BreakerDefaults) -> None:
        self._device, self._books, self._breaker = device, books, breaker
        self._playing = Playing(device, {book: (book, 0) for book in range(books)}, latency=None)
        self._watched = 0

    def play(self, name: str, steps: Iterator[tuple[int, Updates]]) -> _Watched:
        """Play a capture to its end."""
        trips = self._playing.seen.trips
        first = now = updates = done = 0
        crossed: list[bool] = []
        learnt = False
        ready(self._device, desk_limits(Desk(instruments=()), self._device.risk))
        for now, some in steps:
            first = first or now
            updates += len(some)
            self._playing.step(now, some)
            while len(crossed) < len(trips):
                crossed.append(self._crossed(trips[len(crossed)].instrument))
            if not learnt and now - first >= _LEARNING:
                learnt = True
                self._set_thresholds()
            if done < len(trips) and now - trips[done].time >= _REARM_AFTER:
                done = len(trips)
                arm(self._device)
        return _Watched(
            name=name,
            books=self._books,
            watched=self._watched,
            seconds=(now - first) / _SECOND,
            updates=updates,
            seen=self._playing.seen,
            crossed=tuple(crossed),
        )

    def _crossed(self, book: int) -> bool:
        best = self._playing.best.get(book)
        return best is not None and best.crossed

    def _set_thresholds(self) -> None:
        """Bring limits into force for the books that have a price."""
        device, books = self._device, range(self._books)
        doubles = {book: self._playing.double_mid(book) for book in books}
        desk = Desk(
            instruments=tuple(_traded(book, (doubles[book] or 0) // 2) for book in books),
            breaker=self._breaker,
        )
        limits = desk_limits(desk, device.risk)
        for book in books:
            if not doubles[book]:
                limits["breaker_flags"][book] = 0
        bring_into_force(device, limits)
        # What is not watched counts as halted.
        halted = device.read("halted_instruments")
        self._watched = sum(not halted >> book & 1 for book in books)


def _traded(book: int, price: int) -> Traded:
    """Return an instrument that is only watched."""
    return Traded(
        symbol="", currency="", price=price, tick_size=Fraction(1), lot_size=Fraction(1),
        books=((book, 0),), lot=1, step=1, largest=1, most=1, loss=1,
    )  # fmt: skip
