"""Every device: what each update does, as docs/concepts/updates-and-events.md says."""

import pytest

from host.device.base import Device
from hw.records import ERROR, EVENT_KIND, UPDATE_KIND
from sim.models.book import Update
from tests.devices.talking import best, closing, flags, say
from tests.sim.updates import TINY, update

BID = update("add", order_id=1, tick=10, quantity=5)
ASK = update("add", order_id=2, side=1, tick=20, quantity=6)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ([], (10, 5, 1, 20, 6, 1)),
        ([update("add", order_id=3, tick=10, quantity=2)], (10, 7, 2, 20, 6, 1)),
        ([update("add", order_id=3, tick=11, quantity=2)], (11, 2, 1, 20, 6, 1)),
        ([update("add", order_id=3, tick=9, quantity=2)], (10, 5, 1, 20, 6, 1)),
        ([update("execute", order_id=1, quantity=2)], (10, 3, 1, 20, 6, 1)),
        ([update("execute", order_id=1, quantity=5)], (0, 0, 0, 20, 6, 1)),
        ([update("reduce", order_id=2, quantity=1)], (10, 5, 1, 20, 5, 1)),
        ([update("reduce", order_id=2, quantity=6)], (10, 5, 1, 0, 0, 0)),
        ([update("delete", order_id=1)], (0, 0, 0, 20, 6, 1)),
        ([update("replace", order_id=1, new_order_id=7, tick=12, quantity=9)],
         (12, 9, 1, 20, 6, 1)),
        ([update("replace", order_id=1, new_order_id=1, tick=8, quantity=9)], (8, 9, 1, 20, 6, 1)),
        # The side of a known order is the table's.
        ([update("execute", order_id=2, side=0, quantity=1)], (10, 5, 1, 20, 5, 1)),
        (
            [update("replace", order_id=2, side=0, new_order_id=7, tick=19, quantity=1)],
            (10, 5, 1, 19, 1, 1),
        ),
        # Only bit 0 of side counts.
        ([update("add", order_id=3, side=0xFE, tick=11, quantity=2)], (11, 2, 1, 20, 6, 1)),
        ([update("set", order_id=1, tick=10, quantity=8)], (10, 8, 1, 20, 6, 1)),
        ([update("set", order_id=1, tick=10)], (0, 0, 0, 20, 6, 1)),
        ([update("set", order_id=5, tick=11, quantity=8)], (11, 8, 1, 20, 6, 1)),
        ([update("set", order_id=5, tick=11)], (10, 5, 1, 20, 6, 1)),
        ([update("trade", order_id=1, quantity=3)], (10, 5, 1, 20, 6, 1)),
        ([update("status")], (10, 5, 1, 20, 6, 1)),
        ([update("clear")], (0, 0, 0, 0, 0, 0)),
        ([update("gap")], (0, 0, 0, 0, 0, 0)),
        ([update("add", book=1, order_id=1, tick=11, quantity=2), update("status")],
         (10, 5, 1, 20, 6, 1)),
    ],
)  # fmt: skip
def test_best_prices_after_each_kind(
    device: Device, changes: list[Update], expected: tuple[int, ...]
) -> None:
    event = say(device, BID, ASK, *changes)[-1]
    assert best(event) == expected
    present = {name for name, tick in (("bid", expected[0]), ("ask", expected[3])) if tick}
    assert flags(event) - {"invalid"} == present


@pytest.mark.parametrize("code", [c.value for c in UPDATE_KIND] + [13, 255])
def test_closing_event_repeats_the_update(device: Device, code: int) -> None:
    say(device, BID)
    made = update(code, book=1, order_id=44, new_order_id=45, tick=3, quantity=4, time=2**64 - 1)
    event = say(device, made)[-1]
    kinds = {
        UPDATE_KIND.clear: EVENT_KIND.cleared,
        UPDATE_KIND.read_levels: EVENT_KIND.read_done,
        UPDATE_KIND.read_orders: EVENT_KIND.read_done,
    }
    assert event["kind"] == kinds.get(code, EVENT_KIND.best)
    assert (event["cause"], event["book"], event["time"]) == (code, 1, 2**64 - 1)
    assert event["order_id"] == 44


