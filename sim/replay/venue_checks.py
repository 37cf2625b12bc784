"""Compare the device's books with what the venue itself said of them."""

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Final

from host.venues.instrument import Instrument
from host.venues.kraken import kraken_checksum
from host.venues.parser import Check
from sim.replay.depth import Level
from sim.replay.plan import Comparisons, Request

__all__ = ["VenueChecks"]

_EMPTY: Final = (0, 0)


class VenueChecks:
    """Turn the checks of a capture into read-outs whose answers are compared.

    Best prices are taken from a read-out too, not from the event of the update: a read-out waits
    until both sides are exact, so that every comparison counts.

    Parameters
    ----------
    instruments : sequence of Instrument
        By book index; may grow while the capture is read.

    Attributes
    ----------
    checksums, venue_bbo : Comparisons
        What was found so far.
    """

    def __init__(self, instruments: Sequence[Instrument]) -> None:
        self.checksums = Comparisons()
        self.venue_bbo = Comparisons()
        self._instruments = instruments

    def requests(self, checks: Iterable[Check], first: int) -> list[Request]:
        """Return the read-outs for the checks of a batch whose first update is number ``first``.

        A best price is read after its update. A checksum stands on a ``read_levels`` of the
        capture itself, whose answer is taken.
        """
        found = []
        for check in checks:
            position = check.position - first
            if check.kind == "checksum":
                handler = partial(self._compare_checksum, check)
                found.append(Request(position=position, book=check.book, handler=handler, own=True))
            else:
                handler = partial(self._compare_best, check)
                found.append(Request(position=position + 1, book=check.book, handler=handler))
        return found

    def _compare_checksum(
        self, check: Check, bids: list[Level], asks: list[Level], valid: bool
    ) -> None:
        instrument = self._instruments[check.book]
        if not valid:
            self.checksums.note(f"{instrument.symbol}, update {check.position}: book is invalid")
            return
        got = kraken_checksum(asks, bids, instrument)
        wrong = f"{instrument.symbol}, update {check.position}: expected {check.crc}, got {got}"
        self.checksums.note(None if got == check.crc else wrong)

    def _compare_best(
        self, check: Check, bids: list[Level], asks: list[Level], valid: bool
    ) -> None:
        wanted = [
            (check.bid_tick, check.bid_quantity) if check.bid_quantity else _EMPTY,
            (check.ask_tick, check.ask_quantity) if check.ask_quantity else _EMPTY,
        ]
        got = [bids[0] if bids else _EMPTY, asks[0] if asks else _EMPTY]
        instrument = self._instruments[check.book]
        place = f"{instrument.symbol}, update {check.position}"
        if not valid:
            self.venue_bbo.note(f"{place}: book is invalid")
        elif got == wanted:
            self.venue_bbo.note(None)
        else:
            self.venue_bbo.note(
                f"{place}: expected {_text(wanted, instrument)}, got {_text(got, instrument)}"
            )


def _text(best: Sequence[Level], instrument: Instrument) -> str:
    return " / ".join(
        f"{instrument.quantity_text(lots)} at {instrument.price_text(tick)}" if lots else "none"
        for tick, lots in best
    )
