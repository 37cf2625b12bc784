"""cocotb side of test_component_cosims: gateware.book.decision."""

import os
import random
from collections import Counter
from typing import Any, Final

import cocotb

from hw.records import ERROR
from sim.models.decision import FATAL, KINDS, Found, Operation, Situation, decide
from tests.cosim.ports import Ports
from tests.gateware.bench import TINY

SEED = int(os.environ["SEED"])
N_OPERATIONS = 4000
FITS: Final = (1 << TINY.quantity_bits) - 1
EFFECTS: Final = ("insert", "remove", "change", "leave", "enter")
FOUND_BEFORE: Final = [
    ERROR.bad_book, ERROR.bad_kind, ERROR.feed_gap, ERROR.id_range, ERROR.tick_range,
    ERROR.quantity_range, ERROR.zero_quantity,
]  # fmt: skip
UPDATES: Final = ("add", "take", "delete", "set", "pass")


def operation_of(rng: random.Random) -> Operation:
    """Return an operation as Decode and the maintenance engine give them."""
    kind = rng.choice(KINDS)
    by_update = kind in UPDATES
    error = rng.choice([0] * 10 + FOUND_BEFORE) if by_update else 0
    quantity = rng.choice([1, 4, 5, 6, FITS])
    if kind == "set":
        quantity = rng.choice([0, 4, 5, 6, FITS])
    elif kind == "take" and rng.random() < 0.2:
        quantity += (FITS + 1) * rng.randrange(1, 4)  # too large for any order
    return Operation(
        kind=kind, book=rng.randrange(2), side=rng.randrange(2), pk=rng.choice([8, 9]),
        quantity=quantity, error=error, raised=bool(error) and rng.random() < 0.3,
        first_error=rng.choice([0] * 7 + [ERROR.unknown_id]) if kind == "add" else 0,
    )  # fmt: skip


def found_by(rng: random.Random, operation: Operation) -> Found | None:
    """Return an order under the operation's key, or in a slot."""
    if rng.random() < 0.3:
        return None
    return Found(
        book=operation.book if operation.kind in UPDATES else rng.randrange(2),
        side=rng.choice([operation.side, rng.randrange(2)]), pk=rng.choice([8, 9]),
        quantity=rng.choice([1, 5, 6]), inside=rng.random() < 0.5,
    )  # fmt: skip


def inputs_of(
    rng: random.Random, operation: Operation, found: Found | None, now: Situation
) -> dict[str, Any]:
    """Return the inputs of the component."""
    kind, quantity = operation.kind, operation.quantity
    kinds = {
        "by_update": kind in UPDATES, "takes": kind == "take", "adds": kind == "add",
        "leaves": kind == "delete", "sets": kind == "set",
        "to_nothing": kind == "set" and not quantity, "evicts": kind == "evict",
        "admits": kind == "admit", "invalidates": kind == "invalidate",
        "raised": operation.raised, "erred": operation.error != 0,
        "fatal": operation.error in FATAL,
    }  # fmt: skip
    entry: dict[str, Any] = {}
    if found is not None:
        entry = {
            "valid": 1, "inside": found.inside, "side": found.side, "pk": found.pk,
            "quantity": found.quantity, "key": {"book": found.book, "id": rng.getrandbits(16)},
        }  # fmt: skip
    return {
        "kinds": kinds, "error": operation.error, "first_error": operation.first_error,
        "book": operation.book, "quantity": quantity & FITS, "huge": quantity > FITS,
        "own": operation.pk << 1 | operation.side, "hit": found is not None, "entry": entry,
        "room": now.room, "invalid": now.invalid, "complete": now.complete,
        "moving": now.moving,
    }  # fmt: skip


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def every_decision_is_the_models(dut: Any) -> None:
    """Another operation in every cycle, on another state of table, book and window."""
    rng, ports, seen = random.Random(SEED), Ports(dut, "decide"), Counter[str]()
    await ports.start()
    for _ in range(N_OPERATIONS):
        operation = operation_of(rng)
        found = found_by(rng, operation)
        now = Situation(
            room=rng.random() < 0.7, invalid=rng.random() < 0.1, complete=rng.random() < 0.5,
            moving=rng.random() < 0.7,
        )  # fmt: skip
        await ports.drive(**inputs_of(rng, operation, found, now))
        told, model = ports.get("decision"), decide(operation, found, now)
        case = (operation, found, now)
        assert told.by_update == (operation.kind in UPDATES), case
        assert (told.error, told.fatal) == (model.error, model.fatal), case
        assert [e for e in EFFECTS if getattr(told, e)] == [model.effect] * bool(model.effect), case
        assert told.mine == (found is not None and found.book == operation.book), case
        if model.effect:
            assert told.delta == model.delta & (2 << TINY.quantity_bits) - 1, case
            assert told.inside == model.inside, case
        seen[model.effect] += 1
        seen[ERROR.name_of(model.error)] += 1
        await ports.tick()
    assert set(EFFECTS) | {code.name for code in ERROR} <= set(seen)
