"""Every device: long random streams against the model, and what comes of size."""

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from host.device.base import Device
from hw.presets import PRESETS
from sim.devices.verilated import VerilatedDevice
from sim.orderflow import order_flow
from sim.verify import Verification, Verifier
from tests.devices.talking import say_array
from tests.sim.updates import TINY, array_of, update


def flow(profile: str, n: int, seed: int, parameters: Any = TINY) -> NDArray[np.void]:
    return np.concatenate(
        list(order_flow(profile, parameters, n=n, rng=np.random.default_rng(seed)))
    )


def verified(device: Device, updates: NDArray[np.void], *, batch: int) -> Verification:
    """Send updates in batches of random sizes and compare every event with the model."""
    verifier = Verifier(device.parameters)
    rng = np.random.default_rng(batch)
    rest = updates
    while len(rest):
        sent, rest = np.split(rest, [rng.integers(0, batch)])
        verifier.feed(sent, device.transfer(sent))
    verifier.feed(rest, device.drain())
    result = verifier.finish()
    assert result.first == []
    assert result.updates == len(updates)
    return result


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_kind_and_every_error_in_a_random_stream(device: Device, seed: int) -> None:
    result = verified(device, flow("adversarial", 5000, seed), batch=400)
    assert result.errors["feed_gap"] > 0
    assert result.read_outs > 0
    assert device.read("updates") == 5000
    assert device.read("events") == result.events


def test_batches_of_one_are_as_good_as_any(device: Device) -> None:
    verified(device, flow("adversarial", 500, 4), batch=3)


@pytest.mark.parametrize(("idle", "stall"), [(0.5, 0.0), (0.0, 0.5), (0.3, 0.3), (0.9, 0.9)])
@pytest.mark.parametrize("seed", [1, 2])
def test_stalls_of_either_side_change_no_event(
    needs_verilated: None, idle: float, stall: float, seed: int
) -> None:
    updates = flow("adversarial", 2000, 10 + seed)
    with VerilatedDevice(TINY, seed=seed, idle=idle, stall=stall) as device:
        verified(device, updates, batch=300)


def test_a_busy_feed_on_the_small_preset(needs_verilated: None) -> None:
    updates = flow("nasdaq_mix", 20_000, 5, PRESETS["small"])
    with VerilatedDevice(PRESETS["small"], seed=5) as device:
        result = verified(device, updates, batch=9000)
        assert result.invalidations == 0
        assert device.read("deferred_max") >= (1 if result.deferred else 0)


def test_a_million_updates_in_one_transfer(needs_verilated: None) -> None:
    n = 1_000_000
    updates = np.tile(array_of(update("trade"), update("trade", book=1)), n // 2)
    updates["time"] = np.arange(n)
    with VerilatedDevice(TINY) as device:
        events = say_array(device, updates)
        assert np.array_equal(events["time"], updates["time"])
        assert np.array_equal(events["sequence"], np.arange(n))
        assert device.read("updates") == n
        assert (events["latency"] == events["latency"][0]).all()


def test_the_same_seed_gives_the_same_cycles(needs_verilated: None) -> None:
    updates = flow("demo", 3000, 6)
    runs = []
    for seed in (7, 7, 8):
        with VerilatedDevice(TINY, seed=seed, idle=0.2, stall=0.2) as device:
            runs.append(say_array(device, updates))
    assert np.array_equal(runs[0], runs[1])
    assert not np.array_equal(runs[0]["cycle"], runs[2]["cycle"])
