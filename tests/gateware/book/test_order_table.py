"""Unit tests of gateware.book.order_table in Amaranth's own simulator."""

import random
from collections.abc import Callable
from functools import partial
from typing import Final

import pytest

from gateware.book.hashing import bucket_masks
from gateware.book.layouts import BANKS, WAYS, Shapes
from gateware.book.order_table import OrderTable
from hw.presets import BookParameters
from sim.models import order_table as model
from tests.gateware.bench import SMALL
from tests.gateware.book.table_driver import (
    Answer,
    Decision,
    Entry,
    Request,
    colliding_keys,
    converse,
)

TABLE: Final = BookParameters(books=4, window_ticks=64, order_slots=256, stash_slots=2)
IDLE: Final = Request()
SPACING: Final = OrderTable.SPACING_SAME_KEY
SLOT_SPACING: Final = OrderTable.SPACING_SLOT
ALL: Final = {"limit": (1 << TABLE.tick_bits) - 1}
KEY: Final = (2, 0x123456789ABC)


def entry_of(key: tuple[int, int], *, side: int = 1, pk: int = 9, quantity: int = 5) -> Entry:
    return (*key, side, 1, pk, quantity)


def place(key: tuple[int, int], entry: Entry | None = None) -> Request:
    """Ask for a place and take it if there is room."""
    entry = entry or entry_of(key)

    def decide(answer: Answer) -> Decision:
        return Decision(place=entry if answer.room and not answer.hit else None)

    return Request(key=key, placing=True, own=(entry[2], entry[4]), decide=decide)


def rewrite(key: tuple[int, int], entry: Entry) -> Request:
    return Request(key=key, decide=lambda answer: Decision(write=entry if answer.hit else None))


def remove(key: tuple[int, int]) -> Request:
    return Request(key=key, decide=lambda answer: Decision(remove=answer.hit))


def overwrite(entry: Entry, _: Answer) -> Decision:
    return Decision(write=entry)


def find(key: tuple[int, int]) -> Request:
    return Request(key=key)


def in_cycles(requests: dict[int, Request]) -> list[Request]:
    """Return one request a cycle, idle where none is given."""
    return [requests.get(cycle, IDLE) for cycle in range(max(requests) + 1)]


@pytest.mark.parametrize("distance", range(SPACING, 10))
def test_an_operation_sees_what_one_ahead_on_the_same_key_left(distance: int) -> None:
    first, second = entry_of(KEY), entry_of(KEY, quantity=4)
    times = [i * distance for i in range(6)]
    does = [place(KEY, first), rewrite(KEY, second), find(KEY), remove(KEY), find(KEY), place(KEY)]
    requests = in_cycles(dict(zip(times, does, strict=True)))
    answers = converse(TABLE, requests)
    assert [answers[t].entry for t in times] == [None, first, second, second, None, None]
    assert [answers[t].hit for t in times] == [False, True, True, True, False, False]
    assert all(answers[t].room for t in (times[0], times[5]))
    assert not any(answer.hit for t, answer in enumerate(answers) if t not in times)


@pytest.mark.parametrize("distance", range(SPACING, 8))
@pytest.mark.parametrize("second", ["write", "remove", "place again"])
def test_the_latest_of_several_on_the_same_key_counts(distance: int, second: str) -> None:
    old, new = entry_of(KEY), entry_of(KEY, pk=10, quantity=77)
    middle = {"write": rewrite(KEY, new), "remove": remove(KEY), "place again": remove(KEY)}[second]
    requests = {0: place(KEY, old), 2: middle}
    if second == "place again":
        requests[4] = place(KEY, new)
    ask = max(requests) + distance
    answers = converse(TABLE, in_cycles(requests | {ask: find(KEY)}))
    assert answers[ask].entry == (None if second == "remove" else new)


def test_neighbours_with_other_keys_do_not_disturb_each_other() -> None:
    keys = [(book, 0x40 + i) for book in range(4) for i in range(8)]
    requests = [place(key, entry_of(key, pk=i)) for i, key in enumerate(keys)]
    requests += [find(key) for key in keys]
    answers = converse(TABLE, requests)
    assert [a.entry for a in answers[len(keys) :]] == [
        entry_of(key, pk=i) for i, key in enumerate(keys)
    ]


