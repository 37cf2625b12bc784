"""Tests of ``tickgate portfolio``, as a user runs it."""

import json
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from host.cli import main
from host.cli.commands.portfolio import _OBJECTIVES
from host.cli.output import Exit

NAMES = ("BTC", "ETH", "SOL", "XRP")


@pytest.fixture
def prices(tmp_path: Path) -> Path:
    """Return a file of random prices."""
    rng = np.random.default_rng(1)
    returns = 0.02 * rng.standard_t(5, (300, 1)) + 0.02 * rng.standard_t(5, (300, 4))
    returns += np.array([0.004, 0.003, 0.002, 0.001])
    levels = 100 * np.cumprod(1 + np.clip(returns, -0.5, 0.5), axis=0)
    rows = [
        ",".join([str(date(2024, 1, 1) + timedelta(i)), *(repr(float(v)) for v in row)])
        for i, row in enumerate(levels)
    ]
    path = tmp_path / "prices.csv"
    path.write_text("\n".join([",".join(["date", *NAMES]), *rows]) + "\n")
    return path


def answer(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    """Return what a command prints with --json."""
    assert main(["portfolio", *arguments, "--json"]) == Exit.OK
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def returns_of(path: Path) -> Any:
    """Return the returns of a file."""
    levels = np.loadtxt(path, delimiter=",", skiprows=1, usecols=range(1, 5))
    return levels[1:] / levels[:-1] - 1


@pytest.mark.parametrize("objective", _OBJECTIVES)
def test_weights_are_whole_and_their_figures_those_of_the_file(
    objective: str, prices: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = answer(capsys, "optimize", str(prices), "--objective", objective)
    weights, returns = np.array([found["weights"][name] for name in NAMES]), returns_of(prices)
    assert weights.sum() == pytest.approx(1)
    assert (weights >= 0).all()
    assert found["expected"] == pytest.approx(float((returns @ weights).mean()))
    assert found["deviation"] == pytest.approx(float((returns @ weights).std()))
    worst = np.sort(returns @ weights)[:14]  # 299 periods: a tail of 14.95
    assert found["cvar"] == pytest.approx(
        -(worst.sum() + 0.95 * np.sort(returns @ weights)[14]) / 14.95
    )


def test_each_objective_is_best_at_what_it_is_for(
    prices: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = {
        name: answer(capsys, "optimize", str(prices), "--objective", name, "--covariance", "sample")
        for name in ("variance", "sharpe", "cvar")
    }
    assert min(found, key=lambda name: found[name]["deviation"]) == "variance"
    assert min(found, key=lambda name: found[name]["cvar"]) == "cvar"
    assert max(found, key=lambda n: found[n]["expected"] / found[n]["deviation"]) == "sharpe"
    assert found["cvar"]["bound"] <= found["cvar"]["risk"]
    assert found["cvar"]["gap"] <= 1e-5


def test_a_return_and_bounds_are_kept(prices: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--objective", "cvar", "--least-return", "0.0025", "--upper", "0.6"]
    found = answer(capsys, "optimize", str(prices), *options)
    assert found["expected"] >= 0.0025 - 1e-12
    assert max(found["weights"].values()) <= 0.6 + 1e-9


def test_the_frontier_goes_from_the_least_variance_to_the_highest_return(
    prices: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    points = answer(capsys, "frontier", str(prices), "--points", "5", "--upper", "0.5")["points"]
    assert len(points) == 5
    assert [p["deviation"] for p in points] == sorted(p["deviation"] for p in points)
    means = returns_of(prices).mean(axis=0)
    assert points[-1]["expected"] == pytest.approx(np.sort(means)[-2:].mean())
    assert all(sum(p["weights"].values()) == pytest.approx(1) for p in points)


def test_a_person_sees_tables(prices: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["portfolio", "optimize", str(prices)]) == Exit.OK
    assert "BTC" in capsys.readouterr().out
    assert main(["portfolio", "frontier", str(prices)]) == Exit.OK
    assert "corners" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "code", "says"),
    [
        (["--upper", "0.1"], Exit.FAILED, "upper bounds add up to 0.4"),
        (["--objective", "cvar", "--least-return", "1"], Exit.FAILED, "must give way: return >= 1"),
        (["--objective", "cvar", "--level", "1"], Exit.USAGE, "level must be between 0 and 1"),
        (["--objective", "sharpe", "--riskless", "1"], Exit.USAGE, "no return is above 1"),
    ],
)
def test_what_cannot_be_is_said(
    options: list[str], code: Exit, says: str, prices: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["portfolio", "optimize", str(prices), *options]) == code
    assert says in capsys.readouterr().err


def test_a_bad_file_is_named(prices: Path, capsys: pytest.CaptureFixture[str]) -> None:
    prices.write_text(prices.read_text().replace("2024-01-03,", "2024-01-03,-", 1))
    for command in ("optimize", "frontier"):
        assert main(["portfolio", command, str(prices)]) == Exit.FAILED
        error = capsys.readouterr().err
        assert "row 4, column BTC: a price must be positive" in error
        assert "input-files.md" in error
