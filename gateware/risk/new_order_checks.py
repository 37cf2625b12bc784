"""Every check of a new order, side by side."""

from typing import Any, Final

from amaranth import Cat, Const, Module, Mux, Signal, Value, signed
from amaranth.lib import data, wiring
from amaranth.lib.wiring import In, Out

from gateware.common.multiplier import Multiplier
from gateware.market.layouts import market_view
from gateware.risk.divisible import Divisible
from gateware.risk.layouts import RiskShapes
from gateware.risk.limit_tables import row_layout
from gateware.risk.marking import totals_layout
from gateware.risk.rate_limit import RateLimit
from gateware.risk.repeat_filter import RepeatFilter
from hw.records import CHECK
from hw.risk_parameters import RiskParameters

__all__ = ["NewOrderChecks", "band_layout", "intent_layout", "standing_layout"]

_RATES: Final = ("strategy", "venue", "box", "burst")


def intent_layout(shapes: RiskShapes) -> data.StructLayout:
    """Return what the checks look at of a request.

    ``size``: its quantity, as wide as a position. ``malformed``: something is out of range.
    """
    return data.StructLayout(
        {
            "instrument": shapes.instrument,
            "venue": shapes.venue,
            "strategy": shapes.strategy,
            "account": shapes.account,
            "side": 1,
            "tick": shapes.tick,
            "quantity": shapes.quantity,
            "size": shapes.position.width - 1,
            "malformed": 1,
        }
    )


def standing_layout(parameters: RiskParameters) -> data.StructLayout:
    """Return what stands against new orders whatever they are, by instrument and so on."""
    p = parameters
    return data.StructLayout(
        {
            "armed": 1,
            "killed": 1,
            "killed_venues": p.venues,
            "killed_accounts": p.accounts,
            "killed_instruments": p.instruments,
            "killed_strategies": p.strategies,
            "deadman": 1,
            "halted": p.instruments,
            "reducing": p.instruments,
            "lossy": p.instruments,
            "not_ready": 1,
        }
    )


def band_layout(parameters: RiskParameters) -> data.StructLayout:
    """Return a band of prices [ticks] that orders must lie in."""
    tick = parameters.tick_bits
    return data.StructLayout({"in_force": 1, "low": tick, "high": tick})


