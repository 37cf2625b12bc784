# amaranth: UnusedElaboratable=no
"""Proofs of gateware.risk.risk_gate, bounded: what leaves, what is told, what a kill stops.

The checks themselves are proven in ``test_new_order_checks_proof``, what the gate remembers in
``test_exposure_proof``. Here the checks are replaced by ``FreeChecks``: whatever they say, these
claims hold:

* an order stands at the port only if every check passed, as it was asked for, once;
* while a kill stands against it, no new order stands at the port;
* each request that was taken is told once, in order; a cancel is always sent, 4 cycles after it was
  taken, and taken within a bounded time.

The sums of notionals are left out: they feed the checks only. ``STEPS`` cycles from reset, of which
the sweep and the first sums take 6: time for four new orders, or for five requests of any kind
until they are told. Assumes: two ids.
"""

from pathlib import Path
from types import ModuleType
from typing import Any, Final

import pytest
from amaranth import Module, Mux, Signal, Value
from amaranth.hdl import Assert
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from gateware.risk import risk_gate
from hw.records import CHECK, ORDER_KIND, REQUEST_KIND
from tests.formal.gate_parts import FreeChecks, FreeEffects, NoProducts, QuickMarking
from tests.formal.prover import Refuted, assume, mutated, prove, without_reset
from tests.gateware.risk.bench import NARROW

pytestmark = pytest.mark.formal

STEPS: Final = {"leaves": 24, "tells": 60, "admits": 60}
WATCHED: Final = 1  # instrument
IDS: Final = (3, 8)
_LOOKED_UP: Final = (
    "instrument", "venue", "strategy", "account", "box", "market", "band", "mark", "standing",
)  # fmt: skip


class Claim(wiring.Component):
    """The gate with free inputs; subclasses say what is claimed."""

    request: Any
    standing: Any
    instrument: Any
    valid: Signal
    taken: Signal
    free: Signal
    changed: Signal
    room: Signal
    kills: Signal
    other: Signal
    wild: Signal
    dut: Any

    #: Whether what a report changes is left free.
    FREE_EFFECTS = False

    def __init__(self, module: ModuleType) -> None:
        self.module = module
        made = module.RiskGate(parameters=NARROW)
        shapes = {n: made.signature.members[n].shape for n in _LOOKED_UP}
        self.request_shape = made.i.payload.shape()
        super().__init__(
            {
                **{name: In(shape) for name, shape in shapes.items()},
                "request": In(self.request_shape),
                "valid": In(1), "taken": In(1), "free": In(len(CHECK)), "changed": In(1),
                "room": In(1), "kills": In(1), "other": In(1), "wild": In(9),
            }
        )  # fmt: skip
        self.dut = made

    def elaborate(self, platform: object) -> Module:
        """Give the gate any inputs, and requests that wait as they are."""
        m = Module()
        without_reset(m)
        dut, request = self.dut, self.request
        module: Any = self.module
        module.NewOrderChecks = type("Free", (FreeChecks,), {"free": self.free})
        module.Multiplier, module.Marking = NoProducts, QuickMarking
        if self.FREE_EFFECTS:
            module.ReportEffects = type("Wild", (FreeEffects,), {"wild": self.wild})
        m.d.comb += [
            *(getattr(dut, name).eq(getattr(self, name)) for name in _LOOKED_UP),
            dut.i.payload.eq(request), dut.i.valid.eq(self.valid), dut.o.ready.eq(self.taken),
            dut.queue_room.eq(self.room), dut.cancel.eq(self.kills),
            dut.audit.ready.eq(self.other), dut.limits_changed.eq(self.changed),
        ]  # fmt: skip
        inside = dut.elaborate(platform)
        m.submodules.dut = inside
        assume(m, (request.order_id == IDS[0]) | (request.order_id == IDS[1]))
        # A request waits as it is.
        waits, before = Signal(), Signal(Value.cast(request).shape())
        m.d.sync += [waits.eq(dut.i.valid & ~dut.i.ready), before.eq(Value.cast(request))]
        assume(m, ~waits | (dut.i.valid & (Value.cast(request) == before)))
        self.claim(m)
        return m

    def claim(self, m: Module) -> None:
        """Add the assertions."""
        raise NotImplementedError


class Leaves(Claim):
    """What stands at the port is what passed; a kill stops it."""

    def claim(self, m: Module) -> None:
        """Compare what stands at the port with what was asked."""
        dut, kinds = self.dut, ORDER_KIND
        asked: Any = Signal(self.request_shape, name="asked")
        age = Signal(4)
        with m.If(dut.taken):
            m.d.sync += [Value.cast(asked).eq(Value.cast(self.request)), age.eq(1)]
        with m.Elif(age != 15):
            m.d.sync += age.eq(age + 1)
        new = dut.o.valid & (dut.o.payload.kind == kinds.new)
        owed, clean = Signal(), Signal()
        m.d.sync += clean.eq(dut._checks.failed == 0)
        with m.If(dut.passed):
            m.d.sync += owed.eq(1)
        with m.Elif(dut.o.valid & self.taken):
            m.d.sync += owed.eq(0)
        with m.If(new):
            order = dut.o.payload
            m.d.comb += [
                Assert(owed, "an order left twice, or never passed"),
                *(
                    Assert(order[n] == asked[n], n)
                    for n in (
                        "order_id",
                        "tick",
                        "quantity",
                        "side",
                        "instrument",
                        "venue",
                        "flags",
                    )
                ),
                Assert(~self.standing.killed, "an order left a killed box"),
                Assert(self.standing.armed, "an order left a box that is not armed"),
                Assert(
                    ~(self.standing.killed_venues >> asked.venue)[0]
                    & ~(self.standing.killed_instruments >> asked.instrument)[0]
                    & ~(self.standing.killed_strategies >> asked.strategy)[0]
                    & ~(self.standing.killed_accounts >> asked.account)[0]
                    & ~(self.standing.halted >> asked.instrument)[0],
                    "an order left for what is killed",
                ),
                Assert((age != 4) | clean, "an order left that a check denied"),
            ]
            m.d.comb += Assert(age >= 4, "an order left too early")
        # A denied order leaves nothing behind.
        held = Signal()
        m.d.sync += held.eq(dut.denied)
        m.d.comb += Assert(~held | ~dut.o.valid, "a denied order left")


