"""A cocotb test that fails, to see that this is noticed."""

from typing import Any

import cocotb


@cocotb.test(timeout_time=1, timeout_unit="us")
async def fails(dut: Any) -> None:
    """Expect what is not so."""
    assert dut is None
