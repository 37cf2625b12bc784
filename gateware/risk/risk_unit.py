"""All of the risk gate: the market that it looks at, its limits, the kill switch, its registers."""

from typing import Any, Final

from amaranth import Cat, Module, Mux, Signal, Value
from amaranth.lib import stream, wiring
from amaranth.lib.wiring import In, Out

from gateware.common.choice import first_of, one_hot_index, select
from gateware.common.records import (
    BOOK_EVENT_LAYOUT,
    ORDER_LAYOUT,
    RISK_EVENT_LAYOUT,
    RISK_REQUEST_LAYOUT,
)
from gateware.common.saturating import count_saturating
from gateware.csr.bank import RegisterBank
from gateware.market.consolidated import ConsolidatedMarket
from gateware.risk.arming import Arming
from gateware.risk.circuit_breaker import CircuitBreaker
from gateware.risk.control_events import ControlEvents
from gateware.risk.deadman import Deadman
from gateware.risk.denial_counts import DenialCounts
from gateware.risk.event_queue import EventQueue
from gateware.risk.kill_switch import KillSwitch
from gateware.risk.limit_tables import LimitTables
from gateware.risk.reject_watch import RejectWatch
from gateware.risk.risk_gate import RiskGate
from gateware.risk.time_base import TimeBase
from hw.arming import Scope
from hw.records import RISK_EVENT_KIND
from hw.registers import LIMITS, RISK_REGISTERS
from hw.risk_parameters import RiskParameters

__all__ = ["RiskUnit"]

#: Keys of operators: 4 words each.
_OPERATORS: Final = 4
_WORDS: Final = 4


