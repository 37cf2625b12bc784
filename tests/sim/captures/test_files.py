"""Tests of sim.captures.files, messages and framing."""

import gzip
import lzma
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from sim.captures.days import lobster_symbol, midnight_of
from sim.captures.files import CaptureFile, lines_of, plain_name
from sim.captures.framing import framed
from sim.captures.messages import recorded, rows, split_line

COMPRESS: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gz": gzip.compress,
    "xz": lzma.compress,
    "zst": zstandard.ZstdCompressor().compress,
}
SECOND = 10**9


def write(path: Path, body: bytes) -> CaptureFile:
    """Write a file and open it."""
    path.write_bytes(body)
    return CaptureFile(path)


@pytest.mark.parametrize("kind", sorted(COMPRESS))
def test_a_file_is_decompressed_by_its_first_bytes_whatever_its_name(
    kind: str, tmp_path: Path
) -> None:
    body = b"".join(b"line %d\n" % i for i in range(10_000))
    file = write(tmp_path / "capture.bin", COMPRESS[kind](body))
    assert b"".join(lines_of(file.stream)) == body
    assert file.position == file.size
    file.close()
    file.close()
    assert file.position == file.size


def test_zstd_frames_follow_each_other(tmp_path: Path) -> None:
    frames = [COMPRESS["zst"](b"a" * size) for size in (10, 0, 1 << 20)]
    file = write(tmp_path / "x", b"".join(frames))
    assert file.stream.read() == b"a" * (10 + (1 << 20))
    file.close()


@pytest.mark.parametrize("kind", ["gz", "xz", "zst"])
def test_a_file_that_ends_early_gives_its_lines_and_then_one_error(
    kind: str, tmp_path: Path
) -> None:
    body = b"".join(b"1618677817.%06d: [%d]\n" % (i, i * 7919 % 1000) for i in range(30_000))
    whole = COMPRESS[kind](body)
    messages = list(recorded([write(tmp_path / "cut", whole[: len(whole) // 2])]))
    assert 0 < len(messages) < 30_000
    assert "expected a whole file, got a damaged one" in messages[-1].error
    assert messages[-1].line == len(messages)


@pytest.mark.parametrize(
    ("line", "parts"),
    [
        (b'1723161253937085768 {"a":1}', (1723161253937085768, b'{"a":1}', "")),
        (b"1618677817.0618958: []", (1618677817061895800, b"[]", "")),
        (b"1618677817: []", (1618677817 * SECOND, b"[]", "")),
        (
            b"https://x/depth?symbol=NKNUSDT&limit=1000 -> 1633998512.32: {}",
            (1633998512_320000000, b"{}", "NKNUSDT"),
        ),
        (b"https://x/products -> 1.5: []", (1_500000000, b"[]", "")),
        (b"wss://x <-> 1618677816.84", (0, b"", "")),
        (b'wss://x <- 1618677817.02: {"a":1}', (0, b"", "")),
        (b"configuration: {}", (0, b"", "")),
        (b"hello", None),
        (b'{"a":1}', None),
        (b"", None),
    ],
)
def test_a_line_is_split_into_time_message_and_symbol(
    line: bytes, parts: tuple[int, bytes, str] | None
) -> None:
    assert split_line(line) == parts


def test_recordings_are_merged_by_time_and_keep_file_and_line(tmp_path: Path) -> None:
    a = write(tmp_path / "a", b"wss://x <-> 1\n1.0: a\n3.0: c\n")
    b = write(tmp_path / "b", b"2.0: b\n\n4.0: d\nnonsense\n")
    found = [(m.body.strip(), m.path.name, m.line) for m in recorded([a, b]) if m.body]
    assert found == [(b"a", "a", 2), (b"b", "b", 1), (b"c", "a", 3), (b"d", "b", 3)]


def test_a_line_without_a_time_says_what_was_expected(tmp_path: Path) -> None:
    messages = list(recorded([write(tmp_path / "a", b"1.0: a\n\nnonsense\n")]))
    assert [m.error for m in messages] == ["", "", "expected 'time message', got b'nonsense\\n'"]


def test_rows_follow_file_by_file(tmp_path: Path) -> None:
    files = [write(tmp_path / name, body) for name, body in (("b", b"1\n2\n"), ("a", b"3"))]
    assert [(m.body, m.line) for m in rows(files)] == [(b"1\n", 1), (b"2\n", 2), (b"3", 1)]


def test_frames_are_split_across_reads_and_a_cut_one_is_an_error(tmp_path: Path) -> None:
    bodies = [bytes([i % 256]) * (i % 300) for i in range(3000)]
    data = b"".join(len(b).to_bytes(2, "big") + b for b in bodies)
    assert len(data) > 1 << 18
    assert [m.body for m in framed([write(tmp_path / "whole", data)])] == bodies
    last = list(framed([write(tmp_path / "cut", data[:-1])]))[-1]
    assert "it ends within a message" in last.error
    assert last.line == 3000


@pytest.mark.parametrize(
    ("name", "day"),
    [
        ("AAPL_2012-06-21_34200000_57600000_message_10.csv", 1340236800),
        ("01302019.NASDAQ_ITCH50.gz", 1548806400),
        ("S013019-v50.txt.gz", 1548806400),
        ("99992019.NASDAQ_ITCH50", 0),
        ("capture.bin", 0),
    ],
)
def test_the_day_comes_from_the_name(name: str, day: int) -> None:
    assert midnight_of(Path(name)) == day * SECOND


def test_the_stock_comes_from_the_name() -> None:
    assert lobster_symbol(Path("/x/AAPL_2012-06-21_message_10.csv.gz")) == "AAPL"
    assert lobster_symbol(Path("messages.csv")) == "?"
    assert plain_name(Path("a/KRAKEN.0.xz")) == "KRAKEN.0"
