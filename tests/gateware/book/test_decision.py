"""Unit tests of gateware.book.decision in Amaranth's own simulator."""

import itertools
from typing import Any, Final

import pytest

from gateware.book.decision import Decide
from hw.records import ERROR
from sim.models import decision as model
from tests.gateware.bench import TINY, run

WRONG: Final = (1 << TINY.quantity_bits + 1) - 1
Case = dict[str, Any]
KIND_FLAGS: Final = {
    "add": {"adds": 1},
    "take": {"takes": 1},
    "delete": {"leaves": 1},
    "set": {"sets": 1},
    "set to 0": {"sets": 1, "to_nothing": 1},
}


def decide(cases: list[Case]) -> list[dict[str, int]]:
    """Return the decision on each case."""
    dut = Decide(parameters=TINY)
    names = [name for name, _ in dut.decision.shape()]
    told: list[dict[str, int]] = []

    async def testbench(ctx: Any) -> None:
        for case in cases:
            for name, value in case.items():
                ctx.set(getattr(dut, name), value)
            decision = ctx.get(dut.decision)
            told.append({name: int(getattr(decision, name)) for name in names})

    run(dut, testbench)
    return told


def case_of(kind: str, *, hit: int, quantity: int, held: int = 5, **more: int) -> Case:
    """Return an update on a valid book with room; the order found is an ask at 9."""
    entry = {
        "valid": hit, "inside": hit, "side": hit, "pk": 9 * hit, "quantity": held * hit,
        "key": {"id": 1, "book": 1},
    }  # fmt: skip
    base: Case = {
        "kinds": {"by_update": 1, **KIND_FLAGS[kind]}, "error": 0, "first_error": 0, "book": 1,
        "quantity": quantity, "huge": 0, "own": 9 << 1 | 1, "hit": hit, "entry": entry, "room": 1,
        "invalid": 0, "complete": 0, "moving": 0,
    }  # fmt: skip
    return base | more


def expected(case: Case, kind: str) -> model.Decision:
    """Return the decision of the model."""
    entry = {n: case["entry"][n] for n in ("side", "pk", "quantity", "inside")}
    return model.decide(
        model.Operation(
            kind=kind.removesuffix(" to 0"), book=1, side=case["own"] & 1, pk=case["own"] >> 1,
            quantity=case["quantity"] + (case["huge"] << TINY.quantity_bits),
        ),
        model.Found(book=1, **entry) if case["hit"] else None,
        model.Situation(
            room=bool(case["room"]), invalid=bool(case["invalid"]), complete=bool(case["complete"])
        ),
    )  # fmt: skip


@pytest.mark.parametrize("kind", KIND_FLAGS)
def test_every_update_has_the_effect_and_the_error_of_the_contract(kind: str) -> None:
    quantities = [0] if kind == "set to 0" else [1, 4, 5, 6]
    bits = itertools.product(*[(0, 1)] * 5)
    cases = [
        case_of(
            kind, hit=hit, quantity=quantity, room=room, invalid=invalid, complete=complete,
            huge=huge * (kind == "take"), own=own,
        )
        for (hit, room, invalid, complete, huge), quantity, own in itertools.product(
            bits, quantities, (9 << 1 | 1, 9 << 1, 8 << 1 | 1)
        )
    ]  # fmt: skip
    for case, told in zip(cases, decide(cases), strict=True):
        wanted = expected(case, kind)
        assert (told["error"], told["fatal"]) == (wanted.error, wanted.fatal), case
        effects = [n for n in ("insert", "remove", "change") if told[n]]
        assert effects == [wanted.effect] * bool(wanted.effect), case
        if wanted.effect:
            assert told["delta"] == wanted.delta & WRONG, case
        assert not told["leave"]
        assert not told["enter"]


@pytest.mark.parametrize(
    ("kinds", "error", "invalid", "expected_error", "fatal"),
    [
        ({"erred": 1, "fatal": 1}, ERROR.tick_range, 0, ERROR.tick_range, 1),
        ({"erred": 1, "fatal": 1}, ERROR.tick_range, 1, ERROR.book_invalid, 0),
        ({"erred": 1}, ERROR.zero_quantity, 0, ERROR.zero_quantity, 0),
        ({"erred": 1, "raised": 1}, ERROR.bad_kind, 1, ERROR.bad_kind, 0),
        ({"erred": 1, "raised": 1, "fatal": 1}, ERROR.feed_gap, 1, ERROR.feed_gap, 1),
    ],
)
def test_an_error_found_before_stands_unless_the_book_is_invalid(
    kinds: dict[str, int], error: int, invalid: int, expected_error: int, fatal: int
) -> None:
    case = case_of("add", hit=0, quantity=1, error=error, invalid=invalid)
    case["kinds"] |= kinds
    (told,) = decide([case])
    assert (told["error"], told["fatal"]) == (expected_error, fatal)
    assert not told["insert"]


def test_the_second_half_of_a_replace_repeats_the_error_of_the_first() -> None:
    (told,) = decide([case_of("add", hit=0, quantity=1, first_error=ERROR.unknown_id)])
    assert (told["error"], told["insert"], told["fatal"]) == (ERROR.unknown_id, 0, 0)


@pytest.mark.parametrize("flag", ["evicts", "admits"])
def test_a_sweep_changes_only_orders_of_the_row_whose_window_moves(flag: str) -> None:
    evicts = flag == "evicts"
    right = case_of("delete", hit=1, quantity=0, moving=1)
    right["kinds"] = {flag: 1}
    right["entry"]["inside"] = int(evicts)
    wrongs = [
        right | {"moving": 0},
        right | {"book": 0},
        right | {"entry": right["entry"] | {"valid": 0}},
        right | {"entry": right["entry"] | {"inside": int(not evicts)}},
    ]
    told = decide([right, *wrongs])
    assert [t["leave"] for t in told] == [int(evicts)] + [0] * len(wrongs)
    assert [t["enter"] for t in told] == [int(not evicts)] + [0] * len(wrongs)
    assert told[0]["delta"] == (-5 if evicts else 5) & WRONG
    assert not any(t["error"] or t["fatal"] for t in told)


def test_the_engine_can_declare_a_book_invalid() -> None:
    case = case_of("add", hit=0, quantity=0)
    case["kinds"] = {"invalidates": 1}
    (told,) = decide([case])
    assert (told["error"], told["fatal"], told["insert"]) == (ERROR.level_overflow, 1, 0)
