# amaranth: UnusedElaboratable=no
"""Proof of gateware.risk.new_order_checks: every check says what it must, about one moment.

The component is a pipeline without state but the filter of alike orders (which has a proof of its
own, ``test_repeat_filter_proof``): what it says in a cycle depends on the inputs of the cycles
before it. So a bounded proof over its length, with every input free in every cycle, is a proof for
ever: each bit of ``failed`` equals the check of docs/concepts/risk-gate.md, written down once more
without stages, of the inputs of cycle 1 (``found``: cycle 2, ``standing``: cycle 3). The divisor's
fields are taken as they are (``test_divisible_proof`` says what they mean).

Assumes: the intent is held from cycle 1 to 3. Widths: those of ``NARROW``; notionals are exact,
not abstracted.
"""

from pathlib import Path
from types import ModuleType
from typing import Any, Final

import pytest
from amaranth import Module, Mux, Signal, Value
from amaranth.hdl import Assert
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from gateware.risk import new_order_checks
from hw.records import CHECK
from tests.formal.prover import Refuted, assume, mutated, prove, without_reset
from tests.gateware.risk.bench import NARROW

pytestmark = pytest.mark.formal

STEPS: Final = 5
#: The filter of alike orders has a proof of its own.
CHECKED: Final = tuple(c.name for c in CHECK if c.name not in ("duplicate", "bad_index"))
MUTANTS: Final = {
    "lots below the smallest": ("i.quantity < row.min_quantity", "i.quantity <= row.min_quantity"),
    "nothing passes as a quantity": (" | (i.quantity == 0)", ""),
    "one lot above the largest": (
        "i.quantity > row.max_quantity",
        "i.quantity > row.max_quantity + 1",
    ),
    "no upper price": (
        "(i.tick < row.min_tick) | (i.tick > row.max_tick)",
        "i.tick < row.min_tick",
    ),
    "a band that is not in force": ("self.band.in_force & ((", "(("),
    "one order too many": (
        "self.open_orders >= self.box.max_open_orders",
        "self.open_orders > self.box.max_open_orders",
    ),
    "buys meet our own sells": ("self.own.sell & (i.tick >=", "self.own.sell & (i.tick >"),
    "the other side's price": (
        "self.own.buy & (i.tick <= self.own.highest_buy)",
        "self.own.sell & (i.tick <= self.own.lowest_sell)",
    ),
    "a book that was never seen": ("unseen | (", "("),
    "an age that wraps": (
        "Mux(book.time > self.now, 0, (self.now - book.time)[: len(age)])",
        "(self.now - book.time)[: len(age)]",
    ),
    "half a collar": ("width.eq(row.collar << 1)", "width.eq(row.collar)"),
    "a collar on one side": ("((over > width) | (under > width))", "(over > width)"),
    "a collar without a reference": ("collar.eq(has & (", "collar.eq(("),
    "the position alone": (
        "self.exposure.position + self.exposure.open_buy + i.quantity",
        "self.exposure.position + i.quantity",
    ),
    "shorts with the wrong sign": (
        "self.exposure.open_sell + i.quantity - self.exposure.position",
        "self.exposure.open_sell + i.quantity + self.exposure.position",
    ),
    "sells are checked as buys": ("sell & (short > most_short)", "~sell & (short > most_short)"),
    "a position as an unsigned number": (
        "long, short = Signal(signed(width)), Signal(signed(width))",
        "long, short = Signal(width), Signal(width)",
    ),
    "growing in reduce-only": ("(held | reducing) & grows", "held & grows"),
    "the limit of a later moment": ("most_long.eq(row.max_long),", ""),
    "gross without the order": ("worth.product > gross_room", "gross_room < 0"),
    "net of the other side": (
        "Mux(i.side, self.totals.short, self.totals.long)",
        "Mux(i.side, self.totals.long, self.totals.short)",
    ),
    "the notional of a moment ago": ("own.product > most[1]", "own.product > most[0]"),
    "any venue's kill": (
        "now.killed_venues.bit_select(i.venue, 1)",
        "now.killed_venues.bit_select(0, 1)",
    ),
    "orders while disarmed": ('"not_armed": ~now.armed', '"not_armed": Const(0)'),
    "a loss is forgiven": ("now.lossy.bit_select(i.instrument, 1)", "Const(0)"),
    "a wrong strategy's instruments": (
        "traded = self.strategy.strategy_instruments.bit_select(i.instrument, 1)",
        "traded = self.strategy.strategy_instruments.bit_select(i.strategy, 1)",
    ),
    "the rate of another": (
        'self.conduct.arrival if name == "strategy"',
        'self.arrival.venue if name == "strategy"',
    ),
    "a full table": ("~self.found.hit & ~self.found.room", "Const(0)"),
}


