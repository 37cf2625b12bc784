"""Progress on standard error: bars on a terminal, plain lines elsewhere."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

__all__ = ["Reporter", "reporter"]


class _Rate(ProgressColumn):
    """Updates a second."""

    def render(self, task: Task) -> Text:
        """Return the rate, or nothing before there is one."""
        speed = task.finished_speed or task.speed
        return Text(f"{speed:,.0f} updates/s" if speed else "", style="dim")


class Reporter:
    """Tell a person what goes on.

    Parameters
    ----------
    console : Console
        Standard error.
    """

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(bar_width=32),
            _Rate(),
            TimeRemainingColumn(),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._progress.add_task("starting", total=None)

    def note(self, text: str) -> None:
        """Print a sentence that stays."""
        self._console.print(Text(text), soft_wrap=True)

    def stage(self, text: str, total: int | None = None) -> None:
        """Say what begins, and how many updates it will take if that is known."""
        self._progress.reset(self._task, description=text, total=total)

    def done(self, updates: int) -> None:
        """Say how many updates of the stage are done."""
        self._progress.update(self._task, completed=updates)


@contextmanager
def reporter() -> Iterator[Reporter]:
    """Show progress while the context is open."""
    console = Console(stderr=True, highlight=False)
    shown = Reporter(console)
    with shown._progress:
        yield shown
