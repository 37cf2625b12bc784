# amaranth: UnusedElaboratable=no
"""What is claimed of the book engine: its events are those of a ghost book."""

from collections.abc import Mapping
from typing import Any, Final

from amaranth import Array, Cat, Module, Mux, Signal, Value
from amaranth.hdl import Assert
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from gateware.book import engine
from gateware.book.layouts import Shapes
from hw.records import EVENT_FLAG, EVENT_KIND, UPDATE_KIND
from tests.formal.ghost_book import GHOST_UPDATE, KINDS, GhostBook, best_of, level_of
from tests.formal.prover import without_reset
from tests.formal.reduced_book import REDUCED

__all__ = ["READY", "EventClaim", "Script"]

#: Cycle in which the sweep after reset has ended.
READY: Final = 99
#: By cycles from ``READY`` on, an update: of each field its bits, highest first; ``-`` is free.
Script = Mapping[int, Mapping[str, str]]

SHAPES: Final = Shapes(REDUCED)
_REPLACE: Final = KINDS.index("replace")
_SIDES: Final = ("bid", "ask")


class EventClaim(wiring.Component):
    """Book 0 of a reduced engine whose events are taken at once, and a ghost book beside it.

    Parameters
    ----------
    script : Script, optional
        What comes when; by default any updates, at any time.

    Members
    -------
    update, valid : ``In(GHOST_UPDATE)``, ``In(1)``
        The update at the input, where no script says otherwise. It may be gone before it is taken.
    """

    CLAIMS: tuple[str, ...] = ("time", "kind", "error", "flags", *_SIDES)

    update: Any
    valid: Value

    def __init__(self, script: Script | None = None) -> None:
        self._script = script
        super().__init__({"update": In(GHOST_UPDATE), "valid": In(1)})

    def elaborate(self, platform: object) -> Module:
        """Follow every update through the engine, and compare."""
        m = Module()
        without_reset(m)
        m.submodules.dut = dut = engine.BookEngine(parameters=REDUCED)
        m.submodules.ghost = ghost = GhostBook()
        u = self._drive(m, dut)
        # Updates n cycles after they were taken. Those in the places 7 and 8 are replaces.
        busy: list[Any] = [dut.i.valid & dut.i.ready]
        under_way: list[Any] = [u]
        for n in range(1, dut.REPLACE_LATENCY + 1):
            goes_on = under_way[-1].kind == _REPLACE if n == dut.LATENCY + 1 else 1
            busy.append(Signal(name=f"busy{n}"))
            under_way.append(Signal(GHOST_UPDATE, name=f"under_way{n}"))
            m.d.sync += [busy[n].eq(busy[n - 1] & goes_on), under_way[n].eq(under_way[n - 1])]
        # The ghost takes an update when it reaches the stage that writes the row.
        first, second = dut.LATENCY - 1, dut.REPLACE_LATENCY - 1
        m.d.comb += [
            ghost.valid.eq(busy[first] | busy[second]),
            ghost.insert.eq(busy[second]),
            Value.cast(ghost.update).eq(
                Mux(busy[second], Value.cast(under_way[second]), Value.cast(under_way[first]))
            ),
        ]
        claims = self._events(m, dut, ghost, busy, under_way)
        claims |= self._cuts(m, dut, ghost, busy, under_way)
        for name in self.CLAIMS:
            if self._script is None:
                m.d.comb += Assert(claims[name], name)
                continue
            # A long run is looked at every eighth cycle: that is quicker.
            broken = Signal(name=f"broken_{name}")
            m.d.sync += broken.eq(broken | ~claims[name])
            m.d.comb += Assert(~broken | ~self._cycle[:3].all(), name)
        return m

    def _drive(self, m: Module, dut: Any) -> Any:
        """Lead an update to the input, and take every event; return the update."""
        u: Any = Signal(GHOST_UPDATE, name="u")
        valid, i = Signal(), dut.i.payload
        cycle = self._cycle = Signal(range(READY + 256))
        m.d.sync += cycle.eq(cycle + 1)
        m.d.comb += [Value.cast(u).eq(Value.cast(self.update)), valid.eq(self.valid)]
        if self._script is not None:
            m.d.comb += [Value.cast(u).eq(0), valid.eq(0)]
            for at, fields in self._script.items():
                with m.If(cycle == READY + at):
                    m.d.comb += valid.eq(1)
                    for name, bits in fields.items():
                        free, field = getattr(self.update, name), getattr(u, name)
                        for n, bit in enumerate(reversed(bits)):
                            m.d.comb += field[n].eq(free[n] if bit == "-" else int(bit))
        m.d.comb += [
            i.kind.eq(Array(getattr(UPDATE_KIND, name) for name in KINDS)[u.kind]),
            i.side.eq(u.side),
            i.order_id.eq(u.id),
            i.new_order_id.eq(u.new_id),
            i.tick.eq(u.tick),
            i.quantity.eq(u.quantity),
            dut.i.valid.eq(valid & dut.ready),
            dut.o.ready.eq(1),
        ]
        return u

    def _events(
        self, m: Module, dut: Any, ghost: GhostBook, busy: list[Any], under_way: list[Any]
    ) -> dict[str, Value]:
        """Return what must hold of the events."""
        o, told = dut.o.payload, dut.o.valid
        plain = busy[dut.LATENCY] & (under_way[dut.LATENCY].kind != _REPLACE)
        late = busy[dut.REPLACE_LATENCY]
        closes = plain | late
        index = Mux(late, under_way[dut.REPLACE_LATENCY].kind, under_way[dut.LATENCY].kind)
        kinds = Array(getattr(UPDATE_KIND, name) for name in KINDS)
        cause = Mux(closes, kinds[index], UPDATE_KIND.none)
        kind = Mux(closes, EVENT_KIND.best, EVENT_KIND.resolved)
        flags = {code.name: o.flags[code.value] for code in EVENT_FLAG}
        claims = {
            "time": (~closes | told) & ~(plain & late),
            "kind": ~told | ((o.kind == kind) & (o.cause == cause)),
            "error": ~told | (o.error == Mux(closes, ghost.error, 0)),
        }
        sides = [self._side(m, o, flags, ghost, side) for side in range(2)]
        ticks = [tick for _, _, tick in sides]
        both = flags["bid"] & flags["ask"]
        said = (flags["invalid"] == ghost.invalid) & (
            flags["crossed"] == (both & (ticks[0] >= ticks[1]))
        )
        for name, (exact, right, _) in zip(_SIDES, sides, strict=True):
            claims[name] = ~told | exact
            said &= right
        claims["flags"] = ~told | said
        return claims

    def _side(
        self, m: Module, o: Any, flags: dict[str, Value], ghost: GhostBook, side: int
    ) -> tuple[Value, Value, Value]:
        """Return whether a side's best price is the ghost's, whether its flags can be, its tick."""
        name, orders = _SIDES[side], list(ghost.orders)
        exists, pk = best_of(m, orders, side)
        quantity, count = level_of(m, orders, side, pk)
        tick = pk if side else (~pk)[: len(pk)]
        known, deferred = flags[name], flags[f"{name}_deferred"]
        said = Cat(o[f"{name}_tick"], o[f"{name}_quantity"], o[f"{name}_count"])
        best = (
            (o[f"{name}_tick"] == tick)
            & (o[f"{name}_quantity"] == quantity)
            & (o[f"{name}_count"] == count)
        )
        more = Signal(name=f"{name}_more")  # there were more levels than the cache holds
        m.d.sync += more.eq(more | self._many(orders, side))
        exact = Mux(known, exists & best, (said == 0) & (deferred | ~exists | ghost.invalid))
        right = ~(known & deferred) & ~(ghost.invalid & (known | deferred)) & (~deferred | more)
        return exact, right, tick

    def _many(self, orders: list[Any], side: int) -> Value:
        """Say whether a side has more levels than are cached."""
        firsts = []  # the first order of each level
        for n, order in enumerate(orders):
            same = [o.valid & (o.side == side) & (o.pk == order.pk) for o in orders[:n]]
            firsts.append(order.valid & (order.side == side) & ~Cat(same).any())
        many: Value = sum(firsts[1:], firsts[0]) > REDUCED.cached_levels
        return many

    def _cuts(
        self, m: Module, dut: Any, ghost: GhostBook, busy: list[Any], under_way: list[Any]
    ) -> dict[str, Value]:
        """Return what else must hold, of the inside of the engine."""
        return {}
