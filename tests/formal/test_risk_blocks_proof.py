# amaranth: UnusedElaboratable=no
"""Proofs of gateware.risk: divisible, rate_limit, repeat_filter.

``Divisible``, for every divisor of 6 bits: combinational but for its stages, so a bounded proof
over them holds for ever. ``RateLimit`` in a loop with its state, 7-bit times, by induction, so for
ever: from whatever moment, N orders need a time of (N - 1) * period - tolerance. Assumes a time
that does not go back, limits that stay, and orders at least 3 cycles apart, as the gate has them;
counts up to 7 orders. ``RepeatFilter`` with 2 entries, bounded: an order that was recorded is
found, or the filter says that it is blind, as long as it is within the window. 16 cycles, time for
five orders. Assumes a time that does not go back.
"""

from pathlib import Path
from types import ModuleType
from typing import Any, Final

import pytest
from amaranth import Module, Mux, Signal
from amaranth.hdl import Assert
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from gateware.risk import divisible, rate_limit, repeat_filter
from tests.formal.prover import Refuted, assume, mutated, prove, without_reset

pytestmark = pytest.mark.formal

WIDTH: Final = 6
TIME: Final = 7


class Multiples(wiring.Component):
    """A number, and any divisor with its fields."""

    value: Signal
    divisor: Signal
    odd: Signal
    power: Signal
    inverse: Signal
    bound: Signal
    times: Signal

    STEPS: Final = 4

    def __init__(self, module: ModuleType) -> None:
        self.module = module
        names = ("value", "divisor", "odd", "power", "inverse", "bound", "times")
        super().__init__({name: In(WIDTH) for name in names})

    def elaborate(self, platform: object) -> Module:
        """Describe the fields by what they must be, not by how they are found."""
        m = Module()
        without_reset(m)
        m.submodules.dut = dut = self.module.Divisible(width=WIDTH)
        top, closed = (1 << WIDTH) - 1, self.inverse == 0
        kept, before = {}, Signal(init=1)
        m.d.sync += before.eq(0)
        for name in ("value", "divisor", "odd", "power", "inverse", "bound"):
            port = getattr(self, name)
            kept[name] = Signal(WIDTH, name=f"kept_{name}")
            m.d.sync += kept[name].eq(port)
            assume(m, before | (kept[name] == port))
        power, odd = self.power, self.odd
        assume(m, closed | ((power != 0) & ((power & (power - 1)) == 0) & odd[0]))
        assume(m, closed | (power * odd == self.divisor))
        assume(m, closed | ((odd * self.inverse)[:WIDTH] == 1))
        assume(m, closed | ((self.bound * odd <= top) & ((self.bound + 1) * odd > top)))
        m.d.comb += [
            dut.value.eq(self.value), dut.inverse.eq(self.inverse), dut.bound.eq(self.bound),
            dut.mask.eq((power - 1)[:WIDTH]),
        ]  # fmt: skip
        age = Signal(2)
        m.d.sync += age.eq(Mux(age == 3, 3, age + 1))
        assert dut.LATENCY == 2
        quotient = Signal(WIDTH)
        # value = 2^k m r: the product with the inverse of m is 2^k r.
        m.d.comb += quotient.eq((self.value * self.inverse)[:WIDTH])
        with m.If(age >= 2):
            m.d.comb += [
                Assert(~closed | ~dut.multiple, "closed, but a multiple"),
                Assert(closed | ~dut.multiple | (quotient * odd == self.value), "no multiple"),
                Assert(~dut.multiple | ((self.value & (power - 1)[:WIDTH]) == 0), "not of 2^k"),
                Assert(
                    closed | dut.multiple | (self.times * self.divisor != self.value),
                    "a multiple is denied",
                ),
            ]
        return m