def specification(at: Any, intent: Any, found: Any, standing: Any) -> dict[str, Value]:
    """Return every check, of the inputs ``at`` one moment."""
    i, row, book = intent, at["instrument"], at["market"].book
    sell, ours, limits = i.side, at["own"], at["strategy"]
    use_last = row.instrument_flags[2]
    reference = Mux(use_last, at["market"].last * 2, at["market"].double_mid)
    known = Mux(use_last, at["market"].last_known, at["market"].mid_known)
    off = i.tick * 2 - reference
    exposure, totals, box = at["exposure"], at["totals"], at["box"]
    long = exposure.position + exposure.open_buy + i.quantity
    short = exposure.open_sell - exposure.position + i.quantity
    worth = i.quantity * row.lot_value
    net = Mux(sell, totals.short, totals.long)
    grows = Mux(sell, short > 0, long > 0)
    reducing = ~row.instrument_flags[1] | (standing.reducing >> i.instrument)[0]

    def rate(tat: Value, period: Value, tolerance: Value) -> Value:
        now, time = at["now"], NARROW.time_bits
        following = Mux(now > tat, now, tat) + period
        late: Value = (period == 0) | (tat > now + tolerance) | (following >= 1 << time)
        return late

    def uneven(value: Value, name: str, width: int) -> Value:
        mask, inverse, bound = (row[f"{name}_{part}"] for part in ("mask", "inverse", "bound"))
        closed = inverse == 0
        off: Value = closed | ((value & mask) != 0) | ((value * inverse)[:width] > bound)
        return off

    def one(mask: Value, index: Value) -> Value:
        return (mask >> index)[0]

    return {
        "not_armed": ~standing.armed,
        "killed": standing.killed,
        "killed_venue": one(standing.killed_venues, i.venue),
        "killed_account": one(standing.killed_accounts, i.account),
        "killed_instrument": one(standing.killed_instruments, i.instrument),
        "killed_strategy": one(standing.killed_strategies, i.strategy),
        "deadman": standing.deadman,
        "halted": one(standing.halted, i.instrument),
        "restricted": ~row.instrument_flags[0],
        "not_permitted": ~(
            limits.strategy_flags[0] & one(limits.strategy_instruments, i.instrument)
        ),
        "account_closed": ~at["account"].account_flags[0],
        "session": ~at["venue"].venue_flags[0],
        "reduce_only": reducing & grows,
        "min_quantity": ~((i.quantity >= row.min_quantity) & (i.quantity > 0)),
        "max_quantity": ~(i.quantity <= row.max_quantity),
        "lot": uneven(i.quantity, "lot", NARROW.quantity_bits),
        "tick": uneven(i.tick, "tick", NARROW.tick_bits),
        "max_notional": i.tick * i.size > row.max_notional,
        "price_band": ~((row.min_tick <= i.tick) & (i.tick <= row.max_tick)),
        "luld": at["band"].in_force & ~((at["band"].low <= i.tick) & (i.tick <= at["band"].high)),
        "no_reference": ~known,
        "collar": known & ((off > row.collar * 2) | (-off > row.collar * 2)),
        "no_book": ~book.part,
        "book_invalid": book.part & book.invalid,
        "book_deferred": book.part & book.deferred,
        "book_crossed": book.part & book.crossed,
        "book_stale": book.part & (~book.seen | (at["now"] - book.time > row.max_age)),
        "feed_gap": book.part & book.gap,
        "max_long": ~sell & (long > row.max_long),
        "max_short": sell & (short > row.max_short),
        "max_gross": worth > box.max_gross - totals.gross,
        "max_net": worth > box.max_net - net,
        "max_loss": one(standing.lossy, i.instrument),
        "duplicate_id": found.hit,
        "table_full": ~found.hit & ~found.room,
        "max_open_orders": at["open_orders"] >= box.max_open_orders,
        "max_instrument_orders": exposure.orders >= row.max_instrument_orders,
        "max_strategy_orders": at["conduct"].orders >= limits.max_strategy_orders,
        "self_match": Mux(
            sell,
            ours.buy & (i.tick <= ours.highest_buy),
            ours.sell & (i.tick >= ours.lowest_sell),
        ),
        "executions": at["conduct"].fills >= limits.max_executions,
        "message_ratio": at["conduct"].used >= limits.message_allowance,
        "strategy_rate": rate(
            at["conduct"].arrival, limits.strategy_period, limits.strategy_tolerance
        ),
        "venue_rate": rate(
            at["arrival"].venue, at["venue"].venue_period, at["venue"].venue_tolerance
        ),
        "box_rate": rate(at["arrival"].box, box.box_period, box.box_tolerance),
        "burst": rate(at["arrival"].burst, box.burst_period, box.burst_tolerance),
        "not_ready": standing.not_ready,
    }


