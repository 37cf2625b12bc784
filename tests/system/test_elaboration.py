# amaranth: UnusedElaboratable=no
"""Every circuit can be built: that is when its lines run."""

from typing import Any

import pytest

from gateware.build.export import to_rtlil
from gateware.build.out_of_context import OutOfContext
from gateware.common.fabric import Fabric
from gateware.feed.feed_handler import FeedHandler
from gateware.top.appliance_top import ApplianceTop
from hw.presets import PRESETS
from tests.cosim.bench import Bench


@pytest.mark.parametrize(
    ("build", "fabric"),
    [
        (Bench, None),
        (lambda: FeedHandler(feeds=2, books=8), None),
        (
            lambda: OutOfContext(component=ApplianceTop(parameters=PRESETS["small"])),
            Fabric(columns_above=4096),
        ),
    ],
    ids=["every component", "the feed handler", "the whole box"],
)
def test_a_design_becomes_a_netlist(build: Any, fabric: Fabric | None) -> None:
    assert "attribute \\top 1" in to_rtlil(build(), fabric=fabric)
