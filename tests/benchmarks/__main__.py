"""Print the rates of devices, ``order_book`` library and exchange; a JSON object comes last."""

import argparse
import json
import os
import platform
import sys
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hw.presets import PRESETS, BookParameters
from sim.captures import measure, open_capture
from sim.orderflow import order_flow
from sim.replay.fit import choose_preset
from tests.benchmarks.exchange import exchange_rates
from tests.benchmarks.rates import compare

ROOT = Path(__file__).resolve().parents[2]
CAPTURE = "binance/usdm_btcusdt_20240808.gz"


def captured(path: Path, n: int) -> tuple[NDArray[np.void], BookParameters]:
    """Return the first ``n`` updates of a capture, and the smallest build that holds it."""
    parts: list[NDArray[np.void]] = []
    with open_capture([path]) as capture:
        for batch in capture:
            parts.append(batch.updates)
            if sum(len(part) for part in parts) >= n:
                break
    return np.concatenate(parts)[:n], choose_preset(measure([path]), PRESETS)


def generated(n: int) -> tuple[NDArray[np.void], BookParameters]:
    """Return ``n`` generated updates with the mix of a Nasdaq day, for the small build."""
    parameters = PRESETS["small"]
    flow = order_flow("nasdaq_mix", parameters, n=n, rng=np.random.default_rng(1))
    return np.concatenate(list(flow)), parameters


def cpu() -> str:
    """Return the name of the processor, as far as the system says."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor())


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("--updates", type=int, default=200_000, help="of each feed, at most")
    parser.add_argument("--model-updates", type=int, default=20_000, help="for the model")
    parser.add_argument("--repeats", type=int, default=3)
    options = parser.parse_args(arguments)
    data = Path(os.environ.get("TICKGATE_DATA") or ROOT.parent / "shared" / "data")
    feeds = {"generated nasdaq_mix": generated(options.updates)}
    if (data / CAPTURE).is_file():
        feeds[CAPTURE] = captured(data / CAPTURE, options.updates)
    else:
        print(f"{data / CAPTURE} is not there: generated flow alone", file=sys.stderr)
    runs = []
    for name, (updates, parameters) in feeds.items():
        result = compare(
            updates,
            parameters,
            repeats=options.repeats,
            model_updates=options.model_updates,
        )
        runs.append({"feed": name, "preset": parameters.name, **result})
        print(f"{name}, preset {parameters.name}, {len(updates):,} updates")
        for kind, rate in result["updates_per_s"].items():
            print(f"  {kind:22} {rate:>12,} updates/s")
        print(f"  {'gateware':22} {result['cycles_per_s']:>12,} cycles/s")
    exchange = {
        name: round(rate)
        for name, rate in exchange_rates(options.updates, repeats=options.repeats).items()
    }
    print("simulated exchange")
    for name, rate in exchange.items():
        print(f"  {name:24} {rate:>10,}")
    machine = {"cpu": cpu(), "cores": os.cpu_count(), "load": os.getloadavg()[0]}
    library = f"order_book {version('order_book')}"
    print(json.dumps({"runs": runs, "exchange": exchange, "library": library, "machine": machine}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
