"""Situations of a risk gate in which one check only just passes, and only just fails."""

from collections.abc import Callable
from typing import Any

from hw.order_slots import ORDER_WAYS
from hw.records import SIDE
from sim.models.risk_gate import RiskGate
from sim.models.risk_world import Request
from tests.sim.models.risk_good import GOOD, LIMITS, NOW, SMALL, commit, fill_places, rest

__all__ = ["CASES", "Prepare"]

Prepare = Callable[[RiskGate], Request]
SELL = {"side": SIDE.ask}


def limit(order: dict[str, int] | None = None, /, **limits: int) -> Prepare:
    """Change limits."""

    def prepare(gate: RiskGate) -> Request:
        commit(gate, **limits)
        return GOOD._replace(**(order or {}))

    return prepare


def order(**changes: int) -> Prepare:
    """Change the order."""
    return limit(changes)


def world(**changes: Any) -> Prepare:
    """Change what the world tells."""

    def prepare(gate: RiskGate) -> Request:
        for name, value in changes.items():
            setattr(gate.world, name, value)
        return GOOD

    return prepare


def book(**changes: Any) -> Prepare:
    """Change the order's book."""

    def prepare(gate: RiskGate) -> Request:
        gate.market.books[1, 1] = gate.market.books[1, 1]._replace(**changes)
        return GOOD

    return prepare


def state(order: dict[str, int] | None = None, /, **changes: int) -> Prepare:
    """Change what the gate keeps of row 1, or of the only row."""

    def prepare(gate: RiskGate) -> Request:
        for name, value in changes.items():
            row = getattr(gate.state, name)
            row[min(1, len(row) - 1)] = value
        gate.settle()
        return GOOD._replace(**(order or {}))

    return prepare


def exposed(position: int, order: dict[str, int] | None = None, /, **limits: int) -> Prepare:
    """Have a position and open orders in another instrument, 70 on either side."""

    def prepare(gate: RiskGate) -> Request:
        gate.state.position[2] = position
        gate.state.cash[2] = -1000 * position
        rest(gate, instrument=2, quantity=70)
        rest(gate, instrument=2, quantity=70, side=SIDE.ask, tick=1005)
        return limit(order, **limits)(gate)

    return prepare


def quoted(double_mid: int | None, last: int | None = 1000, **limits: int) -> Prepare:
    """Change the reference price."""

    def prepare(gate: RiskGate) -> Request:
        gate.quote(1, double_mid)
        gate.market.last[1] = last
        return limit(**limits)(gate)

    return prepare


def resting(order: dict[str, int] | None = None, /, **changes: int) -> Prepare:
    """Have another order of our own in the instrument."""

    def prepare(gate: RiskGate) -> Request:
        rest(gate, **changes)
        return GOOD._replace(**(order or {}))

    return prepare


def resting_under(**limits: int) -> Prepare:
    """Have two other orders, one of them like the order in what is counted."""

    def prepare(gate: RiskGate) -> Request:
        rest(gate, strategy=1)
        rest(gate, instrument=0)
        return limit(**limits)(gate)

    return prepare


def after_alike(passed: int, *, window: int = 100, **changes: int) -> Prepare:
    """Have an order pass that differs in ``changes``, some time before."""

    def prepare(gate: RiskGate) -> Request:
        commit(gate, duplicate_window=window)
        assert gate.request(GOOD._replace(order_id=5, **changes)).failed == 0
        gate.world.now += passed
        return GOOD

    return prepare


def after_many(orders: int, passed: int) -> Prepare:
    """Have orders pass that are not alike, and let time pass after the first."""

    def prepare(gate: RiskGate) -> Request:
        for k in range(orders):
            assert gate.request(GOOD._replace(order_id=k, tick=GOOD.tick - 5 * k - 5)).failed == 0
            gate.world.now += passed if k == 0 else 0
        return GOOD

    return prepare


def crowded(ways: int) -> Prepare:
    """Have the order's places in the first ways taken."""

    def prepare(gate: RiskGate) -> Request:
        fill_places(gate, GOOD.order_id, ways)
        return GOOD

    return prepare


def no_divisor(name: str) -> Prepare:
    """Take the divisor away."""
    return limit(**{f"{name}_{part}": 0 for part in ("mask", "inverse", "bound")})


