"""What the drills on the device share."""

import pytest

from hw.presets import PRESETS, BookParameters
from hw.risk_parameters import RiskParameters
from sim.devices.verilated_risk import VerilatedRiskDevice


@pytest.fixture(scope="session")
def usual(needs_verilated: None) -> None:
    """Compile the usual device, once."""
    open_usual().close()


def open_usual(
    parameters: BookParameters = PRESETS["small"], risk: RiskParameters | None = None
) -> VerilatedRiskDevice:
    """Return the usual device, just after reset."""
    return VerilatedRiskDevice(parameters, risk)
