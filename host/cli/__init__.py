"""The command line: results on standard output, logs on standard error."""

from host.cli.program import main

__all__ = ["main"]