STALE = NOW - LIMITS["max_age"]
#: Check, what passes it only just, and what fails it alone.
CASES: list[tuple[str, Prepare, Prepare]] = [
    *(("bad_index", order(**{n: 1}), order(**{n: 2})) for n in ("venue", "strategy", "account")),
    ("bad_index", order(instrument=3), order(instrument=4)),
    ("bad_index", order(side=1), order(side=2)),
    ("bad_index", order(order_id=0xFFFF), order(order_id=0x10000)),
    ("bad_index", order(), order(tick=1 << SMALL.tick_bits)),
    ("bad_index", order(), order(quantity=1 << SMALL.quantity_bits)),
    ("not_armed", world(armed=True), world(armed=False)),
    ("killed", world(killed=False), world(killed=True)),
    ("killed_venue", world(killed_venues={0}), world(killed_venues={1})),
    ("killed_account", world(killed_accounts={0}), world(killed_accounts={1})),
    ("killed_instrument", world(killed_instruments={0, 2}), world(killed_instruments={1})),
    ("killed_strategy", world(killed_strategies={0}), world(killed_strategies={1})),
    ("deadman", world(deadman_expired=False), world(deadman_expired=True)),
    ("halted", world(halted={0}), world(halted={1})),
    ("restricted", limit(instrument_flags=0b011), limit(instrument_flags=0b010)),
    ("not_permitted", limit(strategy_flags=1), limit(strategy_flags=0)),
    ("not_permitted", limit(strategy_instruments=2), limit(strategy_instruments=13)),
    ("account_closed", limit(account_flags=1), limit(account_flags=2)),
    ("session", limit(venue_flags=1), limit(venue_flags=2)),
    ("min_quantity", limit(min_quantity=20), limit(min_quantity=21)),
    ("min_quantity", limit(min_quantity=0), limit({"quantity": 0}, min_quantity=0)),
    ("max_quantity", limit(max_quantity=20), limit(max_quantity=19)),
    ("lot", order(quantity=30), order(quantity=29)),
    ("lot", order(), no_divisor("lot")),
    ("tick", order(tick=995), order(tick=996)),
    ("tick", order(), no_divisor("tick")),
    ("max_notional", limit(max_notional=20_000), limit(max_notional=19_999)),
    ("price_band", limit(min_tick=1000), limit(min_tick=1001)),
    ("price_band", limit(max_tick=1000), limit(max_tick=999)),
    ("luld", world(bands={1: (1000, 1000)}), world(bands={1: (1001, 1005)})),
    ("luld", world(bands={0: (1, 1)}), world(bands={1: (990, 999)})),
    ("no_reference", quoted(2001, None), quoted(None)),
    ("no_reference", quoted(None, instrument_flags=7), quoted(2001, None, instrument_flags=7)),
    ("collar", quoted(2400), quoted(2401)),
    ("collar", quoted(1600), quoted(1599)),
    ("collar", quoted(2000, collar=0), quoted(2001, collar=0)),
    ("collar", quoted(9, 800, instrument_flags=7), quoted(2001, 799, instrument_flags=7)),
    ("no_book", book(), book(part=False, invalid=True, gap=True, crossed=True, deferred=True)),
    ("book_invalid", book(), book(invalid=True)),
    ("book_deferred", book(), book(deferred=True)),
    ("book_crossed", book(), book(crossed=True)),
    ("book_stale", book(time=STALE), book(time=STALE - 1)),
    ("book_stale", book(time=NOW + 5), book(seen=False)),
    ("feed_gap", book(), book(gap=True)),
    ("max_long", limit(max_long=20), limit(max_long=19)),
    ("max_long", state(position=900, open_buy=80), state(position=901, open_buy=80)),
    ("max_long", state(SELL, position=2000), state(position=981)),
    ("max_short", limit(SELL, max_short=20), limit(SELL, max_short=19)),
    ("max_short", state(SELL, position=-900, open_sell=80), state(SELL, position=-981)),
    ("max_short", state(position=-2000, cash=2_001_000), state(SELL, position=-900, open_sell=81)),
    ("max_gross", limit(max_gross=60), limit(max_gross=59)),
    ("max_net", limit(max_net=60), limit(max_net=59)),
    ("max_net", limit(SELL, max_net=60), limit(SELL, max_net=59)),
    ("max_gross", exposed(-30, max_gross=570), exposed(-30, max_gross=569)),
    ("max_net", exposed(30, max_net=360), exposed(30, max_net=359)),
    ("max_net", exposed(-30, max_net=180), exposed(-30, max_net=179)),
    ("max_net", exposed(-30, SELL, max_net=360), exposed(-30, SELL, max_net=359)),
    ("max_net", exposed(30, SELL, max_net=180), exposed(30, SELL, max_net=179)),
    ("max_loss", state(cash=-1_000_000), state(cash=-1_000_001)),
    ("max_loss", state(position=-10, cash=-989_995), state(position=-10, cash=-989_996)),
    ("duplicate_id", resting(order_id=101), resting(order_id=100)),
    ("table_full", crowded(ORDER_WAYS - 1), crowded(ORDER_WAYS)),
    ("max_open_orders", resting_under(max_open_orders=3), resting_under(max_open_orders=2)),
    (
        "max_instrument_orders",
        resting_under(max_instrument_orders=2),
        resting_under(max_instrument_orders=1),
    ),
    (
        "max_strategy_orders",
        resting_under(max_strategy_orders=2),
        resting_under(max_strategy_orders=1),
    ),
    ("self_match", resting(side=1, tick=1001), resting(side=1, tick=1000)),
    ("self_match", resting(SELL, side=0, tick=999), resting(SELL, side=0, tick=1000)),
    ("self_match", resting(side=1, instrument=2, tick=5), resting(side=1, tick=5)),
    ("duplicate", after_alike(100), after_alike(99)),
    ("duplicate", after_alike(0, window=0), after_alike(0, window=1)),
    ("duplicate", after_alike(0, quantity=10), after_alike(0, flags=1, account=0, venue=0)),
    ("duplicate", after_many(8, 0), after_many(9, 99)),
    ("duplicate", after_many(9, 100), after_many(10, 100)),
    ("executions", state(fills=99), state(fills=100)),
    ("message_ratio", state(used=99), state(used=100)),
    ("strategy_rate", state(strategy_tat=NOW + 10_000), state(strategy_tat=NOW + 10_001)),
    ("strategy_rate", limit(strategy_period=1), limit(strategy_period=0)),
    ("venue_rate", state(venue_tat=NOW + 10_000), state(venue_tat=NOW + 10_001)),
    ("venue_rate", limit(venue_period=1), limit(venue_period=0)),
    ("box_rate", state(box_tat=NOW + 10_000), state(box_tat=NOW + 10_001)),
    ("box_rate", limit(box_period=1), limit(box_period=0)),
    ("burst", state(burst_tat=NOW + 10_000), state(burst_tat=NOW + 10_001)),
    ("burst", limit(burst_period=1), limit(burst_period=0)),
    ("not_ready", world(events_full=False), world(events_full=True)),
]