def test_keys_of_one_bucket_fill_the_ways_then_the_stash_and_then_there_is_no_room() -> None:
    capacity = BANKS * WAYS + TABLE.stash_slots
    keys = colliding_keys(TABLE, capacity + 3)
    answers = converse(TABLE, [place(key) for key in keys] + [IDLE] * 8 + [find(k) for k in keys])
    assert [a.room for a in answers[: len(keys)]] == [True] * capacity + [False] * 3
    assert [a.hit for a in answers[len(keys) + 8 :]] == [True] * capacity + [False] * 3
    assert answers[-1].stash_used == TABLE.stash_slots


@pytest.mark.parametrize("free", [0, BANKS * WAYS - 1, BANKS * WAYS])
@pytest.mark.parametrize("distance", range(1, 9))
def test_the_last_free_slot_is_given_only_once(free: int, distance: int) -> None:
    capacity = BANKS * WAYS + TABLE.stash_slots
    *held, first, second = colliding_keys(TABLE, capacity + 2)
    fill = [place(key) for key in held] + [remove(held[free])] + [IDLE] * SLOT_SPACING
    requests = in_cycles({0: place(first), distance: place(second)})
    check = [IDLE] * SLOT_SPACING + [find(first), find(second)]
    answers = converse(TABLE, fill + requests + check)
    assert answers[len(fill)].room
    assert not answers[len(fill) + distance].room
    assert [a.hit for a in answers[-2:]] == [True, False]


def test_a_slot_that_was_offered_but_not_taken_is_offered_again() -> None:
    capacity = BANKS * WAYS + TABLE.stash_slots
    *held, first, second = colliding_keys(TABLE, capacity + 1)
    refused = Request(key=first, placing=True, own=(0, 0))
    requests = in_cycles({0: refused, SLOT_SPACING: place(second)})
    answers = converse(TABLE, [place(key) for key in held] + requests)
    assert answers[len(held)].room
    assert answers[len(held) + SLOT_SPACING].room


@pytest.mark.parametrize("freed", [3, BANKS * WAYS])
def test_a_freed_slot_is_offered_after_the_slot_spacing(freed: int) -> None:
    capacity = BANKS * WAYS + TABLE.stash_slots
    *held, new = colliding_keys(TABLE, capacity + 1)
    requests = in_cycles({0: remove(held[freed]), SLOT_SPACING: place(new)})
    answers = converse(TABLE, [place(key) for key in held] + [IDLE] * 6 + requests)
    assert answers[-1].room


def test_side_and_price_are_the_operations_own_or_those_of_what_was_found() -> None:
    stored = entry_of(KEY, side=1, pk=0x1234)
    other = (KEY[0], KEY[1] + 1)
    requests = in_cycles(
        {
            0: place(KEY, stored),
            2: find(KEY),
            3: Request(key=other, own=(1, 0x777)),
            4: Request(key=other),
            5: Request(key=other, own=(0, 0x700)),
        }
    )
    answers = converse(TABLE, requests)
    said = [(answers[t].side, answers[t].pk) for t in (0, 2, 3, 4, 5)]
    assert said == [(1, 0x1234), (1, 0x1234), (1, 0x777), (0, 0), (0, 0x700)]


def dump(parameters: BookParameters) -> list[Request]:
    """Return requests that read every slot of the table."""
    slots = BANKS * WAYS + parameters.stash_slots
    return [
        Request(set=index, pick=1 << slot)
        for index in range(parameters.sets)
        for slot in range(slots if index == 0 else BANKS * WAYS)
    ]


def scan(**wanted: int) -> Callable[[int], Request]:
    return lambda index: Request(set=index, scan=ALL | wanted)


