# amaranth: UnusedElaboratable=no
"""What test_exposure_proof proves: the gate and a ghost, from one request to the next."""

from types import ModuleType
from typing import Any, Final

from amaranth import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.hdl import Assert
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from hw.order_slots import ORDER_WAYS, slot_of
from hw.records import CHECK, ORDER_KIND, REQUEST_KIND
from tests.formal.exposure_ghost import IDS, MOST, SIZE, WIDE, Ghost
from tests.formal.gate_parts import FreeChecks, NoProducts, with_row_shown, with_slots_shown
from tests.formal.prover import assume, without_reset

__all__ = ["STEPS", "Claim"]

STEPS: Final = 11  # cycles: from taking the longest request to waiting for the next one
WATCHED: Final = 1  # instrument
_LOOKED_UP: Final = (
    "instrument", "venue", "strategy", "account", "box", "market", "band", "mark", "standing",
)  # fmt: skip


class Claim(wiring.Component):
    """The gate and the ghost, with any requests."""

    begins: Signal
    request: Any
    instrument: Any
    standing: Any
    valid: Signal
    taken: Signal
    free: Signal
    changed: Signal
    room: Signal
    kills: Signal
    other: Signal

    def __init__(self, module: ModuleType) -> None:
        self.module: Any = module
        made = module.RiskGate(parameters=SIZE)
        shapes = {n: made.signature.members[n].shape for n in _LOOKED_UP}
        super().__init__(
            {
                **{name: In(shape) for name, shape in shapes.items()},
                "begins": In(1), "request": In(made.i.payload.shape()), "valid": In(1),
                "taken": In(1), "free": In(len(CHECK)), "changed": In(1), "room": In(1),
                "kills": In(1), "other": In(1),
            }
        )  # fmt: skip
        self.dut = made

    def elaborate(self, platform: object) -> Module:
        """Let the gate take one request, and compare where it waits for the next."""
        m = Module()
        without_reset(m)
        dut, module = self.dut, self.module
        module.NewOrderChecks = type("Free", (FreeChecks,), {"free": self.free})
        module.Multiplier = NoProducts
        module.StateRows = with_row_shown(module.StateRows, WATCHED)
        module.OpenOrders = with_slots_shown(module.OpenOrders)
        m.d.comb += [
            *(getattr(dut, name).eq(getattr(self, name)) for name in _LOOKED_UP),
            dut.i.payload.eq(self.request), dut.i.valid.eq(self.valid), dut.o.ready.eq(self.taken),
            dut.queue_room.eq(self.room), dut.cancel.eq(self.kills),
            dut.audit.ready.eq(self.other), dut.limits_changed.eq(self.changed),
        ]  # fmt: skip
        m.submodules.dut = dut.elaborate(platform)
        assume(m, self.request.execution < 4)
        self.ghost = ghost = Ghost()
        #: The last order that passed: its id, whether it stands at the port or was withdrawn.
        self.last, self.stands, self.gone = Signal(64), Signal(), Signal()
        #: The largest worst case that was allowed of each side.
        self.allowed = [Signal(signed(WIDE), name=f"allowed{side}") for side in range(2)]
        idle = (dut._step == 0) & dut.ready
        invariant = self._invariant()
        assume(m, ~self.begins | (idle & Cat(invariant.values()).all() & ghost.bounded()))
        # Where it waits once more, the next request is another operation's.
        assume(m, self.begins | ~dut.taken)
        m.d.comb += [Assert(~idle | part, name) for name, part in invariant.items()]
        self._follow(m, ghost)
        return m

    def _invariant(self) -> dict[str, Value]:
        """Say what holds wherever the gate waits for a request."""
        dut, ghost = self.dut, self.ghost
        held = dut._held
        new = dut._holds & (held.kind == ORDER_KIND.new)
        row = dut._rows.shown
        away = self.stands | self.gone
        parts: dict[str, Value] = {
            "another position": row.position == ghost.position,
            "a position that does not fit": (ghost.position <= MOST) & (ghost.position >= -MOST),
            "other open buys": row.open_buy == ghost.open[0],
            "other open sells": row.open_sell == ghost.open[1],
            "another order at the port": new == self.stands,
            "another withdrawal": dut._withdrawn == self.gone,
            "withdrawn and at the port": ~(self.stands & self.gone),
            "another id at the port": ~away | (held.order_id == self.last),
            "an id at the port that cannot be": ~away | (self.last < IDS),
            "more than was allowed long": ghost.worst(0) <= self.allowed[0],
            "more than was allowed short": ghost.worst(1) <= self.allowed[1],
        }
        slots = dut._orders.shown
        for n in range(IDS):
            places = [
                way * (SIZE.order_slots // ORDER_WAYS)
                + slot_of(SIZE.order_slots, SIZE.id_bits, way, n)
                for way in range(ORDER_WAYS)
            ]
            here = [key.valid & (key.id == n) for key, _ in slots]
            for place, found in enumerate(here):
                # An order is where it is looked for, once.
                others = Cat(one for other, one in enumerate(here) if other != place).any()
                order = slots[place][1]
                parts[f"order {n} in slot {place}"] = ~found | (
                    Const(place in places, 1) & ~others & ghost.live[n]
                    & ((order.instrument == WATCHED) == ghost.ours[n])
                    & (order.side == ghost.sell[n])
                    & (order.remaining == ghost.remaining[n])
                    & (order.execution == ghost.execution[n])
                )  # fmt: skip
            parts[f"order {n}"] = Cat(here).any() == ghost.live[n]
        return parts

    def _follow(self, m: Module, ghost: Ghost) -> None:
        """Do with the ghost what the manual says."""
        dut, kinds = self.dut, REQUEST_KIND
        asked: Any = Signal(self.request.shape(), name="asked")
        limits: Any = Signal(self.instrument.shape(), name="limits")
        age = Signal(range(STEPS + 1))
        with m.If(age != 0):
            m.d.sync += age.eq(age + 1)
        with m.If(self.begins):
            m.d.sync += [age.eq(dut.taken), asked.eq(self.request)]
        with m.If(age == 1):
            m.d.sync += limits.eq(self.instrument)
        with m.If(dut.passed):
            self._admit(m, ghost, asked, limits)
        with m.Elif(~self.begins & (age == 4) & (asked.kind != kinds.new)):
            self._report(m, ghost, asked)
        # An order that stands at the port leaves with a transfer, or is withdrawn.
        at_port = dut.o.valid & (dut.o.payload.kind == ORDER_KIND.new)
        m.d.comb += Assert(~(self.gone & dut.taken), "a request ahead of a withdrawal")
        with m.If(self.stands & ~at_port):
            m.d.sync += [self.stands.eq(0), self.gone.eq(1)]
        with m.Elif(self.stands & self.taken):
            m.d.sync += self.stands.eq(0)
        with m.If(self.gone & dut._step[1]):
            m.d.sync += self.gone.eq(0)
            for n in range(IDS):
                with m.If(self.last == n):
                    ghost.leaves(m, n)

    def _admit(self, m: Module, ghost: Ghost, asked: Any, limits: Any) -> None:
        """Check an order that passes, and remember it."""
        m.d.sync += [self.last.eq(asked.order_id), self.stands.eq(1)]
        m.d.comb += Assert(asked.order_id < IDS, "an id that cannot be")
        for n in range(IDS):
            with m.If(asked.order_id == n):
                m.d.comb += Assert(~ghost.live[n], "an id twice")
                self._joins(m, asked, n)
        quantity = asked.quantity[: SIZE.quantity_bits]
        m.d.comb += Assert(asked.quantity == quantity, "a quantity that cannot be")
        for side, limit in enumerate((limits.max_long, limits.max_short)):
            with m.If((asked.instrument == WATCHED) & (asked.side == side)):
                m.d.comb += Assert(ghost.worst(side) + quantity <= limit, "over the limit in force")
                m.d.sync += self.allowed[side].eq(limit)

    def _joins(self, m: Module, asked: Any, n: int) -> None:
        quantity = asked.quantity[: SIZE.quantity_bits]
        ours = asked.instrument == WATCHED
        self.ghost.joins(m, n, ours=ours, sell=asked.side[0], quantity=quantity)

    def _report(self, m: Module, ghost: Ghost, asked: Any) -> None:
        """Move what a report says, or a word of the operator."""
        kinds, dut = REQUEST_KIND, self.dut
        quantity = asked.quantity[: SIZE.quantity_bits]
        wide = (asked.quantity >= 1 << SIZE.quantity_bits) | (asked.tick >= 1 << SIZE.tick_bits)
        somewhere = (asked.instrument < SIZE.instruments) & (asked.side < 2)
        here = somewhere & (asked.instrument == WATCHED)
        known = Cat((asked.order_id == n) & ghost.live[n] for n in range(IDS))
        with m.If(asked.kind == kinds.fill):
            for n in range(IDS):
                with m.If(known[n]):
                    self._fill(m, ghost, asked, n, wide)
            with m.If(~known.any() & here & ~wide):
                ghost.moves(m, asked.side[0], quantity)
                self._allow(m, asked.side[0], quantity)
        with m.If((asked.kind == kinds.cancelled) | (asked.kind == kinds.rejected)):
            for n in range(IDS):
                with m.If(known[n]):
                    ghost.leaves(m, n)
        armed = self.standing.armed
        fits = (asked.quantity <= MOST) & (asked.tick < 1 << SIZE.tick_bits)
        with m.If((asked.kind == kinds.set_position) & here & ~armed & fits):
            size = asked.quantity[: SIZE.position_bits]
            set_to = Signal(signed(WIDE))
            m.d.comb += set_to.eq(Mux(asked.side[0], -size, size))
            m.d.sync += ghost.position.eq(set_to)
            for side in range(2):
                worst = (-set_to if side else set_to) + ghost.open[side]
                self._at_least(m, side, worst)
        well = (
            somewhere & (asked.venue < SIZE.venues) & (asked.strategy < SIZE.strategies)
            & (asked.account < SIZE.accounts) & ~wide & (asked.order_id < IDS)
        )  # fmt: skip
        places = ~known.any() & dut._room & (asked.quantity != 0)
        with m.If((asked.kind == kinds.set_order) & well & ~armed & places):
            for n in range(IDS):
                with m.If(asked.order_id == n):
                    self._joins(m, asked, n)
            for side in range(2):
                with m.If((asked.side == side) & here):
                    self._at_least(m, side, ghost.worst(side) + quantity)

    def _fill(self, m: Module, ghost: Ghost, asked: Any, n: int, wide: Value) -> None:
        """Fill an open order."""
        again = (asked.execution != 0) & (asked.execution == ghost.execution[n])
        left, quantity = ghost.remaining[n], asked.quantity[: SIZE.quantity_bits]
        with m.If((quantity != 0) & ~again & ~wide):
            with m.If(ghost.ours[n]):
                ghost.moves(m, ghost.sell[n], quantity)
            ghost.shrinks(m, n, Mux(quantity > left, left, quantity))
            m.d.sync += ghost.execution[n].eq(asked.execution)
            with m.If(ghost.ours[n] & (quantity > left)):
                self._allow(m, ghost.sell[n], (quantity - left)[: SIZE.quantity_bits])

    def _allow(self, m: Module, sell: Value, quantity: Value) -> None:
        """Take note of lots that were never ordered."""
        for side in range(2):
            with m.If(sell == side):
                self._at_least(m, side, self.ghost.worst(side) + quantity)

    def _at_least(self, m: Module, side: int, worst: Value) -> None:
        allowed = self.allowed[side]
        with m.If(worst > allowed):
            m.d.sync += allowed.eq(worst)
