"""Whatever a file holds, it is read to its end with counted errors, or refused at the start."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim.captures import CaptureError, open_capture
from sim.captures.recognise import FORMATS
from tests.sim.captures.test_capture import SAMPLES

PIECE = st.one_of(
    st.binary(max_size=30), *(st.just(body) for body, _, _ in SAMPLES.values()), st.just(b"\n")
)


@pytest.mark.parametrize("format", FORMATS)
@given(pieces=st.lists(PIECE, max_size=6), cut=st.integers(0, 400))
def test_any_bytes_are_read_or_refused(
    format: str, pieces: list[bytes], cut: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = Path(tmp_path_factory.getbasetemp()) / f"fuzz-{format}"
    path.write_bytes(b"".join(pieces)[cut:])
    try:
        capture = open_capture([path], format=format)
    except CaptureError:
        assert format == "records"  # the others have no header that could be refused
        return
    with capture:
        updates = sum(len(batch.updates) for batch in capture)
        assert updates == capture.updates
        assert capture.bytes_read == capture.bytes_total
    assert capture.errors.total() >= len(capture.error_messages)
