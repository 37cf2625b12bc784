"""Tests of sim.models.order_table."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hw.presets import USABLE
from sim.models.order_table import BANKS, WAYS, OrderTable, linear_hash

KEY_BITS = 20
SET_BITS = 4


def masks(seed: int, set_bits: int = SET_BITS) -> list[list[int]]:
    """Return a linear map for each bank that keeps keys with different high bits apart."""
    rng = random.Random(seed)
    high = KEY_BITS - set_bits
    return [
        [(1 << bit) | (rng.getrandbits(high) << set_bits) for bit in range(set_bits)]
        for _ in range(BANKS)
    ]


def test_hash_is_linear_over_gf2() -> None:
    bucket = linear_hash(masks(1))
    rng = random.Random(2)
    for _ in range(200):
        bank, a, b = rng.randrange(BANKS), rng.getrandbits(KEY_BITS), rng.getrandbits(KEY_BITS)
        assert bucket(bank, a ^ b) == bucket(bank, a) ^ bucket(bank, b)
        assert 0 <= bucket(bank, a) < 1 << SET_BITS


def test_hash_and_high_bits_determine_the_key() -> None:
    bucket = linear_hash(masks(3))
    high = 0x5A5A << SET_BITS
    for bank in range(BANKS):
        assert {bucket(bank, high | low) for low in range(16)} == set(range(16))


def test_takes_the_first_way_of_every_bank_first_and_the_stash_last() -> None:
    table: OrderTable[int] = OrderTable(lambda bank, key: bank + 1, stash_slots=2)
    slots = [table.put(key, key) for key in range(BANKS * WAYS + 3)]
    hashed = [(bank, bank + 1, way) for way in range(WAYS) for bank in range(BANKS)]
    assert slots == [*hashed, (BANKS, 0, 0), (BANKS, 0, 1), None]
    assert (len(table), table.stash_used) == (18, 2)
    assert table.remove(5)
    assert table.room(99) == table.put(99, 0) == hashed[5]


def test_slots_of_a_set_are_read_and_rewritten_in_place() -> None:
    table: OrderTable[int] = OrderTable(lambda bank, key: 0, stash_slots=2)
    slots = table.candidates(0)
    assert sorted(slots) == table.slots_of(0)
    for key in range(len(slots)):
        assert table.put(key, 10 * key) == slots[key]
    assert [table.at(slot) for slot in slots] == [10 * key for key in range(len(slots))]
    assert table.slots_of(3) == [(bank, 3, way) for bank in range(BANKS) for way in range(WAYS)]
    assert {table.at(slot) for slot in table.slots_of(3)} == {None}
    table.rewrite(slots[5], 7)
    assert (table.get(5), table.find(5)) == (7, slots[5])
    table.rewrite(slots[5], None)
    assert (table.get(5), table.at(slots[5])) == (None, None)
    with pytest.raises(KeyError):
        table.rewrite(slots[5], 1)


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["put", "remove", "clear"]), st.integers(0, 60), st.integers(0, 3)
        ),
        max_size=120,
    )
)
def test_equals_a_dict_but_for_what_has_no_room(steps: list[tuple[str, int, int]]) -> None:
    # One set a bank: 16 hashed slots and one more, so that the table does fill.
    table: OrderTable[int] = OrderTable(lambda bank, key: 0, stash_slots=1)
    truth: dict[int, int] = {}
    for action, key, value in steps:
        if action == "remove":
            assert table.remove(key) == (truth.pop(key, None) is not None)
        elif action == "clear":
            gone = [k for k, v in truth.items() if v == value]
            for k in gone:
                del truth[k]
            assert table.clear(value.__eq__) == len(gone)
        elif table.put(key, value) is None:
            assert len(truth) == BANKS * WAYS + 1
            assert key not in truth
        else:
            truth[key] = value
        assert len(table) == len(truth)
        assert all(table.get(k) == truth.get(k) for k in range(61))


@pytest.mark.parametrize(("load", "stash"), [(USABLE, 1), (0.7, 8)])
def test_holds_the_usable_load_in_steady_churn(load: float, stash: int) -> None:
    """Every order is replaced ten times over; to fill bank by bank would take 20 places at 0.7."""
    set_bits = 8
    table: OrderTable[None] = OrderTable(linear_hash(masks(8, set_bits)), stash_slots=stash)
    rng = random.Random(7)
    size = int(load * BANKS * WAYS * 2**set_bits)
    live: list[int] = []
    for _ in range(11 * size):
        if len(live) == size:
            place = rng.randrange(size)
            live[place], live[-1] = live[-1], live[place]
            table.remove(live.pop())
        key = rng.getrandbits(KEY_BITS)
        while table.find(key):
            key = rng.getrandbits(KEY_BITS)
        assert table.put(key, None) is not None
        live.append(key)


def test_rejects_a_negative_stash() -> None:
    with pytest.raises(ValueError, match="stash_slots must be at least 0, not -1"):
        OrderTable(lambda bank, key: 0, stash_slots=-1)
