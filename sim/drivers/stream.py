"""Stream ports in cocotb: a source and a sink that stall at random.

Works on the ports that Amaranth writes for a member ``name``: ``name__valid``, ``name__ready``,
``name__payload``. Needs no type of the payload: records go as their bytes.
"""

import random
from collections.abc import Iterable
from typing import Any, Never

from cocotb.triggers import ReadOnly, RisingEdge

__all__ = ["reset", "send", "sink"]


async def reset(dut: Any, *, cycles: int = 2) -> None:
    """Hold ``rst`` for some clock edges."""
    dut.rst.value = 1
    for _ in range(cycles):
        await RisingEdge(dut.clk)
    dut.rst.value = 0


async def send(
    dut: Any, name: str, records: Iterable[bytes], *, rng: random.Random, idle: float = 0.0
) -> None:
    """Send records through an input stream.

    Parameters
    ----------
    dut : handle
        The design, with its clock ``clk``.
    name : str
        The stream member.
    records : iterable of bytes
        Payloads, little-endian.
    rng : random.Random
        Source of the idle cycles.
    idle : float
        Probability of an idle cycle before a record, repeated, 0 to less than 1.
    """
    valid, ready = getattr(dut, f"{name}__valid"), getattr(dut, f"{name}__ready")
    payload = getattr(dut, f"{name}__payload")
    for record in records:
        while rng.random() < idle:
            valid.value = 0
            payload.value = rng.getrandbits(len(payload))  # without valid it means nothing
            await RisingEdge(dut.clk)
        payload.value = int.from_bytes(record, "little")
        valid.value = 1
        taken = False
        while not taken:
            await ReadOnly()
            taken = bool(int(ready.value))
            await RisingEdge(dut.clk)
    valid.value = 0


async def sink(
    dut: Any, name: str, got: list[bytes], *, rng: random.Random, stall: float = 0.0
) -> Never:
    """Take records from an output stream for ever, and check that it obeys the protocol.

    Parameters
    ----------
    dut, name, rng
        As ``send``.
    got : list of bytes
        Payloads that came are appended here.
    stall : float
        Probability of not being ready in a cycle, 0 to less than 1.

    Raises
    ------
    AssertionError
        If valid falls or the payload changes while the stream is stalled.
    """
    valid, ready = getattr(dut, f"{name}__valid"), getattr(dut, f"{name}__ready")
    payload = getattr(dut, f"{name}__payload")
    held: bytes | None = None
    while True:
        ready.value = int(rng.random() >= stall)
        await ReadOnly()
        record = None
        if int(valid.value):
            record = int(payload.value).to_bytes(len(payload) // 8, "little")
        assert held is None or record == held, f"{name} changed while it was stalled"
        taken = record is not None and bool(int(ready.value))
        if record is not None and taken:
            got.append(record)
        held = None if taken else record
        await RisingEdge(dut.clk)