SCANS: Final[list[tuple[dict[str, int], Callable[[Entry], bool]]]] = [
    ({}, lambda e: True),
    ({"book": 2}, lambda e: e[0] == 2),
    ({"side": 0}, lambda e: e[2] == 0),
    ({"inside": 0}, lambda e: e[3] == 0),
    ({"book": 1, "side": 1, "inside": 1}, lambda e: e[:1] + e[2:4] == (1, 1, 1)),
    ({"limit": 100}, lambda e: e[4] <= 100),
    ({"limit": 100, "above": 1}, lambda e: e[4] > 100),
    ({"book": 3, "limit": 100, "above": 1}, lambda e: e[0] == 3 and e[4] > 100),
]


@pytest.mark.parametrize(("wanted", "belongs"), SCANS)
def test_scans_find_exactly_the_orders_that_match(
    wanted: dict[str, int], belongs: Callable[[Entry], bool]
) -> None:
    generator = random.Random(7)
    entries = [
        (
            generator.randrange(4), generator.getrandbits(48), generator.randrange(2),
            generator.randrange(2), generator.choice([0, 99, 100, 101, 5000]), 1,
        )
        for _ in range(100)
    ]  # fmt: skip
    full = [place(key) for key in colliding_keys(TABLE, 18)]  # the stash has a scan of its own
    requests = full + [place((e[0], e[1]), e) for e in entries] + [IDLE] * SLOT_SPACING
    scans = [scan(**wanted)(index) for index in range(TABLE.sets)]
    answers = converse(TABLE, requests + scans + dump(TABLE))
    found = [a.matches for a in answers[len(requests) : len(requests) + len(scans)]]
    slots = answers[len(requests) + len(scans) :]
    position = 0
    for index, matches in enumerate(found):
        slots_here = BANKS * WAYS + (TABLE.stash_slots if index == 0 else 0)
        held = [a.entry for a in slots[position : position + slots_here]]
        position += slots_here
        expected = sum(
            1 << i for i, entry in enumerate(held) if entry is not None and belongs(entry)
        )
        assert matches == expected, index
    assert sum(a.hit for a in slots) == sum(a.room for a in answers[: len(requests) - SLOT_SPACING])


def test_a_sweep_clears_what_matches_and_nothing_else() -> None:
    generator = random.Random(8)
    keys = [*colliding_keys(TABLE, 18), *((i % 4, generator.getrandbits(48)) for i in range(100))]
    fill = [place(key) for key in keys] + [IDLE] * SLOT_SPACING
    sweep = [
        Request(set=i, scan=ALL | {"book": 1}, decide=lambda _: Decision(clear=True))
        for i in range(TABLE.sets)
    ]
    answers = converse(TABLE, fill + sweep + [IDLE] * SLOT_SPACING + [find(key) for key in keys])
    assert [a.hit for a in answers[-len(keys) :]] == [key[0] != 1 for key in keys]


def test_a_picked_slot_is_rewritten_in_place() -> None:
    slots = [b * WAYS + w for w in range(WAYS) for b in range(BANKS)]  # as they are taken
    slots += range(BANKS * WAYS, BANKS * WAYS + TABLE.stash_slots)
    placed = [entry_of(key) for key in colliding_keys(TABLE, len(slots))]
    fill = [place((e[0], e[1])) for e in placed] + [IDLE] * SLOT_SPACING
    entries = [entry for _, entry in sorted(zip(slots, placed, strict=True))]
    changed = [(*e[:3], 0, e[4], e[5]) for e in entries]
    writes = [
        Request(set=0, pick=1 << slot, decide=partial(overwrite, e))
        for slot, e in enumerate(changed)
    ]
    reads = [Request(set=0, pick=1 << slot) for slot in range(len(entries))]
    answers = converse(TABLE, fill + writes + [IDLE] * SLOT_SPACING + reads)
    assert [a.entry for a in answers[len(fill) : len(fill) + len(writes)]] == entries
    assert [a.entry for a in answers[-len(reads) :]] == changed


