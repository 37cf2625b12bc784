"""Requests to a risk gate: ordinary orders, orders with one thing wrong, and reports."""

import random
from collections import deque
from collections.abc import Callable
from typing import Final

from hw.records import REQUEST_KIND, SIDE
from sim.models.risk_gate import RiskGate
from sim.models.risk_state import OpenOrder
from sim.models.risk_world import Request
from sim.orderflow.risk_setting import Setting

__all__ = ["Requests"]

_BID, _ASK = SIDE.bid, SIDE.ask
_NEW, _CANCEL, _FILL = REQUEST_KIND.new, REQUEST_KIND.cancel, REQUEST_KIND.fill
_SET_POSITION, _SET_ORDER = REQUEST_KIND.set_position, REQUEST_KIND.set_order
_RESET, _AUDIT = REQUEST_KIND.reset_executions, REQUEST_KIND.audit
_REPORTS: Final = (
    REQUEST_KIND.ack,
    _FILL,
    REQUEST_KIND.cancelled,
    REQUEST_KIND.rejected,
    REQUEST_KIND.cancel_rejected,
)
_REPORT_SHARES: Final = (0.2, 0.52, 0.18, 0.04, 0.06)
_INDICES: Final = ("instrument", "venue", "strategy", "account")


class Requests:
    """Draws requests that fit what the gate knows at the moment.

    Parameters
    ----------
    gate : RiskGate
        The model, which is only looked at.
    setting : Setting
        Its limits and prices.
    rng : random.Random
        Source of all randomness.

    Attributes
    ----------
    passed : Request or None
        The last order that passed; set by the caller.
    left : deque of OpenOrder
        Orders that were open a while ago; extended by the caller.
    """

    def __init__(self, gate: RiskGate, setting: Setting, rng: random.Random) -> None:
        self.gate, self.setting, self.rng = gate, setting, rng
        self.parameters = gate.parameters
        self.passed: Request | None = None
        self.left: deque[OpenOrder] = deque(maxlen=64)
        self._counter = 0
        self._spoils: tuple[Callable[[Request], Request], ...] = (
            self._bad_index,
            self._bad_index,
            self._quantity,
            self._off_lot,
            self._off_step,
            self._far,
            self._far,
            self._taken_id,
            self._alike,
            self._across,
            self._venue,
        )

    def order_id(self) -> int:
        """Return an id that is most often new."""
        top = (1 << self.parameters.id_bits) - 1
        u = self.rng.random()
        if u < 0.05 and self.left:
            return self.rng.choice(self.left).order_id
        if u < 0.3:
            return self.rng.getrandbits(self.parameters.id_bits)
        self._counter += 1
        return self._counter & top

    def good(self) -> Request:
        """Return an order that the limits of the setting let pass."""
        rng = self.rng
        i, venue = rng.choice(self.setting.places)
        trading = self.setting.trading[i]
        side = rng.randrange(2)
        middle = (self.gate.market.double_mid[i] or 2 * trading.price) // 2
        away = trading.step * (1 + int(rng.random() ** 2 * trading.reach / 4))
        tick = middle - away if side == _BID else middle + away
        return Request(
            kind=_NEW,
            side=side,
            instrument=i,
            venue=venue,
            strategy=rng.randrange(self.parameters.strategies),
            account=rng.randrange(self.parameters.accounts),
            flags=rng.getrandbits(16),
            order_id=self.order_id(),
            tick=max(0, tick) // trading.step * trading.step,
            quantity=trading.lot * rng.randint(2, 10),
            time=self.gate.world.now,
        )

    def spoiled(self) -> Request:
        """Return an order with one thing wrong."""
        return self.rng.choice(self._spoils)(self.good())

    def _bad_index(self, r: Request) -> Request:
        p, rng = self.parameters, self.rng
        rows = (p.instruments, p.venues, p.strategies, p.accounts)
        wrong = [{n: rng.randint(k, 255)} for n, k in zip(_INDICES, rows, strict=True)]
        wrong += [{"side": rng.randint(2, 255)}, self._wide("tick"), self._wide("quantity")]
        wrong += [{"order_id": 1 << p.id_bits | r.order_id}] if p.id_bits < 64 else []
        return r._replace(**rng.choice(wrong))

    def _wide(self, name: str) -> dict[str, int]:
        """Return a price or quantity that does not fit, or only just does."""
        p = self.parameters
        bits = p.tick_bits if name == "tick" else p.quantity_bits
        return {name: self.rng.choice([1 << bits, (1 << bits) - 1, 1 << 63])}

    def _quantity(self, r: Request) -> Request:
        lot = self.setting.trading[r.instrument].lot
        return r._replace(quantity=lot * self.rng.choice([0, 1, 14, 15, 16]))

    def _off_lot(self, r: Request) -> Request:
        return r._replace(quantity=r.quantity + self.rng.randrange(3))

    def _off_step(self, r: Request) -> Request:
        return r._replace(tick=r.tick + self.rng.randrange(3))

    def _far(self, r: Request) -> Request:
        trading = self.setting.trading[r.instrument]
        steps = self.rng.randint(trading.reach // 3, trading.reach + 2)
        sign = self.rng.choice([-1, 1])
        return r._replace(tick=max(0, trading.price + sign * steps * trading.step))

    def _taken_id(self, r: Request) -> Request:
        order = self.open_order()
        return r if order is None else r._replace(order_id=order.order_id)

    def alike(self) -> Request | None:
        """Return the order that passed last, with another id."""
        if self.passed is None:
            return None
        return self.passed._replace(order_id=self.order_id(), time=self.gate.world.now)

    def _alike(self, r: Request) -> Request:
        return self.alike() or r

    def _across(self, r: Request) -> Request:
        """Return the order at a price at which one of our own may rest."""
        order = self.open_order()
        if order is None:
            return r
        change = self.rng.randint(-1, 1) * self.setting.trading[order.instrument].step
        return r._replace(
            instrument=order.instrument,
            venue=order.venue,
            side=1 - order.side,
            tick=max(0, order.tick + change),
            quantity=2 * self.setting.trading[order.instrument].lot,
        )

    def _venue(self, r: Request) -> Request:
        return r._replace(venue=self.rng.randrange(self.parameters.venues))

    def open_order(self) -> OpenOrder | None:
        """Return one of the open orders, the oldest or any."""
        orders = self.gate.state.orders
        if not orders:
            return None
        if self.rng.random() < 0.3:
            return next(iter(orders.values()))
        return orders[self.rng.choice(list(orders))]

    def _known(self, share: float) -> OpenOrder | None:
        """Return an open order, or with the rest of the probability one that has left."""
        if self.rng.random() < share:
            return self.open_order()
        return self.rng.choice(self.left) if self.left and self.rng.random() < 0.7 else None

    def _about(self, kind: int, order: OpenOrder | None) -> Request:
        """Return a request about an order, or about one that never was."""
        r = self.good()._replace(kind=kind, order_id=self.rng.getrandbits(64))
        if order is None:
            return r
        return r._replace(
            order_id=order.order_id,
            side=order.side,
            instrument=order.instrument,
            tick=order.tick,
        )

    def cancel(self) -> Request:
        """Return a cancel."""
        r = self._about(_CANCEL, self._known(0.9))
        return r if self.rng.random() < 0.8 else r._replace(strategy=self.rng.randrange(256))

    def report(self) -> Request:
        """Return a report of a venue."""
        kind = self.rng.choices(_REPORTS, _REPORT_SHARES)[0]
        order = self._known(0.97)
        r = self._about(kind, order)
        if kind == _FILL:
            r = self._filled(r, order)
        return self._bad_index(r) if self.rng.random() < 0.02 else r

    def _filled(self, r: Request, order: OpenOrder | None) -> Request:
        rng, remaining = self.rng, order.remaining if order else r.quantity
        u = rng.random()
        if u < 0.5:
            quantity = remaining
        elif u < 0.96:
            quantity = rng.randint(1, max(1, remaining))
        elif u < 0.98:
            quantity = remaining + rng.randint(1, 5)
        else:
            quantity = 0
        r = r._replace(quantity=quantity, execution=rng.getrandbits(64) if u > 0.1 else 0)
        if order and rng.random() < 0.04:
            return r._replace(execution=order.execution)
        return r._replace(**self._wide("quantity")) if rng.random() < 0.003 else r

    def word(self) -> Request:
        """Return a word of the operator, or a request of no kind."""
        kind = self.rng.choice(
            [_RESET, _RESET, _RESET, _RESET, _AUDIT, _SET_POSITION, _SET_ORDER, 0, 255]
        )
        r = self.good()._replace(kind=kind)
        return self._bad_index(r) if self.rng.random() < 0.2 else r

    def position(self, size: int) -> Request:
        """Return the word that sets a position."""
        return self.good()._replace(kind=_SET_POSITION, quantity=size)

    def resting(self) -> Request:
        """Return the word that sets an open order, sometimes a wrong one."""
        r = self.good() if self.rng.random() < 0.7 else self.spoiled()
        return r._replace(kind=_SET_ORDER)
