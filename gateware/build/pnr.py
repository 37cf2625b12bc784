"""Place and route a component by itself, with open tools: ``python -m gateware.build.pnr``.

Does it for the book engine and for the whole device, the gate and the circuit breaker included;
measures what each check of the gate costs, too. Takes long, seeds side by side; what was done
before for the same netlist is taken from there. Writes ``docs/reference/pnr.md`` if all designs,
seeds and parts were asked for, and prints one JSON line for each design, last.
"""

import argparse
import importlib
import json
import os
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final

from amaranth.lib import wiring

from gateware.build.block_areas import block_areas
from gateware.build.check_areas import check_areas
from gateware.build.export import to_rtlil
from gateware.build.out_of_context import OutOfContext
from gateware.build.pnr_page import Design, page, path_lines
from gateware.build.pnr_tools import area_xilinx, place_and_route, synthesise_ecp5, tool_versions
from gateware.common.fabric import Fabric
from hw.presets import PRESETS, BookParameters
from hw.risk_parameters import RiskParameters

__all__ = ["main", "measure"]

_ROOT: Final = Path(__file__).resolve().parents[2]
_PAGE_NAME: Final = "docs/reference/pnr.md"
_DEFAULT: Final = (
    "gateware.book.engine:BookEngine",
    "gateware.top.appliance_top:ApplianceTop",
)
_DEVICE: Final = "LFE5UM5G-85F-8"
#: An ECP5 block RAM has at most 16,384 words.
_ECP5: Final = Fabric(columns_above=4096)
_XILINX: Final = {"xc7z020": "xc7", "UltraScale+ (Kria K26: KR260)": "xcup"}


def load(name: str, parameters: BookParameters) -> wiring.Component:
    """Return the component named ``module:Class``, built for these parameters.

    Raises
    ------
    ValueError
        If there is no such component.
    """
    module, _, attribute = name.partition(":")
    try:
        factory = getattr(importlib.import_module(module), attribute)
    except (ImportError, AttributeError, ValueError) as error:
        raise ValueError(f"a design must be module:Class, not {name!r}: {error}") from error
    component = factory(parameters=parameters)
    if not isinstance(component, wiring.Component):
        raise ValueError(f"{name} must be a wiring.Component, not {type(component).__name__}")
    return component


def _without_places(rtlil: str) -> str:
    """Return the same RTLIL wherever the sources and the virtual environment are."""
    return rtlil.replace(f"{sys.prefix}/", "").replace(f"{_ROOT}/", "")


def measure(
    name: str,
    preset: str,
    *,
    seeds: Sequence[int],
    target_mhz: float,
    folder: Path,
    xilinx: bool = True,
    route: bool = True,
    options: str = "",
    nextpnr: str = "",
    jobs: int = 1,
) -> Design:
    """Synthesise, place and route one design, telling progress on stderr.

    Parameters
    ----------
    name : str
        Component, ``module:Class``; it is called with ``parameters``.
    preset : str
        Of ``hw/presets.toml``.
    seeds : sequence of int
        Of the placer, one run each.
    target_mhz : float
        What the tools work towards [MHz].
    folder : Path
        Where to work.
    xilinx : bool
        Whether to synthesise for Xilinx parts too.
    route : bool
        Whether to route; otherwise delays are estimates of the placer.
    options, nextpnr : str
        More options for ``synth_ecp5`` and ``nextpnr-ecp5``.
    jobs : int
        Seeds at a time.
    """
    parameters = PRESETS[preset]
    started = time.monotonic()

    def tell(text: str) -> None:
        print(f"[{time.monotonic() - started:5.0f} s] {text}", file=sys.stderr, flush=True)

    wrapped = to_rtlil(OutOfContext(component=load(name, parameters)), fabric=_ECP5)
    netlist = synthesise_ecp5(_without_places(wrapped), folder, options=options)
    tell(f"{name} is synthesised for {_DEVICE}")
    run = partial(place_and_route, netlist, target_mhz=target_mhz, options=nextpnr, route=route)
    with ThreadPoolExecutor(jobs) as pool:
        runs = [pool.submit(run, seed=seed) for seed in seeds]
        routed = [each.result() for each in runs]
    for seed, result in zip(seeds, routed, strict=True):
        tell(f"seed {seed}: {result.fmax_mhz} MHz, {result.area}")
        print("\n".join(path_lines(result.path)), file=sys.stderr, flush=True)
    areas = {}
    if xilinx:
        bare = _without_places(to_rtlil(load(name, parameters)))
        for part, family in _XILINX.items():
            areas[part] = area_xilinx(bare, folder, family=family)
            tell(f"{part}: {areas[part]}")
    title = f"{name.partition(':')[2]}, preset {preset}"
    blocks = block_areas(netlist)
    return Design(name=title, seeds=seeds, routed=routed, xilinx=areas, blocks=blocks)


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m gateware.build.pnr", description=__doc__)
    parser.add_argument(
        "--design", action="append", help=f"module:Class; default {' and '.join(_DEFAULT)}"
    )
    parser.add_argument("--preset", default="small", choices=sorted(PRESETS))
    parser.add_argument("--seeds", type=int, default=3, help="how many, from --first-seed")
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--freq", type=float, default=165.0, help="target [MHz]")
    parser.add_argument("--no-xilinx", action="store_true", help="leave the Xilinx parts out")
    parser.add_argument("--no-route", action="store_true", help="estimate after placement only")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="seeds at a time")
    parser.add_argument("--synth", default="", help="more options for synth_ecp5")
    parser.add_argument("--nextpnr", default="", help="more options for nextpnr-ecp5")
    parser.add_argument("--folder", type=Path, default=_ROOT / "build" / "pnr")
    parser.add_argument(
        "--page", type=Path, help=f"page to write; default {_PAGE_NAME}, if complete"
    )
    options = parser.parse_args(arguments)
    for name in ("seeds", "jobs"):
        if getattr(options, name) < 1:
            parser.error(f"--{name} must be at least 1, not {getattr(options, name)}")
    return options


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return the exit code."""
    options = _arguments(arguments)
    seeds = range(options.first_seed, options.first_seed + options.seeds)
    designs = [
        measure(
            name,
            options.preset,
            seeds=seeds,
            target_mhz=options.freq,
            folder=options.folder / name.replace(":", "."),
            xilinx=not options.no_xilinx,
            route=not options.no_route,
            options=options.synth,
            nextpnr=options.nextpnr,
            jobs=options.jobs,
        )
        for name in options.design or _DEFAULT
    ]
    complete = options.seeds >= 3 and not options.no_xilinx and not options.no_route
    checks: Mapping[str, Mapping[str, int]] = {}
    if options.design is None and complete:
        risk = RiskParameters.beside(PRESETS[options.preset])
        checks = check_areas(risk, options.folder / "checks", jobs=options.jobs)
    whole = _ROOT / _PAGE_NAME if checks else None
    if target := options.page or whole:
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(page(designs, tool_versions(), checks), encoding="utf-8")
    for design in designs:
        line = {
            "design": design.name,
            "device": _DEVICE,
            "fmax_mhz": design.fmax_mhz,
            "area": {_DEVICE: design.typical.area, **design.xilinx},
        }
        print(json.dumps(line))
    return 0


if __name__ == "__main__":
    sys.exit(main())