FATAL = "fatal"
IGNORED = "ignored"


@pytest.mark.parametrize(
    ("error", "effect", "made"),
    [
        ("bad_kind", IGNORED, update(0)),
        ("bad_kind", IGNORED, update(13)),
        ("bad_kind", IGNORED, update(255)),
        ("feed_gap", FATAL, update("gap")),
        ("id_range", FATAL, update("add", order_id=1 << 16, tick=1, quantity=1)),
        ("id_range", FATAL, update("execute", order_id=1 << 63, quantity=1)),
        ("id_range", FATAL, update("delete", order_id=(1 << 16) + 1)),
        (
            "id_range",
            FATAL,
            update("replace", order_id=1, new_order_id=1 << 16, tick=1, quantity=1),
        ),
        ("id_range", FATAL, update("set", order_id=1 << 40, tick=1, quantity=1)),
        ("tick_range", FATAL, update("add", order_id=9, tick=1 << 16, quantity=1)),
        ("tick_range", FATAL, update("set", order_id=9, tick=1 << 63, quantity=1)),
        (
            "tick_range",
            FATAL,
            update("replace", order_id=1, new_order_id=9, tick=1 << 16, quantity=1),
        ),
        ("quantity_range", FATAL, update("add", order_id=9, tick=1, quantity=1 << 8)),
        ("quantity_range", FATAL, update("set", order_id=1, tick=10, quantity=1 << 32)),
        ("quantity_range", FATAL, update("replace", order_id=1, new_order_id=9, tick=10)),
        ("zero_quantity", IGNORED, update("add", order_id=9, tick=1)),
        ("zero_quantity", IGNORED, update("execute", order_id=1)),
        ("zero_quantity", IGNORED, update("reduce", order_id=1)),
        ("duplicate_id", FATAL, update("add", order_id=1, tick=30, quantity=1)),
        ("duplicate_id", FATAL, update("replace", order_id=1, new_order_id=2, tick=9, quantity=1)),
        ("over_reduce", FATAL, update("execute", order_id=1, quantity=6)),
        ("over_reduce", FATAL, update("reduce", order_id=1, quantity=255)),
        ("tick_mismatch", FATAL, update("set", order_id=1, tick=11, quantity=5)),
        ("tick_mismatch", FATAL, update("set", order_id=1, side=1, tick=10, quantity=5)),
        ("level_overflow", FATAL, update("add", order_id=9, tick=10, quantity=251)),
        ("level_overflow", FATAL, update("set", order_id=9, tick=10, quantity=251)),
        (
            "level_overflow",
            FATAL,
            update("replace", order_id=3, new_order_id=9, tick=10, quantity=251),
        ),
        # Of two errors the first of the table.
        ("id_range", FATAL, update("add", order_id=1 << 16, tick=1 << 16, quantity=1 << 8)),
        ("tick_range", FATAL, update("add", order_id=1, tick=1 << 16, quantity=1 << 8)),
        ("zero_quantity", IGNORED, update("execute", order_id=77)),
    ],
)
def test_each_error_and_whether_the_book_survives_it(
    device: Device, error: str, effect: str, made: Update
) -> None:
    third = update("add", order_id=3, tick=9, quantity=1)
    events = say(device, BID, ASK, third, made, update("trade"), update("trade", book=1))
    event, after, other = events[3:]
    assert event["error"] == getattr(ERROR, error)
    assert device.read("errors", getattr(ERROR, error)) == 1
    if effect == FATAL:
        assert flags(event) == flags(after) == {"invalid"}
        assert best(event) == best(after) == (0,) * 6
        assert after["error"] == ERROR.book_invalid
    else:
        assert flags(event) == flags(after) == {"bid", "ask"}
        assert best(event) == best(after) == (10, 5, 1, 20, 6, 1)
        assert after["error"] == ERROR.none
    assert flags(other) == set()


