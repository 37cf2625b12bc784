"""Files of problems: graphs of the G-set, and QUBO in the format of qbsolv; compressed or not."""

import bz2
import gzip
import lzma
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any, Final

import numpy as np
from scipy.sparse import coo_array

from gpu.ising.problem import Ising, Qubo, max_cut

__all__ = ["FileError", "read_graph", "read_qubo"]

_OPEN: Final[Mapping[str, Callable[..., IO[str]]]] = {
    ".xz": lzma.open, ".gz": gzip.open, ".bz2": bz2.open,
}  # fmt: skip


class FileError(ValueError):
    """A file that is no problem; says in which line."""


def read_graph(path: Path) -> Ising:
    """Return the max-cut problem of a graph: a line ``n m``, then m lines ``i j weight`` from 1.

    A word ``J`` may follow in the first line. A weight that is absent is 1. Weights are integers,
    or all are floats.

    Raises
    ------
    FileError
        If a line has another form, a vertex is out of range, an edge is a loop or comes twice, or
        there are more or fewer edges than said.
    OSError
        If the file cannot be read.
    """
    lines = _lines(path)
    if not lines:
        raise FileError(f"{path}: expected a line with vertices and edges, found an empty file")
    number, head = lines[0]
    n, m = _numbers(path, (number, head[:-1] if head[2:] == ["J"] else head), 2)
    if not (n >= 1 and m >= 0 and n == int(n) and m == int(m)):
        raise FileError(f"{path}:{lines[0][0]}: expected counts of vertices and edges")
    edges = lines[1:]
    if len(edges) != m:
        raise FileError(f"{path}: expected {int(m)} edges, found {len(edges)}")
    seen: set[tuple[int, int]] = set()
    found = []
    for line in edges:
        i, j, *weight = _numbers(path, line, 2, 3)
        if not (i == int(i) and j == int(j) and min(i, j) >= 1 and max(i, j) <= n):
            raise FileError(f"{path}:{line[0]}: expected vertices from 1 to {int(n)}")
        pair = int(min(i, j)) - 1, int(max(i, j)) - 1
        if pair[0] == pair[1]:
            raise FileError(f"{path}:{line[0]}: an edge from vertex {int(i)} to itself")
        if pair in seen:
            raise FileError(f"{path}:{line[0]}: the edge {int(i)} {int(j)} comes twice")
        seen.add(pair)
        found.append((*pair, *(weight or [1])))
    columns = list(zip(*found, strict=True)) if found else [(), (), ()]
    return max_cut(int(n), np.array(columns[0], dtype=np.int64),
                   np.array(columns[1], dtype=np.int64), _weights(columns[2]))  # fmt: skip


def read_qubo(path: Path) -> Qubo:
    """Return a problem: comments ``c``, a line ``p qubo 0 n d k``, then d + k lines ``i j value``.

    Indices are from 0; d lines have i = j.

    Raises
    ------
    FileError
        If a line has another form, an index is out of range, an entry comes twice, or there are
        more or fewer than said.
    OSError
        If the file cannot be read.
    """
    lines = [(number, words) for number, words in _lines(path) if words[0] != "c"]
    if not lines or lines[0][1][:2] != ["p", "qubo"]:
        raise FileError(f"{path}: expected a line 'p qubo 0 n diagonals pairs'")
    head = (lines[0][0], lines[0][1][2:])
    _, n, diagonals, pairs = (int(v) for v in _numbers(path, head, 4))
    seen: dict[tuple[int, int], float] = {}
    for line in lines[1:]:
        i, j, value = _numbers(path, line, 3)
        pair = int(min(i, j)), int(max(i, j))
        if not (i == int(i) and j == int(j) and pair[0] >= 0 and pair[1] < n):
            raise FileError(f"{path}:{line[0]}: expected indices from 0 to {n - 1}")
        if pair in seen:
            raise FileError(f"{path}:{line[0]}: the entry {pair[0]} {pair[1]} comes twice")
        seen[pair] = value
    own = {pair: v for pair, v in seen.items() if pair[0] == pair[1]}
    if n < 1 or len(own) != diagonals or len(seen) - len(own) != pairs:
        found = f"{len(own)} and {len(seen) - len(own)}"
        raise FileError(f"{path}: expected {diagonals} diagonals and {pairs} pairs, found {found}")
    values = _weights(tuple(seen.values()))
    linear = np.zeros(n, dtype=values.dtype)
    rows, columns, entries = [], [], []
    for (i, j), value in zip(seen, values, strict=True):
        if i == j:
            linear[i] = value
        else:
            rows.append(i)
            columns.append(j)
            entries.append(value)
    matrix = coo_array((np.array(entries, dtype=values.dtype), (rows, columns)), shape=(n, n))
    return Qubo(matrix.tocsr(), linear)


def _lines(path: Path) -> list[tuple[int, list[str]]]:
    """Return number and words of each line that has any."""
    open_text: Callable[..., IO[str]] = _OPEN.get(path.suffix, open)
    try:
        with open_text(path, "rt", encoding="utf-8") as file:
            numbered = enumerate(file, start=1)
            return [(number, words) for number, line in numbered if (words := line.split())]
    except (UnicodeDecodeError, EOFError, lzma.LZMAError, gzip.BadGzipFile) as error:
        raise FileError(f"{path}: expected text, or a whole compressed file: {error}") from error


def _numbers(path: Path, line: tuple[int, list[str]], least: int, most: int = 0) -> list[float]:
    number, words = line
    if not least <= len(words) <= (most or least):
        raise FileError(f"{path}:{number}: expected {least} numbers, found {' '.join(words)!r}")
    try:
        found = [float(word) for word in words]
    except ValueError:
        said = " ".join(words)
        raise FileError(f"{path}:{number}: expected numbers, found {said!r}") from None
    if not np.isfinite(found).all():
        raise FileError(f"{path}:{number}: expected finite numbers, found {' '.join(words)!r}")
    return found


def _weights(values: Any) -> np.ndarray[Any, Any]:
    """Return integers if all are."""
    floats = np.array(values, dtype=np.float64)
    whole = floats.astype(np.int64)
    return whole if (whole == floats).all() else floats
