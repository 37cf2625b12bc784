"""Random rows and commands for a row update, as the component has them and as the model has."""

import random
from typing import Any, Final

from sim.models.row_update import COMMANDS, Command, Row
from tests.gateware.bench import TINY

__all__ = ["command_on", "inputs_of", "meta_of", "row_of"]

DEPTH: Final = TINY.cached_levels
MOST: Final = ((1 << TINY.quantity_bits) - 1, (1 << TINY.count_bits) - 1)


def row_of(rng: random.Random) -> Row:
    """Return any row that is well formed."""
    keys = sorted(rng.sample(range(1, 12), rng.randrange(DEPTH + 1)))
    levels = tuple((pk, rng.choice([1, 9, MOST[0]]), rng.choice([1, 1, 2, MOST[1]])) for pk in keys)
    return Row(
        levels=levels, more=rng.random() < 0.5,
        bound=max(keys, default=0) + rng.choice([0, 0, 2]),
        better=rng.random() < 0.5, base=rng.getrandbits(16), outside=rng.randrange(1, 9),
    )  # fmt: skip


def command_on(rng: random.Random, row: Row) -> Command:
    """Return any command that the engine may give."""
    name, pk = rng.choice(COMMANDS), rng.randrange(14)
    base = rng.getrandbits(16) if name == "set_base" else None
    if name == "insert" and rng.random() < 0.3:
        base = rng.getrandbits(16)
    if name == "append":
        if not row.more or len(row.levels) == DEPTH:
            return Command(name="none")
        pk = row.bound + rng.randrange(1, 4)
    quantity, delta = rng.choice([1, 9, MOST[0]]), 0
    held = {level[0]: level for level in row.levels}.get(pk)
    if name in ("insert", "append"):
        delta = quantity
    elif name in ("remove", "change"):
        if held is None and row.reaches(pk):
            return Command(name="none")
        _, most, count = held or (pk, quantity, 2)
        few = rng.randrange(most)
        delta = -(most if count == 1 else few) if name == "remove" else rng.choice([-few, 1, 9])
    return Command(
        name=name, pk=pk, delta=delta, quantity=quantity,
        count=rng.randrange(1, 5) if name == "append" else 1,
        outside=rng.random() < 0.5, better=rng.random() < 0.5, base=base,
    )  # fmt: skip


def meta_of(row: Row) -> dict[str, int]:
    """Return the row without its levels, as the component has it."""
    names = ("more", "bound", "better", "base", "outside")
    return {"valid": (1 << len(row.levels)) - 1} | {n: int(getattr(row, n) or 0) for n in names}


def inputs_of(rng: random.Random, row: Row, command: Command) -> dict[str, Any]:
    """Return the inputs of the component; what is not valid is noise."""
    names, pk = ("pk", "quantity", "count"), command.pk
    cached = [dict(zip(names, level, strict=True)) for level in row.levels]
    noise = [{n: rng.getrandbits(8) for n in names} for _ in range(DEPTH - len(cached))]
    flags = {"append": ["insert", "append"], "none": []}.get(command.name, [command.name])
    found = [
        (pk > level["pk"], pk == level["pk"], pk == level["pk"] and level["count"] == 1)
        for level in cached
    ] + [(False, False, False) for _ in noise]  # fmt: skip
    worse, same, alone = (
        sum(bit << i for i, bit in enumerate(b)) for b in zip(*found, strict=True)
    )
    base = rng.getrandbits(16) if command.base is None else command.base
    return {
        "command": dict.fromkeys(flags, 1), "levels": cached + noise, "meta": meta_of(row),
        "pk": pk, "delta": command.delta, "quantity": command.quantity, "count": command.count,
        "outside": command.outside, "worse": worse, "same": same, "alone": alone,
        "reachable": row.reaches(pk) or command.name == "append", "better": command.better,
        "rebase": command.name == "insert" and command.base is not None, "base": base,
    }  # fmt: skip