class RiskUnit(wiring.Component):
    """Wire the risk gate to what it depends on.

    Timing
    ------
    As ``RiskGate``, ``ConsolidatedMarket``, ``CircuitBreaker`` and ``RegisterBank``.

    Parameters
    ----------
    parameters : RiskParameters
        Sizes.

    Members
    -------
    request : ``In(stream)``
        Requests.
    order : ``Out(stream)``
        Orders and cancels; ``valid`` can fall without a transfer, see ``RiskGate``.
    events : ``Out(stream)``
        What the host is told.
    book_valid, book : ``In(1)``, ``In(BOOK_EVENT_LAYOUT)``
        Events of the book engine, as they leave it.
    trade_valid, trade_book, trade_tick : ``In``
        Trades, as they enter it.
    forget_market : ``In(1)``
        The book engine starts anew.
    kill_pin : ``In(1)``
        Kills the box while 1; synchronised.
    entropy : ``In(64)``
        Goes into challenges, from a board that has a source; otherwise 0.
    cycle : ``In(64)``
        Cycles since reset.
    address, r_stb, r_data, w_stb, w_data : ``In``, ``Out``
        Register bus; ``r_data`` is 0 for addresses of others.
    """

    LATENCY: Final = RiskGate.LATENCY

    request: stream.Interface
    order: stream.Interface
    events: stream.Interface
    book_valid: Value
    book: Any
    trade_valid: Value
    trade_book: Value
    trade_tick: Value
    forget_market: Value
    kill_pin: Value
    entropy: Value
    cycle: Value
    address: Value
    r_stb: Value
    r_data: Value
    w_stb: Value
    w_data: Value
    # Their members follow hw/registers.toml.
    _tables: Any
    _bank: Any

    def __init__(self, *, parameters: RiskParameters) -> None:
        self.parameters = parameters
        super().__init__(
            {
                "request": In(stream.Signature(RISK_REQUEST_LAYOUT)),
                "order": Out(stream.Signature(ORDER_LAYOUT)),
                "events": Out(stream.Signature(RISK_EVENT_LAYOUT)),
                "book_valid": In(1),
                "book": In(BOOK_EVENT_LAYOUT),
                "trade_valid": In(1),
                "trade_book": In(16),
                "trade_tick": In(64),
                "forget_market": In(1),
                "kill_pin": In(1),
                "entropy": In(64),
                "cycle": In(64),
                "address": In(16),
                "r_stb": In(1),
                "r_data": Out(32),
                "w_stb": In(1),
                "w_data": In(32),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        p = self.parameters
        m.submodules.market = self._market = ConsolidatedMarket(parameters=p)
        m.submodules.tables = self._tables = LimitTables(parameters=p)
        m.submodules.breaker = self._breaker = CircuitBreaker(parameters=p)
        m.submodules.gate = self._gate = RiskGate(parameters=p)
        m.submodules.kills = self._kills = KillSwitch(
            instruments=p.instruments, venues=p.venues, accounts=p.accounts,
            strategies=p.strategies,
        )  # fmt: skip
        m.submodules.arming = self._arming = Arming(operators=_OPERATORS, instruments=p.instruments)
        m.submodules.deadman = self._deadman = Deadman()
        m.submodules.rejects = self._rejects = RejectWatch(depth=32)
        m.submodules.time = self._time = TimeBase(time_bits=p.time_bits)
        m.submodules.queue = self._queue = EventQueue()
        m.submodules.control = self._control = ControlEvents()
        m.submodules.bank = self._bank = RegisterBank(constants={}, registers=RISK_REGISTERS)
        wiring.connect(m, wiring.flipped(self.request), self._gate.i)
        wiring.connect(m, self._gate.o, wiring.flipped(self.order))
        wiring.connect(m, self._queue.o, wiring.flipped(self.events))
        self._look(m)
        self._watch(m)
        self._stand(m)
        self._tell(m)
        self._bus(m)
        self._arm(m)
        self._count(m)
        return m

    def _look(self, m: Module) -> None:
        """Lead what the gate looks up to it: limits, market, time."""
        market, tables, gate, time = self._market, self._tables, self._gate, self._time
        # Only a commit that may change the mapping makes the market forget.
        touched, mapping = Signal(), LIMITS["book"]["book_market"]
        remapped = self._remapped = Signal()
        last = mapping.address + mapping.count * mapping.stride
        with m.If(tables.limits_changed | tables.forget):
            m.d.sync += touched.eq(0)
        with m.If(self.w_stb & (self.address >= mapping.address) & (self.address < last)):
            m.d.sync += touched.eq(1)
        m.d.comb += [
            market.event_valid.eq(self.book_valid), market.event.eq(self.book),
            market.trade_valid.eq(self.trade_valid), market.trade_book.eq(self.trade_book),
            market.trade_tick.eq(self.trade_tick), market.clear.eq(self.forget_market),
            remapped.eq(tables.limits_changed & touched), market.mapping_changed.eq(remapped),
            tables.book_select.eq(market.book_select),
            market.book_market.eq(tables.book.book_market),
            market.look_instrument.eq(gate.select.instrument),
            market.look_venue.eq(gate.select.venue), gate.market.eq(market.view),
            market.mark_instrument.eq(gate.mark_select), gate.mark.eq(market.mark),
            tables.mark_select.eq(gate.mark_select), gate.mark_loss.eq(tables.mark.max_loss),
            gate.mark_value.eq(tables.mark.lot_value),
            gate.limits_changed.eq(tables.limits_changed), gate.box.eq(tables.box),
            time.seen0.eq(self.book_valid), time.time0.eq(self.book.time),
            time.seen1.eq(gate.taken), time.time1.eq(self.request.payload.time),
            gate.now.eq(time.now), gate.cycle.eq(self.cycle),
        ]  # fmt: skip
        for name in ("instrument", "venue", "strategy", "account"):
            m.d.comb += [
                getattr(tables, f"{name}_select").eq(gate.select[name]),
                getattr(gate, name).eq(getattr(tables, name)),
            ]

    def _watch(self, m: Module) -> None:
        """Lead what happens in the market to the circuit breaker."""
        breaker, market, tables = self._breaker, self._market, self._tables
        arming = self._arming
        ends = arming.granted & (arming.granted_scope & Scope.CLEAR_INSTRUMENTS.value).any()
        m.d.comb += [
            breaker.change_next_valid.eq(market.change_next_valid),
            breaker.change_next_instrument.eq(market.change_next_instrument),
            breaker.change_valid.eq(market.change_valid), breaker.change.eq(market.change),
            *(breaker.row[v].eq(market.row[v]) for v in range(self.parameters.venues)),
            breaker.now.eq(self._time.now), breaker.cycle.eq(self.cycle),
            tables.breaker_select.eq(breaker.limits_select), breaker.limits.eq(tables.breaker),
            breaker.windows.eq(tables.windows),
            breaker.clear.eq(Mux(ends, arming.granted_instruments, 0)),
            breaker.restart.eq(self.forget_market | self._remapped),
            breaker.band_instrument.eq(self._gate.select.instrument),
            self._gate.band.eq(breaker.band),
        ]  # fmt: skip

    def _stand(self, m: Module) -> None:
        """Say what stands against orders, and what kills."""
        gate, kills, bank, box = self._gate, self._kills, self._bank, self._tables.box
        deadman, rejects = self._deadman, self._rejects
        standing, written = gate.standing, bank.written
        masks = ("venues", "accounts", "instruments", "strategies")
        self._kills_anew = Signal()
        m.d.comb += [
            standing.armed.eq(kills.armed), standing.killed.eq(kills.killed),
            standing.deadman.eq(deadman.expired),
            standing.halted.eq(self._breaker.halted), standing.reducing.eq(self._breaker.reducing),
            *(standing[f"killed_{n}"].eq(getattr(kills, f"killed_{n}")) for n in masks),
            *(
                getattr(kills, f"set_{n}").eq(
                    Mux(getattr(bank, f"kill_{n}_strobe"), written, 0)
                )
                for n in masks
            ),
            kills.kill_pin.eq(self.kill_pin), kills.host_global.eq(bank.kill_strobe),
            kills.disarm.eq(bank.disarm_strobe), kills.deadman_expired.eq(deadman.expired),
            # The arming that clears the kill clears the rejects that caused it.
            rejects.clear.eq(self._arming.granted & self._arming.granted_scope[1]),
            kills.loss_trip.eq(gate.lossy), kills.reject_trip.eq(rejects.trip & ~rejects.clear),
            kills.fault_instruments.eq(gate.fault_kills),
            deadman.timeout.eq(box.deadman_timeout), deadman.refresh.eq(bank.deadman_strobe),
            rejects.outcome.eq(gate.outcome.valid), rejects.rejected.eq(gate.outcome.rejected),
            rejects.limit.eq(Mux(box.reject_limit > 32, 32, box.reject_limit)),
            rejects.window.eq(32),
            self._kills_anew.eq(
                kills.cancel_all | Cat(getattr(kills, f"cancel_{n}") for n in masks).any()
            ),
            gate.cancel.eq(self._kills_anew | self._breaker.cancel.any()),
        ]  # fmt: skip

    def _tell(self, m: Module) -> None:
        """Queue the events: those of the gate at once, the others in turn."""
        gate, queue, control, kills = self._gate, self._queue, self._control, self._kills
        tripped = self._tripped(m)
        others = (control.o, tripped, gate.audit)
        first = Signal(len(others))
        m.d.comb += [
            queue.tell.eq(gate.told.valid), queue.event.eq(gate.told.event),
            gate.queue_room.eq(queue.room),
            control.killed.eq(self._kills_anew), control.causes.eq(kills.causes),
            control.disarmed.eq(self._bank.disarm_strobe),
            control.now.eq(self._time.now), control.cycle.eq(self.cycle),
            queue.other.valid.eq(Cat(source.valid for source in others).any()),
            Value.cast(queue.other.payload).eq(
                select([(first[n], Value.cast(o.payload)) for n, o in enumerate(others)])
            ),
            first.eq(first_of(Cat(source.valid for source in others))),
            *(o.ready.eq(queue.other.ready & first[n]) for n, o in enumerate(others)),
        ]  # fmt: skip

    def _tripped(self, m: Module) -> stream.Interface:
        """Return the events of the circuit breaker."""
        trip, kinds = self._breaker.trip, RISK_EVENT_KIND
        made = stream.Signature(RISK_EVENT_LAYOUT).create(path=("tripped",))
        event, detectors = made.payload, trip.payload.detectors
        m.d.comb += [
            made.valid.eq(trip.valid), trip.ready.eq(made.ready),
            event.kind.eq(Mux(trip.payload.released, kinds.released, kinds.tripped)),
            event.time.eq(trip.payload.time), event.cycle.eq(trip.payload.cycle),
            event.instrument.eq(trip.payload.instrument), event.action.eq(trip.payload.action),
            event.failed.eq(detectors), event.first.eq(one_hot_index(first_of(detectors))),
        ]  # fmt: skip
        return made

    def _bus(self, m: Module) -> None:
        """Put bank and limit tables on the bus."""
        bank, tables = self._bank, self._tables
        m.d.comb += [
            *(
                port.eq(getattr(self, name))
                for part in (bank, tables)
                for name in ("address", "w_stb", "w_data")
                for port in (getattr(part, name),)
            ),
            bank.r_stb.eq(self.r_stb),
            self.r_data.eq(bank.r_data | tables.r_data),
            tables.commit.eq(bank.limits_commit_strobe & (bank.written == 1)),
            tables.forget.eq(bank.limits_commit_strobe & (bank.written == 2)),
            bank.limits_commit.eq(tables.commits), bank.limits_refused.eq(tables.refused),
        ]  # fmt: skip

    def _arm(self, m: Module) -> None:
        """Lead the operator's words to arming, and what it grants to the kill switch."""
        arming, bank, kills, control = self._arming, self._bank, self._kills, self._control
        low, high = Signal(32), bank.written
        strobes = [getattr(bank, f"operator_key{n}_strobe") for n in range(_OPERATORS * _WORDS)]
        with m.If(bank.arm_answer0_strobe):
            m.d.sync += low.eq(bank.written)
        m.d.comb += [
            arming.key_strobe.eq(Cat(strobes).any()), arming.key_data.eq(bank.written),
            arming.ask.eq(bank.arm_ask_strobe), arming.ask_operator.eq(bank.written[:8]),
            arming.ask_scope.eq(bank.written[8:16]),
            arming.ask_instruments.eq(bank.arm_instruments),
            arming.answer.eq(bank.arm_answer1_strobe), arming.answer_tag.eq(Cat(low, high)),
            arming.entropy.eq(self.entropy),
            kills.granted.eq(arming.granted), kills.granted_scope.eq(arming.granted_scope),
            kills.granted_instruments.eq(arming.granted_instruments),
            control.armed.eq(arming.granted), control.refused.eq(arming.refused),
            control.operator.eq(arming.granted_operator),
            bank.arm_challenge.eq(arming.challenge), bank.arm_ask.eq(arming.challenge != 0),
            bank.arm_failures.eq(arming.failures),
            bank.operator_key_refused.eq(arming.key_refused),
        ]  # fmt: skip
        for place, strobe in enumerate(strobes):
            with m.If(strobe):
                m.d.comb += [
                    arming.key_operator.eq(place // _WORDS), arming.key_word.eq(place % _WORDS)
                ]  # fmt: skip

    def _count(self, m: Module) -> None:
        """Fill in the registers that count and show."""
        gate, bank, kills, time = self._gate, self._bank, self._kills, self._time
        m.submodules.denials = denials = DenialCounts(counters=64)
        shown = Cat(
            self._tables.ready, self._tables.fault, kills.armed, kills.killed,
            self._arming.locked_out, gate.cancelling, self._deadman.expired, gate.settled,
        )  # fmt: skip
        m.d.comb += [
            bank.risk_status.eq(shown), time.step.eq(bank.time_step), bank.now.eq(time.now),
            bank.kill.eq(kills.causes), bank.disarm.eq(~kills.armed),
            bank.deadman.eq(self._deadman.expired), bank.open_orders.eq(gate.open_orders),
            *(
                getattr(bank, f"{n}_instruments").eq(getattr(self._breaker, n))
                for n in ("widened", "reducing", "halted")
            ),
            bank.trips_lost.eq(self._breaker.trips_lost),
            *(
                getattr(bank, f"kill_{n}").eq(getattr(kills, f"killed_{n}"))
                for n in ("venues", "accounts", "instruments", "strategies")
            ),
            denials.event.eq(gate.denied), denials.which.eq(gate.denied_first),
            denials.index.eq(bank.denials_index), bank.denials.eq(denials.count),
        ]  # fmt: skip
        for name, event, bits in (
            ("requests", gate.taken, 64), ("orders_passed", gate.passed, 64),
            ("orders_denied", gate.denied, 64), ("report_faults", gate.fault, 32),
        ):  # fmt: skip
            counter = Signal(bits, name=f"{name}_count")
            count_saturating(m, counter, event)
            m.d.comb += getattr(bank, name).eq(counter)
