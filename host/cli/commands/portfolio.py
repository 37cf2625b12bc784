"""``tickgate portfolio``."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import click
import numpy as np
from numpy.typing import NDArray

from gpu.portfolio.allocation import hierarchical_risk_parity, most_diversified, risk_budget
from gpu.portfolio.constraints import Constraints, InfeasibleError
from gpu.portfolio.critical_line import efficient_frontier
from gpu.portfolio.cutting_planes import NotConverged, Risk, least_risk
from gpu.portfolio.estimators import (
    clipped,
    constant_correlation,
    ledoit_wolf,
    oracle_approximating,
    sample_covariance,
)
from gpu.portfolio.tail_risk import ConditionalDrawdown, ConditionalValueAtRisk
from host.cli.output import CliError, json_option, print_json, print_table
from host.compute.files import InputError, Series, read_series

__all__ = ["portfolio"]

_Vector = NDArray[np.float64]
_COVARIANCES: Final[Mapping[str, Callable[[_Vector], _Vector]]] = {
    "sample": sample_covariance,
    "ledoit-wolf": lambda returns: ledoit_wolf(returns)[0],
    "oracle": lambda returns: oracle_approximating(returns)[0],
    "constant-correlation": lambda returns: constant_correlation(returns)[0],
    "clipped": lambda returns: clipped(sample_covariance(returns), len(returns))[0],
}
_TAILS: Final[Mapping[str, Callable[[_Vector, float], Risk]]] = {
    "cvar": ConditionalValueAtRisk,
    "drawdown": ConditionalDrawdown,
}
_RULES: Final[Mapping[str, Callable[[_Vector], _Vector]]] = {
    "risk-parity": risk_budget,
    "most-diversified": most_diversified,
    "hierarchical": hierarchical_risk_parity,
}
_OBJECTIVES: Final = ("variance", "sharpe", *_TAILS, *_RULES)
_HELD: Final = 1e-6  # less is not shown


@click.group()
def portfolio() -> None:
    """Weights by mean and variance, by tail risk, or by a rule."""


def _shared(command: Callable[..., None]) -> Callable[..., None]:
    """Add the argument and options of every command."""
    for add in (
        click.option("--upper", type=float, default=1.0, show_default=True,
                     help="Most of each weight."),
        click.option("--lower", type=float, default=0.0, show_default=True,
                     help="Least of each weight."),
        click.option("--covariance", type=click.Choice(list(_COVARIANCES)), default="ledoit-wolf",
                     show_default=True, help="Estimator."),
        click.option("--kind", type=click.Choice(["prices", "returns"]), default="prices",
                     show_default=True, help="What the file holds."),
        click.argument("file", type=click.Path(path_type=Path)),
    ):  # fmt: skip
        command = add(command)
    return command


@portfolio.command()
@_shared
@click.option("--objective", type=click.Choice(_OBJECTIVES), default="variance", show_default=True,
              help="variance, sharpe, cvar and drawdown are the best of all portfolios; the others "
              "are rules, long-only and without bounds.")  # fmt: skip
@click.option("--level", type=float, default=0.95, show_default=True, help="Of cvar and drawdown.")
@click.option("--tolerance", type=float, default=0.0, show_default=True,
              help="What a unit of expected return is worth [cvar or drawdown].")  # fmt: skip
@click.option("--least-return", type=float, help="Of cvar and drawdown: expected, a period.")
@click.option("--riskless", type=float, default=0.0, show_default=True,
              help="Return a period that the Sharpe ratio is over.")  # fmt: skip
@json_option
def optimize(file: Path, as_json: bool, objective: str, **given: Any) -> None:
    """Weights of the instruments of FILE (CSV or Parquet of prices or returns by date)."""
    series, returns = _read(file, given["kind"])
    start = time.perf_counter()
    try:
        facts = _optimize(returns, objective, given)
    except (InfeasibleError, NotConverged) as error:
        raise CliError(str(error), code="infeasible", suggestion="other bounds") from error
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    weights = facts.pop("weights")
    result: dict[str, Any] = {
        "objective": objective,
        "weights": dict(zip(series.names, weights.tolist(), strict=True)),
        "expected": float(returns.mean(axis=0) @ weights),
        "deviation": float(np.sqrt(weights @ sample_covariance(returns) @ weights)),
        "cvar": ConditionalValueAtRisk(returns, given["level"])(weights)[0],
        "level": given["level"],
        "periods": len(returns),
        **facts,
        "seconds": time.perf_counter() - start,
    }
    if as_json:
        print_json(result)
        return
    shares: dict[str, float] = result.pop("weights")
    held = sorted(shares.items(), key=lambda item: -abs(item[1]))
    rows = [(name, f"{w:.4%}") for name, w in held if abs(w) > _HELD]
    print_table(("instrument", "weight"), rows, right=("weight",))
    print_table(("", "a period"), [(k, f"{v:.6g}" if isinstance(v, float) else str(v))
                                   for k, v in result.items()])  # fmt: skip


@portfolio.command()
@_shared
@click.option("--points", type=click.IntRange(min=2), default=11, show_default=True,
              help="Shown, at even steps of the return.")  # fmt: skip
@json_option
def frontier(file: Path, as_json: bool, points: int, **given: Any) -> None:
    """Show the efficient frontier of mean and variance."""
    series, returns = _read(file, given["kind"])
    try:
        found = efficient_frontier(
            returns.mean(axis=0), _COVARIANCES[given["covariance"]](returns),
            lower=given["lower"], upper=given["upper"],
        )  # fmt: skip
    except InfeasibleError as error:
        raise CliError(str(error), code="infeasible", suggestion="other bounds") from error
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    wanted = np.linspace(found.returns[-1], found.returns[0], points)
    weights = found.at_returns(wanted)
    deviations = np.sqrt(found.variances_at(wanted))
    shown: list[dict[str, Any]] = [
        {
            "expected": float(expected),
            "deviation": float(deviation),
            "weights": dict(zip(series.names, row.tolist(), strict=True)),
        }
        for expected, deviation, row in zip(wanted, deviations, weights, strict=True)
    ]
    if as_json:
        print_json({"points": shown, "corners": len(found.tolerances)})
        return
    rows = [
        (f"{p['expected']:.6g}", f"{p['deviation']:.6g}",
         " ".join(f"{n} {w:.1%}" for n, w in p["weights"].items() if w > 0.0005))
        for p in shown
    ]  # fmt: skip
    heads = ("expected", "deviation", "weights")
    print_table(heads, rows, title=f"{len(found.tolerances)} corners", right=heads[:2])


def _read(file: Path, kind: Any) -> tuple[Series, _Vector]:
    """Return the series of a file, and its returns, shape (t, n)."""
    try:
        series = read_series(file, kind=kind, least_rows=3)
    except InputError as error:
        raise CliError(
            str(error), code="input", suggestion="see docs/operate/input-files.md"
        ) from error
    return series, series.returns() if kind == "prices" else series.values


def _optimize(returns: _Vector, objective: str, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the weights, and what proves them."""
    mean = returns.mean(axis=0)
    if objective in _TAILS:
        limits = Constraints.box(len(mean), given["lower"], given["upper"])
        if given["least_return"] is not None:
            limits = limits.with_row("return", mean, least=given["least_return"])
        risk = _TAILS[objective](returns, given["level"])
        found = least_risk(risk, mean, limits, tolerance=given["tolerance"])
        return {"weights": found.weights, "risk": found.risk, "bound": found.bound,
                "gap": found.gap, "steps": found.steps}  # fmt: skip
    covariance = _COVARIANCES[given["covariance"]](returns)
    if objective in _RULES:
        return {"weights": _RULES[objective](covariance)}
    line = efficient_frontier(mean, covariance, lower=given["lower"], upper=given["upper"])
    if objective == "sharpe":
        return {"weights": line.most_sharpe(given["riskless"])}
    return {"weights": line.least_variance}
