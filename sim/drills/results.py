"""What a drill has found, and how it is printed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from host.cli.output import print_table, stdout_console
from hw.breaker_detectors import BREAKER_DETECTORS
from hw.records import BREAKER_ACTION
from sim.drills.play import Trip

__all__ = ["DrillResult", "Table", "detectors_of", "print_result", "trip_table"]


@dataclass(frozen=True, slots=True)
class Table:
    """A table for people, and under its key a list of objects for programs.

    Attributes
    ----------
    key, title : str
        Name for programs and head for people.
    rows : sequence of mapping of str to object
        Alike in their keys; numbers are aligned right.
    """

    key: str
    title: str
    rows: Sequence[Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True, slots=True)
class DrillResult:
    """What a drill has found. None: it has no meaning in this drill, or did not come to pass.

    Attributes
    ----------
    name : str
        Of the drill.
    detection_cycles : int or None
        From the best-price event that crossed a threshold to the first action in force [cycles].
    detection_ms : float or None
        Exchange time from the first print beyond a threshold to the first trip [ms].
    denied : mapping of str to int
        Orders denied, by each check that failed; one order may fail several.
    orders, orders_denied : int
        New orders that the strategies wanted to send, and those of them denied.
    currency : str
        Of the losses.
    loss_with, loss_without : float or None
        Loss at the end, realised and marked, with the protection and without it; a gain is
        negative.
    false_alarms : int or None
        Trips where nothing was wrong.
    wrong : int or None
        Outcomes that are not what the limits say; each is a defect.
    missed : bool
        What had to be detected was not, or too late.
    tables : tuple of Table
        Details.
    notes : tuple of str
        What was assumed or left out.
    """

    name: str
    detection_cycles: int | None = None
    detection_ms: float | None = None
    denied: Mapping[str, int] = field(default_factory=dict)
    orders: int = 0
    orders_denied: int = 0
    currency: str = ""
    loss_with: float | None = None
    loss_without: float | None = None
    false_alarms: int | None = None
    wrong: int | None = None
    missed: bool = False
    tables: tuple[Table, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def failed(self) -> bool:
        """Whether the protection did not do what it must; a false alarm is no such failure."""
        return bool(self.wrong) or self.missed

    def to_json(self) -> dict[str, Any]:
        """Return it as one object."""
        plain = {
            "drill": self.name,
            "detection_cycles": self.detection_cycles,
            "detection_ms": self.detection_ms,
            "denied": dict(self.denied),
            "orders": self.orders,
            "orders_denied": self.orders_denied,
            "currency": self.currency,
            "loss_with": self.loss_with,
            "loss_without": self.loss_without,
            "false_alarms": self.false_alarms,
            "wrong": self.wrong,
            "missed": self.missed,
        }
        details = {table.key: [dict(row) for row in table.rows] for table in self.tables}
        return plain | details | {"notes": list(self.notes)}


def detectors_of(trip: Trip) -> list[str]:
    """Return the names of what was crossed."""
    return [name for n, name in enumerate(BREAKER_DETECTORS) if trip.detectors >> n & 1]


def trip_table(trips: Sequence[Trip], start: int) -> Table:
    """Return what the circuit breaker did, in the time after ``start`` [ns]."""
    rows = [
        {
            "detector": ", ".join(detectors_of(trip)),
            "action": BREAKER_ACTION.name_of(trip.action),
            "after ms": round((trip.time - start) / 1e6, 3),
            "cycles": trip.cycles,
        }
        for trip in trips
    ]
    return Table("trips", "Circuit breaker", rows)


def print_result(result: DrillResult) -> None:
    """Print it for people."""
    rows = [
        ("detection", _unit(result.detection_cycles, "cycles")),
        ("detection, market time", _unit(result.detection_ms, "ms")),
        ("orders", f"{result.orders:,} wanted, {result.orders_denied:,} denied"),
        ("loss with", _unit(result.loss_with, result.currency)),
        ("loss without", _unit(result.loss_without, result.currency)),
        ("false alarms", _unit(result.false_alarms, "")),
        ("wrong outcomes", _unit(result.wrong, "")),
    ]
    rows = [row for row in rows if row[1] != "-"]
    print_table(("measure", "value"), rows, title=f"Drill {result.name}", right=("value",))
    denied = sorted(result.denied.items(), key=lambda item: -item[1])
    if denied:
        print_table(("check", "orders"), denied, title="Denied, by check", right=("orders",))
    for table in result.tables:
        _print(table)
    for note in result.notes:
        stdout_console().print(f"* {note}", soft_wrap=True, highlight=False)


def _print(table: Table) -> None:
    if not table.rows:
        return
    columns = list(table.rows[0])
    numbers = [c for c in columns if all(isinstance(row[c], int | float) for row in table.rows)]
    cells = ([_cell(row[c]) for c in columns] for row in table.rows)
    print_table(columns, cells, title=table.title, right=numbers)


def _cell(value: object) -> str:
    if value is None or isinstance(value, bool):
        return {None: "-", True: "yes", False: "no"}[value]
    return f"{value:,}" if isinstance(value, int | float) else str(value)


def _unit(value: float | None, unit: str) -> str:
    if value is None:
        return "-"
    number = f"{value:,.2f}" if isinstance(value, float) else f"{value:,}"
    return f"{number} {unit}".rstrip()
