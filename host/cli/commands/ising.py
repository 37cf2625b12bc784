"""``tickgate ising``."""

from pathlib import Path
from typing import Any, Final

import click

from gpu.ising.files import FileError, read_graph, read_qubo
from gpu.ising.problem import Ising, cut_of
from gpu.ising.solve import SOLVERS, Solution
from gpu.ising.solve import solve as find
from gpu.native import CompilerError
from host.cli.output import CliError, json_option, print_json, print_table
from host.folders import cache_directory

__all__ = ["ising"]

_SHOWN: Final = 60  # spins or bits in the table


@click.group()
def ising() -> None:
    """Ising and QUBO problems: quantum-inspired solvers and classical ones."""


@ising.command()
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--solver", type=click.Choice(SOLVERS), default="sa", show_default=True,
              help="sa: simulated annealing. Quantum-inspired: sqa, by path integrals; bsb and "
              "dsb, bifurcation, for dense problems. exact: up to 24 spins.")  # fmt: skip
@click.option("--budget", type=click.FloatRange(min=0), default=5.0, show_default=True,
              help="Begin no round later than this [s].")  # fmt: skip
@click.option("--sweeps", type=click.IntRange(min=1), help="Sweeps or steps of a round.")
@click.option("--seed", type=int, default=0, show_default=True, help="Key of the random numbers.")
@json_option
def solve(file: Path, solver: str, as_json: bool, **given: Any) -> None:
    """Minimise a QUBO (FILE.qubo[.gz]), or cut a graph of the G-set's form (any other name)."""
    try:
        graph = ".qubo" not in file.suffixes
        problem = read_graph(file) if graph else read_qubo(file).ising()
        found = find(problem, solver, cache=cache_directory(), **given)
    except (FileError, OSError) as error:
        raise CliError(str(error), code="input", suggestion="see docs/concepts/ising.md") from error
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    except CompilerError as error:
        raise CliError(str(error), code="compiler", suggestion="--solver bsb") from error
    facts = _facts(problem, found, solver, graph=graph) | {"seed": given["seed"]}
    if as_json:
        print_json(facts)
        return
    facts |= {"assignment": _short(facts["assignment"]), "trace": _told(found)}
    rows = [(key, str(value)) for key, value in facts.items() if value is not None]
    print_table(("", file.name), rows)


def _facts(problem: Ising, found: Solution, solver: str, *, graph: bool) -> dict[str, Any]:
    return {
        "solver": solver,
        "spins": problem.size,
        "energy": found.energy,
        "cut": cut_of(problem, found.spins) if graph else None,
        "bound": found.bound,
        "assignment": [int(s) for s in (found.spins if graph else (found.spins + 1) // 2)],
        "trace": [{"seconds": when, "energy": energy} for when, energy in found.trace],
        "seconds": found.seconds,
        "rounds": found.rounds,
    }


def _short(values: list[int]) -> str:
    names = {1: "+", -1: "-"} if min(values) < 0 else {}
    text = "".join(names.get(v, str(v)) for v in values[:_SHOWN])
    return text + ("..." if len(values) > _SHOWN else "")


def _told(found: Solution) -> str:
    when, _ = found.trace[-1]
    return f"best after {when:.2f} s, {len(found.trace)} times better than before"
