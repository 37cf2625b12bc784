"""cocotb side of test_component_cosims: gateware.net.udp_filter against its model."""

import os
import random
from typing import Any

import cocotb

from gateware.net.layouts import DROPPED
from gateware.net.receive_mac import ReceiveMac
from sim.models.udp_filter import udp_payload
from tests.cosim.ports import Ports
from tests.gateware.net.datagrams import GROUPS, Payloads, expected, spoilt

SEED = int(os.environ["SEED"])
N_FRAMES = 600


def check(ports: Ports, payloads: Payloads, frames: list[tuple[bytes, bool]]) -> None:
    """Compare payloads, verdicts and counters with the model's."""
    wanted = expected(frames)
    assert payloads.good == [good for _, good in wanted]
    for got, (datagram, good) in zip(payloads.payloads, wanted, strict=True):
        assert got == datagram.payload or not good
    results = [udp_payload(frame, GROUPS) for frame, _ in frames]
    for name in DROPPED.members:
        assert ports.get(name) == results.count(name), name


@cocotb.test(timeout_time=5, timeout_unit="ms")
async def spoilt_frames_at_random_gaps_are_the_models(dut: Any) -> None:
    """Words of a frame follow each other, as the MAC's do; gaps between frames are random."""
    rng, ports, payloads = random.Random(SEED), Ports(dut, "udp_filter"), Payloads()
    frames = [(spoilt(rng), rng.random() < 0.9) for _ in range(N_FRAMES)]
    await ports.start()
    ports.set(groups=[vars(group) for group in GROUPS])
    cycle = 0
    ends: dict[int, bool] = {}

    async def step(word: dict[str, int] | None, frame: bytes = b"") -> None:
        nonlocal cycle
        good = ends.pop(cycle, None)
        await ports.drive(
            word_valid=word is not None,
            word=word or dict.fromkeys(("data", "bytes", "first", "last"), 0),
            end_valid=good is not None,
            end={"good": bool(good), "bad_code": 0, "oversize": 0, "runt": 0, "bad_fcs": 0},
        )
        if word:
            payloads.send(cycle, ports.get("index"), frame)
        payloads.take(
            cycle,
            judged=ports.get("judged"),
            passes=ports.get("passes"),
            payload=ports.get("payload"),
            good=ports.get("payload_good") if ports.get("payload_end_valid") else None,
        )
        cycle += 1
        await ports.tick()

    for frame, good in frames:
        for n in range(0, len(frame) + 1, 8):
            piece, last = frame[n : n + 8], n + 8 > len(frame)
            if last:
                ends[cycle + ReceiveMac.END_LATENCY] = good
            data = int.from_bytes(piece, "little")
            await step({"data": data, "bytes": len(piece), "first": n == 0, "last": last}, frame)
        for _ in range(rng.choice([0, 0, 2, 2, 9])):
            await step(None)
    for _ in range(8):
        await step(None)
    check(ports, payloads, frames)
