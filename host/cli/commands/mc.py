"""``tickgate mc``."""

import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, fields
from typing import Any, Final, TypeVar

import click

from gpu.backend import BACKENDS, Backend, BackendError, choose
from gpu.montecarlo.characteristic import Bates, BlackScholes, Heston, Kou, Merton
from gpu.montecarlo.dynamics import Walked
from gpu.montecarlo.greeks import greeks as sensitivities
from gpu.montecarlo.option import Contract, Option
from gpu.montecarlo.price import price as estimate
from gpu.montecarlo.process_price import process_price
from gpu.task import Payoff
from host.cli.output import CliError, json_option, print_json, print_table
from host.folders import cache_directory

__all__ = ["mc"]

_PAYOFFS: Final = {
    "european": Payoff.EUROPEAN,
    "asian": Payoff.ARITHMETIC,
    "geometric-asian": Payoff.GEOMETRIC,
    "knock-out": Payoff.KNOCK_OUT,
    "knock-in": Payoff.KNOCK_IN,
    "lookback-floating": Payoff.LOOKBACK_FLOATING,
    "lookback-fixed": Payoff.LOOKBACK_FIXED,
}
_MODELS: Final[dict[str, type[Walked]]] = {
    "black-scholes": BlackScholes,
    "heston": Heston,
    "merton": Merton,
    "kou": Kou,
    "bates": Bates,
}
_PARAMETERS: Final = {
    "vol": "Volatility, between jumps [1/sqrt(year)].",
    "v0": "Variance today [1/year].",
    "kappa": "Speed at which the variance reverts [1/year].",
    "theta": "Variance in the long run [1/year].",
    "sigma": "Volatility of the variance [1/year].",
    "rho": "Correlation of price and variance.",
    "intensity": "Jumps a year.",
    "jump_mean": "Mean jump of the logarithm.",
    "jump_vol": "Standard deviation of a jump of the logarithm.",
    "up_share": "Share of upward jumps.",
    "up_rate": "Reciprocal of the mean upward jump of the logarithm.",
    "down_rate": "Reciprocal of the mean downward jump of the logarithm.",
}
_SAMPLING: Final = ("paths", "seed", "steps", "antithetic", "control")

Command = TypeVar("Command", bound=Callable[..., None])


@click.group()
def mc() -> None:
    """Prices by Monte Carlo, on a GPU or on the processor."""


def _contract_options(command: Command) -> Command:
    """Add the options of what is priced and of what the price follows."""
    asian = "What is paid; asian is on the arithmetic average."
    options = [
        click.option("--payoff", type=click.Choice(list(_PAYOFFS)), default="european",
                     show_default=True, help=asian),
        click.option("--call/--put", default=True, show_default=True),
        click.option("--spot", type=float, required=True, help="Today's price."),
        click.option("--strike", type=float, required=True),
        click.option("--rate", type=float, default=0.0, show_default=True,
                     help="Riskless rate [1/year]."),
        click.option("--dividend", type=float, default=0.0, show_default=True,
                     help="Yield [1/year]."),
        click.option("--expiry", type=float, required=True, help="Time to the payment [years]."),
        click.option("--fixings", type=int, default=1, show_default=True,
                     help="Prices that are averaged or watched, or steps."),
        click.option("--barrier", type=float,
                     help="Price that ends a knock-out, or begins a knock-in, when touched."),
        click.option("--model", type=click.Choice(list(_MODELS)), default="black-scholes",
                     show_default=True, help="What the price follows."),
        *(click.option(_flag(name), type=float, help=f"{text} Of {_owners(name)}.")
          for name, text in _PARAMETERS.items()),
    ]  # fmt: skip
    return _all(options, command)