class Tells(Claim):
    """Nothing is lost, doubled or put out of order; cancels are always sent."""

    FREE_EFFECTS = True

    def claim(self, m: Module) -> None:
        """Follow one request after the other."""
        dut = self.dut
        open_, kind, order_id, age = Signal(), Signal(8), Signal(64), Signal(5)
        told, event = dut.told.valid, dut.told.event
        own = told & (event.cause == 0)  # a cancel of the box itself, or a withdrawal
        audit = self.request.kind == REQUEST_KIND.audit
        assume(m, ~audit)
        assume(m, self.request.kind != 0)
        # Of what is carried through, the ids are enough.
        for name in ("tick", "execution", "time", "flags"):
            assume(m, self.request[name] == 0)
        assume(m, self.request.quantity < 4)
        m.d.sync += age.eq(age + (age != 31))
        with m.If(told & ~own):
            m.d.sync += open_.eq(0)
            m.d.comb += [
                Assert(open_, "told without a request"),
                Assert(event.order_id == order_id, "another order's event"),
                Assert(event.cause == kind, "another request's event"),
                Assert(Mux(kind == REQUEST_KIND.new, age == 4, age == 8), "told at another time"),
            ]
        with m.If(dut.taken):
            m.d.comb += Assert(~open_ | (told & ~own), "taken before the one ahead was told")
            m.d.sync += [
                open_.eq(1), kind.eq(self.request.kind), order_id.eq(self.request.order_id),
                age.eq(1),
            ]  # fmt: skip
        m.d.comb += Assert(~open_ | (age <= 8), "a request was lost")
        sends = open_ & (kind == REQUEST_KIND.cancel) & (age == 4)
        payload = dut.o.payload
        m.d.comb += Assert(
            ~sends
            | (dut.o.valid & (payload.kind == ORDER_KIND.cancel) & (payload.order_id == order_id)),
            "a cancel was not sent",
        )


class Admits(Claim):
    """A cancel is never held up: not by a kill, not by what the checks say."""

    FREE_EFFECTS = True

    def claim(self, m: Module) -> None:
        """Count how long a cancel waits."""
        dut = self.dut
        cancel = self.request.kind == REQUEST_KIND.cancel
        # With a port that takes, no cancel waits longer than one request and the box's own.
        waited = Signal(6)
        with m.If(self.valid & cancel & ~dut.i.ready & self.taken & dut.ready & ~self.kills):
            m.d.sync += waited.eq(waited + 1)
        with m.Else():
            m.d.sync += waited.eq(0)
        calm = Signal(6)
        m.d.sync += calm.eq(
            Mux(self.changed | dut._cancels.active | dut._withdrawn, 0, calm + (calm != 63))
        )
        m.d.comb += Assert((waited < 10) | (calm < 10), "a cancel was held up")


CLAIMS: Final = {"leaves": Leaves, "tells": Tells, "admits": Admits}
MUTANTS: Final = {
    ("leaves", "passes although a check failed"): (
        "passes.eq(decides & ~checks.failed.any())",
        "passes.eq(decides & ~checks.failed[1:].any())",
    ),
    ("leaves", "a kill does not withdraw"): (
        "self.o.valid.eq(self._holds & ~against)",
        "self.o.valid.eq(self._holds)",
    ),
    ("leaves", "the port keeps what was taken"): (
        "with m.If(self._holds & (against | self.o.ready)):",
        "with m.If(self._holds & against):",
    ),
    ("tells", "a request overtakes the decision"): (
        "idle.eq((self._step == 0)",
        "idle.eq((self._step[1:3] == 0)",
    ),
    ("admits", "a killed box holds up cancels"): (
        "self.i.ready.eq(idle & ~inside",
        "self.i.ready.eq(idle & ~self.standing.killed & ~inside",
    ),
}


@pytest.mark.parametrize("name", CLAIMS)
def test_the_gate_keeps_its_promises(name: str, tmp_path: Path) -> None:
    copy = mutated(risk_gate, "class RiskGate(", "class RiskGate(")
    prove(CLAIMS[name](copy), steps=STEPS[name], folder=tmp_path)


@pytest.mark.parametrize(("claim", "name"), MUTANTS)
def test_the_proof_refutes_a_mutant(claim: str, name: str, tmp_path: Path) -> None:
    mutant = mutated(risk_gate, *MUTANTS[claim, name])
    with pytest.raises(Refuted):
        prove(CLAIMS[claim](mutant), steps=STEPS[claim], folder=tmp_path)
