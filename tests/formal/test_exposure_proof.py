# amaranth: UnusedElaboratable=no
"""Proof that no order passes which takes the worst case over the limit, whatever came before it.

A ghost keeps, for every id that there is, whether its order is open, in the watched instrument, on
which side, and what remains; and the position. It follows docs/concepts/risk-gate.md, knows
nothing of slots, rows or steps, and takes any requests: intents, cancels, reports that name orders
or none, too much or twice, late ones, words of the operator, and kills that withdraw an order from
the port or cancel what is open. Proven for ever, by induction over requests:

* the table of open orders is the ghost's, order for order, and the row of the watched instrument
  is the ghost's position, its open buys and its open sells;
* an order passes only if, with it, the ghost's worst case of its side (the position and all open
  orders of that side) is within the limit that was in force when it was taken, and its id was not
  open;
* the worst case is at no time over the limit that was in force when the last order of that side
  passed, *if* fills name open orders and fill no more than remained. A fill that does not, and a
  position or an order that the operator sets, move it as they say: from then on it is what they
  made of it, if that is more.

The ghost's sums are kept, not added up anew: ``Sums`` proves that they are what its orders add up
to, and the proof of the gate assumes of the ghost what follows for their bounds.

The watched instrument is the second one of two. Assumes: nothing clears the gate (that is a start
from anew), and what ``test_new_order_checks_proof`` proves of ``max_long``, ``max_short``,
``duplicate_id`` and ``table_full``; the other checks are free. Sizes: 8 ids, 8 slots, quantities of
3 bits, positions of 7; numbers in requests have all their bits, but executions 2. Notionals are
left out: no position depends on them.
"""

from pathlib import Path
from types import ModuleType
from typing import Final

import pytest

from gateware.risk import open_orders, report_effects, risk_gate, state_rows
from tests.formal.exposure_claim import STEPS, Claim
from tests.formal.exposure_ghost import Sums
from tests.formal.prover import Refuted, mutated, prove, prove_operation

pytestmark = pytest.mark.formal

BASE: Final = 5  # cycles: a sweep after reset, and one more
MUTANTS: Final[dict[str, tuple[ModuleType, str, str]]] = {
    "an over-fill leaves more open than there was": (
        report_effects,
        "Mux(leaves | over, entry.remaining, self.quantity)",
        "Mux(leaves, entry.remaining, self.quantity)",
    ),
    "a late fill moves nothing": (report_effects, "(known | foreign), self", "known, self"),
    "a fill that was told twice": (
        report_effects,
        "(fill & repeated, codes.duplicate_fill),",
        "",
    ),
    "an unknown order leaves": (report_effects, "leaves.eq(leaves & known)", "leaves.eq(leaves)"),
    "a position that wraps": (report_effects, "with m.If(beyond | lowest):", "with m.If(lowest):"),
    "a fill of the side that the report says": (
        report_effects,
        'buy = Mux(self.hit & ~kind["set_order"] & ~kind["set_position"], ~entry.side, ~self.side)',
        "buy = ~self.side",
    ),
    "a filled order stays open": (
        report_effects,
        "gone = does.leaves | (does.fill & does.out)",
        "gone = does.leaves",
    ),
    "a position is set while armed": (
        report_effects,
        "(seed & ~self.disarmed, codes.not_disarmed),",
        "",
    ),
    "buys are not remembered": (
        risk_gate,
        "row.open_buy.eq((old.open_buy + op.quantity)[:wide])",
        "row.open_buy.eq(old.open_buy)",
    ),
    "a withdrawn order stays open": (
        risk_gate,
        "op.kind.eq(kinds.rejected), op.order_id",
        "op.kind.eq(kinds.ack), op.order_id",
    ),
    "a withdrawal that is forgotten": (
        risk_gate,
        "self._withdrawn.eq(against)]",
        "self._withdrawn.eq(0)]",
    ),
    "the row of what the report says": (
        risk_gate,
        "{n: Mux(named, self._order_of[n], op[n]) for n in",
        "{n: op[n] for n in",
    ),
    "an id that is too wide is another one": (
        risk_gate,
        "self._hit.eq(orders.found.hit & ~self._wide_id)",
        "self._hit.eq(orders.found.hit)",
    ),
    "a row that is read too soon": (
        risk_gate,
        "with m.If(Mux(self._fresh, step[1], step[3])):",
        "with m.If(Mux(self._fresh, step[1], step[2])):",
    ),
    "rows of the request before": (risk_gate, "eq(Mux(step[2], later, asked[name]))", "eq(later)"),
    "passes although a check failed": (
        risk_gate,
        "passes.eq(decides & ~checks.failed.any())",
        "passes.eq(decides & ~checks.failed[:28].any())",
    ),
    "an empty slot is an order": (
        open_orders,
        "k.valid & Mux(direct, asked == way, k.id == look.id)",
        "Mux(direct, asked == way, k.id == look.id)",
    ),
    "an order is written somewhere else": (
        open_orders,
        "Mux(mine.any(), mine, first_of(free))",
        "first_of(free)",
    ),
    "an order that left is still there": (
        open_orders,
        "writes.data.valid.eq(self.write.valid & ~clearing)",
        "writes.data.valid.eq(~clearing)",
    ),
    "rows that nothing cleared": (
        state_rows,
        "write.en.eq(clearing | asked.enable)",
        "write.en.eq(asked.enable)",
    ),
}


def claim(module: ModuleType, old: str = "", new: str = "") -> Claim:
    """Return the claim about a gate one of whose modules has a text replaced."""
    gate = mutated(risk_gate, "class RiskGate(", "class RiskGate(")
    if module is risk_gate and old:
        gate = mutated(risk_gate, old, new)
    elif old:
        part = mutated(module, old, new)
        name = PARTS[module]
        setattr(gate, name, getattr(part, name))
    return Claim(gate)


PARTS: Final = {
    report_effects: "ReportEffects", open_orders: "OpenOrders", state_rows: "StateRows",
}  # fmt: skip


def test_the_ghost_adds_up_its_orders(tmp_path: Path) -> None:
    prove(Sums(), steps=1, folder=tmp_path, induction=True)


def test_no_order_takes_the_worst_case_over_the_limit(tmp_path: Path) -> None:
    prove_operation(claim(risk_gate), base=BASE, steps=STEPS, folder=tmp_path)


@pytest.mark.parametrize("name", MUTANTS)
def test_the_proof_refutes_a_mutant(name: str, tmp_path: Path) -> None:
    with pytest.raises(Refuted):
        prove_operation(claim(*MUTANTS[name]), base=BASE, steps=STEPS, folder=tmp_path)
