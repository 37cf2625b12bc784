# amaranth: UnusedElaboratable=no
"""Co-simulation of every component: generated Verilog against its model, under random stalls.

One simulator holds them all side by side, see ``tests.cosim.bench``; each has a cocotb module of
its own. The maintenance engine has no contract without a pipeline, for which it issues operations
and whose reports it needs: it is co-simulated in the book engine, with traffic that keeps it at
work. ``gateware.top.book_top`` has a test of its own, ``test_book_top_cosim``.
"""

import fcntl
import os
from importlib import import_module
from pathlib import Path
from pkgutil import walk_packages
from typing import Final

import pytest
from amaranth.lib import wiring

import gateware
from sim.runner import build_cosim, run_cosim
from tests.cosim.bench import PARTS, Bench, part

#: Components that are not in the bench, each with its reason.
ELSEWHERE: Final = {
    "_Without": "It is NewOrderChecks with a part left out, to measure that part.",
    "ApplianceTop": "It is compared with its model in tests/system/test_risk_campaign.py.",
    "AuditWalk": "It is part of RiskGate, and means nothing alone.",
    "Averages": "It is part of CircuitBreaker.",
    "BookTop": "It has a test of its own.",
    "BreakerActions": "It is part of CircuitBreaker.",
    "BucketClock": "It is part of CircuitBreaker.",
    "CancelWalk": "It is part of RiskGate, and means nothing alone.",
    "ChangeJudge": "It is part of CircuitBreaker.",
    "ControlEvents": "It is part of RiskUnit.",
    "DenialCounts": "It is part of RiskUnit.",
    "Divisible": "It is part of RiskGate; its sums are those of Multiplier.",
    "EventQueue": "It is part of RiskUnit.",
    "FeedHandler": "It is part of no top yet; tests/gateware/feed has its tests.",
    "ItchDecoder": "It is part of FeedHandler.",
    "LineArbiter": "It is part of FeedHandler.",
    "LineBuffer": "It is part of FeedHandler.",
    "Maintenance": "It is part of BookEngine, and means nothing alone.",
    "MaintenanceState": "It is the base of Maintenance.",
    "Marking": "It is part of RiskGate, and means nothing alone.",
    "Measures": "It is part of CircuitBreaker.",
    "MoldSplitter": "It is part of FeedHandler.",
    "NewOrderChecks": "It is part of RiskGate, and means nothing alone.",
    "OutOfContext": "It is for place and route, and is tested there.",
    "OwnPrices": "It is part of RiskGate, and means nothing alone.",
    "PriceHistory": "It is part of CircuitBreaker.",
    "QuoteSide": "It is part of Quoter.",
    "RateLimit": "It is part of RiskGate.",
    "RecentFences": "It is part of CircuitBreaker.",
    "RepeatFilter": "It is part of RiskGate.",
    "Trigger": "It is the base of the triggers.",
    "ReportEffects": "It is part of RiskGate, and means nothing alone.",
    "RiskGate": "It is compared with its model in ApplianceTop.",
    "RiskUnit": "It is compared with its model in ApplianceTop.",
    "StateRows": "It is part of RiskGate, and means nothing alone.",
    "Survey": "It is part of CircuitBreaker.",
    "TripQueue": "It is part of CircuitBreaker.",
}


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory, needs_verilated: None) -> Path:
    """Compile all components, once for every process of this run."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with (shared / "components.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder = shared / "components"
        if not (folder / "done").exists():
            build_cosim(Bench(), folder)
            (folder / "done").touch()
    return folder


@pytest.mark.cosim
@pytest.mark.parametrize("name", PARTS)
def test_component_is_its_model_under_random_stalls(
    simulator: Path, name: str, tmp_path: Path
) -> None:
    (tmp_path / "top").symlink_to(simulator / "top")  # results of its own
    run_cosim(tmp_path, test_module=f"tests.cosim.{name}_cocotb", parameters={"SEED": "1"})


def test_every_component_is_co_simulated() -> None:
    modules = [import_module(m.name) for m in walk_packages(gateware.__path__, "gateware.")]
    names = {
        name
        for module in modules
        for name, value in vars(module).items()
        if isinstance(value, type)
        and issubclass(value, wiring.Component)
        and value.__module__ == module.__name__
    }
    assert names == {type(part(name)).__name__ for name in PARTS} | ELSEWHERE.keys()
