"""Market-update records, with instruments and checks, as Parquet."""

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, Final, Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from host.device.records import UPDATE_DTYPE
from host.venues.instrument import Instrument
from host.venues.parser import Check
from sim.captures.feed import BATCH, Report
from sim.captures.files import CaptureFile

__all__ = ["RecordsFeed", "RecordsWriter"]

_INSTRUMENTS: Final = b"tickgate.instruments"
_KINDS: Final = ("", "venue_bbo", "checksum")  # index = code in the column check_kind
_VALUES: Final = ("bid_tick", "bid_quantity", "ask_tick", "ask_quantity", "crc")
_CHECK_COLUMNS: Final = ("check_kind", *(f"check_{name}" for name in _VALUES))
_SCHEMA: Final = pa.schema(
    [(name, pa.from_numpy_dtype(UPDATE_DTYPE[name])) for name in UPDATE_DTYPE.names or ()]
    + [("check_kind", pa.uint8())]
    + [(f"check_{name}", pa.uint64()) for name in _VALUES]
)
_TEXTS: Final = tuple(f.name for f in fields(Instrument) if f.init)


class RecordsWriter:
    """Write market updates to a Parquet file that ``open_capture`` reads back.

    One row an update: the fields of ``market_update``, and what a check that stands on the update
    expects (``check_kind`` 0: none). The instruments are in the file's metadata, as JSON under
    ``tickgate.instruments``.

    Parameters
    ----------
    path : Path or str
        The file; an old one is overwritten.
    instruments : sequence of Instrument
        By book index. It is read when the writer closes, so it may grow until then.

    Raises
    ------
    OSError
        If the file cannot be written.
    """

    def __init__(self, path: Path | str, instruments: Sequence[Instrument]) -> None:
        self._instruments = instruments
        self._written = 0
        self._writer: Any = pq.ParquetWriter(str(path), _SCHEMA, compression="zstd")

    def write(self, updates: NDArray[np.void], checks: Sequence[Check] = ()) -> None:
        """Append updates of dtype ``UPDATE_DTYPE``, and the checks that stand on them.

        Raises
        ------
        ValueError
            If a check stands on an update that is not among these, or two stand on one.
        """
        columns = {name: np.zeros(len(updates), np.uint64) for name in _CHECK_COLUMNS}
        for check in checks:
            row = check.position - self._written
            if not 0 <= row < len(updates) or columns["check_kind"][row]:
                raise ValueError(
                    f"expected one check at most on updates {self._written} to "
                    f"{self._written + len(updates) - 1}, got one more on {check.position}"
                )
            columns["check_kind"][row] = _KINDS.index(check.kind)
            for name in _VALUES:
                columns[f"check_{name}"][row] = getattr(check, name)
        columns["check_kind"] = columns["check_kind"].astype(np.uint8)
        arrays = [pa.array(updates[name]) for name in UPDATE_DTYPE.names or ()]
        arrays += [pa.array(columns[name]) for name in _CHECK_COLUMNS]
        self._writer.write_batch(pa.record_batch(arrays, schema=_SCHEMA))
        self._written += len(updates)

    def close(self) -> None:
        """Write the instruments and close the file. Calling it twice is allowed."""
        if self._writer.is_open:
            known = [{key: getattr(i, key) for key in _TEXTS} for i in self._instruments]
            self._writer.add_key_value_metadata({_INSTRUMENTS: json.dumps(known).encode()})
            self._writer.close()

    def __enter__(self) -> Self:
        """Return the writer."""
        return self

    def __exit__(self, *exc: object) -> None:
        """Close the file."""
        self.close()


class RecordsFeed:
    """Read what ``RecordsWriter`` wrote, one file after the other.

    Books of several files are joined where their instruments are equal.

    Parameters
    ----------
    files : list of CaptureFile
        The files.
    symbols : collection of str, optional
        The only symbols to keep, in any case; all where None.

    Raises
    ------
    ValueError
        If a file is no such Parquet file.
    """

    def __init__(self, files: list[CaptureFile], symbols: Collection[str] | None = None) -> None:
        self.instruments: list[Instrument] = []
        self.notes: list[str] = []
        self.skipped: Counter[str] = Counter()
        self._symbols = None if symbols is None else {s.upper() for s in symbols}
        self._files = [(file, *self._open(file)) for file in files]
        self._position = 0

    def _open(self, file: CaptureFile) -> tuple[Any, NDArray[np.int64]]:
        """Return the Parquet file and the book of each of its books here; -1 is not wanted."""
        try:
            parquet: Any = pq.ParquetFile(file.stream)
        except (pa.ArrowException, OSError) as error:
            raise ValueError(f"{file.path}: expected a Parquet file: {error}") from error
        if not parquet.schema_arrow.equals(_SCHEMA, check_metadata=False):
            raise ValueError(
                f"{file.path}: expected the columns {', '.join(_SCHEMA.names)}, "
                f"got {', '.join(parquet.schema_arrow.names)}"
            )
        metadata: Mapping[bytes, bytes] = parquet.metadata.metadata or {}
        try:
            known = [Instrument(**entry) for entry in json.loads(metadata[_INSTRUMENTS])]
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(
                f"{file.path}: expected instruments in its metadata: {error}"
            ) from error
        return parquet, np.array([self._book(i) for i in known] + [-1], np.int64)

    def _book(self, instrument: Instrument) -> int:
        if self._symbols is not None and instrument.symbol.upper() not in self._symbols:
            return -1
        if instrument not in self.instruments:
            self.instruments.append(instrument)
        return self.instruments.index(instrument)

    def batches(self, report: Report) -> Iterator[tuple[NDArray[np.void], list[Check]]]:
        """Yield updates and the checks that stand on them; errors go to ``report``."""
        for file, parquet, books in self._files:
            done, total = 0, parquet.metadata.num_rows
            try:
                for batch in parquet.iter_batches(batch_size=BATCH):
                    done += batch.num_rows
                    file.progress = file.size * done // total
                    yield from self._convert(batch, books, report, (file.path, done))
            except (pa.ArrowException, OSError) as error:
                report("malformed", f"expected a whole Parquet file: {error}", file.path, done + 1)
            finally:
                file.close()

    def _convert(
        self, batch: Any, books: NDArray[np.int64], report: Report, place: tuple[Path, int]
    ) -> Iterator[tuple[NDArray[np.void], list[Check]]]:
        updates = np.zeros(batch.num_rows, UPDATE_DTYPE)
        for name in UPDATE_DTYPE.names or ():
            updates[name] = batch.column(name).to_numpy()
        if (updates["book"] >= len(books) - 1).any():
            report("malformed", f"expected books below {len(books) - 1}, got a higher one", *place)
        book = books[np.minimum(updates["book"], len(books) - 1)]
        keep = book >= 0
        if not keep.all():
            self.skipped["other symbol"] += int((~keep).sum())
        if keep.any():
            kept = updates[keep]
            kept["book"] = book[keep]
            yield kept, self._checks(batch, keep, kept)
            self._position += len(kept)

    def _checks(self, batch: Any, keep: NDArray[np.bool_], kept: NDArray[np.void]) -> list[Check]:
        kinds = batch.column("check_kind").to_numpy()[keep]
        values = {name: batch.column(f"check_{name}").to_numpy()[keep] for name in _VALUES}
        return [
            Check(
                position=self._position + row,
                book=int(kept["book"][row]),
                kind="venue_bbo" if kinds[row] == 1 else "checksum",
                **{name: int(column[row]) for name, column in values.items()},
            )
            for row in np.flatnonzero(kinds).tolist()
        ]
