"""Run the command line: ``python -m host.cli``."""

import sys

from host.cli.program import main

if __name__ == "__main__":
    sys.exit(main())
