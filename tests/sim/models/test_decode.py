"""Tests of sim.models.decode: what it finds, the books of the reference model find too."""

from hypothesis import given
from hypothesis import strategies as st

from hw.records import ERROR, UPDATE_KIND
from sim.models.book import BookModel, Update
from sim.models.book_event import READS
from sim.models.decode import decode
from tests.sim.updates import TINY, update

#: Found only with the state of a book.
LATER = {
    ERROR.unknown_id, ERROR.duplicate_id, ERROR.over_reduce, ERROR.tick_mismatch,
    ERROR.table_full, ERROR.level_overflow, ERROR.book_invalid,
}  # fmt: skip


def near(bits: int) -> st.SearchStrategy[int]:
    return st.sampled_from([0, 1, (1 << bits) - 1, 1 << bits, (1 << 64) - 1])


UPDATES = st.builds(
    update, st.integers(0, 20), book=st.integers(0, 3), side=st.integers(0, 1),
    order_id=near(TINY.id_bits), new_order_id=near(TINY.id_bits), tick=near(TINY.tick_bits),
    quantity=near(TINY.quantity_bits),
)  # fmt: skip


@given(UPDATES)
def test_an_empty_book_finds_the_same_error(one: Update) -> None:
    told = decode(one, TINY)
    *_, closing = BookModel(TINY).apply(one)
    if told.error:
        assert closing.error == told.error
    else:
        assert closing.error in LATER | {ERROR.none}
    assert closing.kind == told.event


@given(UPDATES)
def test_what_passes_changes_no_book(one: Update) -> None:
    told, model = decode(one, TINY), BookModel(TINY)
    rest = update("add", book=1, order_id=9, tick=5, quantity=2)
    model.apply(rest)
    model.apply(one)
    if told.passes:
        assert (model.orders, model.book(1).valid) == (1, True)
    assert told.command == (one[1] in READS | {UPDATE_KIND.clear} and not told.bad_book)
    assert told.bare == (told.error in (ERROR.bad_book, ERROR.bad_kind))