@pytest.mark.parametrize("kind", ["execute", "reduce", "delete", "replace"])
@pytest.mark.parametrize("complete", [False, True])
def test_unknown_id_is_fatal_only_in_a_complete_book(
    device: Device, kind: str, complete: bool
) -> None:
    unknown = update(kind, order_id=77, new_order_id=78, tick=1, quantity=1)
    events = say(device, update("clear", flags=int(complete)), BID, unknown, update("status"))
    assert events["error"].tolist()[2] == ERROR.unknown_id
    assert [("invalid" in flags(e)) for e in events] == [False, False, complete, complete]


@pytest.mark.parametrize("code", [c.value for c in UPDATE_KIND] + [99])
def test_book_that_does_not_exist(device: Device, code: int) -> None:
    for book in (TINY.books, 2**16 - 1):
        (event,) = say(device, update(code, book=book, order_id=1, tick=1, quantity=1))
        assert event["error"] == ERROR.bad_book
        assert (flags(event), best(event)) == (set(), (0,) * 6)
        assert event["book"] == book
    assert device.read("orders") == 0


def test_invalid_book_is_valid_again_after_a_clear(device: Device) -> None:
    events = say(device, BID, update("gap"), ASK, update("clear", flags=1), ASK)
    assert [flags(e) for e in events] == [{"bid"}, {"invalid"}, {"invalid"}, set(), {"ask"}]
    assert events["error"].tolist() == [0, ERROR.feed_gap, ERROR.book_invalid, 0, 0]
    assert best(events[-1]) == (0, 0, 0, 20, 6, 1)
    assert device.read("orders") == 1


def test_clear_frees_the_orders_of_its_book_alone(device: Device) -> None:
    orders = [
        update("add", book=i % 2, order_id=i, tick=10 + i % 7, quantity=1) for i in range(120)
    ]
    say(device, *orders)
    assert device.read("orders") == 120
    events = say(device, update("clear"), update("trade", book=1), update("trade"))
    assert device.read("orders") == 60
    assert {int(e["book"]): flags(e) for e in events} == {0: set(), 1: {"bid"}}


def test_table_full_makes_the_book_invalid(device: Device) -> None:
    slots = TINY.order_slots + TINY.stash_slots
    orders = [update("add", order_id=i, tick=100 + i % 9, quantity=1) for i in range(slots + 1)]
    events = closing(say(device, *orders))
    full = [e for e in events if e["error"] == ERROR.table_full]
    assert len(full) == 1
    assert flags(full[0]) == {"invalid"}
    before = [e for e in events if e["sequence"] < full[0]["sequence"]]
    assert len(before) >= TINY.usable_orders
    assert not any("invalid" in flags(e) for e in before)


def test_crossed_book_says_so(device: Device) -> None:
    cross = update("add", order_id=3, tick=20, quantity=1)
    events = say(device, BID, ASK, cross, update("delete", order_id=3))
    assert ["crossed" in flags(e) for e in events] == [False, False, True, False]
    assert best(events[2]) == (20, 1, 1, 20, 6, 1)


def test_far_quotes_are_exact(device: Device) -> None:
    top = (1 << TINY.tick_bits) - 1
    near = [update("add", order_id=10 + i, tick=30000 + i, quantity=1) for i in range(5)]
    far = [
        update("add", order_id=1, tick=0, quantity=1),
        update("add", order_id=2, tick=top, side=1, quantity=2),
        update("add", order_id=3, tick=top, quantity=3),
    ]
    gone = [update("delete", order_id=3), *(update("delete", order_id=10 + i) for i in range(5))]
    assert best(say(device, *near, *far)[-1])[:3] == (top, 3, 1)
    last = say(device, *gone)[-1]
    assert best(last) == (0, 1, 1, top, 2, 1)
    assert flags(last) == {"bid", "ask"}
