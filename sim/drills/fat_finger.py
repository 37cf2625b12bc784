"""The drill ``fat-finger``: sizes and prices about every limit, and slips of the keyboard."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, Final

from hw.records import SIDE
from sim.drills.desk import Desk, Traded, desk_limits
from sim.drills.gate import OpenDevice
from sim.drills.results import DrillResult, Table
from sim.drills.stage import Stage

__all__ = ["expected_checks", "run_fat_finger"]

_BID, _ASK = SIDE.bid, SIDE.ask
_MS: Final = 1_000_000
_PRICE: Final = 31_780
_LOT: Final = 10
_STEP: Final = 5
_WORD: Final = 1 << 64
_BETWEEN: Final = 20 * _MS  # more than any rate and the filter of duplicates look at
_REFRESH: Final = 25  # orders between two looks at the market
_EXAMPLES: Final = 10
_NOTE: Final = (
    "Expected are all checks that the limits say must fail, and no other; losses are those of the "
    "slips, were they filled in full at their own price."
)


@dataclass(frozen=True, slots=True)
class _Order:
    side: int
    tick: int
    quantity: int
    slip: str = ""


@dataclass(frozen=True, slots=True)
class _Judged:
    """An order, the checks that failed, and those that had to."""

    order: _Order
    failed: frozenset[str]
    expected: frozenset[str]

    def shown(self) -> dict[str, Any]:
        """Return it for a table."""
        shown: dict[str, Any] = {
            "price": self.order.tick,
            "size": self.order.quantity,
            "verdict": _listed(self.failed),
        }
        return shown | (
            {} if self.failed == self.expected else {"expected": _listed(self.expected)}
        )


def desk() -> Desk:
    """Return the desk of the drill."""
    eth = Traded(
        symbol="ETH-USD",
        currency="USD",
        price=_PRICE,
        tick_size=Fraction(1, 100),
        lot_size=Fraction(1, 1000),
        books=((0, 0), (1, 1)),
        lot=_LOT,
        step=_STEP,
        largest=20_000,
        most=50_000,
        loss=200_000_000,
    )
    return Desk(instruments=(eth,))


def run_fat_finger(open_device: OpenDevice) -> DrillResult:
    """Send every order of the sweep, and compare the verdict with what the limits say.

    Parameters
    ----------
    open_device : OpenDevice
        Makes a device just after reset.
    """
    plan = desk()
    (traded,) = plan.instruments
    with open_device() as device:
        row = {name: values[0] for name, values in desk_limits(plan, device.risk).items()}
        bits = device.risk.tick_bits, device.risk.quantity_bits
        stage = Stage(device, plan)
        stage.quote_all(_PRICE)
        stage.wait(_BETWEEN)
        judged = [*_sweep(stage, row, bits)]
        seen = stage.playing.seen
    wrong = [one.shown() for one in judged if one.failed != one.expected]
    slips = [one for one in judged if one.order.slip]
    lost = sum((_given_away(one.order) for one in slips if not one.failed), Fraction(0))
    avoided = sum((_given_away(one.order) for one in slips), Fraction(0))
    rows = [
        {"slip": one.order.slip} | one.shown() | {"cost": traded.money(_given_away(one.order))}
        for one in slips
    ]
    return DrillResult(
        name="fat-finger",
        denied=dict(seen.denied),
        orders=seen.orders,
        orders_denied=seen.orders_denied,
        currency=traded.currency,
        loss_with=traded.money(lost),
        loss_without=traded.money(avoided),
        false_alarms=len(seen.trips),
        wrong=len(wrong),
        tables=(
            Table("slips", f"Slips of the keyboard, cost in {traded.currency}", rows),
            Table("wrong_orders", "Wrong verdicts", wrong[:_EXAMPLES]),
        ),
        notes=(_NOTE,),
    )


def _sweep(stage: Stage, row: Mapping[str, int], bits: tuple[int, int]) -> Iterator[_Judged]:
    """Send every order, and yield what came of it."""
    for n, order in enumerate(_orders(row)):
        if n % _REFRESH == 0:
            stage.feeds[0].repeat()
            stage.tell()
        verdict = stage.probe(0, order.side, order.tick, order.quantity)
        expected = expected_checks(row, order.side, order.tick, order.quantity, bits)
        yield _Judged(order, verdict.failed, expected)
        stage.wait(_BETWEEN)


def expected_checks(
    limits: Mapping[str, int], side: int, tick: int, quantity: int, bits: tuple[int, int]
) -> frozenset[str]:
    """Return the checks that must fail for an order of a desk that has no position and no orders.

    Parameters
    ----------
    limits : mapping of str to int
        Of the one instrument and the box, by register.
    side, tick, quantity : int
        The order.
    bits : tuple of int
        Widths of prices and of quantities in the build.
    """
    if tick >> bits[0] or quantity >> bits[1]:
        return frozenset({"bad_index"})
    reference, buys = 2 * _PRICE, side == _BID
    low = (reference + 1) // 2 - limits["luld_band"]
    high = reference // 2 + limits["luld_band"]
    value = quantity * limits["lot_value"]
    rules = {
        "min_quantity": quantity < limits["min_quantity"] or quantity == 0,
        "max_quantity": quantity > limits["max_quantity"],
        "lot": quantity % _LOT != 0,
        "tick": tick % _STEP != 0,
        "max_notional": tick * quantity > limits["max_notional"],
        "price_band": not limits["min_tick"] <= tick <= limits["max_tick"],
        "luld": not low <= tick <= high,
        "collar": abs(2 * tick - reference) > 2 * limits["collar"],
        "max_long": buys and quantity > limits["max_long"],
        "max_short": not buys and quantity > limits["max_short"],
        "max_gross": value > limits["max_gross"],
        "max_net": value > limits["max_net"],
    }
    return frozenset(name for name, fails in rules.items() if fails)


def _orders(row: Mapping[str, int]) -> Iterator[_Order]:
    """Yield the sweep: every size with every price about the limits, both sides; then slips."""
    most = row["max_quantity"]
    lot = row["min_quantity"]
    sizes = [0, 1, lot - 1, lot, lot + 1, most // 2, most - lot, most, most + 1, most + lot]
    sizes += [row["max_long"], row["max_long"] + lot, row["max_gross"], row["max_gross"] + lot]
    sizes += [10 * most, 1000 * most, (1 << 32) - 1, 1 << 32, _WORD - 1]
    edges = [_PRICE + sign * row[name] for name in ("collar", "luld_band") for sign in (-1, 1)]
    edges += [row["min_tick"], row["max_tick"]]
    prices = [edge + by for edge in edges for by in (-1, 0, 1)]
    prices += [edge - edge % _STEP + by for edge in edges for by in (-_STEP, 0, _STEP)]
    prices += [0, 1, _PRICE, _PRICE + 1, _PRICE // 10, 10 * _PRICE, (1 << 32) - 1, 1 << 32]
    prices += [row["max_notional"] // most, row["max_notional"] // most + 1, _WORD - 1]
    for side in (_BID, _ASK):
        for tick in sorted(set(prices)):
            for quantity in sorted(set(sizes)):
                yield _Order(side, tick, quantity)
    yield from _slips(1_000)


def _slips(quantity: int) -> Iterator[_Order]:
    """Yield one ordinary order, and what fingers make of it."""
    for side, name in ((_BID, "buy"), (_ASK, "sell")):
        yield _Order(side, _PRICE, quantity, f"{name}: as meant")
        yield _Order(side, _PRICE, 10 * quantity, f"{name}: one zero more")
        yield _Order(side, _PRICE, 1000 * quantity, f"{name}: three zeros more")
        yield _Order(side, 10 * _PRICE, quantity, f"{name}: price times 10")
        yield _Order(side, _PRICE // 10, quantity, f"{name}: price by 10")
        yield _Order(side, quantity, _PRICE, f"{name}: price and size swapped")
        yield _Order(side, _PRICE + 900, quantity, f"{name}: one digit off")
        yield _Order(side, _PRICE, quantity + 1, f"{name}: odd size")


def _given_away(order: _Order) -> Fraction:
    """Return what the order would give away against the mid [ticks * lots]."""
    worse = order.tick - _PRICE if order.side == _BID else _PRICE - order.tick
    return Fraction(max(worse, 0) * order.quantity)


def _listed(checks: frozenset[str]) -> str:
    return ", ".join(sorted(checks)) or "passed"
