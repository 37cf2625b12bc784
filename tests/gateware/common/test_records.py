"""Unit tests of gateware.common.records."""

import numpy as np
import pytest
from amaranth.lib import data

from gateware.common.records import (
    BOOK_EVENT_LAYOUT,
    MARKET_UPDATE_LAYOUT,
    ORDER_LAYOUT,
    RISK_EVENT_LAYOUT,
    RISK_REQUEST_LAYOUT,
)
from host.device.records import (
    EVENT_DTYPE,
    ORDER_DTYPE,
    RISK_EVENT_DTYPE,
    RISK_REQUEST_DTYPE,
    UPDATE_DTYPE,
)

PAIRS = [
    (MARKET_UPDATE_LAYOUT, UPDATE_DTYPE),
    (BOOK_EVENT_LAYOUT, EVENT_DTYPE),
    (RISK_REQUEST_LAYOUT, RISK_REQUEST_DTYPE),
    (ORDER_LAYOUT, ORDER_DTYPE),
    (RISK_EVENT_LAYOUT, RISK_EVENT_DTYPE),
]


@pytest.mark.parametrize(("layout", "dtype"), PAIRS)
def test_the_bits_of_a_layout_are_the_bytes_of_the_record(
    layout: data.StructLayout, dtype: np.dtype[np.void]
) -> None:
    assert layout.size == 8 * dtype.itemsize
    assert dtype.fields is not None
    for name, (kind, offset, *_) in dtype.fields.items():
        field = layout[name]
        assert (field.offset, field.width) == (8 * offset, 8 * kind.itemsize), name


@pytest.mark.parametrize(("layout", "dtype"), PAIRS)
def test_the_layouts_hold_no_other_fields(
    layout: data.StructLayout, dtype: np.dtype[np.void]
) -> None:
    assert [name for name, _ in layout] == list(dtype.names or ())
