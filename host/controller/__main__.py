"""Run the controller: ``python -m host.controller``; the appliance does."""

import sys

from host.arguments import parse
from host.controller.process import Controller
from host.env import SYSTEM

if __name__ == "__main__":
    given = parse("host.controller", sys.argv[1:])
    controller = Controller(given, SYSTEM)
    if given.detached:
        controller.stop_when_told()
    else:
        controller.guard(given)
    sys.exit(controller.run())