def _sampling_options(command: Command) -> Command:
    """Add the options of how it is sampled, and on what."""
    options = [
        click.option("--paths", type=int, default=1_000_000, show_default=True, help="Samples."),
        click.option("--steps", type=int, default=64, show_default=True,
                     help="Least steps of a path of heston and bates; the others are exact."),
        click.option("--antithetic", is_flag=True, help="Each sample is a path and its mirror."),
        click.option("--control/--no-control", default=True, show_default=True,
                     help="Control variate."),
        click.option("--seed", type=int, default=0, show_default=True,
                     help="Key of the random numbers."),
        click.option("--backend", type=click.Choice(BACKENDS), default="auto", show_default=True,
                     envvar="TICKGATE_BACKEND",
                     help="What runs the kernels; TICKGATE_BACKEND sets it too."),
        click.option("--threads", type=int, default=0, help="Threads of native; 0 takes all."),
        json_option,
    ]  # fmt: skip
    return _all(options, command)


def _all(options: Sequence[Callable[[Command], Command]], command: Command) -> Command:
    for option in reversed(options):
        command = option(command)
    return command


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _names(model: str) -> list[str]:
    return [field.name for field in fields(_MODELS[model])]


def _owners(name: str) -> str:
    return ", ".join(model for model in _MODELS if name in _names(model))


@mc.command()
@_contract_options
@_sampling_options
def price(as_json: bool, payoff: str, **given: Any) -> None:
    """Price an option, with its standard error."""

    def run(process: Walked, contract: Contract, backend: Backend, sampling: Any) -> dict[str, Any]:
        if isinstance(process, BlackScholes):
            # Its own kernel draws four steps at a time.
            del sampling["steps"]
            option = Option(vol=process.vol, **asdict(contract))
            return asdict(estimate(option, backend=backend, **sampling))
        return asdict(process_price(process, contract, backend=backend, **sampling))

    facts = _run(run, payoff, given)
    facts["path_steps_per_s"] = facts.pop("path_steps") / facts["seconds"]
    if as_json:
        print_json(facts)
        return
    print_table(("", payoff), [(key, _shown(value)) for key, value in facts.items()])


@mc.command()
@_contract_options
@_sampling_options
def greeks(as_json: bool, payoff: str, **given: Any) -> None:
    """Sensitivities of a price: to spot, time, rate and every parameter of the model."""

    def run(process: Walked, contract: Contract, backend: Backend, sampling: Any) -> dict[str, Any]:
        found = sensitivities(process, contract, backend=backend, **sampling)
        return {"greeks": {name: asdict(one) for name, one in found.items()}}

    facts = _run(run, payoff, given)
    if as_json:
        print_json(facts)
        return
    rows = [
        (name, *(_shown(one[key]) for key in ("value", "stderr", "method")))
        for name, one in facts["greeks"].items()
    ]
    print_table((payoff, "value", "stderr", "method"), rows)


def _run(
    run: Callable[[Walked, Contract, Backend, Any], dict[str, Any]],
    payoff: str,
    given: dict[str, Any],
) -> dict[str, Any]:
    """Return what was found and how."""
    sampling = {name: given.pop(name) for name in _SAMPLING}
    name, threads, model = given.pop("backend"), given.pop("threads"), given.pop("model")
    parameters = {key: given.pop(key) for key in _PARAMETERS}
    try:
        process = _process(model, parameters)
        contract = Contract(payoff=_PAYOFFS[payoff], **given)
        backend = choose(name, cache_directory(), threads=threads)
        facts = {"model": model, "backend": backend.name, "seed": sampling["seed"]}
        start = time.perf_counter()
        found = run(process, contract, backend, sampling)
        seconds = time.perf_counter() - start
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    except BackendError as error:
        suggestion = "--backend numpy"
        raise CliError(str(error), code="backend", suggestion=suggestion) from error
    return {**found, **facts, "paths": sampling["paths"], "seconds": seconds}


def _process(model: str, parameters: dict[str, float | None]) -> Walked:
    """Return the process of these parameters: all of its own, and no other."""
    own = _names(model)
    given = {name: value for name, value in parameters.items() if value is not None}
    if missing := [_flag(name) for name in own if name not in given]:
        raise click.UsageError(f"--model {model} needs {', '.join(missing)}")
    if others := [_flag(name) for name in given if name not in own]:
        raise click.UsageError(f"--model {model} has no {', '.join(others)}")
    return _MODELS[model](**given)


def _shown(value: object) -> str:
    return f"{value:,.6g}" if isinstance(value, float) else str(value)
