"""The command line that starts a controller or a worker; programs write and read it."""

import argparse
import dataclasses
import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hw.presets import BookParameters

__all__ = ["Arguments", "parse"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Arguments:
    """What both processes need to know.

    Attributes
    ----------
    directory : Path
        Private directory of the appliance, for sockets and logs.
    worker : str
        Name of the worker.
    device : str
        Backend, or ``module:attribute``.
    parameters : BookParameters
        Size of the device.
    detached : bool
        The controller outlives the process that started it.
    """

    directory: Path
    worker: str
    device: str
    parameters: BookParameters
    detached: bool = False

    def to_list(self) -> list[str]:
        """Return the command line that ``parse`` reads back."""
        return [
            f"--directory={self.directory}",
            f"--worker={self.worker}",
            f"--device={self.device}",
            f"--parameters={json.dumps(dataclasses.asdict(self.parameters))}",
            *(["--detached"] if self.detached else []),
        ]


def parse(program: str, arguments: Sequence[str]) -> Arguments:
    """Read the command line and set logging to standard error. Wrong ones exit with code 2."""
    parser = argparse.ArgumentParser(program, description="Started by the appliance.")
    parser.add_argument("--directory", type=Path, required=True)
    parser.add_argument("--worker", required=True)
    parser.add_argument("--device", required=True)
    parser.add_argument("--parameters", type=_parameters, required=True)
    parser.add_argument("--detached", action="store_true")
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    return Arguments(**vars(parser.parse_args(arguments)))


def _parameters(text: str) -> BookParameters:
    try:
        return BookParameters(**json.loads(text))
    except TypeError as error:
        raise ValueError(str(error)) from error
