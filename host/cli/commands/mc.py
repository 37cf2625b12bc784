"""``tickgate mc``."""

import time
from dataclasses import asdict
from typing import Any, Final

import click

from gpu.backend import BACKENDS, BackendError, choose
from gpu.montecarlo.option import Option
from gpu.montecarlo.price import price as estimate
from gpu.task import Payoff
from host.cli.output import CliError, json_option, print_json, print_table
from host.folders import cache_directory

__all__ = ["mc"]

_PAYOFFS: Final = {
    "european": Payoff.EUROPEAN,
    "asian": Payoff.ARITHMETIC,
    "geometric-asian": Payoff.GEOMETRIC,
    "knock-out": Payoff.KNOCK_OUT,
}


@click.group()
def mc() -> None:
    """Prices by Monte Carlo, on a GPU or on the processor."""


@mc.command()
@click.option(
    "--payoff",
    type=click.Choice(list(_PAYOFFS)),
    default="european",
    show_default=True,
    help="What is paid; asian is on the arithmetic average.",
)
@click.option("--call/--put", default=True, show_default=True)
@click.option("--spot", type=float, required=True, help="Today's price.")
@click.option("--strike", type=float, required=True)
@click.option("--rate", type=float, default=0.0, show_default=True, help="Riskless rate [1/year].")
@click.option("--dividend", type=float, default=0.0, show_default=True, help="Yield [1/year].")
@click.option("--vol", type=float, required=True, help="Volatility [1/sqrt(year)].")
@click.option("--expiry", type=float, required=True, help="Time to the payment [years].")
@click.option(
    "--fixings", type=int, default=1, show_default=True, help="Averaged prices, or steps."
)
@click.option("--barrier", type=float, help="Price that ends a knock-out when touched.")
@click.option("--paths", type=int, default=1_000_000, show_default=True, help="Samples.")
@click.option("--antithetic", is_flag=True, help="Each sample is a path and its mirror.")
@click.option("--control/--no-control", default=True, show_default=True, help="Control variate.")
@click.option("--seed", type=int, default=0, show_default=True, help="Key of the random numbers.")
@click.option(
    "--backend",
    type=click.Choice(BACKENDS),
    default="auto",
    show_default=True,
    envvar="TICKGATE_BACKEND",
    help="What runs the kernels; TICKGATE_BACKEND sets it too.",
)
@click.option("--threads", type=int, default=0, help="Threads of native; 0 takes all.")
@json_option
def price(as_json: bool, payoff: str, **given: Any) -> None:
    """Price an option under geometric Brownian motion, with its standard error."""
    sampling = {name: given.pop(name) for name in ("paths", "seed", "antithetic", "control")}
    name, threads = given.pop("backend"), given.pop("threads")
    try:
        option = Option(payoff=_PAYOFFS[payoff], **given)
        backend = choose(name, cache_directory(), threads=threads)
        start = time.perf_counter()
        found = estimate(option, backend=backend, **sampling)
        seconds = time.perf_counter() - start
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    except BackendError as error:
        suggestion = "--backend numpy"
        raise CliError(str(error), code="backend", suggestion=suggestion) from error
    facts = asdict(found)
    rate = facts.pop("path_steps") / seconds
    facts |= {"backend": backend.name, "seed": sampling["seed"], "seconds": seconds}
    facts["path_steps_per_s"] = rate
    if as_json:
        print_json(facts)
        return
    print_table(("", payoff), [(key, _shown(value)) for key, value in facts.items()])


def _shown(value: object) -> str:
    return f"{value:,.6g}" if isinstance(value, float) else str(value)


mc.add_command(price)
