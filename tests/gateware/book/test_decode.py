"""Unit tests of gateware.book.decode in Amaranth's own simulator."""

import random
from typing import Any, Final

import pytest
from amaranth import Value

from gateware.book.decode import Decode
from gateware.book.layouts import Op
from hw.presets import BookParameters
from hw.records import ERROR, EVENT_KIND, UPDATE_KIND
from sim.models import decode as model
from tests.gateware.bench import SMALL, TINY, run
from tests.sim.updates import update as update_of

WIDE: Final = BookParameters(
    books=16, window_ticks=64, order_slots=256, id_bits=64, tick_bits=48, quantity_bits=64
)
Update = dict[str, int]


def decode(parameters: BookParameters, updates: list[Update]) -> list[dict[str, int]]:
    """Return what becomes of each update, fields of the tag included."""
    dut = Decode(parameters=parameters)
    told: list[dict[str, int]] = []

    async def testbench(ctx: Any) -> None:
        ctx.set(dut.stamp, 0xCAFE)
        for update in updates:
            ctx.set(dut.update, update)
            issue = dut.issue
            one = {"command": ctx.get(dut.command), "flag": ctx.get(dut.flag)}
            for name in ("book", "side", "id", "new_id", "tick", "quantity", "error", "bare"):
                one[name] = ctx.get(getattr(issue, name))
            one |= {"bad_book": ctx.get(issue.bad_book), "huge": ctx.get(issue.huge)}
            one["op"] = ctx.get(Value.cast(dut.issue.op))  # of a command: not used, no Op
            for name in ("emit", "kind", "cause", "book", "order_id", "time", "stamp", "index"):
                one[f"tag_{name}"] = ctx.get(getattr(issue.tag, name))
            told.append(one)

    run(dut, testbench)
    return told


def number(generator: random.Random, bits: int) -> int:
    """Return a number near a limit of a field."""
    return generator.choice([0, 1, (1 << bits) - 1, 1 << bits, 1 << 63, 3]) & (1 << 64) - 1


@pytest.mark.parametrize("parameters", [SMALL, TINY, WIDE], ids=["small", "tiny", "wide"])
def test_random_updates_are_checked_as_the_contract_says(parameters: BookParameters) -> None:
    generator = random.Random(4)
    updates = [
        {
            "book": generator.choice([0, 1, parameters.books - 1] * 4 + [parameters.books, 65535]),
            "kind": generator.choice([*range(14), 16, 17, 37, 255]),
            "side": generator.randrange(256),
            "flags": generator.getrandbits(32),
            "order_id": number(generator, parameters.id_bits),
            "new_order_id": number(generator, parameters.id_bits),
            "tick": number(generator, parameters.tick_bits),
            "quantity": number(generator, parameters.quantity_bits),
            "time": generator.getrandbits(64),
        }
        for _ in range(1500)
    ]
    errors = set()
    for u, told in zip(updates, decode(parameters, updates), strict=True):
        expected = model.decode(update_of(**u), parameters)
        errors.add(expected.error)
        for name in ("command", "error", "bare", "bad_book", "huge"):
            assert told[name] == getattr(expected, name), (name, u)
        assert told["command"] or told["op"] == (Op.PASS.value if expected.passes else u["kind"])
    assert len(errors) >= 7 - (parameters is WIDE)  # every check has applied


@pytest.mark.parametrize(
    ("kind", "op"),
    [
        ("add", Op.ADD),
        ("execute", Op.EXECUTE),
        ("reduce", Op.REDUCE),
        ("delete", Op.DELETE),
        ("replace", Op.REPLACE),
        ("set", Op.SET),
        ("trade", Op.PASS),
        ("status", Op.PASS),
        ("gap", Op.GAP),
    ],
)
def test_each_kind_has_its_operation_and_its_event(kind: str, op: Op) -> None:
    update = {
        "book": 1, "kind": getattr(UPDATE_KIND, kind), "side": 3, "flags": 1, "order_id": 5,
        "new_order_id": 6, "tick": 7, "quantity": 8, "time": 9,
    }  # fmt: skip
    (told,) = decode(SMALL, [update])
    assert told["op"] == op.value
    assert [told[n] for n in ("book", "side", "id", "new_id", "tick", "quantity", "flag")] == [
        1, 1, 5, 6, 7, 8, 1,
    ]  # fmt: skip
    assert told["tag_emit"] == (kind != "replace")  # its second half says it
    assert told["tag_kind"] == EVENT_KIND.best
    assert (told["tag_cause"], told["tag_book"], told["tag_order_id"]) == (update["kind"], 1, 5)
    assert (told["tag_time"], told["tag_stamp"], told["tag_index"]) == (9, 0xCAFE, 0)


@pytest.mark.parametrize("kind", [0, 16, 18, 21, 37, 255])
def test_an_unknown_kind_is_never_an_operation_of_the_engine(kind: int) -> None:
    (told,) = decode(SMALL, [{"kind": kind, "quantity": 1}])
    assert (told["op"], told["error"], told["tag_cause"]) == (Op.PASS.value, ERROR.bad_kind, kind)
    assert told["tag_emit"]


@pytest.mark.parametrize(
    ("kind", "event"),
    [
        ("clear", EVENT_KIND.cleared),
        ("read_levels", EVENT_KIND.read_done),
        ("read_orders", EVENT_KIND.read_done),
        ("replace", EVENT_KIND.best),
        ("add", EVENT_KIND.best),
    ],
)
def test_an_update_of_no_book_closes_with_the_event_of_its_kind(kind: str, event: int) -> None:
    (told,) = decode(SMALL, [{"book": 4, "kind": getattr(UPDATE_KIND, kind), "quantity": 1}])
    assert (told["op"], told["command"]) == (Op.PASS.value, 0)
    assert (told["tag_emit"], told["tag_kind"], told["tag_book"]) == (1, event, 4)
