"""The whole device with the risk gate, on Verilator: every event and order equals the model's."""

from itertools import islice

import pytest

from hw.latency import LATENCY
from hw.records import CHECK, REQUEST_KIND
from hw.risk_parameters import RiskParameters
from sim.devices.verilated_risk import VerilatedRiskDevice
from tests.gateware.bench import SMALL
from tests.system.risk_rig import RiskRig, device_flow

pytestmark = [pytest.mark.cosim, pytest.mark.usefixtures("needs_verilated")]

RISK = RiskParameters(
    books=SMALL.books, instruments=4, venues=2, strategies=4, accounts=2, order_slots=32
)


@pytest.mark.parametrize(
    ("steps", "seed"),
    [(3000, 1), pytest.param(1_000_000, 2, marks=pytest.mark.slow)],
)
def test_the_device_decides_as_the_model_does(steps: int, seed: int) -> None:
    flow = device_flow(RISK, seed)
    with VerilatedRiskDevice(SMALL, RISK) as device:
        rig = RiskRig(device, flow)
        for step in islice(flow.steps(), steps):
            rig.step(step)
        assert device.read("requests") == rig.requests > steps // 5
        assert device.read("orders_passed") == flow.gate.passed
        assert device.read("orders_denied") == flow.gate.denied
        assert device.read("report_faults") == flow.gate.faults
        assert device.read("trips_lost") == 0
        for check, count in enumerate(flow.gate.denials):
            assert device.read("denials", check) == count
    assert flow.gate.passed > rig.requests // 20
    assert flow.gate.denied > rig.requests // 20
    assert rig.latencies[REQUEST_KIND.new] == {LATENCY["risk", "new"].cycles}
    assert rig.latencies[REQUEST_KIND.cancel] == {LATENCY["risk", "cancel"].cycles}
    if steps >= 1_000_000:
        never = {c.name for c in CHECK if not flow.failures[c.value]}
        # No step of this traffic brings these.
        assert never == {"book_deferred", "not_ready"}
