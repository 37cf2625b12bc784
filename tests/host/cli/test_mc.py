"""``tickgate mc``, as a program would use it."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from gpu.montecarlo.characteristic import Heston
from gpu.montecarlo.closed_forms import black_scholes
from gpu.montecarlo.fourier import Market, european_prices
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


HESTON = [
    *("--model", "heston", "--v0", "0.09", "--kappa", "1.5", "--theta", "0.06"),
    *("--sigma", "0.5", "--rho", "-0.6"),
]
CONTRACT = ["--spot", "100", "--strike", "95", "--rate", "0.05", "--expiry", "0.5"]


def ask(*arguments: str) -> dict[str, Any]:
    common = [*CONTRACT, "--json", "--backend", "numpy", "--paths", "20000"]
    result = CliRunner().invoke(mc, [*arguments, *common], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    found: dict[str, Any] = json.loads(result.output)
    return found


def test_a_model_prices_with_its_own_parameters() -> None:
    found = ask("price", *HESTON, "--steps", "16")
    heston = Heston(v0=0.09, kappa=1.5, theta=0.06, sigma=0.5, rho=-0.6)
    market = Market(spot=100.0, rate=0.05)
    exact = european_prices(heston, market, 0.5, np.array([95.0]), np.array([True]))[0]
    assert abs(found["value"] - exact) < 4 * found["stderr"]
    assert (found["model"], found["steps"]) == ("heston", 16)


def test_a_lookback_is_worth_more_than_the_best_of_its_end() -> None:
    lookback = ask("price", "--vol", "0.3", "--payoff", "lookback-fixed", "--fixings", "4")
    end = ask("price", "--vol", "0.3")
    assert lookback["value"] > end["value"] + 4 * lookback["stderr"]


def test_greeks_tell_value_error_and_method() -> None:
    found = ask("greeks", "--vol", "0.3")
    d1 = (math.log(100 / 95) + (0.05 + 0.045) * 0.5) / (0.3 * math.sqrt(0.5))
    delta = found["greeks"]["delta"]
    assert abs(delta["value"] - math.erfc(-d1 / math.sqrt(2)) / 2) < 4 * delta["stderr"]
    assert set(found["greeks"]) == {"delta", "gamma", "theta", "rho", "vega"}
    assert delta["method"] == "pathwise"
    assert found["greeks"]["rho"]["method"] == "bump 0.005"


def test_greeks_of_a_model_are_to_each_of_its_parameters() -> None:
    found = ask("greeks", *HESTON, "--steps", "4")["greeks"]
    assert {"to_v0", "to_kappa", "to_theta", "to_sigma", "to_rho", "theta", "rho"} < set(found)


def test_greeks_without_json_are_a_table() -> None:
    arguments = ["greeks", *CONTRACT, "--vol", "0.2", "--backend", "numpy", "--paths", "1000"]
    result = CliRunner().invoke(mc, arguments)
    assert result.exit_code == 0
    assert "gamma" in result.output
    assert "pathwise" in result.output


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--model", "merton", "--vol", "0.2"], "needs --intensity, --jump-mean, --jump-vol"),
        ([], "--model black-scholes needs --vol"),
        (["--vol", "0.2", "--kappa", "1"], "--model black-scholes has no --kappa"),
        ([*HESTON, "--payoff", "knock-out", "--barrier", "150"], "a barrier needs a plain"),
    ],
)
def test_a_model_takes_all_of_its_parameters_and_no_other(arguments: list[str], text: str) -> None:
    result = CliRunner().invoke(mc, ["price", *CONTRACT, "--backend", "numpy", *arguments])
    assert result.exit_code == 2
    assert text in result.output


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
