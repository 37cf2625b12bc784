# amaranth: UnusedElaboratable=no
"""Unit tests of gateware.feed.line_arbiter in Amaranth's own simulator."""

import random
from collections import deque
from dataclasses import dataclass, field
from typing import Any

import pytest

from gateware.feed.line_arbiter import ArbiterState, LineArbiter
from hw.records import UPDATE_KIND
from sim.models.mold import Arbiter
from tests.gateware.bench import run

BOOKS = 3
LOCATES = [
    {"locate": 1, "feed": 2, "enable": 1},
    {"locate": 2, "feed": 1, "enable": 1},
    {"locate": 3, "feed": 2, "enable": 1},
]


@dataclass
class Bench:
    """Two queues of numbers in front of the arbiter, and what comes out of it."""

    ctx: Any
    dut: LineArbiter
    rng: random.Random = field(default_factory=lambda: random.Random(0))
    lines: tuple[deque[int], deque[int]] = field(default_factory=lambda: (deque(), deque()))
    updates: list[tuple[int, int]] = field(default_factory=list)  # kind, number or book
    ready: float = 1.0
    cycle: int = 0

    async def start(self, at: int, patience: int = 5) -> None:
        """Splice at a number, and go live."""
        self.ctx.set(self.dut.locates, LOCATES)
        self.ctx.set(self.dut.patience, patience)
        self.ctx.set(self.dut.splice_at, at)
        for name in ("splice", "go"):
            self.ctx.set(getattr(self.dut, name), 1)
            await self.step()
            self.ctx.set(getattr(self.dut, name), 0)

    async def step(self) -> None:
        """Let one cycle pass."""
        ctx, dut = self.ctx, self.dut
        ctx.set(dut.now, 1000 + self.cycle)
        ctx.set(dut.heads_valid, sum(bool(line) << n for n, line in enumerate(self.lines)))
        heads = [
            {"sequence": line[0], "wanted": 1, "kind": 1, "order_id": line[0]} if line else {}
            for line in self.lines
        ]
        ctx.set(dut.heads, heads)
        ready = self.rng.random() < self.ready
        ctx.set(dut.update.ready, ready)
        if ctx.get(dut.update.valid) and ready:
            update = ctx.get(dut.update.payload)
            gap = int(update.kind) == UPDATE_KIND.gap
            self.updates.append((int(update.kind), int(update.book if gap else update.order_id)))
            assert int(update.time) < 1000 + self.cycle
        takes = ctx.get(dut.takes)
        for n, line in enumerate(self.lines):
            if takes >> n & 1:
                line.popleft()
        self.cycle += 1
        await ctx.tick()

    def state(self) -> ArbiterState:
        """Return what it does."""
        return ArbiterState(self.ctx.get(self.dut.state))

    def count(self, *names: str) -> tuple[int, ...]:
        """Return counters."""
        return tuple(int(self.ctx.get(getattr(self.dut, name))) for name in names)


def simulate(testbench: Any) -> None:
    """Run a test with a bench."""
    dut = LineArbiter(feed=2, books=BOOKS)

    async def body(ctx: Any) -> None:
        await testbench(Bench(ctx, dut))

    run(dut, body)


@pytest.mark.parametrize("seed", range(3))
def test_each_number_passes_once_in_order_if_a_line_has_it(seed: int) -> None:
    async def testbench(bench: Bench) -> None:
        rng = bench.rng = random.Random(seed)
        bench.ready = rng.choice([1.0, 0.5])
        await bench.start(at=100, patience=1 << 20)
        model, n = Arbiter(expected=100), 400
        lost = [{k for k in range(100, 100 + n) if rng.random() < 0.2} for _ in range(2)]
        lost[1] -= lost[0]
        feeds = [deque(k for k in range(100, 100 + n) if k not in line) for line in lost]
        while any(feeds) or any(bench.lines):
            for feed, line in zip(feeds, bench.lines, strict=True):
                if feed and rng.random() < 0.4:
                    line.append(feed.popleft())
            await bench.step()
        for _ in range(40):
            await bench.step()
        wanted = [model.offer(set(range(100, 100 + n)) - line) for line in lost]
        assert [number for _, number in bench.updates] == wanted[0] + wanted[1]
        forwarded, duplicates, gaps, stale = bench.count("forwarded", "duplicates", "gaps", "stale")
        assert (forwarded, gaps, stale) == (n, 0, 0)
        assert duplicates == 2 * n - len(lost[0]) - len(lost[1]) - n

    simulate(testbench)


