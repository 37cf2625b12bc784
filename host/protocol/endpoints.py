"""Where the sockets of one appliance are, and the limits that all of them share."""

import tempfile
from pathlib import Path
from typing import Final

__all__ = [
    "CONTROL_HWM",
    "DATA_HWM",
    "HEARTBEAT_S",
    "LIVENESS_S",
    "LONGEST_PATH",
    "control_endpoint",
    "data_endpoint",
    "private_directory",
    "state_endpoint",
]

HEARTBEAT_S: Final = 0.5  # between two signs of life [s]
LIVENESS_S: Final = 10.0  # silence after which a peer counts as dead [s]; a death is seen at once
CONTROL_HWM: Final = 1000  # messages a socket holds before it refuses
DATA_HWM: Final = 64  # batches a socket holds; credits keep the real number below
LONGEST_PATH: Final = 100  # bytes; the kernel allows 107 for the path of a local socket


def control_endpoint(directory: Path) -> str:
    """Where the controller takes commands."""
    return f"ipc://{directory}/control"


def state_endpoint(directory: Path) -> str:
    """Where the controller publishes its state."""
    return f"ipc://{directory}/state"


def data_endpoint(directory: Path, worker: str) -> str:
    """Where a worker takes its client."""
    return f"ipc://{directory}/{worker}"


def private_directory() -> Path:
    """Make a new directory that only this user can open, with a path short enough for sockets."""
    directory = Path(tempfile.mkdtemp(prefix="tickgate-"))
    if len(str(directory).encode()) + len("/control") > LONGEST_PATH:
        directory.rmdir()
        directory = Path(tempfile.mkdtemp(prefix="tickgate-", dir="/tmp"))
    return directory
