# amaranth: UnusedElaboratable=no
"""Proof of gateware.market.consolidated: a change is the best over what the books last said.

A ghost keeps what each venue of one instrument last said, as plain registers, and the rules of the
docstring are written down once more without pipeline, memories or remembered comparisons. The
instrument is a free constant, so what holds for it holds for all of them. In every cycle, with any
events, mapping, forgets and clears:

* the change of an event comes exactly ``LATENCY`` cycles after it, and its bid, ask, row and flags
  are the best, the sum and the flags of the ghost after that event, and of no later one;
* both looks show the ghost as it was ``LATENCY`` cycles before, or nothing where it was forgotten.

By induction, for streams of any length: what carries it is that the memories hold what the ghost
does. Trades are in ``LastTrades``.

Two books, two instruments, two venues, and just so many prices that all of a row can differ: what
compares prices is the same for wider ones, and of more venues ``test_pairs_proof`` says that the
remembered comparisons find the best.
``MUTANTS`` are the changes of the source that the proof is known to refute.
"""

from contextlib import ExitStack
from pathlib import Path
from types import ModuleType
from typing import Final
from unittest.mock import patch

import pytest

from gateware.market import consolidated, looks, rows, told
from tests.formal.market_claim import Claim
from tests.formal.prover import Refuted, mutated, prove

pytestmark = pytest.mark.formal

#: As many cycles without failure suffice for there to be none in the next one.
PROVED: Final = 4
#: Two events and a look, with a forget between: enough for every mutant to fail.
STEPS: Final = 9
#: What the component's module imports of each of its parts.
PARTS: Final[dict[ModuleType, tuple[str, ...]]] = {
    consolidated: (),
    looks: ("answer_looks",),
    rows: ("keep_rows",),
    told: ("book_history", "take_event"),
}
MUTANTS: Final[dict[str, tuple[ModuleType, str, str]]] = {
    "noise as an event": (consolidated, "self.event_valid & counts", "counts"),
    "no such instrument": (consolidated, "row[16] & ~beyond", "row[16]"),
    "a forget ahead of its events": (
        consolidated,
        "with m.If(forgets[n + 1] | self.clear)",
        "with m.If(forgets[n] | self.clear)",
    ),
    "looks into what is being forgotten": (
        consolidated,
        "Cat(forgets, self.clear).any()",
        "self.mapping_changed | self.clear",
    ),
    "a change after a clear": (
        consolidated,
        "self.change_valid.eq(told & ~self.clear)",
        "self.change_valid.eq(told)",
    ),
    "crossed is locked": (consolidated, " & ~row.pairs.passes.any()", ""),
    "a price that is not used": (
        consolidated,
        "venue.ask_known.eq(row.pairs.asks[v * p.venues + v])",
        "venue.ask_known.eq(row.part[v])",
    ),
    "a row that was forgotten": (
        rows,
        "Mux(live.bit_select(place.instrument, 1), Value.cast(read.data), 0)",
        "Value.cast(read.data)",
    ),
    "prices of noise": (rows, "write.en.eq(valid & own[v])", "write.en.eq(own[v])"),
    "every venue has the event's prices": (rows, "Mux(own[v], Value", "Mux(1, Value"),
    "invalid for all": (rows, "stored.valid & ~own", "0"),
    "deferred for ever": (rows, "stored.deferred & ~own", "stored.deferred"),
    "a middle without an ask": (looks, "best.bid.known & best.ask.known", "best.bid.known"),
    "looks show what is hidden": (looks, " & ~hidden", ""),
    "states of the wrong place": (
        looks,
        "Cat(there.place.venue, there.place.instrument)",
        "Cat(there.place.venue, there.place.venue)",
    ),
    "a bad book's event": (told, " & (event.error != ERROR.bad_book)", ""),
    "another book's event": (told, " & ~event.book[books.width :].any()", ""),
    "a price that is deferred": (told, ' | flag[f"{side}_deferred"]', ""),
    "a price that is cut": (told, " | tick[p.tick_bits :].any()", ""),
    "a quantity that wraps": (told, " | value[bits:].any().replicate(bits)", ""),
    "an event without a time": (
        told,
        "Mux(said.timed, said.time, Mux(known, read.data, 0))",
        "said.time",
    ),
    "a time from before": (told, "Mux(known, read.data, 0)", "read.data"),
    "a gap for ever": (told, " & ~said.cleared", ""),
    "a gap that is not kept": (told, "gaps.bit_select(said.book, 1) & ~said.cleared", "0"),
}


def test_every_change_and_look_is_of_what_the_books_last_said(tmp_path: Path) -> None:
    prove(Claim(consolidated), steps=PROVED, folder=tmp_path, induction=True)


@pytest.mark.parametrize("name", MUTANTS)
def test_the_proof_refutes_a_mutant(name: str, tmp_path: Path) -> None:
    module, old, new = MUTANTS[name]
    mutant = mutated(module, old, new)
    with ExitStack() as stack:
        used = mutant if module is consolidated else consolidated
        for function in PARTS[module]:
            # The parts are functions that the component's module imports.
            stack.enter_context(patch.object(used, function, getattr(mutant, function)))
        claim = Claim(used)
        with pytest.raises(Refuted):
            prove(claim, steps=STEPS, folder=tmp_path)
