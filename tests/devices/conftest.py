"""Every backend that this machine can run, as fixtures."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from host.device.base import Device
from sim.devices.model import ModelDevice
from sim.devices.verilated import VerilatedDevice
from tests.sim.updates import TINY

BACKENDS: dict[str, Callable[..., Device]] = {"model": ModelDevice, "verilated": VerilatedDevice}


@pytest.fixture(params=list(BACKENDS))
def backend(request: pytest.FixtureRequest) -> Callable[..., Device]:
    """Return the backend, or skip where the machine lacks a tool for it."""
    if request.param == "verilated":
        request.getfixturevalue("needs_verilated")
    return BACKENDS[request.param]


@pytest.fixture
def device(backend: Callable[..., Device]) -> Iterator[Any]:
    """Return a fresh, small device."""
    with backend(TINY) as made:
        yield made
