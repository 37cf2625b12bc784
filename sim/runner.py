"""Compile an Amaranth component with Verilator and run cocotb test modules against it."""

from pathlib import Path
from typing import Final

import cocotb_tools.config
from amaranth.lib import wiring
from cocotb_tools.check_results import get_results
from cocotb_tools.runner import get_runner

from gateware.build.export import to_verilog
from sim.verilator.toolchain import compile_cpp, include_folder, verilate

__all__ = ["build_cosim", "run_cosim"]

# Only the ports are visible to cocotb: with every signal in sight nothing could be optimised.
_VISIBLE: Final = '`verilator_config\npublic_flat_rw -module "top" -port "*"\n'


def build_cosim(component: wiring.Component, build_dir: Path) -> None:
    """Compile a component for ``run_cosim``.

    Parameters
    ----------
    component : wiring.Component
        Design under test. Its ports become the ports ``clk``, ``rst`` and one per member of the
        module ``top``.
    build_dir : Path
        Directory for the simulator and the results. Created if missing.

    Raises
    ------
    DeviceError
        If the design does not compile.
    """
    build_dir.mkdir(parents=True, exist_ok=True)
    (build_dir / "visible.vlt").write_text(_VISIBLE, encoding="utf-8")
    # What the design leaves undefined is random here, so that it cannot rely on it.
    verilog = to_verilog(component, undefined_collisions=True)
    options = ("--vpi", "--timescale", "1ns/1ps", "--x-assign", "unique", "visible.vlt")
    verilate(verilog, build_dir, *options)
    libraries = cocotb_tools.config.libs_dir
    main = cocotb_tools.config.share_dir / "lib" / "verilator" / "verilator.cpp"
    compile_cpp(
        build_dir,
        sources=[Path(main), include_folder() / "verilated_vpi.cpp"],
        output="top",
        # Python drives every cycle and takes most of the time: what compiles soon is done first.
        fast="-O1",
        link=[f"-Wl,-rpath,{libraries}", f"-L{libraries}", "-lcocotbvpi_verilator"],
    )


def run_cosim(
    build_dir: Path,
    *,
    test_module: str,
    seed: int = 1,
    parameters: dict[str, str] | None = None,
) -> None:
    """Run every cocotb test in ``test_module`` against what ``build_cosim`` compiled.

    Parameters
    ----------
    build_dir : Path
        As ``build_cosim``.
    test_module : str
        Importable name of the module that holds the cocotb tests.
    seed : int
        Of the values that the design leaves undefined, from 1.
    parameters : dict of str to str, optional
        Passed to the test module as environment variables.

    Raises
    ------
    RuntimeError
        If a cocotb test fails or none ran.
    """
    try:
        results = get_runner("verilator").test(
            hdl_toplevel="top",
            hdl_toplevel_lang="verilog",
            test_module=test_module,
            build_dir=build_dir,
            test_dir=build_dir,
            plusargs=["+verilator+rand+reset+2", f"+verilator+seed+{seed}"],
            extra_env=parameters or {},
        )
        ran, failed = get_results(results)
    except SystemExit as error:  # within pytest the runner looks at the results itself
        raise RuntimeError(f"cocotb tests of {test_module} failed, see {build_dir}") from error
    if failed or not ran:
        raise RuntimeError(f"{failed} of {ran} cocotb tests of {test_module} failed: {results}")
