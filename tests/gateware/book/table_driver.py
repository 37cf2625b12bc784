"""Drive an order table: one request a cycle, its decision when its answer is there."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from gateware.book.hashing import bucket_masks
from gateware.book.layouts import Shapes
from gateware.book.order_table import OrderTable
from hw.presets import BookParameters
from tests.gateware.bench import run

__all__ = ["ENTRY", "Answer", "Decision", "Entry", "Request", "colliding_keys", "converse"]

ENTRY: Final = ("book", "id", "side", "inside", "pk", "quantity")
Entry = tuple[int, int, int, int, int, int]  # fields as in ENTRY
_OWN: Final = 3  # cycles from a request to its own side and price
_SCAN: Final = 2  # cycles from a request to what it scans for


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What the table says of one request."""

    hit: bool
    room: bool
    entry: Entry | None
    side: int
    pk: int
    matches: int
    stash_used: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """What becomes of the slot: at most one of these."""

    place: Entry | None = None
    write: Entry | None = None
    remove: bool = False
    clear: bool = False


def _nothing(_: Answer) -> Decision:
    return Decision()


@dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """One request; without ``key`` and ``set`` an idle cycle."""

    key: tuple[int, int] | None = None  # book, id
    placing: bool = False
    set: int | None = None
    pick: int = 0
    scan: dict[str, int] = field(default_factory=dict)
    own: tuple[int, int] | None = None  # side, pk
    decide: Callable[[Answer], Decision] = _nothing


def colliding_keys(parameters: BookParameters, count: int) -> list[tuple[int, int]]:
    """Return keys (book, id) that share set 0 in every bank.

    The sets are linear in the key over GF(2): elimination gives combinations of key bits that
    change no set.
    """
    shapes = Shapes(parameters)
    masks = [mask for bank in bucket_masks(shapes) for mask in bank]
    basis: dict[int, tuple[int, int]] = {}  # highest bit: signature, combination
    neutral: list[int] = []
    for bit in range(shapes.key.size):
        signature = sum((mask >> bit & 1) << i for i, mask in enumerate(masks))
        combination = 1 << bit
        while signature and signature.bit_length() in basis:
            other, part = basis[signature.bit_length()]
            signature, combination = signature ^ other, combination ^ part
        if signature:
            basis[signature.bit_length()] = (signature, combination)
        else:
            neutral.append(combination)
    keys = []
    for chosen in range(1, count + 1):
        key = 0
        for i, combination in enumerate(neutral):
            key ^= combination if chosen >> i & 1 else 0
        keys.append((key >> parameters.id_bits, key & ((1 << parameters.id_bits) - 1)))
    return keys


def converse(parameters: BookParameters, requests: Sequence[Request]) -> list[Answer]:
    """Make one request a cycle, decide on each, and return the answers."""
    dut = OrderTable(parameters=parameters)
    latency = OrderTable.LATENCY
    answers: list[Answer] = []
    idle = Request()

    async def testbench(ctx: Any) -> None:
        inside = 0
        for cycle in range(len(requests) + latency + 1):

            def ahead(cycles: int, now: int = cycle) -> Request:
                return requests[now - cycles] if 0 <= now - cycles < len(requests) else idle

            _ask(ctx, dut, ahead(0))
            _tell_scan(ctx, dut, ahead(_SCAN))
            side, pk = ahead(_OWN).own or (1, (1 << parameters.tick_bits) - 1)
            ctx.set(dut.own, ahead(_OWN).own is not None)
            ctx.set(dut.own_side, side)
            ctx.set(dut.own_pk, pk)
            decision = Decision()
            if latency <= cycle < len(requests) + latency:
                answers.append(_answer(ctx, dut, ahead(latency)))
                decision = ahead(latency).decide(answers[-1])
            _decide(ctx, dut, decision)
            ctx.set(dut.u_inside, inside)  # of the decision before
            inside = (decision.place or decision.write or (0, 0, 0, 0))[3]
            await ctx.tick()

    run(dut, testbench)
    return answers


def _ask(ctx: Any, dut: OrderTable, request: Request) -> None:
    book, order_id = request.key or (0, 0)
    ctx.set(dut.key, {"book": book, "id": order_id})
    ctx.set(dut.lookup, request.key is not None)
    ctx.set(dut.placing, request.placing)
    ctx.set(dut.direct, request.set is not None)
    ctx.set(dut.set, request.set or 0)
    ctx.set(dut.pick, request.pick)


def _tell_scan(ctx: Any, dut: OrderTable, request: Request) -> None:
    for name in ("book", "side", "inside", "limit", "above"):
        ctx.set(getattr(dut, f"scan_{name}"), request.scan.get(name, 0))
    for name in ("book", "side", "inside"):
        ctx.set(getattr(dut, f"scan_any_{name}"), name not in request.scan)


def _answer(ctx: Any, dut: OrderTable, request: Request) -> Answer:
    entry = ctx.get(dut.entry)
    plain = (
        *(request.key or (entry.key.book, entry.key.id)), entry.side, entry.inside,
        entry.pk, entry.quantity,
    )  # fmt: skip
    return Answer(
        hit=bool(ctx.get(dut.hit)),
        room=bool(ctx.get(dut.room)),
        entry=plain if entry.valid else None,
        side=ctx.get(dut.side),
        pk=ctx.get(dut.pk),
        matches=ctx.get(dut.matches),
        stash_used=ctx.get(dut.stash_used).bit_count(),
    )


def _decide(ctx: Any, dut: OrderTable, decision: Decision) -> None:
    entry = decision.place or decision.write
    book, order_id, side, inside, pk, quantity = entry or (0, 0, 0, 0, 0, 0)
    ctx.set(dut.u_write, entry is not None or decision.remove)
    ctx.set(dut.u_place, decision.place is not None)
    ctx.set(dut.u_clear, decision.clear)
    ctx.set(
        dut.u_entry,
        {
            "valid": entry is not None,
            "inside": 1 - inside,  # not looked at
            "side": side,
            "key": {"book": book, "id": order_id},
            "pk": pk,
            "quantity": quantity,
        },
    )
