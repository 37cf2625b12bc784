"""The example on the manual's page runs as it stands there."""

import re

from host.wire import mold_udp64 as mold
from tests.repo.files import ROOT


def test_the_example_of_the_page_runs() -> None:
    page = (ROOT / "docs" / "concepts" / "simulated-exchange.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    names: dict[str, object] = {}
    exec(example, names)
    packets = names["packets"]
    assert isinstance(packets, list)
    assert mold.decode(packets[0]).session == "DAY1"
