"""Random use of the limit tables, cycle by cycle, and what they must say in each."""

import random
from collections.abc import Callable
from typing import Any, Final

from gateware.risk.limit_tables import LimitTables
from hw.limit_rows import limit_rows
from hw.registers import Register
from hw.risk_parameters import RiskParameters
from sim.models.limit_tables import LimitTables as Model

__all__ = ["SOME_LIMITS", "LimitTraffic"]


def _limit(table: str, name: str, **kwargs: Any) -> dict[str, Register]:
    register = Register(
        name=name, access="limit", block="risk", table=table, unit="none", doc="A limit.", **kwargs
    )
    return {name: register}


#: Small tables of every sort: rows that a build with two venues and four strategies does not have,
#: a limit of two words, one that fills its word, and entries in a table of one row.
SOME_LIMITS: Final = {
    "venue": _limit("venue", "ratio", address=0x100, width=3, count=4, stride=16)
    | _limit("venue", "size", address=0x104, width=34, count=4, stride=16),
    "strategy": _limit("strategy", "size", address=0x200, width=32, count=4, stride=4),
    "windows": _limit("windows", "length", address=0x300, width=5, count=3, stride=4),
}


class LimitTraffic:
    """Inputs of every cycle from a reset on, and the check of the outputs.

    Parameters
    ----------
    dut : LimitTables
        For the names of its ports and its number of cycles.
    parameters : RiskParameters
        Size.
    model : Model
        With the same limits.
    rng : random.Random
        Source of all choices.
    """

    def __init__(
        self, dut: LimitTables, parameters: RiskParameters, model: Model, rng: random.Random
    ) -> None:
        self._rng, self.model = rng, model
        self._copying, self._left = dut.copy_cycles, dut.clear_cycles
        named = {n: m for n, m in dut.signature.members.items() if n in {*model.active, "mark"}}
        #: Port: table, rows.
        self._rows = {
            n: ("instrument" if n == "mark" else n, limit_rows(n, parameters)) for n in named
        }
        if "mark" in self._rows:
            self._rows["mark"] = self._rows["instrument"]
        self._selects = [n for n in self._rows if f"{n}_select" in dut.signature.members]
        self._places = sorted(model.places)
        self._spare = [a for a in (0x0, 0x102, 0x10C, 0xFFFC) if a not in model.places]
        self._write: tuple[int, int] | None = None
        self._recent = [0, 0]
        self._read, self._refused = 0, [0, 0]
        self._shown: dict[str, dict[str, int]] = {}
        #: How often each thing happened.
        self.seen = dict.fromkeys(("commits", "faults", "forgets", "refused", "echoes"), 0)

    def cycle(self) -> dict[str, int]:
        """Choose the inputs of the next cycle."""
        rng = self._rng
        close = [a for n in self._recent for a in (n, n ^ 4) if a in self.model.places]
        address = rng.choice([*close, *rng.choices(self._places, k=4), rng.choice(self._spare)])
        # Most values are kept, most commits succeed: else nothing would ever change.
        word = rng.choice([rng.getrandbits(rng.choice([2, 3, 5, 8])), rng.getrandbits(32)])
        if rng.random() < 0.97 and self._misfit(address, word):
            address, word = self._fitting(), rng.getrandbits(2)
        self._inputs = {
            "address": address,
            "w_stb": int(rng.random() < (0.6 if self._left == 0 else 0.003)),
            "w_data": word,
            "commit": int(rng.random() < (0.08 if self._left == 0 else 0.01)),
            "forget": int(rng.random() < (0.3 if self.model.fault else 0.01)),
        }
        self._inputs |= {f"{n}_select": rng.randrange(self._rows[n][1]) for n in self._selects}
        return self._inputs

    def _misfit(self, address: int, word: int) -> bool:
        """Say whether a write would be refused."""
        model = self.model
        if address not in model.places:
            return False
        table, row, name, part = model.places[address]
        bits = model.bits[table][name]
        return row >= len(model.active[table]) or (word << 32 * part) >> bits > 0

    def _fitting(self) -> int:
        """Return the address of a word that takes any two bits."""
        return next(
            a for a in self._rng.choices(self._places, k=1000) if not self._misfit(a, 3)
        )  # fmt: skip

    def check(self, get: Callable[[str], Any], case: object) -> None:
        """Compare the outputs of this cycle, and go on to the next."""
        model, inputs = self.model, self._inputs
        if self._left == 0:
            model.settle()
        said = {n: get(n) for n in ("ready", "fault", "commits", "refused", "r_data")}
        assert said == {
            "ready": model.ready,
            "fault": model.fault,
            "commits": model.commits,
            "refused": self._refused[0],
            "r_data": self._read,
        }, case
        for port, row in self._shown.items():
            told = get(port)
            assert {name: getattr(told, name) for name in row} == row, (case, port)
        self._left = max(self._left - 1, 0)

        late = self._write is not None and self._write[0] in model.places
        if self._write is not None:
            before = model.refused
            model.write(*self._write)
            self.seen["faults"] += model.refused > before
            self.seen["echoes"] += model.refused == before and self._write[0] == inputs["address"]
        self._read = model.read(inputs["address"])
        self._recent = [self._recent[1], inputs["address"]]
        self._shown = {
            port: dict(model.active[table][inputs.get(f"{port}_select", 0)])
            for port, (table, _) in self._rows.items()
        }
        was_ready = model.ready
        changed = model.order(
            commit=bool(inputs["commit"]), forget=bool(inputs["forget"]), late=late
        )
        assert get("limits_changed") == changed, case
        if was_ready and not model.ready:
            self._left = self._copying
        self._write = (inputs["address"], inputs["w_data"]) if inputs["w_stb"] else None
        self._refused = [self._refused[1], model.refused]
        self.seen["commits"] += changed
        self.seen["forgets"] += inputs["forget"] and was_ready
        self.seen["refused"] += inputs["commit"] and not changed

    @property
    def everything_happened(self) -> bool:
        """Whether each of the things that are counted happened some times."""
        return min(self.seen.values()) >= 3
