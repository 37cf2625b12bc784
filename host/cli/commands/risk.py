"""``tickgate risk``."""

import click

from host.cli.risk.acts import arm, disarm, enrol, hold, kill
from host.cli.risk.change import change
from host.cli.risk.logs import audit, key, trips
from host.cli.risk.show import show

__all__ = ["risk"]


@click.group()
def risk() -> None:
    """Limits, arming, kills and audit of the running appliance's risk gate."""


for _command in (show, change, arm, disarm, kill, hold, trips, audit, key, enrol):
    risk.add_command(_command)