@pytest.mark.parametrize("distance", range(1, 9))
@pytest.mark.parametrize("slot", [0, BANKS * WAYS])
def test_a_slot_that_is_being_written_is_read_whole_or_not_at_all(distance: int, slot: int) -> None:
    keys = colliding_keys(TABLE, BANKS * WAYS + 2)
    key = keys[slot]  # the first way of bank 0 is taken first, the stash last
    old, new = entry_of(key), entry_of(key, pk=77, quantity=88)
    look = Request(set=0, pick=1 << slot)
    requests = in_cycles({0: rewrite(key, new), distance: look})
    answers = converse(TABLE, [place(k) for k in keys] + [IDLE] * SLOT_SPACING + requests)
    told = answers[-1].entry
    assert told in ((new,) if distance >= SLOT_SPACING else (old, new, None))


class Reference:
    """Decide on a stream of lookups by the model; note where the table differs from it."""

    def __init__(self, parameters: BookParameters) -> None:
        self._bits = parameters.id_bits
        self._bucket = model.linear_hash(bucket_masks(Shapes(parameters)))
        self.entries: dict[tuple[int, int], Entry] = {}
        self.differs: list[str] = []

    def decide(self, key: tuple[int, int], new: Entry | None, answer: Answer) -> Decision:
        """Place, rewrite or remove, whatever is possible; check the answer."""
        held = self.entries.get(key)
        if answer.entry != held or answer.hit != (held is not None):
            self.differs.append(f"{key}: found {answer.entry}, not {held}")
        if new is None:
            self.entries.pop(key, None)
            return Decision(remove=held is not None)
        if held is None and not answer.room:
            return Decision()
        self.entries[key] = new
        return Decision(write=new) if held else Decision(place=new)


@pytest.mark.parametrize("seed", range(3))
def test_random_streams_at_full_rate_find_what_the_model_finds(seed: int) -> None:
    generator = random.Random(seed)
    keys = [*colliding_keys(TABLE, 24), *((i % 4, generator.getrandbits(48)) for i in range(12))]
    reference = Reference(TABLE)
    requests, last = [], (-1, -1)
    for serial in range(1200):
        key = generator.choice([k for k in keys if k != last])
        last = key
        new = entry_of(key, side=serial & 1, pk=7, quantity=serial)
        chosen = new if generator.random() < 0.6 else None
        requests.append(
            Request(
                key=key,
                placing=chosen is not None,
                decide=partial(reference.decide, key, chosen),
            )
        )
    answers = converse(TABLE, requests + [IDLE] * SLOT_SPACING + dump(TABLE))
    assert reference.differs == []
    left = [a.entry for a in answers[-len(dump(TABLE)) :] if a.entry is not None]
    assert sorted(left) == sorted(reference.entries.values())


def test_new_keys_take_the_slots_that_the_model_takes() -> None:
    generator = random.Random(3)
    keys = [(generator.randrange(4), generator.getrandbits(48)) for _ in range(200)]
    bits = TABLE.id_bits
    reference = model.OrderTable[tuple[int, int]](
        model.linear_hash(bucket_masks(Shapes(TABLE))), stash_slots=TABLE.stash_slots
    )
    for key in keys:
        reference.put(key[0] << bits | key[1], key)
    spaced = [r for key in keys for r in (place(key), *[IDLE] * (SLOT_SPACING - 1))]
    answers = converse(TABLE, spaced + dump(TABLE))
    slots = iter(answers[len(spaced) :])
    for index in range(TABLE.sets):
        for slot in range(BANKS * WAYS + (TABLE.stash_slots if index == 0 else 0)):
            entry = next(slots).entry
            if entry is not None:
                bank, way = divmod(slot, WAYS)
                place_of = (bank, index, way) if bank < BANKS else (BANKS, 0, slot - BANKS * WAYS)
                assert reference.find(entry[0] << bits | entry[1]) == place_of
    assert len(reference) == sum(a.hit for a in answers[len(spaced) :])


def test_the_answer_is_there_exactly_after_the_latency() -> None:
    assert OrderTable.LATENCY == 4
    answers = converse(SMALL, [place(KEY), *[IDLE] * 7, find(KEY), *[IDLE] * 4])
    assert [t for t, answer in enumerate(answers) if answer.hit] == [8]
