"""Run the fpga worker: ``python -m host.worker``; the controller does."""

import sys

from host.arguments import parse
from host.env import SYSTEM
from host.process import die_with_parent_thread, end_with_parent
from host.worker.process import run

if __name__ == "__main__":
    die_with_parent_thread()
    end_with_parent()
    given = parse("host.worker", sys.argv[1:])
    sys.exit(run(given.directory, given.worker, given.device, given.parameters, SYSTEM))
