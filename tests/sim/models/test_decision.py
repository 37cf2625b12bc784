"""Tests of sim.models.decision: its decisions keep a book that the reference model keeps too."""

from typing import Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hw.records import ERROR, Code
from sim.models.book import BookModel
from sim.models.decision import FATAL, Decision, Found, Operation, Situation, decide
from tests.sim.updates import TINY, update

KIND_OF: Final = {"add": "add", "execute": "take", "reduce": "take", "delete": "delete",
                  "set": "set", "status": "pass"}  # fmt: skip
STEP = st.tuples(
    st.sampled_from(sorted(KIND_OF)), st.integers(0, 3), st.integers(0, 1), st.integers(5, 6),
    st.integers(0, 6),
)  # fmt: skip


@given(st.lists(STEP, max_size=30), st.booleans())
def test_orders_and_errors_are_those_of_the_reference_book(
    steps: list[tuple[str, int, int, int, int]], complete: bool
) -> None:
    model, orders, invalid = BookModel(TINY), dict[int, Found](), False
    model.apply(update("clear", flags=int(complete)))
    for name, order_id, side, pk, few in steps:
        quantity = few if name == "set" else few + 1
        operation = Operation(kind=KIND_OF[name], side=side, pk=pk, quantity=quantity)
        found = orders.get(order_id)
        now = Situation(complete=complete, invalid=invalid)
        decision = decide(operation, found, now)
        (closing,) = model.apply(
            update(name, order_id=order_id, side=side, tick=pk, quantity=quantity)
        )
        assert decision.error == closing.error
        invalid |= decision.fatal
        assert model.book(0).valid == (not invalid)
        if decision.effect == "insert":
            orders[order_id] = Found(book=0, side=side, pk=pk, quantity=quantity, inside=True)
        elif decision.effect == "change":
            assert found is not None
            left = found.quantity + decision.delta
            orders[order_id] = Found(
                book=0, side=found.side, pk=found.pk, quantity=left, inside=found.inside
            )
        elif decision.effect == "remove":
            assert orders.pop(order_id).quantity == -decision.delta
        told = {i: (o.side, o.pk, o.quantity) for i, o in orders.items()}
        assert told == model.book(0).orders


ORDER = Found(book=1, side=0, pk=7, quantity=5, inside=True)


@pytest.mark.parametrize("code", list(ERROR), ids=lambda code: code.name)
def test_an_error_found_before_counts_unless_the_book_is_invalid(code: Code) -> None:
    error = code.value
    if not error:
        return
    found = Operation(kind="add", quantity=1, error=error)
    assert decide(found, None, Situation()) == Decision(error=error, fatal=error in FATAL)
    invalid = Situation(invalid=True)
    assert decide(found, None, invalid) == Decision(error=ERROR.book_invalid)
    raised = Operation(kind="pass", error=error, raised=True)
    assert decide(raised, None, invalid) == Decision(error=error, fatal=error in FATAL)


def test_the_second_half_of_a_replace_repeats_the_error_of_the_first() -> None:
    half = Operation(kind="add", quantity=1, first_error=ERROR.unknown_id)
    assert decide(half, None, Situation(complete=True)) == Decision(error=ERROR.unknown_id)


def test_no_room_is_an_error_only_for_what_needs_room() -> None:
    full = Situation(room=False)
    assert decide(Operation(kind="add", quantity=1), None, full).error == ERROR.table_full
    assert decide(Operation(kind="set", quantity=1), None, full).error == ERROR.table_full
    assert decide(Operation(kind="set"), None, full) == Decision()
    assert decide(Operation(kind="delete", book=1), ORDER, full).effect == "remove"


def test_orders_cross_the_edge_of_a_window_only_while_it_moves_and_once() -> None:
    evict = Operation(kind="evict", book=1, side=0)
    moves = Situation(moving=True)
    assert decide(evict, ORDER, moves) == Decision(effect="leave", delta=-5, inside=True)
    out = Found(book=1, side=0, pk=7, quantity=5, inside=False)
    admit = Operation(kind="admit", book=1, side=0)
    assert decide(admit, out, Situation(moving=True)) == Decision(effect="enter", delta=5)
    for operation, found, now in (
        (evict, ORDER, Situation()),
        (evict, out, moves),
        (evict, None, moves),
        (Operation(kind="evict", book=0, side=0), ORDER, moves),
        (admit, out, Situation()),
        (admit, ORDER, moves),
        (Operation(kind="none"), ORDER, moves),
    ):
        assert decide(operation, found, now) == Decision()


def test_the_engine_can_declare_a_book_invalid() -> None:
    told = decide(Operation(kind="invalidate"), None, Situation(invalid=True))
    assert told == Decision(error=ERROR.level_overflow, fatal=True)
