"""The cycle budget of ``latency.toml``."""

import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

__all__ = ["LATENCY", "Budget"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Budget:
    """What one path may take, and what it takes.

    Attributes
    ----------
    cycles : int
        What it takes when nothing stalls [cycles]; tests assert it exactly.
    budget : int
        What it may take [cycles].
    doc : str
        One or more sentences, shown in the manual.
    """

    cycles: int
    budget: int
    doc: str

    def __post_init__(self) -> None:
        if not 0 < self.cycles <= self.budget:
            raise ValueError(f"cycles must be from 1 to {self.budget}, not {self.cycles}")


LATENCY: Final = {
    (block, path): Budget(**values)
    for block, paths in tomllib.loads(
        files("hw").joinpath("latency.toml").read_text(encoding="utf-8")
    ).items()
    for path, values in paths.items()
}
