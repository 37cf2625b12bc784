"""A device with the risk gate beside the model of it: its market, its limits, its operator."""

from collections.abc import Callable
from typing import Final

import numpy as np

from host.device.records import UPDATE_DTYPE
from hw.arming import arming_answer
from hw.records import ORDER, RISK_EVENT, RISK_EVENT_KIND, SIDE, UPDATE_KIND
from sim.devices.verilated_risk import VerilatedRiskDevice
from sim.models.risk_gate import RiskGate
from sim.models.risk_world import BookState
from sim.orderflow.risk_setting import Setting
from sim.orderflow.risk_steps import BookMoved

__all__ = ["PATIENCE", "RiskBox"]

#: Longest wait for anything [cycles].
PATIENCE: Final = 20_000
_KEY: Final = bytes(range(16))
_EVENT_FIELDS: Final = [
    f.name for f in RISK_EVENT.fields if f.name not in ("sequence", "time", "cycle", "latency")
]
_ORDER_FIELDS: Final = [f.name for f in ORDER.fields if f.name != "cycle"]
_CONTROL: Final = (
    RISK_EVENT_KIND.killed, RISK_EVENT_KIND.armed, RISK_EVENT_KIND.refused,
    RISK_EVENT_KIND.disarmed,
)  # fmt: skip
#: What the box does without a request.
_OWN: Final = (RISK_EVENT_KIND.cancel_sent, RISK_EVENT_KIND.withdrawn)
_READY: Final = 1 << 0


class RiskBox:
    """What a device is told and what it says.

    Parameters
    ----------
    device : VerilatedRiskDevice
        The device.
    model : RiskGate
        What its market is noted in.
    setting : Setting
        Its limits; one book has the prices of an instrument.

    Attributes
    ----------
    orders, events, own_orders, own_events : list of dict
        What came and was not compared yet; ``own`` is what the box sent of itself.
    latencies : dict of int to set of int
        By kind of request [cycles].
    quoted, made : dict
        Of each instrument the first price, and what its bad book has made of the market.
    """

    def __init__(self, device: VerilatedRiskDevice, model: RiskGate, setting: Setting) -> None:
        self.device, self.model = device, model
        rows = [(row & 0xFF, row >> 8 & 0xFF) for row in setting.limits["book_market"]]
        self.places = {i: (b, v) for b, (i, v) in enumerate(rows)}
        self.quoted: dict[int, int] = {}
        self.made: dict[int, int | None] = {}
        self.orders: list[dict[str, int]] = []
        self.events: list[dict[str, int]] = []
        self.own_orders: list[dict[str, int]] = []
        self.own_events: list[dict[str, int]] = []
        self.latencies: dict[int, set[int]] = {}
        for word in range(4):
            part = _KEY[4 * word : 4 * word + 4]
            device.write("operator_key", int.from_bytes(part, "little"), word)

    def collect(self, cycles: int) -> None:
        """Run some cycles and keep what came, but what the operator is told of."""
        orders, events = self.device.collect(cycles)
        for order in orders:
            # A cancel that the box sends of itself has no time.
            kept = self.orders if order["time"] else self.own_orders
            kept.append({n: int(order[n]) for n in _ORDER_FIELDS})
        for event in events:
            if event["kind"] not in _CONTROL:
                own = event["kind"] in _OWN and not event["cause"]
                kept = self.own_events if own else self.events
                kept.append({n: int(event[n]) for n in _EVENT_FIELDS})
                if event["latency"]:
                    self.latencies.setdefault(int(event["cause"]), set()).add(int(event["latency"]))

    def arm(self, scope: int, instruments: int = 0) -> None:
        """Ask, sign and answer."""
        device = self.device
        device.write("arm_instruments", instruments)
        device.write("arm_ask", scope << 8)
        self.collect(8)
        challenge = device.read("arm_challenge")
        answer = arming_answer(
            _KEY, challenge=challenge, operator=0, scope=scope, instruments=instruments
        )
        device.write("arm_answer", answer & 0xFFFF_FFFF, 0)
        device.write("arm_answer", answer >> 32, 1)
        self.collect(64)
        assert device.read("arm_failures") == 0

    def update(self, instrument: int, *updates: dict[str, int]) -> None:
        """Send updates of the instrument's book; its last event is then of now."""
        book, venue = self.places[instrument]
        records = np.zeros(len(updates), UPDATE_DTYPE)
        records["book"], records["time"] = book, self.model.world.now
        for record, fields in zip(records, updates, strict=True):
            for name, value in fields.items():
                record[name] = value
        due = self.device.read("events") + len(records)
        self.device.transfer(records)
        self.until("events", lambda events: events >= due, "every update must have its event")
        state = BookState(part=True, seen=True, time=self.model.world.now)
        self.model.market.books[instrument, venue] = state

    def quote(self, instrument: int, double_mid: int | None) -> None:
        """Move the best prices; with None they leave."""
        if self.made.pop(instrument, -1) == double_mid:
            return
        empty: dict[str, int] = {"kind": UPDATE_KIND.clear, "flags": 1}
        if double_mid is None:
            self.update(instrument, empty)
            return
        bid = (double_mid - 1) // 2
        sides = enumerate(((SIDE.bid, bid), (SIDE.ask, double_mid - bid)), start=1)
        adds: list[dict[str, int]] = [
            {"kind": UPDATE_KIND.add, "side": side, "order_id": n, "tick": tick, "quantity": 5}
            for n, (side, tick) in sides
        ]
        self.update(instrument, empty, *adds)
        self.quoted.setdefault(instrument, double_mid)

    def move_book(self, step: BookMoved) -> BookMoved:
        """Make a book what it is to be, as far as it can be; return what it is."""
        i, double = step.instrument, self.model.market.double_mid[step.instrument]
        was = self.model.market.books.get((i, step.venue), step.book)
        if step.book.gap:
            self.update(i, {"kind": UPDATE_KIND.gap})
            self.made[i] = None
            return step
        if step.book.crossed and double is not None and not was.invalid:
            bid = (double - 1) // 2
            self.quote(i, double)
            meets = {"side": SIDE.ask, "order_id": 3, "tick": bid, "quantity": 5}
            self.update(i, {"kind": UPDATE_KIND.add} | meets)
            self.made[i] = 2 * bid
            return step
        self.update(i, {"kind": UPDATE_KIND.status})
        as_it_was = {name: getattr(was, name) for name in ("invalid", "gap", "crossed")}
        return BookMoved(i, step.venue, step.book._replace(**as_it_was))

    def commit(self, order: int = 1) -> None:
        """Bring the limits into force, or drop them; wait until they are copied and used."""
        self.device.write("limits_commit", order)
        self.until("risk_status", lambda s: bool(s & _READY), "the limits must be copied")
        # A round of the circuit breaker.
        self.collect(128 * (self.device.risk.instruments + 1))

    def until(self, register: str, holds: Callable[[int], bool], what: str) -> None:
        """Wait until a register is as it must be."""
        for _ in range(PATIENCE // 32):
            self.collect(32)
            if holds(self.device.read(register)):
                return
        raise AssertionError(what)
