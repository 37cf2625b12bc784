"""Run market updates through a device and gather what it says."""

import time
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from decimal import Decimal
from typing import Final, Protocol

import numpy as np
from numpy.typing import NDArray

from host.device.base import Device
from host.device.records import UPDATE_DTYPE
from host.venues.instrument import Instrument
from host.venues.parser import Check
from hw.records import UPDATE_KIND
from sim.replay.depth import DepthRecorder, DepthSampler, Level, read_updates
from sim.replay.path import PathRecorder, TimeAxis
from sim.replay.plan import Request, merge
from sim.replay.pump import Pump
from sim.replay.readouts import Readouts
from sim.replay.result import BookReport, CheckCount, DeviceCounters, ReplayResult
from sim.replay.tally import Tally
from sim.replay.venue_checks import VenueChecks
from sim.verify import Verifier

__all__ = ["DEPTH_BINS", "PATH_BINS", "EventSink", "Replay"]

PATH_BINS: Final = 720
DEPTH_BINS: Final = 240
_EXAMPLES: Final = 5  # differences of the model that the report shows

Batch = NDArray[np.void]


class EventSink(Protocol):
    """Takes every event of the device, in order."""

    def write(self, events: Batch) -> None:
        """Take a batch."""
        ...


class Replay:
    """One run. Feed it batches in order, then finish.

    The device works on a batch while the caller prepares the next one and the model checks the
    one before: what is fed comes to a check up to two batches later.

    Parameters
    ----------
    device : Device
        Where the updates go. The caller opens and closes it.
    instruments : sequence of Instrument
        Of books 0 and up; may grow while the replay runs.
    span : (int, int)
        First and last time of the captures [ns since epoch, UTC], for the time axes.
    verify : bool
        Whether the model follows, and compares full depth at the end.
    depth : bool
        Whether to read levels out now and then, for the depth picture.
    sink : EventSink, optional
        Gets every event too.
    """

    def __init__(
        self,
        *,
        device: Device,
        instruments: Sequence[Instrument],
        span: tuple[int, int],
        verify: bool = False,
        depth: bool = False,
        sink: EventSink | None = None,
    ) -> None:
        books = device.parameters.books
        self._device = device
        self._instruments = instruments
        self._checks = VenueChecks(instruments)
        self._path_axis = TimeAxis(start=span[0], end=span[1], bins=PATH_BINS)
        self._depth_axis = TimeAxis(start=span[0], end=span[1], bins=DEPTH_BINS)
        self._path = PathRecorder(books=books, axis=self._path_axis)
        self._tally = Tally(books=books, path=self._path)
        self._sampler = DepthSampler(books=books, axis=self._depth_axis) if depth else None
        self._depth = DepthRecorder()
        self._readouts = Readouts()
        self._verifier = Verifier(device.parameters) if verify else None
        self._sink = sink
        self._pump = Pump(device)
        self._fed = 0
        self._sent = 0
        self._time = span[0]
        self._began = time.perf_counter()

    @property
    def updates(self) -> int:
        """Updates of the captures that were fed so far."""
        return self._tally.updates

    def feed(self, updates: Batch, checks: Iterable[Check] = ()) -> None:
        """Send a batch of the captures, and compare what the venue says of it.

        Parameters
        ----------
        updates : array of shape (n,), dtype ``UPDATE_DTYPE``
        checks : iterable of Check
            Their positions count from the first update ever fed, and are within this batch.

        Raises
        ------
        DeviceError
            If the device failed.
        """
        self._tally.add_updates(updates)
        wanted = [*self._checks.requests(checks, self._fed), *self._depth_requests(updates)]
        wanted.sort(key=lambda request: request.position)
        merged = merge(updates, wanted, self._time, self._readouts)
        self._fed += len(updates)
        if len(updates):
            self._time = int(updates["time"][-1])
        self._send(merged)

    def finish(
        self, *, sources: Sequence[str], capture_errors: Mapping[str, int] | None = None
    ) -> ReplayResult:
        """Wait for the device, read the final state, and return what was found.

        Raises
        ------
        DeviceError
            If the device failed.
        """
        self._send_last()
        with self._pump:
            for updates, events in self._pump.finish():
                self._take(updates, events)
        verification = self._verifier.finish() if self._verifier else None
        model = CheckCount()
        if verification is not None:
            model = CheckCount(
                checked=verification.compared + verification.read_outs,
                failed=verification.mismatches,
                examples=tuple(verification.first[:_EXAMPLES]),
            )
        tally = self._tally
        return ReplayResult(
            sources=tuple(sources),
            device=self._device.name,
            cycle_accurate=self._device.cycle_accurate,
            parameters=self._device.parameters,
            updates=tally.updates,
            seconds=time.perf_counter() - self._began,
            mix=self._mix(),
            latencies=self._latencies(),
            errors=dict(tally.errors),
            deferred=tally.deferred,
            counters=self._counters(),
            books=tuple(self._book(i) for i in range(len(self._instruments))),
            verified=verification is not None,
            model=model,
            checksums=self._checks.checksums.count(),
            venue_bbo=self._checks.venue_bbo.count(),
            lost_events=tally.lost + self._sent - tally.closed,
            capture_errors=dict(capture_errors or {}),
            path_axis=self._path_axis,
            depth_axis=self._depth_axis,
        )

    def close(self) -> None:
        """Stop without a result: wait for the device to leave the batch that it works on."""
        self._pump.__exit__()

    def _depth_requests(self, updates: Batch) -> Iterator[Request]:
        if self._sampler is None:
            return
        for position, column, books in self._sampler.cuts(updates):
            for book in books.tolist():
                yield self._depth_request(position, column, book)

    def _depth_request(self, position: int, column: int, book: int) -> Request:
        def keep(bids: list[Level], asks: list[Level], valid: bool) -> None:
            self._depth.add(book, column, bids, asks)

        return Request(position=position, book=book, handler=keep)

    def _send(self, updates: Batch) -> None:
        self._sent += len(updates)
        for sent, events in self._pump.send(updates):
            self._take(sent, events)

    def _send_last(self) -> None:
        if self._sampler is not None:
            column, books = self._sampler.last()
            requests = [self._depth_request(0, column, book) for book in books.tolist()]
            self._send(merge(np.zeros(0, UPDATE_DTYPE), requests, self._time, self._readouts))
        if self._verifier is not None:
            books = np.arange(len(self._instruments))
            reads = read_updates(books, UPDATE_KIND.read_orders, self._time)
            self._send(merge(reads, (), self._time, self._readouts))

    def _take(self, updates: Batch, events: Batch) -> None:
        self._tally.add_events(events)
        self._readouts.take(events)
        if self._verifier is not None:
            self._verifier.feed(updates, events)
        if self._sink is not None:
            self._sink.write(events)

    def _mix(self) -> dict[str, int]:
        counts = self._tally.mix.sum(axis=0)
        return {UPDATE_KIND.name_of(k): int(counts[k]) for k in np.flatnonzero(counts).tolist()}

    def _latencies(self) -> dict[str, Counter[int]]:
        if not self._device.cycle_accurate:
            return {}
        found = self._tally.latencies
        return {UPDATE_KIND.name_of(kind): found[kind] for kind in sorted(found)}

    def _counters(self) -> DeviceCounters:
        names = [field.name for field in fields(DeviceCounters)]
        return DeviceCounters(**{name: self._device.read(name) for name in names})

    def _book(self, index: int) -> BookReport:
        instrument, tally = self._instruments[index], self._tally
        return BookReport(
            index=index,
            symbol=instrument.symbol,
            tick_size=Decimal(instrument.tick_size),
            lot_size=Decimal(instrument.lot_size),
            updates=int(tally.mix[index].sum()),
            bid=tally.quote(index, 0),
            ask=tally.quote(index, 1),
            valid=not tally.invalid[index],
            crossed=int(tally.crossed[index]),
            path=self._path.path(index),
            depth=self._depth.grid(index),
        )
