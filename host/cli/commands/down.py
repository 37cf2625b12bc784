"""``tickgate down``."""

import click

from host.cli.output import CliError, json_option, print_json
from host.cli.risk.session import explained
from host.device.base import NoGateError
from host.running import Running, stop

__all__ = ["down"]


@click.command()
@click.option("--force", is_flag=True, help="Even if the box is armed, or has open orders.")
@json_option
def down(force: bool, as_json: bool) -> None:
    """Stop the appliance that runs in the background."""
    with explained():
        if not force:
            _check_idle()
        how = stop()
    if as_json:
        print_json({"how": how})
    else:
        click.echo(f"down ({how})")


def _check_idle() -> None:
    """Refuse where stopping would leave orders without anyone who looks after them."""
    try:
        with Running() as running, running.gate() as gate:
            armed, orders = not gate.read("disarm"), gate.read("open_orders")
    except NoGateError:
        return
    if armed or orders:
        raise CliError(
            f"the box is {'armed' if armed else 'disarmed'} and {orders} orders are open",
            code="not_idle",
            suggestion="tickgate risk kill, and wait for the cancels; or give --force",
        )
