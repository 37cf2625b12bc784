"""Choose the JSON reader. The only module that may import orjson."""

from collections.abc import Callable
from importlib import import_module
from typing import Any

__all__ = ["loads"]

try:
    loads: Callable[[bytes], Any] = import_module("orjson").loads
except ImportError:  # the standard library reads the same, several times slower
    loads = import_module("json").loads