class Claim(wiring.Component):
    """Any inputs in any cycle."""

    intent: Signal

    def __init__(self, module: ModuleType) -> None:
        made = module.NewOrderChecks(parameters=NARROW)
        self.inputs = {n: v for n, v in made.signature.members.items() if v.flow is wiring.In}
        super().__init__({name: In(member.shape) for name, member in self.inputs.items()})
        self.made = made

    def elaborate(self, platform: object) -> Module:
        """Keep the inputs of the last two cycles, and compare."""
        m = Module()
        without_reset(m)
        m.submodules.dut = dut = self.made
        now, past = {}, {}
        # One intent for all of a trace: what the solver multiplies is then the same everywhere.
        kept: Any = Signal(self.inputs["intent"].shape, name="kept")
        first = Signal(init=1)
        m.d.sync += first.eq(0)
        with m.If(first):
            m.d.sync += kept.eq(self.intent)
        for name, member in self.inputs.items():
            port: Any = kept if name == "intent" else getattr(self, name)
            m.d.comb += getattr(dut, name).eq(port)
            before: Any = Signal(member.shape, name=f"before_{name}")
            earlier: Any = Signal(member.shape, name=f"earlier_{name}")
            m.d.sync += [before.eq(port), earlier.eq(before)]
            now[name], past[name] = port, (before, earlier)
        at = {name: pair[1] for name, pair in past.items()}
        intent, age = now["intent"], Signal(2)
        with m.If(age != 3):
            m.d.sync += age.eq(age + 1)
        said = specification(at, intent, past["found"][0], now["standing"])
        assume(m, ~dut.record)
        with m.If(age == 3):
            for code in CHECK:
                bit = dut.failed[code.value]
                if code.name == "bad_index":
                    m.d.comb += Assert(bit == intent.malformed, code.name)
                elif code.name in CHECKED:
                    right = said[code.name].bool() & ~intent.malformed
                    m.d.comb += Assert(bit == right, code.name)
        return m


def test_every_check_says_what_it_must(tmp_path: Path) -> None:
    prove(Claim(new_order_checks), steps=STEPS, folder=tmp_path)


@pytest.mark.parametrize("name", MUTANTS)
def test_the_proof_refutes_a_mutant(name: str, tmp_path: Path) -> None:
    mutant = mutated(new_order_checks, *MUTANTS[name])
    with pytest.raises(Refuted):
        prove(Claim(mutant), steps=STEPS, folder=tmp_path)