class NewOrderChecks(wiring.Component):
    """Check an intent against everything that the gate knows.

    Timing
    ------
    Cycles are counted from the one in which the request was taken. ``intent`` is held from cycle 1
    on. All that was looked up for it is sampled in cycle 1, ``found`` in cycle 2, ``standing`` in
    cycle ``LATENCY``, in which ``failed`` and ``arrivals`` are valid; ``record`` is sampled there
    too. ``notional`` is valid from cycle ``LATENCY`` on.

    Parameters
    ----------
    parameters : RiskParameters
        Size.

    Members
    -------
    intent : ``In``
        The order.
    instrument, venue, strategy, account, box : ``In``
        Rows of the limits.
    market, band : ``In``
        Market and price band of the instrument.
    exposure, conduct : ``In``
        Of the instrument and the strategy, before the order.
    own : ``In``
        Bounds on our own prices in the instrument.
    arrival : ``In({venue, box, burst})``
        Theoretical arrival times of the other rates [ns].
    totals, open_orders : ``In``
        Of the box.
    now : ``In(time)``
        The box's time [ns].
    found : ``In({hit, room})``
        Whether the id is open, and whether it has a place.
    standing : ``In``
        Kills and the like.
    failed : ``Out(checks)``
        A bit for each check of ``hw.records.CHECK``.
    notional : ``Out``
        Price times size [ticks * lots].
    value : ``Out``
        What the order counts for in the notionals of the box [value units].
    arrivals : ``Out({strategy, venue, box, burst})``
        Arrival times if the order passes [ns].
    record : ``In(1)``
        The order passed.
    clear : ``In(1)``
        Forget the orders that passed.
    """

    LATENCY: Final = 3

    intent: Any
    instrument: Any
    venue: Any
    strategy: Any
    account: Any
    box: Any
    market: Any
    band: Any
    exposure: Any
    conduct: Any
    own: Any
    arrival: Any
    totals: Any
    open_orders: Value
    now: Value
    found: Any
    standing: Any
    failed: Value
    notional: Value
    value: Value
    arrivals: Any
    record: Value
    clear: Value

    def __init__(self, *, parameters: RiskParameters) -> None:
        self.parameters = p = parameters
        self.shapes = s = RiskShapes(parameters)
        rows = {
            t: In(row_layout(t, p)) for t in ("instrument", "venue", "strategy", "account", "box")
        }
        super().__init__(
            {
                "intent": In(intent_layout(s)),
                **rows,
                "market": In(market_view(p)),
                "band": In(band_layout(p)),
                "exposure": In(s.exposure),
                "conduct": In(s.conduct),
                "own": In(s.own),
                "arrival": In(data.StructLayout(dict.fromkeys(_RATES[1:], s.time))),
                "totals": In(totals_layout(s)),
                "open_orders": In(s.count),
                "now": In(s.time),
                "found": In(data.StructLayout({"hit": 1, "room": 1})),
                "standing": In(standing_layout(p)),
                "failed": Out(len(CHECK)),
                "notional": Out(s.worth),
                "value": Out(s.lot_value.width + s.quantity.width),
                "arrivals": Out(data.StructLayout(dict.fromkeys(_RATES, s.time))),
                "record": In(1),
                "clear": In(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        bits: dict[str, Value] = {}
        self._rows(m, bits)
        self._market(m, bits)
        self._prices(m, bits)
        self._positions(m, bits)
        self._notionals(m, bits)
        self._rates(m, bits)
        self._standing(bits)
        self._repeats(m, bits)
        found = Signal(2)
        m.d.sync += found.eq(Cat(self.found.hit, ~self.found.hit & ~self.found.room))
        bits |= {"duplicate_id": found[0], "table_full": found[1]}
        malformed = Signal()
        m.d.comb += malformed.eq(self.intent.malformed)
        assert bits.keys() | {"bad_index"} == {code.name for code in CHECK}
        for code in CHECK:
            bit = malformed if code.name == "bad_index" else bits[code.name] & ~malformed
            m.d.comb += self.failed[code.value].eq(bit)
        return m

    @staticmethod
    def _late(m: Module, bit: Value, cycles: int, name: str) -> Value:
        """Return a bit some cycles later."""
        for n in range(cycles):
            stage = Signal(name=f"{name}_{n}", reset_less=True)
            m.d.sync += stage.eq(bit)
            bit = stage
        return bit

    def _rows(self, m: Module, bits: dict[str, Value]) -> None:
        """Compare with limits as they are: known in cycle 1."""
        i, row, conduct = self.intent, self.instrument, self.conduct
        traded = self.strategy.strategy_instruments.bit_select(i.instrument, 1)
        first = {
            "restricted": ~row.instrument_flags[0],
            "not_permitted": ~self.strategy.strategy_flags[0] | ~traded,
            "account_closed": ~self.account.account_flags[0],
            "session": ~self.venue.venue_flags[0],
            "min_quantity": (i.quantity < row.min_quantity) | (i.quantity == 0),
            "max_quantity": i.quantity > row.max_quantity,
            "price_band": (i.tick < row.min_tick) | (i.tick > row.max_tick),
            "luld": self.band.in_force & ((i.tick < self.band.low) | (i.tick > self.band.high)),
            "max_open_orders": self.open_orders >= self.box.max_open_orders,
            "max_instrument_orders": self.exposure.orders >= row.max_instrument_orders,
            "max_strategy_orders": conduct.orders >= self.strategy.max_strategy_orders,
            "executions": conduct.fills >= self.strategy.max_executions,
            "message_ratio": conduct.used >= self.strategy.message_allowance,
            "self_match": Mux(
                i.side,
                self.own.buy & (i.tick <= self.own.highest_buy),
                self.own.sell & (i.tick >= self.own.lowest_sell),
            ),
        }
        bits |= {name: self._late(m, bit, 2, name) for name, bit in first.items()}

    def _market(self, m: Module, bits: dict[str, Value]) -> None:
        """Look at the state of the order's book."""
        book = self.market.book
        here = Signal()
        m.d.comb += here.eq(book.part)
        first = {
            "no_book": ~here,
            "book_invalid": here & book.invalid,
            "book_deferred": here & book.deferred,
            "book_crossed": here & book.crossed,
            "feed_gap": here & book.gap,
        }
        bits |= {name: self._late(m, bit, 2, name) for name, bit in first.items()}
        # An event that seems to come from the future has no age.
        age, oldest, unseen = Signal(self.shapes.time), Signal(self.shapes.time), Signal()
        stale = Signal()
        m.d.sync += [
            age.eq(Mux(book.time > self.now, 0, (self.now - book.time)[: len(age)])),
            oldest.eq(self.instrument.max_age),
            unseen.eq(here & ~book.seen),
            stale.eq(unseen | (self._late(m, here, 1, "here") & (age > oldest))),
        ]
        bits["book_stale"] = stale

    def _prices(self, m: Module, bits: dict[str, Value]) -> None:
        """Compare the price with the reference, and price and quantity with their steps."""
        i, row, p = self.intent, self.instrument, self.parameters
        wide = p.tick_bits + 1
        known, reference = Signal(), Signal(wide)
        last = row.instrument_flags[2]
        m.d.comb += [
            known.eq(Mux(last, self.market.last_known, self.market.mid_known)),
            reference.eq(Mux(last, self.market.last << 1, self.market.double_mid)),
        ]
        over, under = Signal(signed(wide + 1)), Signal(signed(wide + 1))
        width, has = Signal(wide), Signal()
        twice = Cat(Const(0, 1), i.tick)
        collar = Signal()
        m.d.sync += [
            over.eq(twice - reference),
            under.eq(reference - twice),
            width.eq(row.collar << 1),
            has.eq(known),
            collar.eq(has & ((over > width) | (under > width))),
        ]
        bits["collar"] = collar
        bits["no_reference"] = self._late(m, ~known, 2, "no_reference")
        for name, value, bits_ in (
            ("lot", i.quantity, p.quantity_bits),
            ("tick", i.tick, p.tick_bits),
        ):
            step = Divisible(width=bits_)
            m.submodules[f"{name}_step"] = step
            m.d.comb += [
                step.value.eq(value),
                step.mask.eq(row[f"{name}_mask"]),
                step.inverse.eq(row[f"{name}_inverse"]),
                step.bound.eq(row[f"{name}_bound"]),
            ]
            bits[name] = ~step.multiple

    def _positions(self, m: Module, bits: dict[str, Value]) -> None:
        """Compare the worst case of the position."""
        i, row, s = self.intent, self.instrument, self.shapes
        width = max(s.position.width, s.open_quantity.width) + 3
        long, short = Signal(signed(width)), Signal(signed(width))
        most_long, most_short = Signal.like(row.max_long), Signal.like(row.max_short)
        sell, held = Signal(), Signal()
        beyond_long, beyond_short, grows, may = Signal(), Signal(), Signal(), Signal()
        reducing = Signal()
        m.d.sync += [
            long.eq(self.exposure.position + self.exposure.open_buy + i.quantity),
            short.eq(self.exposure.open_sell + i.quantity - self.exposure.position),
            most_long.eq(row.max_long),
            most_short.eq(row.max_short),
            sell.eq(i.side),
            may.eq(row.instrument_flags[1]),
            beyond_long.eq(~sell & (long > most_long)),
            beyond_short.eq(sell & (short > most_short)),
            grows.eq(Mux(sell, short > 0, long > 0)),
            held.eq(~may),
        ]
        m.d.comb += reducing.eq(self.standing.reducing.bit_select(i.instrument, 1))
        bits["max_long"], bits["max_short"] = beyond_long, beyond_short
        bits["reduce_only"] = (held | reducing) & grows

    def _notionals(self, m: Module, bits: dict[str, Value]) -> None:
        """Compare the order's own notional, and the box's with it."""
        i, s = self.intent, self.shapes
        m.submodules.notional = own = Multiplier(a_bits=s.tick.width, b_bits=s.position.width - 1)
        m.submodules.worth = worth = Multiplier(a_bits=s.quantity.width, b_bits=s.lot_value.width)
        most = [Signal(64, name=f"most{n}") for n in range(2)]
        gross, net = Signal(s.value), Signal(s.value)
        max_gross, max_net, sell = Signal(64), Signal(64), Signal()
        m.d.comb += [
            own.a.eq(i.tick), own.b.eq(i.size),
            worth.a.eq(i.quantity), worth.b.eq(self.instrument.lot_value),
            self.notional.eq(own.product), self.value.eq(worth.product),
        ]  # fmt: skip
        width = max(s.value.width, 65) + 1
        gross_room, net_room = Signal(signed(width)), Signal(signed(width))
        m.d.sync += [
            most[0].eq(self.instrument.max_notional), most[1].eq(most[0]),
            gross.eq(self.totals.gross), max_gross.eq(self.box.max_gross),
            net.eq(Mux(i.side, self.totals.short, self.totals.long)),
            max_net.eq(self.box.max_net), sell.eq(i.side),
            gross_room.eq(max_gross - gross), net_room.eq(max_net - net),
        ]  # fmt: skip
        bits["max_notional"] = own.product > most[1]
        bits["max_gross"] = worth.product > gross_room
        bits["max_net"] = worth.product > net_room

    def _rates(self, m: Module, bits: dict[str, Value]) -> None:
        """Ask the four rate limits."""
        limits = {
            "strategy": self.strategy,
            "venue": self.venue,
            "box": self.box,
            "burst": self.box,
        }
        for name in _RATES:
            rate = RateLimit(
                time_bits=self.parameters.time_bits, period_bits=self.parameters.time_bits
            )
            m.submodules[f"{name}_rate"] = rate
            before = self.conduct.arrival if name == "strategy" else self.arrival[name]
            m.d.comb += [
                rate.now.eq(self.now),
                rate.tat.eq(before),
                rate.period.eq(limits[name][f"{name}_period"]),
                rate.tolerance.eq(limits[name][f"{name}_tolerance"]),
                self.arrivals[name].eq(rate.next_tat),
            ]
            bits["burst" if name == "burst" else f"{name}_rate"] = ~rate.conforms

    def _standing(self, bits: dict[str, Value]) -> None:
        """Ask the kill switch, the breaker and the deadman, as late as can be."""
        i, now = self.intent, self.standing
        bits |= {
            "not_armed": ~now.armed,
            "killed": now.killed,
            "killed_venue": now.killed_venues.bit_select(i.venue, 1),
            "killed_account": now.killed_accounts.bit_select(i.account, 1),
            "killed_instrument": now.killed_instruments.bit_select(i.instrument, 1),
            "killed_strategy": now.killed_strategies.bit_select(i.strategy, 1),
            "deadman": now.deadman,
            "halted": now.halted.bit_select(i.instrument, 1),
            "max_loss": now.lossy.bit_select(i.instrument, 1),
            "not_ready": now.not_ready,
        }

    def _repeats(self, m: Module, bits: dict[str, Value]) -> None:
        """Look for an order like this one."""
        i = self.intent
        key = Cat(i.instrument, i.strategy, i.side, i.tick, i.quantity)
        m.submodules.repeats = repeats = RepeatFilter(
            key_bits=len(key), time_bits=self.parameters.time_bits
        )
        m.d.comb += [
            repeats.key.eq(key),
            repeats.now.eq(self.now),
            repeats.window.eq(self.instrument.duplicate_window),
            repeats.record.eq(self.record),
            repeats.clear.eq(self.clear),
        ]
        bits["duplicate"] = repeats.repeat | repeats.blind
