# amaranth: UnusedElaboratable=no
"""Proof of gateware.market.pairs: what is remembered of every two venues finds the best of all.

Both functions are combinational, so this is a proof for ever. Of four venues with any prices:

* relations that are right stay right with an event of any venue (with none known, all 0, they are);
* the best of a side, by right relations, is the best by the prices: its price, the sum of the
  quantities there, and the first venue.

``test_consolidated_proof`` has the memories and stages around them. ``MUTANTS`` are the changes of
the source that the proof is known to refute.
"""

from pathlib import Path
from types import ModuleType
from typing import Any, Final

import pytest
from amaranth import Cat, Module, Mux, Signal, Value
from amaranth.hdl import Assert
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In

from gateware.market import pairs
from gateware.market.told import prices_layout
from tests.formal.market_rules import best, narrow, quote_layout, relations
from tests.formal.prover import Refuted, mutated, prove

pytestmark = pytest.mark.formal

VENUES: Final = 4
MUTANTS: Final = {
    "the event of a venue without a price": (
        "said.bid_known & (~has_bid[w] | (new.bid_tick >= bids[w]))",
        "(~has_bid[w] | (new.bid_tick >= bids[w]))",
    ),
    "one tick is enough to lose": ("(bids[v] >= new.bid_tick)", "(bids[v] > new.bid_tick)"),
    "asks as bids": ("(new.ask_tick <= asks[w])", "(new.ask_tick >= asks[w])"),
    "a venue that has none": ("has_ask[v] & (~said.ask_known", "(~said.ask_known"),
    "crossed by a price that is not there": (
        "said.bid_known & has_ask[w] & (new.bid_tick >= asks[w])",
        "said.bid_known & (new.bid_tick >= asks[w])",
    ),
    "locked is crossed": ("(new.bid_tick > new.ask_tick),", "(new.bid_tick >= new.ask_tick),"),
    "others forgotten": ("touched = own[v] | own[w]", "touched = own.any()"),
    "the wrong venue's": ("Mux(own[v], ours[w], theirs[v])", "Mux(own[v], ours[v], theirs[v])"),
    "a sum of all venues": ("Mux(leads(half, members), total(half), 0)", "total(half)"),
    "a sum that wraps": ("(len(members) - 1).bit_length()", "0"),
    "the last venue leads": ("for w in range(v)]", "for w in range(v + 1, venues)]"),
}  # fmt: skip


class Claim(wiring.Component):
    """Any row, and any event of one of its venues."""

    quotes: Any
    new: Any
    own: Signal

    def __init__(self, module: ModuleType) -> None:
        self.module = module
        row = In(quote_layout()).array(VENUES)
        super().__init__({"quotes": row, "new": In(quote_layout()), "own": In(range(VENUES))})

    def elaborate(self, platform: object) -> Module:
        """Compare what follows from the relations with what follows from the prices."""
        m = Module()
        parameters = narrow(VENUES)
        row = [self.quotes[v] for v in range(VENUES)]
        layout = self.module.pairs_layout(VENUES)
        stored: Any = Signal(layout)
        m.d.comb += [stored[name].eq(value) for name, value in relations(row).items()]
        prices = prices_layout(parameters)
        said = data.StructLayout({"bid_known": 1, "ask_known": 1, "prices": prices})
        event: Any = Signal(said)
        old: list[Any] = [Signal(prices, name=f"old{v}") for v in range(VENUES)]
        m.d.comb += [event.bid_known.eq(self.new.bid_known), event.ask_known.eq(self.new.ask_known)]
        for name in prices.members:
            m.d.comb += event.prices[name].eq(self.new[name])
            m.d.comb += [one[name].eq(row[v][name]) for v, one in enumerate(old)]
        own = Cat(self.own == v for v in range(VENUES))
        after = [
            data.View(quote_layout(), Mux(own[v], Value.cast(self.new), Value.cast(row[v])))
            for v in range(VENUES)
        ]
        found = self.module.compared(own, event, stored, old)
        m.d.comb += [
            Assert(found[name] == value, f"{name} after an event")
            for name, value in relations(after).items()
        ]
        for side in ("bid", "ask"):
            ticks, lots = (
                [quote[f"{side}_{what}"] for quote in row] for what in ("tick", "quantity")
            )
            fields = self.module.best_of(m, stored[f"{side}s"], ticks, lots, name=side)
            expected = best(row, side)
            for name, value in fields.items():
                right = Mux(expected["known"], expected[name], 0)
                m.d.comb += Assert(value == right, f"{side} {name}")
        return m


def test_what_is_remembered_finds_the_best(tmp_path: Path) -> None:
    prove(Claim(pairs), steps=1, folder=tmp_path)


@pytest.mark.parametrize("name", MUTANTS)
def test_the_proof_refutes_a_mutant(name: str, tmp_path: Path) -> None:
    old, new = MUTANTS[name]
    mutant = mutated(pairs, old, new)
    with pytest.raises(Refuted):
        prove(Claim(mutant), steps=1, folder=tmp_path)
