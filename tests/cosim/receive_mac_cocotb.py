"""cocotb side of test_component_cosims: gateware.net.receive_mac, fed by cocotbext-eth."""

import os
import random
from typing import Any, Final

import cocotb
from cocotb.triggers import ReadOnly, RisingEdge
from cocotbext.eth import XgmiiFrame, XgmiiSource

from tests.cosim.ports import Ports
from tests.gateware.net.xgmii import Received

SEED = int(os.environ["SEED"])
N_FRAMES = 200
ERROR: Final = 0xFE


async def play(
    dut: Any, frames: list[tuple[XgmiiFrame, str]], gaps: random.Random | None
) -> Received:
    """Send frames, back to back or with random gaps; return what came until the last verdict."""
    ports, received, cycle = Ports(dut, "receive_mac"), Received(), 0
    await ports.start()
    source = XgmiiSource(dut.receive_mac__xgmii_data, dut.receive_mac__xgmii_control, dut.clk)
    source.log.setLevel("WARNING")  # it would print every frame
    source.enable_dic = gaps is None

    async def feed() -> None:
        for frame, _ in frames:
            source.ifg = gaps.randrange(5, 60) if gaps else 12
            await source.send(frame)
            if gaps:
                await source.wait()

    cocotb.start_soon(feed())
    while len(received.verdicts) < len(frames):
        await ReadOnly()
        received.take(
            cycle,
            ports.get("word") if ports.get("word_valid") else None,
            ports.get("end") if ports.get("end_valid") else None,
        )
        cycle += 1
        await RisingEdge(dut.clk)
    return received


def check(received: Received, frames: list[tuple[XgmiiFrame, str]]) -> None:
    """Compare every verdict, and the bytes of every good frame without preamble."""
    assert received.verdicts == [verdict for _, verdict in frames]
    for got, (sent, verdict) in zip(received.frames, frames, strict=True):
        if verdict == "good":
            assert got == bytes(sent.data[8:])


@cocotb.test(timeout_time=5, timeout_unit="ms")
async def all_tails_pass_at_the_least_gap(dut: Any) -> None:
    """Short frames of every size, longer ones of some, as close as the standard allows."""
    rng = random.Random(SEED)
    sizes = [*range(60, 160), *range(160, 1519, 37), *range(1510, 1519)]
    rng.shuffle(sizes)
    frames = [(XgmiiFrame.from_payload(rng.randbytes(size)), "good") for size in sizes]
    check(await play(dut, frames, None), frames)


@cocotb.test(timeout_time=5, timeout_unit="ms")
async def bad_frames_are_told_between_good_ones(dut: Any) -> None:
    """Random gaps; wrong bits, error codes, frames too short and too long."""
    rng = random.Random(SEED)
    frames: list[tuple[XgmiiFrame, str]] = []
    for _ in range(N_FRAMES):
        verdict = rng.choice(["good", "bad_code", "oversize", "runt", "bad_fcs"])
        size = {"oversize": 1519 + rng.randrange(60), "runt": 1 + rng.randrange(59)}.get(
            verdict, 60 + rng.randrange(200)
        )
        frame = XgmiiFrame.from_payload(rng.randbytes(size), min_len=0)
        at = 8 + rng.randrange(size)
        if verdict == "bad_fcs":
            frame.data[at] ^= 1 << rng.randrange(8)
        if verdict == "bad_code":
            frame.ctrl = [0] * len(frame.data)
            frame.data[at], frame.ctrl[at] = ERROR, 1
        frames.append((frame, verdict))
    check(await play(dut, frames, rng), frames)
