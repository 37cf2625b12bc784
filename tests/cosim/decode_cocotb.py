"""cocotb side of test_component_cosims: gateware.book.decode."""

import os
import random
from typing import Any, Final

import cocotb

from gateware.book.layouts import Op
from hw.records import ERROR, UPDATE_KIND
from sim.models.decode import Decoded, decode
from tests.cosim.ports import Ports
from tests.gateware.bench import TINY
from tests.sim.updates import update as update_row

SEED = int(os.environ["SEED"])
N_UPDATES = 2500
#: Field of the operation: the field of the record that it is, and how much of it fits [bits].
CARRIED: Final = {
    "book": ("book", 1),
    "side": ("side", 1),
    "id": ("order_id", TINY.id_bits),
    "new_id": ("new_order_id", TINY.id_bits),
    "tick": ("tick", TINY.tick_bits),
    "quantity": ("quantity", TINY.quantity_bits),
}


def number(rng: random.Random, bits: int) -> int:
    """Return a number near a limit of a field."""
    return rng.choice([0, 1, 3, (1 << bits) - 1, 1 << bits, rng.getrandbits(64)])


def update(rng: random.Random) -> dict[str, int]:
    """Return any record, most of them with a known kind and book."""
    return {
        "book": rng.choice([0, 1, 0, 1, 0, 1, 2, 65535]),
        "kind": rng.choice([*range(14), *range(1, 7), 16, 17, 37, 255]),
        "side": rng.randrange(256),
        "flags": rng.getrandbits(32),
        "order_id": number(rng, TINY.id_bits),
        "new_order_id": number(rng, TINY.id_bits),
        "tick": number(rng, TINY.tick_bits),
        "quantity": number(rng, TINY.quantity_bits),
        "time": rng.getrandbits(64),
    }


def tag_of(record: dict[str, int], stamp: int, model: Decoded) -> dict[str, int]:
    """Return the tag of an update."""
    return {
        "emit": int(record["kind"] != UPDATE_KIND.replace or model.bare),  # else its second half
        "kind": model.event,
        "cause": record["kind"],
        "book": record["book"],
        "order_id": record["order_id"],
        "time": record["time"],
        "stamp": stamp,
        "index": 0,
    }


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def every_operation_is_the_models(dut: Any) -> None:
    """Another record in every cycle."""
    rng, ports, errors = random.Random(SEED), Ports(dut, "decode"), set()
    await ports.start()
    for _ in range(N_UPDATES):
        record, stamp = update(rng), rng.getrandbits(32)
        await ports.drive(update=record, stamp=stamp)
        model = decode(update_row(**record), TINY)
        errors.add(model.error)
        issue = ports.get("issue")
        assert ports.get("command") == model.command, record
        assert ports.get("flag") == record["flags"] & 1
        if not model.command:  # its operation is not used
            assert issue.op == Op(Op.PASS if model.passes else record["kind"]), record
        for name in ("error", "bare", "bad_book", "huge"):
            assert getattr(issue, name) == getattr(model, name), (name, record)
        for name, (field, bits) in CARRIED.items():
            assert getattr(issue, name) == record[field] & (1 << bits) - 1, (name, record)
        tag = issue.tag
        told = {name: getattr(tag, name) for name, _ in tag.shape()}
        assert told == tag_of(record, stamp, model), record
        await ports.tick()
    assert errors == {
        ERROR.none, ERROR.bad_book, ERROR.bad_kind, ERROR.feed_gap, ERROR.id_range,
        ERROR.tick_range, ERROR.quantity_range, ERROR.zero_quantity,
    }  # fmt: skip
