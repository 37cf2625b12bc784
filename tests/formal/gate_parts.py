# amaranth: UnusedElaboratable=no
"""Parts of the risk gate as its proofs use them: replaced by free ones, or with a view inside."""

from typing import Any

from amaranth import Cat, Module, Signal
from amaranth.lib import data

from gateware.common.multiplier import Multiplier
from gateware.risk.layouts import RiskShapes
from gateware.risk.marking import Marking
from gateware.risk.new_order_checks import NewOrderChecks
from gateware.risk.report_effects import ReportEffects
from hw.records import CHECK
from hw.risk_parameters import RiskParameters

__all__ = [
    "FreeChecks",
    "FreeEffects",
    "NoProducts",
    "QuickMarking",
    "with_row_shown",
    "with_slots_shown",
]  # fmt: skip


class FreeChecks(NewOrderChecks):
    """The checks, with every bit free but those of the position and of the id."""

    free: Signal

    def elaborate(self, platform: object) -> Module:
        """Say what was proven of these; the rest is free."""
        m = Module()
        i, row, exposure = self.intent, self.instrument, self.exposure
        long = exposure.position + exposure.open_buy + i.quantity
        short = exposure.open_sell - exposure.position + i.quantity
        over = Signal(4)
        m.d.sync += over.eq(
            Cat(over[2:], ~i.side & (long > row.max_long), i.side & (short > row.max_short))
        )
        m.d.comb += self.failed.eq(self.free)
        for place, name in enumerate(("max_long", "max_short")):
            m.d.comb += self.failed[getattr(CHECK, name)].eq(over[place] & ~i.malformed)
        found = Signal(2)
        m.d.sync += found.eq(Cat(self.found.hit, ~self.found.hit & ~self.found.room))
        for place, name in enumerate(("duplicate_id", "table_full")):
            m.d.comb += self.failed[getattr(CHECK, name)].eq(found[place] & ~i.malformed)
        m.d.comb += self.failed[CHECK.bad_index].eq(i.malformed)
        return m


class FreeEffects(ReportEffects):
    """What a report changes, free in every cycle as far as it can hold up or tell anything."""

    wild: Signal

    def elaborate(self, platform: object) -> Module:
        """Let the solver choose."""
        m = Module()
        m.d.comb += [
            self.keeps.eq(self.wild[0]), self.seeds.eq(self.wild[1]),
            self.writes.eq(self.wild[2:5]), self.error.eq(self.wild[5:9]),
        ]  # fmt: skip
        return m


class NoProducts(Multiplier):
    """Products feed the notionals, and those only the checks: nothing here depends on them."""

    def elaborate(self, platform: object) -> Module:
        """Return nothing: every product is 0."""
        return Module()


class QuickMarking(Marking):
    """Sums that are ready in the next cycle."""

    def elaborate(self, platform: object) -> Module:
        """Answer at once."""
        m = Module()
        m.d.sync += self.totals_done.eq(self.total)
        return m


def with_row_shown(rows: Any, instrument: int) -> Any:
    """Return a class of state rows with ``shown``, what an instrument's row holds."""

    def made(*, parameters: RiskParameters) -> Any:
        part = rows(parameters=parameters)
        part.shown = Signal(RiskShapes(parameters).exposure, name="shown")
        plain = part.elaborate

        def elaborate(platform: object) -> Module:
            m: Module = plain(platform)
            port = m.submodules["exposure"].read_port(domain="comb")
            m.d.comb += [port.addr.eq(instrument), part.shown.eq(port.data)]
            return m

        part.elaborate = elaborate
        return part

    return made


def with_slots_shown(orders: Any) -> Any:
    """Return a class of open orders with ``shown``, each slot's key and order."""

    def made(*, parameters: RiskParameters) -> Any:
        part, s = orders(parameters=parameters), RiskShapes(parameters)
        slots = range(parameters.order_slots)
        key = {"valid": 1, "id": s.order_id}
        part.shown = [
            (Signal(data.StructLayout(key), name=f"key{n}"), Signal(s.order, name=f"order{n}"))
            for n in slots
        ]
        plain = part.elaborate

        def elaborate(platform: object) -> Module:
            m: Module = plain(platform)
            for n in slots:
                way, place = divmod(n, s.way_slots)
                memories: Any = m.submodules
                for memory, address, shown in (
                    (memories[f"keys{way}"], place, part.shown[n][0]),
                    (memories["orders"], n, part.shown[n][1]),
                ):
                    port = memory.read_port(domain="comb")
                    m.d.comb += [port.addr.eq(address), shown.eq(port.data)]
            return m

        part.elaborate = elaborate
        return part

    return made
