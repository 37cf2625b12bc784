"""Tests of gpu.ising.files."""

import contextlib
import gzip
import lzma
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gpu.ising.files import FileError, read_graph, read_qubo
from gpu.ising.problem import cut_of

GRAPH = "4 3 J\n1 2 1\n2 3 -1\n4 1 2\n"
QUBO = "c a comment\np qubo 0 3 2 2\n0 0 -1\n2 2 0.5\n0 1 2\n1 2 -3\n"


def test_a_graph_is_read_compressed_or_not(tmp_path: Path) -> None:
    plain, packed, zipped = (tmp_path / name for name in ("g.txt", "g.xz", "g.gz"))
    plain.write_text(GRAPH)
    packed.write_bytes(lzma.compress(GRAPH.encode()))
    zipped.write_bytes(gzip.compress(GRAPH.encode()))
    for path in (plain, packed, zipped):
        problem = read_graph(path)
        assert problem.exact
        assert cut_of(problem, [1, -1, 1, -1]) == 2
        assert cut_of(problem, [1, 1, -1, 1]) == -1


def test_a_qubo_is_read(tmp_path: Path) -> None:
    path = tmp_path / "q.qubo"
    path.write_text(QUBO)
    problem = read_qubo(path)
    assert [problem.value(x) for x in ([0, 0, 0], [1, 1, 0], [1, 1, 1])] == [0, 1, -1.5]
    path.write_text(QUBO.replace("0.5", "5"))
    assert read_qubo(path).value([0, 0, 1]) == 5


@pytest.mark.data
def test_the_graphs_of_the_g_set_have_their_vertices_and_edges(data_dir: Path) -> None:
    found = {path.name[:-7]: read_graph(path) for path in sorted(data_dir.glob("gset/G*.txt.xz"))}
    sizes = {name: (p.size, p.couplings.nnz // 2) for name, p in found.items()}
    expected = {
        "G1": (800, 19176), "G14": (800, 4694), "G22": (2000, 19990), "G32": (2000, 4000),
        "G39": (2000, 11778), "G43": (1000, 9990), "G55": (5000, 12498),
    }  # fmt: skip
    assert expected.items() <= sizes.items()
    assert all(set(np.unique(p.couplings.data)) <= {-1, 1} for p in found.values())


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "found an empty file"),
        ("x y\n", ":1: expected numbers, found 'x y'"),
        ("2 2\n1 2\n", "expected 2 edges, found 1"),
        ("2 1\n1 3\n", ":2: expected vertices from 1 to 2"),
        ("2 1\n1 1\n", "from vertex 1 to itself"),
        ("2 2\n1 2\n2 1\n", ":3: the edge 2 1 comes twice"),
        ("2 1\n1 2 nan\n", ":2: expected finite numbers"),
        ("2 1\n1\n", ":2: expected 2 numbers, found '1'"),
    ],
)
def test_a_file_that_is_no_graph_is_refused_with_the_line(
    tmp_path: Path, text: str, says: str
) -> None:
    path = tmp_path / "g.txt"
    path.write_text(text)
    with pytest.raises(FileError, match=says):
        read_graph(path)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("0 0 1\n", "expected a line 'p qubo 0 n diagonals pairs'"),
        ("p qubo 0 2 1 1\n0 0 1\n", "expected 1 diagonals and 1 pairs, found 1 and 0"),
        ("p qubo 0 2 0 1\n0 2 1\n", ":2: expected indices from 0 to 1"),
        ("p qubo 0 2 0 2\n0 1 1\n1 0 1\n", ":3: the entry 0 1 comes twice"),
    ],
)
def test_a_file_that_is_no_qubo_is_refused(tmp_path: Path, text: str, says: str) -> None:
    path = tmp_path / "q.qubo"
    path.write_text(text)
    with pytest.raises(FileError, match=says):
        read_qubo(path)


def test_a_damaged_archive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "g.xz"
    path.write_bytes(lzma.compress(GRAPH.encode())[:-9])
    with pytest.raises(FileError, match="whole compressed file"):
        read_graph(path)


@settings(max_examples=150)
@given(data=st.data())
def test_no_damage_does_more_than_an_error(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    whole, read = data.draw(st.sampled_from([(GRAPH, read_graph), (QUBO, read_qubo)]))
    path = tmp_path_factory.mktemp("damage") / "file.txt"
    raw = bytearray(whole.encode())
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(raw) - 1))
        raw[place] = data.draw(st.integers(0, 255))
    path.write_bytes(bytes(raw))
    with contextlib.suppress(FileError):
        read(path)
