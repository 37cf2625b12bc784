"""The whole device with the risk gate, on Verilator: every event and order equals the model's."""

import pytest

from hw.latency import LATENCY
from hw.records import REQUEST_KIND
from hw.risk_parameters import RiskParameters
from sim.devices.verilated_risk import VerilatedRiskDevice
from tests.gateware.bench import SMALL
from tests.system.risk_rig import RiskRig, device_flow

pytestmark = [pytest.mark.cosim, pytest.mark.usefixtures("needs_verilated")]

RISK = RiskParameters(
    books=SMALL.books, instruments=4, venues=2, strategies=4, accounts=2, order_slots=32
)


@pytest.mark.parametrize(
    ("requests", "seed"),
    [(600, 1), pytest.param(20_000, 2, marks=pytest.mark.slow)],
)
def test_the_device_decides_as_the_model_does(requests: int, seed: int) -> None:
    flow = device_flow(RISK, seed)
    with VerilatedRiskDevice(SMALL, RISK) as device:
        rig = RiskRig(device, flow)
        for step in flow.steps():
            rig.step(step)
            if rig.requests == requests:
                break
        assert device.read("requests") == requests
        assert device.read("orders_passed") == flow.gate.passed
        assert device.read("orders_denied") == flow.gate.denied
        for check, count in enumerate(flow.gate.denials):
            assert device.read("denials", check) == count
    assert flow.gate.passed > requests // 20
    assert flow.gate.denied > requests // 20
    assert rig.latencies[REQUEST_KIND.new] == {LATENCY["risk", "new"].cycles}
    assert rig.latencies[REQUEST_KIND.cancel] == {LATENCY["risk", "cancel"].cycles}
