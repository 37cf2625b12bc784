"""Tests of sim.captures.needs."""

import random
from collections import Counter
from pathlib import Path

import numpy as np

from host.device.records import UPDATE_DTYPE
from host.venues.instrument import Instrument
from hw.records import UPDATE_KIND as K
from sim.captures import RecordsWriter, measure
from sim.captures.needs import LiveCount

KINDS = [K.add, K.execute, K.reduce, K.delete, K.replace, K.set, K.clear, K.trade]
WEIGHTS = [30, 10, 10, 10, 10, 30, 1, 4]


def flow(count: int, seed: int) -> np.ndarray:
    """Return random updates of two books with few ids, ticks and lots."""
    rng = random.Random(seed)
    rows = []
    for kind in rng.choices(KINDS, WEIGHTS, k=count):
        order, new, tick = rng.randrange(9), rng.randrange(9), rng.randrange(3)
        rows.append(
            (rng.randrange(2), kind, rng.randrange(2), 0, order, new, tick, rng.randrange(6), 5)
        )
    return np.array(rows, UPDATE_DTYPE)


class Obvious:
    """The same counts from a flat table of orders, recomputed after every update."""

    def __init__(self) -> None:
        self.orders: dict[tuple[int, int], list[int]] = {}
        self.peak = self.max_quantity = self.max_count = 0

    def apply(self, update: tuple[int, ...]) -> None:
        """Apply one update, its fields in the order of the record."""
        book, kind, side, _, order, new, tick, quantity, _ = update
        table, key = self.orders, (book, order)
        if kind == K.clear:
            self.orders = {k: v for k, v in table.items() if k[0] != book}
        elif kind == K.add and key not in table and quantity:
            table[key] = [side, tick, quantity]
        elif kind == K.set and (key in table or quantity):
            table.setdefault(key, [side, tick, 0])[2] = quantity
        elif kind == K.delete:
            table.pop(key, None)
        elif kind in (K.execute, K.reduce) and key in table:
            table[key][2] -= quantity
        elif kind == K.replace and key in table:
            old = table.pop(key)
            if (book, new) not in table and quantity:
                table[book, new] = [old[0], tick, quantity]
        self.orders = {k: v for k, v in self.orders.items() if v[2] > 0}
        self.peak = max(self.peak, len(self.orders))
        quantities: Counter[tuple[int, int, int]] = Counter()
        counts: Counter[tuple[int, int, int]] = Counter()
        for (of, _order), (at, price, left) in self.orders.items():
            quantities[of, at, price] += left
            counts[of, at, price] += 1
        self.max_quantity = max(self.max_quantity, *quantities.values(), 0)
        self.max_count = max(self.max_count, *counts.values(), 0)


def test_live_count_equals_a_table_recomputed_after_every_update() -> None:
    for seed in range(20):
        live, obvious = LiveCount(), Obvious()
        for update in flow(300, seed):
            live.feed(update.reshape(1))
            obvious.apply(update.tolist())
            assert live.live == len(obvious.orders)
            assert (live.peak, live.max_quantity, live.max_count) == (
                obvious.peak, obvious.max_quantity, obvious.max_count
            )  # fmt: skip


def test_measure_gives_the_largest_of_everything(tmp_path: Path) -> None:
    rows = [
        (0, K.add, 0, 0, 11, 0, 100, 7, 50),
        (0, K.add, 0, 0, 12, 0, 100, 8, 40),
        (1, K.replace, 0, 0, 1, 99, 300, 5, 60),
        (1, K.trade, 0, 0, 10**9, 0, 5, 6, 55),
        (0, K.execute, 0, 0, 12, 0, 0, 20, 56),
    ]
    instruments = [Instrument(symbol=s, venue="v", tick_size="1", lot_size="1") for s in ("A", "B")]
    with RecordsWriter(tmp_path / "x", instruments) as writer:
        writer.write(np.array(rows, UPDATE_DTYPE))
    needs = measure([tmp_path / "x"])
    assert needs.books == 2
    assert needs.peak_live_orders == 2
    assert (needs.max_tick, needs.max_tick_symbol) == (300, "B")
    assert needs.max_quantity == 20  # of an update, where it is more than any level's 15
    assert needs.max_id == 99  # a trade's number is no order id
    assert needs.max_count == 2
    assert needs.updates == 5
    assert (needs.first_time, needs.last_time) == (40, 60)
