# amaranth: UnusedElaboratable=no
"""Tests of gateware.risk.risk_gate: cycle for cycle in Amaranth's simulator, against the model."""

from dataclasses import replace
from typing import Any

import pytest

from gateware.risk.risk_gate import RiskGate
from hw.latency import LATENCY
from hw.records import REQUEST_KIND
from sim.orderflow.risk_flow import RiskFlow
from sim.orderflow.risk_steps import Ask
from tests.gateware.bench import run
from tests.gateware.risk.bench import NARROW
from tests.gateware.risk.gate_rig import GateRig

#: Wide enough for the traffic.
BUILD = replace(
    NARROW, time_bits=32, order_slots=32, quantity_bits=10, position_bits=16, tick_bits=12
)
REQUESTS = 60


@pytest.mark.parametrize(
    ("seed", "stall"), [(2, 0.6), pytest.param(1, 0.0, marks=pytest.mark.slow)]
)
def test_the_gate_does_what_the_model_does(seed: int, stall: float) -> None:
    dut, flow = RiskGate(parameters=BUILD), RiskFlow(BUILD, seed)
    rig = GateRig(dut, flow, seed=seed, stall=stall)

    async def testbench(ctx: Any) -> None:
        await rig.start(ctx)
        asked = 0
        for step in flow.steps():
            await rig.step(step)
            asked += isinstance(step, Ask)
            if asked == REQUESTS:
                break

    run(dut, testbench)
    assert flow.gate.passed > 5
    assert flow.gate.denied > 5
    # A verdict is told when the order stands at the port; both are the budget's.
    assert rig.latencies[REQUEST_KIND.new] == {LATENCY["risk", "new"].cycles}


async def ready(ctx: Any, dut: RiskGate) -> None:
    while not ctx.get(dut.i.ready):
        await ctx.tick()


def test_latency_and_interval_are_those_of_the_budget() -> None:
    dut = RiskGate(parameters=BUILD)
    assert LATENCY["risk", "new"].cycles == dut.LATENCY
    assert LATENCY["risk", "cancel"].cycles == dut.LATENCY
    assert LATENCY["risk", "interval_new"].cycles == dut.INTERVAL
    assert LATENCY["risk", "interval_other"].cycles == dut.OTHER_INTERVAL

    async def testbench(ctx: Any) -> None:
        ctx.set(dut.o.ready, 1)
        await ready(ctx, dut)
        for kind, interval in (
            (REQUEST_KIND.new, dut.INTERVAL), (REQUEST_KIND.cancel, dut.OTHER_INTERVAL),
            (REQUEST_KIND.ack, dut.OTHER_INTERVAL), (REQUEST_KIND.fill, dut.OTHER_INTERVAL),
        ):  # fmt: skip
            ctx.set(dut.i.payload, {"kind": kind, "order_id": 5})
            ctx.set(dut.i.valid, 1)
            await ctx.tick()
            ctx.set(dut.i.valid, 0)
            cycles = 1
            while not ctx.get(dut.i.ready):
                if cycles == dut.LATENCY:
                    assert ctx.get(dut.o.valid) == (kind == REQUEST_KIND.cancel)
                await ctx.tick()
                cycles += 1
            assert cycles == interval

    run(dut, testbench)


def test_after_reset_every_order_is_denied() -> None:
    dut = RiskGate(parameters=BUILD)

    async def testbench(ctx: Any) -> None:
        ctx.set(dut.o.ready, 1)
        await ready(ctx, dut)
        for side in (0, 1):
            ctx.set(
                dut.i.payload,
                {"kind": REQUEST_KIND.new, "order_id": 5, "quantity": 0, "side": side},
            )
            ctx.set(dut.i.valid, 1)
            await ctx.tick()
            ctx.set(dut.i.valid, 0)
            for _ in range(dut.LATENCY + 1):
                assert not ctx.get(dut.o.valid)
                await ctx.tick()
            await ready(ctx, dut)

    run(dut, testbench)
