"""Tests of host.venues.jsontext."""

import importlib
import sys

import pytest

from host.venues import jsontext


@pytest.mark.parametrize("orjson", [True, False])
def test_reads_json_with_and_without_orjson(orjson: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not orjson:
        monkeypatch.setitem(sys.modules, "orjson", None)
    try:
        importlib.reload(jsontext)
        assert jsontext.loads(b'{"a": ["1.10", 5]}') == {"a": ["1.10", 5]}
        with pytest.raises(ValueError, match=r"."):
            jsontext.loads(b"{")
        assert jsontext.loads.__module__.startswith("orjson" if orjson else "json")
    finally:
        monkeypatch.undo()
        importlib.reload(jsontext)