def test_a_message_passes_a_cycle_after_it_is_a_lines_head() -> None:
    async def testbench(bench: Bench) -> None:
        await bench.start(at=7)
        bench.lines[1].append(7)
        await bench.step()
        assert bench.ctx.get(bench.dut.update.valid)
        assert LineArbiter.LATENCY == 1

    simulate(testbench)


async def _settle(bench: Bench, cycles: int = 12) -> None:
    for _ in range(cycles):
        await bench.step()


def test_a_number_that_both_lines_lack_is_a_gap_at_once() -> None:
    async def testbench(bench: Bench) -> None:
        await bench.start(at=7)
        bench.lines[0].extend([7, 10])
        bench.lines[1].extend([7, 9])
        await _settle(bench, 4)
        assert bench.state() == ArbiterState.CLOSING
        await _settle(bench)
        assert bench.updates == [(1, 7), (UPDATE_KIND.gap, 0), (UPDATE_KIND.gap, 2)]
        assert bench.count("gap_from", "gap_to", "gaps") == (8, 9, 1)
        assert bench.state() == ArbiterState.RECOVERING
        assert bench.count("expected", "stale") == (11, 2)

    simulate(testbench)


def test_a_line_that_is_ahead_waits_for_the_other_and_then_no_longer() -> None:
    async def testbench(bench: Bench) -> None:
        await bench.start(at=7, patience=10)
        bench.lines[0].append(8)
        await _settle(bench, 9)
        assert bench.state() == ArbiterState.LIVE
        bench.lines[1].extend([7, 8])
        await _settle(bench, 4)
        assert [number for _, number in bench.updates] == [7, 8]
        assert bench.count("repaired", "gaps") == (1, 0)
        bench.lines[0].append(10)
        await _settle(bench, 14)
        assert bench.count("gap_from", "gap_to", "gaps") == (9, 10, 1)

    simulate(testbench)


def test_a_packet_that_says_what_comes_next_shows_what_is_missing_at_the_end() -> None:
    async def testbench(bench: Bench) -> None:
        await bench.start(at=7)
        bench.ctx.set(bench.dut.next, [9, 0])
        bench.ctx.set(bench.dut.next_valid, 1)
        await bench.step()
        bench.ctx.set(bench.dut.next_valid, 0)
        await _settle(bench)
        assert bench.count("gap_from", "gap_to", "gaps") == (7, 9, 1)

    simulate(testbench)


def test_a_splice_holds_back_what_comes_behind_it_until_the_host_says_go() -> None:
    async def testbench(bench: Bench) -> None:
        bench.ctx.set(bench.dut.locates, LOCATES)
        bench.lines[0].extend([3, 4])
        await _settle(bench, 3)
        assert bench.state() == ArbiterState.RECOVERING
        assert bench.count("expected", "stale") == (5, 2)
        bench.ctx.set(bench.dut.splice_at, 6)
        bench.ctx.set(bench.dut.splice, 1)
        await bench.step()
        bench.ctx.set(bench.dut.splice, 0)
        bench.lines[0].extend([5, 6, 7])
        bench.lines[1].extend([5, 6, 7])
        await _settle(bench)
        assert bench.state() == ArbiterState.SPLICING
        assert bench.updates == []
        bench.ctx.set(bench.dut.go, 1)
        await bench.step()
        bench.ctx.set(bench.dut.go, 0)
        await _settle(bench)
        assert bench.updates == [(1, 6), (1, 7)]
        assert bench.count("duplicates", "gaps") == (2, 0)

    simulate(testbench)


def test_a_splice_that_comes_too_late_is_a_gap() -> None:
    async def testbench(bench: Bench) -> None:
        bench.lines[0].extend([6, 7])
        await _settle(bench, 3)
        await bench.start(at=6, patience=2)
        bench.lines[0].append(8)
        await _settle(bench)
        assert bench.count("gap_from", "gap_to", "gaps") == (6, 8, 1)

    simulate(testbench)


def test_what_proved_bad_closes_the_books() -> None:
    async def testbench(bench: Bench) -> None:
        await bench.start(at=7)
        bench.ctx.set(bench.dut.spoil, 1)
        bench.lines[0].append(7)
        await bench.step()
        bench.ctx.set(bench.dut.spoil, 0)
        await _settle(bench)
        assert bench.updates == [(UPDATE_KIND.gap, 0), (UPDATE_KIND.gap, 2)]
        assert bench.state() == ArbiterState.RECOVERING

    simulate(testbench)
