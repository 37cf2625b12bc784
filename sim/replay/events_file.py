"""Write every best price that a device says to a Parquet file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from host.venues.instrument import Instrument
from hw.records import EVENT_FLAG, EVENT_KIND

__all__ = ["EventsWriter"]

_KINDS: Final = (EVENT_KIND.best, EVENT_KIND.resolved, EVENT_KIND.cleared)
_PRICES: Final = ("bid_tick", "bid_quantity", "ask_tick", "ask_quantity")
_SCHEMA: Final = pa.schema(
    [
        ("book", pa.uint16()),
        ("symbol", pa.dictionary(pa.int32(), pa.string())),
        ("time", pa.uint64()),
        *((name, pa.uint64()) for name in _PRICES),
        ("cycle", pa.uint64()),
        ("latency", pa.uint32()),
        ("flags", pa.uint16()),
    ]
)


class EventsWriter:
    """Write ``best``, ``resolved`` and ``cleared`` events, one row each, in the device's order.

    A side without a price is null, not 0. ``time`` is 0 for ``resolved``, as on the device. The
    tick and lot size of every symbol are in the file's metadata, under ``tickgate.tick_size.``
    and ``tickgate.lot_size.`` plus the symbol.

    Parameters
    ----------
    path : Path
        The file; an old one is overwritten.
    instruments : sequence of Instrument
        By book index; may grow while writing.

    Raises
    ------
    OSError
        If the file cannot be written.
    """

    def __init__(self, path: Path, instruments: Sequence[Instrument]) -> None:
        self._instruments = instruments
        self._writer: Any = pq.ParquetWriter(str(path), _SCHEMA, compression="zstd")

    def write(self, events: NDArray[np.void]) -> None:
        """Append the best prices among these events; others are passed over."""
        best = events[np.isin(events["kind"], _KINDS)]
        if not len(best):
            return
        names = [instrument.symbol for instrument in self._instruments]
        # An update of a book that does not exist has an event too, without a symbol.
        index = pa.array(best["book"].astype(np.int32), mask=best["book"] >= len(names))
        columns = {
            "book": pa.array(best["book"]),
            "symbol": pa.DictionaryArray.from_arrays(index, pa.array(names, pa.string())),
            "time": pa.array(best["time"]),
            **{name: _price(best, name) for name in _PRICES},
            **{name: pa.array(best[name]) for name in ("cycle", "latency", "flags")},
        }
        self._writer.write_table(pa.table(columns, schema=_SCHEMA))

    def close(self) -> None:
        """Write the sizes and close the file. Calling it twice is allowed."""
        if self._writer.is_open:
            sizes = {}
            for instrument in self._instruments:
                sizes[f"tickgate.tick_size.{instrument.symbol}"] = instrument.tick_size
                sizes[f"tickgate.lot_size.{instrument.symbol}"] = instrument.lot_size
            self._writer.add_key_value_metadata(sizes)
            self._writer.close()

    def __enter__(self) -> Self:
        """Return the writer."""
        return self

    def __exit__(self, *exc: object) -> None:
        """Close the file."""
        self.close()


def _price(events: NDArray[np.void], name: str) -> Any:
    flag = EVENT_FLAG.bid if name.startswith("bid") else EVENT_FLAG.ask
    return pa.array(events[name], mask=(events["flags"] >> flag & 1) == 0)
