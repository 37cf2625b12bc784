# amaranth: UnusedElaboratable=no
"""What test_exposure_proof says is open, by docs/concepts/risk-gate.md and by nothing else."""

from typing import Final

from amaranth import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.hdl import Assert
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from hw.risk_parameters import RiskParameters
from tests.formal.prover import without_reset

__all__ = ["IDS", "MOST", "SIZE", "WIDE", "Ghost", "Sums"]


class Reduced(RiskParameters):
    """Narrower than a build may be."""

    def __post_init__(self) -> None:
        """Take any numbers."""


SIZE: Final = Reduced(
    books=2, instruments=2, venues=2, strategies=2, accounts=2, order_slots=8, id_bits=3,
    tick_bits=2, quantity_bits=3, position_bits=7, lot_value_bits=2, time_bits=4,
)  # fmt: skip
IDS: Final = 1 << SIZE.id_bits
LARGEST: Final = (1 << SIZE.quantity_bits) - 1  # quantity
MOST: Final = (1 << SIZE.position_bits - 1) - 1
WIDE: Final = 9  # of sums [bits]


class Ghost:
    """What is open and what position there is, by the manual."""

    def __init__(self) -> None:
        self.position = Signal(signed(WIDE), name="ghost_position")
        self.open = [Signal(WIDE, name=f"ghost_open{side}") for side in range(2)]
        self.live = [Signal(name=f"live{n}") for n in range(IDS)]
        self.ours = [Signal(name=f"ours{n}") for n in range(IDS)]
        self.sell = [Signal(name=f"sell{n}") for n in range(IDS)]
        self.remaining = [Signal(SIZE.quantity_bits, name=f"remaining{n}") for n in range(IDS)]
        self.execution = [Signal(2, name=f"execution{n}") for n in range(IDS)]

    def worst(self, side: int) -> Value:
        """Return the worst case of a side [lots]: long for buys, short for sells."""
        position = -self.position if side else self.position
        case: Value = (position + self.open[side])[:WIDE].as_signed()
        return case

    def bounded(self) -> Value:
        """Say what follows from ``open`` being sums: an order that is not open has room."""
        return Cat(
            part
            for n in range(IDS)
            for side in range(2)
            for part in (
                self.live[n] | (self.open[side] <= LARGEST * (IDS - 1)),
                ~(self.live[n] & self.ours[n] & (self.sell[n] == side))
                | (self.open[side] >= self.remaining[n]),
            )
        ).all()

    def joins(self, m: Module, n: int, *, ours: Value, sell: Value, quantity: Value) -> None:
        """Remember a new order."""
        m.d.sync += [
            self.live[n].eq(1), self.ours[n].eq(ours), self.sell[n].eq(sell),
            self.remaining[n].eq(quantity), self.execution[n].eq(0),
        ]  # fmt: skip
        for side in range(2):
            with m.If(ours & (sell == side)):
                m.d.sync += self.open[side].eq(self.open[side] + quantity)

    def shrinks(self, m: Module, n: int, quantity: Value) -> None:
        """Take lots from an open order; with all of them it leaves."""
        left = self.remaining[n] - quantity
        m.d.sync += [self.remaining[n].eq(left), self.live[n].eq(quantity != self.remaining[n])]
        for side in range(2):
            with m.If(self.ours[n] & (self.sell[n] == side)):
                m.d.sync += self.open[side].eq(self.open[side] - quantity)

    def leaves(self, m: Module, n: int) -> None:
        """Forget an order, if it is open."""
        with m.If(self.live[n]):
            self.shrinks(m, n, self.remaining[n])

    def moves(self, m: Module, sell: Value, quantity: Value) -> None:
        """Move the position; it stays at its largest."""
        target = Signal(signed(WIDE), name="target")
        m.d.comb += target.eq(self.position + Mux(sell, -quantity, quantity))
        m.d.sync += self.position.eq(Mux(target > MOST, MOST, Mux(target < -MOST, -MOST, target)))


class Sums(wiring.Component):
    """The ghost alone: what it keeps of each side is the sum over its orders.

    ``partial`` sums over the first orders, for every number of them, are kept in the same way: each
    is the one before it and one order more, which is all that a solver has to look at.
    """

    joins: Signal
    leaves: Signal
    id: Signal
    ours: Signal
    sell: Signal
    quantity: Signal

    def __init__(self) -> None:
        super().__init__(
            {
                "joins": In(1), "leaves": In(1), "id": In(SIZE.id_bits), "ours": In(1),
                "sell": In(1), "quantity": In(SIZE.quantity_bits),
            }
        )  # fmt: skip

    def elaborate(self, platform: object) -> Module:
        """Let orders come, shrink and leave."""
        m = Module()
        without_reset(m)
        ghost = Ghost()
        change, side = Signal(signed(WIDE)), Signal()
        for n in range(IDS):
            mine, left = self.id == n, ghost.remaining[n]
            with m.If(mine & self.joins & ~ghost.live[n]):
                ghost.joins(m, n, ours=self.ours, sell=self.sell, quantity=self.quantity)
                m.d.comb += [change.eq(Mux(self.ours, self.quantity, 0)), side.eq(self.sell)]
            with m.Elif(mine & self.leaves & ghost.live[n]):
                ghost.leaves(m, n)
                m.d.comb += [change.eq(Mux(ghost.ours[n], -left, 0)), side.eq(ghost.sell[n])]
            with m.Elif(mine & ghost.live[n] & (self.quantity <= left)):
                ghost.shrinks(m, n, self.quantity)
                m.d.comb += [
                    change.eq(Mux(ghost.ours[n], -self.quantity, 0)), side.eq(ghost.sell[n])
                ]  # fmt: skip
        for one in range(2):
            partial = [Signal(WIDE, name=f"partial{one}_{n}") for n in range(IDS)]
            for n in range(IDS):
                with m.If((self.id <= n) & (side == one)):
                    m.d.sync += partial[n].eq(partial[n] + change)
                counts = ghost.live[n] & ghost.ours[n] & (ghost.sell[n] == one)
                term = Mux(counts, ghost.remaining[n], 0)
                before = partial[n - 1] if n else Const(0)
                m.d.comb += Assert(partial[n] == (before + term)[:WIDE], "another sum")
                for k in range(n, IDS):
                    m.d.comb += [
                        Assert(ghost.live[n] | (partial[k] <= LARGEST * k), "more than can be"),
                        Assert(~counts | (partial[k] >= ghost.remaining[n]), "less than there is"),
                    ]
            m.d.comb += Assert(ghost.open[one] == partial[-1], "another total")
        m.d.comb += Assert(ghost.bounded(), "beyond the bounds of a sum")
        return m
