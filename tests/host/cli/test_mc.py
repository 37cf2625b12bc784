"""``tickgate mc price``, as a program would use it."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from gpu.montecarlo.closed_forms import black_scholes
from gpu.montecarlo.option import Option
from gpu.task import Payoff
from host.cli.commands.mc import mc
from host.cli.output import CliError

MARKET = [
    "price",
    "--spot",
    "100",
    "--strike",
    "95",
    "--rate",
    "0.05",
    "--vol",
    "0.3",
    "--expiry",
    "0.5",
]


def run(*arguments: str, environ: dict[str, str] | None = None) -> dict[str, Any]:
    result = CliRunner().invoke(mc, [*MARKET, *arguments], env=environ, catch_exceptions=False)
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.output)
    return found


def test_json_holds_the_price_and_how_it_was_found() -> None:
    found = run("--json", "--backend", "numpy", "--seed", "9", "--paths", "50000", "--put")
    given = Option(
        payoff=Payoff.EUROPEAN, call=False, spot=100, strike=95, rate=0.05, vol=0.3, expiry=0.5
    )
    assert abs(found["value"] - black_scholes(given)) < 4 * found["stderr"]
    assert {key: found[key] for key in ("paths", "steps", "backend", "seed")} == {
        "paths": 50000,
        "steps": 1,
        "backend": "numpy",
        "seed": 9,
    }
    assert found["path_steps_per_s"] == pytest.approx(50000 / found["seconds"])


def test_a_seed_repeats_its_price_and_another_does_not() -> None:
    common = ("--json", "--backend", "numpy", "--payoff", "asian", "--fixings", "5")
    first, again, other = (
        run(*common, "--paths", "3000", "--seed", seed)["value"] for seed in ("1", "1", "2")
    )
    assert first == again != other


def test_the_environment_names_the_backend() -> None:
    found = run("--json", "--paths", "100", environ={"TICKGATE_BACKEND": "numpy"})
    assert found["backend"] == "numpy"


def test_a_table_without_json() -> None:
    result = CliRunner().invoke(mc, [*MARKET, "--backend", "numpy", "--paths", "1000"])
    assert result.exit_code == 0
    assert "stderr" in result.output
    assert "numpy" in result.output


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("--paths", "1"), "paths must be at least 2, not 1"),
        (("--seed", "-1"), "seed must be from 0 to 2^64 - 1, not -1"),
        (("--spot", "0"), "spot must be positive, not 0.0"),
    ],
)
def test_unusable_numbers_are_wrong_usage(arguments: tuple[str, ...], text: str) -> None:
    result = CliRunner().invoke(mc, [*MARKET, "--backend", "numpy", *arguments])
    assert result.exit_code == 2
    assert text in result.output


def test_a_backend_that_is_not_there_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CliError, match="no C\\+\\+ compiler") as caught:
        CliRunner().invoke(mc, [*MARKET, "--backend", "native"], catch_exceptions=False)
    assert caught.value.suggestion == "--backend numpy"
