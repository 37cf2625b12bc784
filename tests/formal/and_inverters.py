"""Circuits as and-inverters, and what their gates are in every cycle.

Yosys writes a design as an AIGER file (Biere, Heljanko and Wieringa, "AIGER 1.9 and beyond", 2011).
``Unrolling`` makes of each cycle clauses for a SAT solver. Constants are carried through, and gates
with the same inputs are one, in whatever cycle they are: a product that a claim and a design both
make is the same product, and no solver has to find that out.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

__all__ = ["TRUE", "Netlist", "Unrolling", "read_aiger"]

#: The variable that is always true; its negative is false.
TRUE: Final = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Netlist:
    """And-inverters and registers that start as 0. Literals are those of the AIGER file.

    Attributes
    ----------
    inputs : list of str
        Names of their bits. Those that begin with ``init:`` give a register its first value.
    following : list of int
        Literal that each register takes.
    bad : list of int
        Literals that must never be 1.
    assumed : list of int
        Literals that are always 1.
    gates : list of (int, int, int)
        Variable, and the two literals of which it is the AND; each after those that it needs.
    """

    inputs: list[str]
    following: list[int]
    bad: list[int]
    assumed: list[int]
    gates: list[tuple[int, int, int]]


def read_aiger(text: bytes) -> Netlist:
    """Return the circuit of a binary AIGER file whose registers start as 0."""
    header, rest = text.split(b"\n", 1)
    counts = [int(word) for word in header.split()[2:]]
    inputs, registers, outputs, gates, bad, assumed = [*counts, 0, 0][:6]
    *lines, rest = rest.split(b"\n", registers + outputs + bad + assumed)
    numbers = [int(line.split()[0]) for line in lines]
    assert not any(len(line.split()) > 1 for line in lines), "registers must start as 0"
    place, pairs = 0, []

    def difference() -> int:
        nonlocal place
        value, shift = 0, 0
        while True:
            byte = rest[place]
            place += 1
            value |= (byte & 0x7F) << shift
            shift += 7
            if byte < 0x80:
                return value

    for n in range(gates):
        variable = inputs + registers + n + 1
        left = 2 * variable - difference()
        pairs.append((variable, left, left - difference()))
    names = {}
    for line in rest[place:].split(b"\nc\n")[0].decode().splitlines():
        key, name = line.split(" ", 1)
        names[key] = name
    ends = [registers, registers + outputs, registers + outputs + bad]
    return Netlist(
        inputs=[names.get(f"i{n}", f"i{n}") for n in range(inputs)],
        following=numbers[: ends[0]],
        bad=numbers[ends[1] : ends[2]],
        assumed=numbers[ends[2] :],
        gates=pairs,
    )


class Unrolling:
    """A circuit, cycle after cycle.

    Parameters
    ----------
    netlist : Netlist
        The circuit.
    emit : callable
        Takes a clause.
    free : bool
        Whether registers start with any value, not with 0.

    Attributes
    ----------
    bad, assumed : list of int
        Literals of the last cycle.
    """

    bad: list[int]
    assumed: list[int]

    def __init__(
        self, netlist: Netlist, emit: Callable[[list[int]], object], *, free: bool
    ) -> None:
        self._netlist, self._emit, self._last = netlist, emit, TRUE
        self._known: dict[tuple[int, int], int] = {}
        self._cycle = 1 if free else 0
        # What is assumed of an input alone is carried through, as a constant.
        alone = {gate: left for gate, left, right in netlist.gates if right == 1}
        self._fixed = {}
        for literal in netlist.assumed:
            while literal >> 1 in alone:
                literal = alone[literal >> 1] ^ literal & 1
            self._fixed[literal >> 1] = -TRUE if literal & 1 else TRUE
        emit([TRUE])
        self.state = [self.new() if free else -TRUE for _ in netlist.following]

    def new(self) -> int:
        """Return a variable that nothing was said of."""
        self._last += 1
        return self._last

    def both(self, a: int, b: int) -> int:
        """Return the variable of a gate."""
        if -TRUE in (a, b) or a == -b:
            return -TRUE
        if a in (TRUE, b):
            return b
        if b == TRUE:
            return a
        pair = (a, b) if a < b else (b, a)
        gate = self._known.get(pair)
        if gate is None:
            gate = self._known[pair] = self.new()
            for clause in ([-gate, a], [-gate, b], [gate, -a, -b]):
                self._emit(clause)
        return gate

    def step(self, given: Mapping[str, int] | None = None) -> None:
        """Go on to the next cycle; some inputs may be given, by their names."""
        netlist, given = self._netlist, given or {}
        inputs = [
            (TRUE if given[name] else -TRUE) if name in given
            else self._fixed.get(n) or self._input(name)
            for n, name in enumerate(netlist.inputs, 1)
        ]  # fmt: skip
        values = [-TRUE, *inputs, *self.state]

        def value(literal: int) -> int:
            return -values[literal >> 1] if literal & 1 else values[literal >> 1]

        both = self.both
        for _, left, right in netlist.gates:
            a = -values[left >> 1] if left & 1 else values[left >> 1]
            b = -values[right >> 1] if right & 1 else values[right >> 1]
            values.append(both(a, b))
        self.state = [value(literal) for literal in netlist.following]
        self.bad = [value(literal) for literal in netlist.bad]
        self.assumed = [value(literal) for literal in netlist.assumed]
        self._cycle += 1

    def _input(self, name: str) -> int:
        return -TRUE if self._cycle and name.startswith("init:") else self.new()
