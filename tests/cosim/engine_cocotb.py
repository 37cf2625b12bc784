"""cocotb side of test_component_cosims: gateware.book.engine, its maintenance engine at work."""

import os
import random
from typing import Any, Final, Never

import cocotb
import numpy as np
from numpy.typing import NDArray

from gateware.book.engine import BookEngine
from host.device.records import EVENT_DTYPE
from hw.records import EVENT_KIND, UPDATE_KIND
from sim.drivers.stream import send, sink
from sim.models.book import Update
from sim.verify import Verifier
from tests.cosim.ports import Ports
from tests.gateware.bench import TINY
from tests.sim.updates import array_of, update

SEED = int(os.environ["SEED"])
N_UPDATES = 1500
CLOSING: Final = (EVENT_KIND.best, EVENT_KIND.cleared, EVENT_KIND.read_done)
LIVE: Final = 60  # orders of a book [orders]
#: Probabilities of an idle cycle before an update, and of one in which no event is taken.
PACES: Final = ((0.0, 0.0), (0.3, 0.4), (0.95, 0.2), (0.0, 0.8))


class Market:
    """Updates that use up caches, let the price run out of its window, and come back.

    Parameters
    ----------
    rng : random.Random
        Source of the updates.
    """

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        self._centre = [1000] * TINY.books
        self._orders: list[dict[int, int]] = [{} for _ in range(TINY.books)]  # id: tick
        self._next = 0

    def draw(self) -> Update:
        """Return one update."""
        rng, book = self.rng, self.rng.randrange(TINY.books)
        orders, self._next = self._orders[book], (self._next + 1) % (1 << TINY.id_bits)
        if rng.random() < 0.01:  # the market gaps
            self._centre[book] = rng.choice([40, 1000, 1150, 4000])
        if rng.random() < 0.015:
            kind = rng.choice(["clear", "read_levels", "read_orders", "read_orders"])
            if kind == "clear":
                orders.clear()
            return update(kind, book=book)
        if not orders or (len(orders) < LIVE and rng.random() < 0.5):
            side = rng.randrange(2)
            tick = self._centre[book] + (1 if side else -1) * rng.choice(
                [rng.randrange(8), rng.randrange(40), rng.randrange(300)]
            )
            orders[self._next] = tick = max(tick, 0)
            return update(
                "add", book=book, side=side, order_id=self._next, tick=tick,
                quantity=rng.randrange(1, 4),
            )  # fmt: skip
        # The orders next to the market go first: caches run out.
        near = sorted(orders, key=lambda i: abs(orders[i] - self._centre[book]))
        order_id = rng.choice(near[:4] if rng.random() < 0.8 else near)
        if rng.random() < 0.9:
            del orders[order_id]
            return update("delete", book=book, order_id=order_id)
        orders[self._next] = self._centre[book]
        del orders[order_id]
        return update(
            "replace", book=book, order_id=order_id, new_order_id=self._next,
            tick=self._centre[book], quantity=2,
        )  # fmt: skip


async def count(ports: Ports) -> Never:
    """Count the cycles for the component."""
    cycle = 0
    while True:
        ports.set(cycle=cycle)
        await ports.tick()
        cycle += 1


async def settle(ports: Ports, got: list[bytes], expected: int) -> NDArray[np.void]:
    """Wait until every update has its event and what was deferred is told; return all events."""
    told = -1
    while True:
        events = np.frombuffer(b"".join(got), EVENT_DTYPE)
        if np.isin(events["kind"], CLOSING).sum() == expected and len(got) == told:
            return events
        told = len(got)
        for _ in range(2000):
            await ports.tick()


def check_latency(events: NDArray[np.void]) -> None:
    """Check the latencies of events that were taken as soon as they were there."""
    best = events[(events["kind"] == EVENT_KIND.best) & (events["cause"] != UPDATE_KIND.none)]
    replaces = best["cause"] == UPDATE_KIND.replace
    expected = np.where(replaces, BookEngine.REPLACE_LATENCY, BookEngine.LATENCY)
    np.testing.assert_array_equal(best["latency"], expected)


@cocotb.test(timeout_time=5, timeout_unit="ms")
async def every_event_is_the_models_while_windows_move(dut: Any) -> None:
    """Refills, searches and window moves all the time, at every pace of both streams."""
    rng, ports, got = random.Random(SEED), Ports(dut, "engine"), list[bytes]()
    market = Market(rng)
    await ports.start()
    updates = [market.draw() for _ in range(N_UPDATES)]
    cocotb.start_soon(count(ports))
    sent = told = 0
    for idle, stall in PACES:
        batch = updates[sent : sent + N_UPDATES // len(PACES)]
        sent += len(batch)
        sinking = cocotb.start_soon(sink(dut, "engine__o", got, rng=rng, stall=stall))
        records = (array_of(one).tobytes() for one in batch)
        await send(dut, "engine__i", records, rng=rng, idle=idle)
        events = await settle(ports, got, sent)
        if not stall:
            check_latency(events[told:])
        told = len(events)
        sinking.cancel()
    verifier = Verifier(TINY)
    verifier.feed(array_of(*updates), events)
    result = verifier.finish()
    assert result.first == []
    assert result.updates == N_UPDATES
    counters = {name: ports.get(name) for name in ("refills", "searches", "window_moves")}
    assert counters["refills"] > 20
    assert counters["searches"] > 20
    assert counters["window_moves"] > 5
    assert result.deferred > 10
    assert result.read_outs > 5
