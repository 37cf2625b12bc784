"""Unit tests of gateware.common.records."""

import numpy as np
import pytest
from amaranth.lib import data

from gateware.common.records import BOOK_EVENT_LAYOUT, MARKET_UPDATE_LAYOUT
from host.device.records import EVENT_DTYPE, UPDATE_DTYPE


@pytest.mark.parametrize(
    ("layout", "dtype"), [(MARKET_UPDATE_LAYOUT, UPDATE_DTYPE), (BOOK_EVENT_LAYOUT, EVENT_DTYPE)]
)
def test_the_bits_of_a_layout_are_the_bytes_of_the_record(
    layout: data.StructLayout, dtype: np.dtype[np.void]
) -> None:
    assert layout.size == 8 * dtype.itemsize
    assert dtype.fields is not None
    for name, (kind, offset, *_) in dtype.fields.items():
        field = layout[name]
        assert (field.offset, field.width) == (8 * offset, 8 * kind.itemsize), name


def test_the_layouts_hold_no_other_fields() -> None:
    assert [name for name, _ in MARKET_UPDATE_LAYOUT] == list(UPDATE_DTYPE.names or ())
    assert [name for name, _ in BOOK_EVENT_LAYOUT] == list(EVENT_DTYPE.names or ())