class Rates(wiring.Component):
    """The bucket in its loop, watched from some moment on."""

    step: Signal
    period: Signal
    tolerance: Signal
    offers: Signal
    takes: Signal
    watch: Signal

    STEPS: Final = 8

    def __init__(self, module: ModuleType) -> None:
        self.module = module
        super().__init__(
            {
                "step": In(TIME), "period": In(TIME), "tolerance": In(TIME), "offers": In(1),
                "takes": In(1), "watch": In(1),
            }
        )  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Count what passes since the moment that is watched."""
        m = Module()
        without_reset(m)
        m.submodules.dut = dut = self.module.RateLimit(time_bits=TIME, period_bits=TIME)
        now, tat, period, tolerance = (Signal(TIME, name=n) for n in ("now", "tat", "p", "t"))
        first, phase = Signal(init=1), Signal(2)
        m.d.sync += first.eq(0)
        with m.If(first):
            m.d.sync += [period.eq(self.period), tolerance.eq(self.tolerance)]
        assume(m, now + self.step < 1 << TIME)
        m.d.sync += now.eq(now + self.step)
        m.d.comb += [
            dut.now.eq(now), dut.tat.eq(tat), dut.period.eq(period), dut.tolerance.eq(tolerance)
        ]  # fmt: skip
        # An order is sampled in phase 0, judged in phase 2; its time is the one sampled.
        sampled, watching, since, count = Signal(TIME), Signal(), Signal(TIME), Signal(3)
        with m.Switch(phase):
            with m.Case(0):
                m.d.sync += sampled.eq(now)
                with m.If(self.offers & ~first):
                    m.d.sync += phase.eq(1)
                with m.If(self.watch & ~watching & ~first):
                    m.d.sync += [watching.eq(1), since.eq(now)]
            with m.Case(1):
                m.d.sync += phase.eq(2)
            with m.Default():
                m.d.sync += phase.eq(0)
        passes = (phase == 2) & self.takes & dut.conforms
        assume(m, count != 7)
        with m.If(passes):
            m.d.sync += tat.eq(dut.next_tat)
            with m.If(watching):
                m.d.sync += count.eq(count + 1)
        wide = TIME + 5
        needed, lasted = Signal(wide), Signal(wide)
        m.d.comb += [needed.eq(count * period), lasted.eq(tolerance + sampled - since)]
        with m.If(passes):
            m.d.comb += [
                Assert(period != 0, "a rate of 0 lets an order through"),
                Assert(~watching | (needed <= lasted), "too many orders in a time"),
                Assert(dut.next_tat > tat, "an order cost nothing"),
            ]
        # What carries the induction.
        with m.If(watching):
            m.d.comb += [
                Assert((count == 0) | (tat >= since + needed), "tat"),
                Assert(sampled >= since, "times"),
            ]
        m.d.comb += [
            Assert(watching | (count == 0), "count"),
            Assert(sampled <= now, "now"),
            Assert((phase != 3) & (~first | ~watching), "p"),
        ]
        # What stands between the stages is about the order that was sampled.
        ghost_sum, ghost_latest = Signal(TIME + 1), Signal(TIME)
        m.d.comb += [
            ghost_sum.eq(sampled + tolerance),
            ghost_latest.eq(Mux(tat > sampled, tat, sampled)),
        ]
        with m.If(phase == 2):
            m.d.comb += [
                Assert(~dut.conforms | ((tat <= ghost_sum) & (period != 0)), "conforms"),
                Assert(~dut.conforms | (dut.next_tat == ghost_latest + period), "next"),
            ]
        return m


class Repeats(wiring.Component):
    """Orders one after the other, one of them watched."""

    key: Signal
    step: Signal
    window: Signal
    offers: Signal
    takes: Signal
    watch: Signal

    STEPS: Final = 16

    def __init__(self, module: ModuleType) -> None:
        self.module = module
        super().__init__(
            {
                "key": In(2), "step": In(2), "window": In(5), "offers": In(1), "takes": In(1),
                "watch": In(1),
            }
        )  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Watch one order that was recorded."""
        m = Module()
        without_reset(m)
        m.submodules.dut = dut = self.module.RepeatFilter(key_bits=2, time_bits=6, entries=2)
        now, phase = Signal(6), Signal(2)
        m.d.sync += now.eq(now + self.step)
        m.d.comb += [dut.key.eq(self.key), dut.now.eq(now), dut.window.eq(self.window)]
        key, time, window = Signal(2), Signal(6), Signal(5)
        watched, watched_key, watched_time = Signal(), Signal(2), Signal(6)
        with m.Switch(phase):
            with m.Case(0):
                m.d.sync += [key.eq(self.key), time.eq(now), window.eq(self.window)]
                with m.If(self.offers):
                    m.d.sync += phase.eq(1)
            with m.Case(1):
                m.d.sync += phase.eq(2)
            with m.Default():
                m.d.sync += phase.eq(0)
                m.d.comb += dut.record.eq(self.takes)
                alike = watched & (watched_key == key)
                with m.If(alike & (time - watched_time < window)):
                    m.d.comb += Assert(dut.repeat | dut.blind, "a repeat was missed")
                with m.If(window == 0):
                    m.d.comb += Assert(~dut.repeat & ~dut.blind, "a window of 0 found something")
                with m.If(self.takes & self.watch & ~watched):
                    m.d.sync += [watched.eq(1), watched_key.eq(key), watched_time.eq(time)]
        return m


