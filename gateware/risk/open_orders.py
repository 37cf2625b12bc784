"""The table of open orders: by client order id, and slot by slot."""

from typing import Any, Final

from amaranth import Cat, Module, Mux, Signal, Value
from amaranth.lib import data, wiring
from amaranth.lib.memory import Memory
from amaranth.lib.wiring import In, Out

from gateware.common.choice import first_of, one_hot_index, select
from gateware.common.view import view
from gateware.risk.layouts import RiskShapes
from hw.order_slots import ORDER_WAYS, slot_masks
from hw.risk_parameters import RiskParameters

__all__ = ["OpenOrders"]


class OpenOrders(wiring.Component):
    """Hold orders in 4 ways: an id has one place in each.

    Timing
    ------
    A look-up is sampled in cycle 0: ``id``, or with ``direct`` whatever is in ``slot``. ``found``
    and ``order`` are valid in cycle ``LATENCY``. A write in cycle k is seen by look-ups and visits
    that are sampled in cycle k + 1 or later; look-ups sampled in cycle k - 1 or k may miss it. A
    visit is a look-up of its own, of one slot: ``visited`` is valid in cycle ``VISIT_LATENCY``; it
    counts for nothing if its slot was written in cycle 0, which ``visited.torn`` says.

    Parameters
    ----------
    parameters : RiskParameters
        Size.

    Members
    -------
    look : ``In({id, direct, slot})``
        What to look up.
    found : ``Out({hit, slot, room, id})``
        ``hit``: the order is here, in ``slot``. Otherwise ``room`` says that there is a place for
        it, which is ``slot``. ``id``: the order's.
    order : ``Out(order)``
        The order, where hit.
    write : ``In({enable, slot, valid, id, order})``
        Put an order into a slot, or with ``valid`` 0 empty it.
    visit_slot : ``In(slot)``
        Slot to visit.
    visited : ``Out({torn, valid, id, order})``
        What is there.
    clear : ``In(1)``
        Empty every slot, in as many cycles as a way has.
    ready : ``Out(1)``
        Every slot is as written. While it is 0, ``write`` does nothing.
    """

    LATENCY: Final = 2
    VISIT_LATENCY: Final = 1

    look: Any
    found: Any
    order: Any
    write: Any
    visit_slot: Value
    visited: Any
    clear: Value
    ready: Value

    def __init__(self, *, parameters: RiskParameters) -> None:
        self.parameters = parameters
        self.shapes = s = RiskShapes(parameters)
        flag = {"hit": 1, "slot": s.slot, "room": 1, "id": s.order_id}
        super().__init__(
            {
                "look": In(data.StructLayout({"id": s.order_id, "direct": 1, "slot": s.slot})),
                "found": Out(data.StructLayout(flag)),
                "order": Out(s.order),
                "write": In(
                    data.StructLayout(
                        {
                            "enable": 1,
                            "slot": s.slot,
                            "valid": 1,
                            "id": s.order_id,
                            "order": s.order,
                        }
                    )
                ),
                "visit_slot": In(s.slot),
                "visited": Out(s.visited),
                "clear": In(1),
                "ready": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        s, slots = self.shapes, self.shapes.way_slots
        place_bits = (slots - 1).bit_length()
        key_layout = data.StructLayout({"valid": 1, "id": s.order_id})
        sweep = Signal(range(slots))
        clearing = Signal(init=1)
        with m.If(clearing):
            m.d.sync += sweep.eq(sweep + 1)
            with m.If(sweep == slots - 1):
                m.d.sync += clearing.eq(0)
        with m.If(self.clear):
            m.d.sync += [clearing.eq(1), sweep.eq(0)]
        m.d.comb += self.ready.eq(~clearing)

        look, direct = view(self.look.shape(), name="p1_look"), Signal()
        m.d.sync += [look.eq(self.look), direct.eq(self.look.direct)]
        places = [
            Cat((self.look.id & mask).xor() for mask in self._masks(way))
            for way in range(ORDER_WAYS)
        ]
        place = [Mux(self.look.direct, self.look.slot[:place_bits], p) for p in places]
        held = Signal(ORDER_WAYS * place_bits)
        m.d.sync += held.eq(Cat(place))

        keys, visited_keys = [], []
        for way in range(ORDER_WAYS):
            memory: Any = Memory(shape=key_layout, depth=slots, init=[])
            m.submodules[f"keys{way}"] = memory
            looks, visits, writes = memory.read_port(), memory.read_port(), memory.write_port()
            chosen = self.write.enable & (self.write.slot[place_bits:] == way)
            m.d.comb += [
                looks.addr.eq(place[way]),
                visits.addr.eq(self.visit_slot[:place_bits]),
                writes.addr.eq(Mux(clearing, sweep, self.write.slot[:place_bits])),
                writes.data.valid.eq(self.write.valid & ~clearing),
                writes.data.id.eq(self.write.id),
                writes.en.eq(clearing | chosen),
            ]
            keys.append(looks.data)
            visited_keys.append(visits.data)

        # Which way: the one that holds the id, or that was asked for, or the first free one.
        mine = Signal(ORDER_WAYS)
        free = Signal(ORDER_WAYS)
        asked = look.slot[place_bits:]
        m.d.comb += [
            mine.eq(
                Cat(
                    k.valid & Mux(direct, asked == way, k.id == look.id)
                    for way, k in enumerate(keys)
                )
            ),
            free.eq(Cat(~k.valid for k in keys)),
        ]
        taken = Signal(ORDER_WAYS)
        m.d.comb += taken.eq(Mux(mine.any(), mine, first_of(free)))
        slot = Signal(s.slot)
        m.d.comb += slot.eq(
            Cat(
                select([(taken[w], held.word_select(w, place_bits)) for w in range(ORDER_WAYS)]),
                one_hot_index(taken),
            )
        )
        m.d.sync += [
            self.found.hit.eq(mine.any()),
            self.found.room.eq(free.any()),
            self.found.slot.eq(slot),
            self.found.id.eq(
                Mux(direct, select([(mine[w], k.id) for w, k in enumerate(keys)]), look.id)
            ),
        ]
        self._orders(m, slot)
        self._visits(m, visited_keys)
        return m

    def _masks(self, way: int) -> tuple[int, ...]:
        return slot_masks(self.parameters.order_slots, self.parameters.id_bits, way)

    def _orders(self, m: Module, slot: Value) -> None:
        """Keep what an order is by its slot, in a memory of its own."""
        memory: Any = Memory(shape=self.shapes.order, depth=self.parameters.order_slots, init=[])
        m.submodules.orders = memory
        looks, visits, writes = memory.read_port(), memory.read_port(), memory.write_port()
        m.d.comb += [
            looks.addr.eq(slot),
            self.order.eq(looks.data),
            visits.addr.eq(self.visit_slot),
            self.visited.order.eq(visits.data),
            writes.addr.eq(self.write.slot),
            writes.data.eq(self.write.order),
            writes.en.eq(self.write.enable),
        ]

    def _visits(self, m: Module, keys: list[Any]) -> None:
        place_bits = (self.shapes.way_slots - 1).bit_length()
        way, torn = Signal(range(ORDER_WAYS)), Signal()
        m.d.sync += [
            way.eq(self.visit_slot[place_bits:]),
            torn.eq(~self.ready | (self.write.enable & (self.write.slot == self.visit_slot))),
        ]
        key = select([(way == w, Value.cast(k)) for w, k in enumerate(keys)])
        m.d.comb += [
            self.visited.torn.eq(torn),
            self.visited.valid.eq(key[0]),
            self.visited.id.eq(key[1:]),
        ]
