"""cocotb side of test_component_cosims: gateware.book.level_store."""

import os
import random
from typing import Any, Final

import cocotb

from gateware.book.layouts import Shapes
from gateware.book.level_store import LevelStore
from sim.models.level_store import LevelStore as Model
from tests.cosim.ports import Ports, Stalls
from tests.gateware.bench import TINY

SEED = int(os.environ["SEED"])
N_CYCLES = 3000
ROWS: Final = [(book, side) for book in range(TINY.books) for side in range(2)]
#: Cycles from a request to ``overflow``: the word is known in cycle 2, its sum a cycle later.
OVERFLOW: Final = 3
Ask = dict[str, int]


class Traffic:
    """Random requests, one a cycle but for idle cycles, and what the model answers."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        shapes = Shapes(TINY)
        self._models = {
            row: Model(
                TINY.window_ticks, leaf_bits=shapes.leaf_bits,
                quantity_bits=TINY.quantity_bits, count_bits=TINY.count_bits,
            )
            for row in ROWS
        }  # fmt: skip
        self.asks: list[Ask] = []
        self.levels: dict[int, tuple[int, int, int, int]] = {}  # by the cycle of the peek
        self.overflows: dict[int, int] = {}  # cycle: book
        for offset in range(TINY.window_ticks):  # what the memories hold at first is undefined
            for row in ROWS:
                self._ask(row, offset, "zero")
        stalls, row = Stalls(rng), ROWS[-1]
        while len(self.asks) < N_CYCLES:
            if stalls():
                self.asks.append(self._noise())
                row = (-1, -1)
            else:
                row = rng.choice([r for r in ROWS if r != row])
                self._step(row)

    def _noise(self) -> Ask:
        return {
            "book": self.rng.randrange(TINY.books), "side": self.rng.randrange(2),
            "offset": self.rng.randrange(TINY.window_ticks), "delta": self.rng.getrandbits(9),
        }  # fmt: skip

    def _step(self, row: tuple[int, int]) -> None:
        rng = self.rng
        offset = rng.choice([0, 1, 7, 8, 33, 63])
        quantity, count = self._models[row].at(offset)
        what = rng.choices(["peek", "add", "remove", "change", "zero"], [9, 10, 8, 3, 0.3])[0]
        if what in ("remove", "change") and not count:
            what = "peek"
        if what == "change":
            self._ask(row, offset, what, rng.randrange(-quantity, 20))
        else:
            few = rng.randrange(1, 90) if what == "add" else rng.randrange(quantity + 1)
            self._ask(row, offset, what, quantity if count == 1 and what == "remove" else few)

    def _ask(self, row: tuple[int, int], offset: int, what: str, quantity: int = 0) -> None:
        cycle, model = len(self.asks), self._models[row]
        delta = -quantity if what == "remove" else quantity
        ask = {"book": row[0], "side": row[1], "offset": offset, "delta": delta, what: 1}
        self.asks.append(self._noise() | ask)
        if what == "peek":
            bitmap = model.occupied
            self.levels[cycle] = (*model.at(offset), bitmap.leaf(offset), bitmap.summary)
        elif what == "zero":
            model.zero(offset)
        else:
            getattr(model, what)(offset, quantity)
            if model.overflow:
                self.overflows[cycle] = row[0]


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def every_level_is_the_models(dut: Any) -> None:
    """Orders come and go, levels are read and zeroed; some grow beyond their width."""
    traffic, ports = Traffic(random.Random(SEED)), Ports(dut, "level_store")
    commands = dict.fromkeys(("add", "remove", "change", "zero", "peek"), 0)
    peeked = overflown = 0
    await ports.start()
    for cycle, ask in enumerate(traffic.asks):
        await ports.drive(**(commands | ask))
        expected = traffic.levels.get(cycle - LevelStore.LATENCY)
        assert ports.get("peeked") == (expected is not None), cycle
        if expected is not None:
            peeked += 1
            names = ("level_quantity", "level_count", "leaf", "summary")
            assert tuple(map(ports.get, names)) == expected, cycle
        book = traffic.overflows.get(cycle - OVERFLOW)
        if cycle >= len(ROWS) * TINY.window_ticks + OVERFLOW:
            assert ports.get("overflow") == (book is not None), cycle
        if book is not None:
            overflown += 1
            assert ports.get("overflow_book") == book, cycle
        await ports.tick()
    assert peeked > 300
    assert overflown > 0