CLAIMS: Final[dict[str, tuple[type[Any], ModuleType, bool]]] = {
    "multiples": (Multiples, divisible, False),
    "rates": (Rates, rate_limit, True),
    "repeats": (Repeats, repeat_filter, False),
}
MUTANTS: Final = {
    ("multiples", "without the power of two"): ("((self.value & self.mask) == 0)", "1"),
    ("multiples", "open after reset"): (" & (self.inverse != 0)", ""),
    ("multiples", "below the bound"): ("[: self.width] <= bounds[1]", "[: self.width] < bounds[1]"),
    ("multiples", "the bound of another"): ("bounds[1].eq(bounds[0])", "bounds[1].eq(self.mask)"),
    ("rates", "a period of 0 is no limit"): ("(period != 0) & ", ""),
    ("rates", "idle time is saved up"): (
        "Mux(self.tat > self.now, self.tat, self.now)",
        "self.tat",
    ),
    ("rates", "arrival times wrap"): (" & ~following[-1]", ""),
    ("rates", "the horizon is the tat"): (
        "horizon.eq(self.now + self.tolerance)",
        "horizon.eq(-1)",
    ),
    ("rates", "an order costs nothing"): ("following.eq(latest + period)", "following.eq(latest)"),
    ("repeats", "only the last order"): ("enumerate(times)).any()", "enumerate(times[:1])).any()"),
    ("repeats", "never blind"): ("forgot & (forgotten > since)", "0"),
    ("repeats", "the oldest that was forgotten"): (
        "forgotten.eq(times[-1])",
        "forgotten.eq(forgotten | (times[-1] & (~forgot).replicate(self.time_bits)))",
    ),
    ("repeats", "remembers the key at hand"): ("[key[1], *keys", "[self.key, *keys"),
    ("repeats", "a window that ends early"): ("(t > since)", "(t > since + 1)"),
}


def check(claim: str, module: ModuleType, folder: Path) -> None:
    made, _, endless = CLAIMS[claim]
    prove(made(module), steps=made.STEPS, folder=folder, induction=endless)


@pytest.mark.parametrize("claim", CLAIMS)
def test_the_block_keeps_its_promise(claim: str, tmp_path: Path) -> None:
    check(claim, CLAIMS[claim][1], tmp_path)


@pytest.mark.parametrize(("claim", "name"), MUTANTS)
def test_the_proof_refutes_a_mutant(claim: str, name: str, tmp_path: Path) -> None:
    mutant = mutated(CLAIMS[claim][1], *MUTANTS[claim, name])
    with pytest.raises(Refuted):
        check(claim, mutant, tmp_path)
