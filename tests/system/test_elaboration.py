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
from tests.cosim.bench import part

#: Parts of the bench that are not in the box yet.
OUTSIDE = ("arbitrage", "imbalance_taker", "quoter", "receive_mac")


@pytest.mark.parametrize(
    ("build", "fabric"),
    [
        *((lambda name=name: part(name), None) for name in OUTSIDE),
        (lambda: FeedHandler(feeds=1, books=2, groups=2), None),
        (
            lambda: OutOfContext(component=ApplianceTop(parameters=PRESETS["small"])),
            Fabric(columns_above=4096),
        ),
    ],
    ids=[*OUTSIDE, "the feed handler", "the whole box"],
)
def test_a_design_becomes_a_netlist(build: Any, fabric: Fabric | None) -> None:
    assert "attribute \\top 1" in to_rtlil(build(), fabric=fabric)
