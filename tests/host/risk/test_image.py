"""Tests of host.risk.image: limits as registers, against the gate's own model of its tables."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.device.base import DeviceError
from host.risk.fields import LIMIT_REGISTERS, SECTIONS, LimitField
from host.risk.image import Image, apply_limits, limits_image, limits_tree, read_image
from host.risk.limits import LimitsError, parse_limits
from hw.limit_rows import limit_rows, row_group
from hw.records import ENUMS
from hw.risk_parameters import RiskParameters
from sim.models.divisible import divisible
from sim.models.risk_limits import RiskLimits
from tests.host.risk.documents import changed, document

RISK = RiskParameters(instruments=4, venues=2, strategies=4, accounts=2, books=8)


class TableDevice:
    """Limit tables alone, as the model of the gate has them; a write in ``bad`` is refused."""

    def __init__(self, bad: str = "", commits: bool = True, forgetful: str = "") -> None:
        self.risk = RISK
        self.tables = RiskLimits(RISK)
        self.bad, self.commits, self.forgetful = bad, commits, forgetful
        self.values = {"risk_status": 1, "limits_refused": 0, "limits_commit": 0, "cycles": 0}

    def read(self, register: str, index: int = 0) -> int:
        """Return a value; time goes on with each."""
        self.values["cycles"] += 8
        if register in self.values:
            return self.values[register]
        return self.tables.staged[register][index] if register != self.forgetful else 0

    def write(self, register: str, value: int, index: int = 0) -> None:
        """Stage a limit, commit or forget."""
        if register != "limits_commit":
            if register == self.bad or not self.tables.stage(register, index, value):
                self.values["limits_refused"] += 1
                self.values["risk_status"] |= 2
        elif value == 2:
            self.tables.forget()
            self.values["risk_status"] &= ~2
        elif self.commits and self.tables.commit():
            self.values["limits_commit"] += 1


def image_of(limits: dict[str, Any]) -> Image:
    return limits_image(parse_limits(limits), RISK)


def test_an_image_has_every_row_of_the_build_and_nothing_open_where_no_row_is_named() -> None:
    image = image_of({"version": 1})
    assert {name: len(values) for name, values in image.items()} == {
        name: limit_rows(register.table, RISK) if row_group(register.table) else register.count
        for name, register in LIMIT_REGISTERS.items()
    }
    assert not any(any(values) for values in image.values())


def test_names_become_the_rows_that_they_stand_for() -> None:
    image = image_of(changed("books.one.takes_part", True))
    assert image["strategy_instruments"] == [0, 0, 1 << 3, 0]
    assert image["book_market"] == [0] * 5 + [3 | 1 << 8 | 1 << 16] + [0] * 2
    assert image["account_flags"] == [1, 0]
    assert image["max_gross"] == [12]


@given(st.integers(1, 10**6), st.integers(0, 2**31))
def test_a_round_lot_lets_its_multiples_through_alone(lot: int, quantity: int) -> None:
    image = image_of(changed("instruments.BTC-USD.round_lot", lot))
    fields = [image[f"lot_{part}"][3] for part in ("mask", "inverse", "bound")]
    bits = RISK.quantity_bits
    mask, inverse, bound = fields
    odd = quantity >> (mask + 1).bit_length() - 1
    passes = quantity & mask == 0 and odd * inverse % (1 << bits) <= bound
    assert passes == divisible(quantity, lot)


def test_a_burst_is_the_tolerance_that_lets_as_many_through_at_once() -> None:
    limits = changed("venues.alpha.venue_period", "10 us")
    limits["venues"]["alpha"]["venue_orders"] = 5
    image = image_of(limits)
    tat, passed = 0, 0
    while tat <= image["venue_tolerance"][1]:  # GCRA at time 0
        tat, passed = tat + image["venue_period"][1], passed + 1
    assert passed == 5


@pytest.mark.parametrize(
    ("path", "value", "text"),
    [
        ("instruments.BTC-USD.index", 4, "BTC-USD.index: this device has rows 0 to 3, not 4"),
        ("instruments.BTC-USD.max_tick", 1 << 32, "this device holds at most 4294967295, not"),
        ("instruments.BTC-USD.round_lot", 1 << 40, "expected 0 to 4294967295 lots"),
        ("venues.alpha.venue_orders", 1 << 20, "1048576 orders at once need"),
    ],
)
def test_what_the_build_cannot_hold_is_refused(path: str, value: int, text: str) -> None:
    limits = changed(path, value)
    limits["venues"]["alpha"]["venue_period"] = (1 << 64) - 1
    with pytest.raises(LimitsError, match=text):
        image_of(limits)


def value_of(field: LimitField, draw: st.DrawFn) -> Any:
    """Draw a value of a field that this build holds."""
    assert field.kind != "index"
    if field.kind == "flag":
        return draw(st.booleans())
    if field.kind == "code":
        assert field.part is not None
        return draw(st.sampled_from([code.name for code in ENUMS[field.part.enum]]))
    if field.kind == "mask":
        return sorted(draw(st.sets(st.sampled_from(["BTC-USD", "ETH-USD"]))), reverse=True)
    if field.kind == "burst":
        return draw(st.integers(1, 1000))
    name = field.register + ("_inverse" if field.kind == "divisor" else "")
    bits = min(field.width, RISK.limit_bits(name, LIMIT_REGISTERS[name].width))
    bits = 48 if name.endswith("_period") else bits  # that a burst fits too
    low = 1 if name.endswith("_period") else 0
    return draw(st.integers(low, (1 << bits) - 1))


@given(st.data())
def test_registers_read_back_as_the_limits_that_made_them(data: st.DataObject) -> None:
    made = document()
    for section, fields in SECTIONS.items():
        rows = made.setdefault(section, {})
        for row in rows.values() if all(isinstance(r, dict) for r in rows.values()) else [rows]:
            for field in fields:
                if field.kind != "index":
                    row[field.name] = value_of(field, data.draw)  # type: ignore[arg-type] # a DrawFn in all but name
            for low, high in (("min_quantity", "max_quantity"), ("min_tick", "max_tick")):
                if low in row:
                    row[low], row[high] = sorted((row[low], row[high]))
    limits = parse_limits(made)
    tree = limits_tree(limits_image(limits, RISK), limits, RISK)
    for section, rows in tree.items():
        wanted = limits.tree[section]
        for name, value in rows.items():
            if isinstance(value, dict):
                assert value == {key: wanted[name][key] for key in value}, name
            else:
                assert value == wanted[name], name


def test_rows_without_a_name_are_told_by_their_number() -> None:
    image = image_of({"version": 1})
    image["book_market"][6] = 1 << 16 | 1 << 8 | 2
    image["strategy_instruments"][1] = 0b1001
    tree = limits_tree(image, parse_limits(document()), RISK)
    assert tree["books"]["#6"] == {
        "index": 6, "instrument": "#2", "venue": "alpha", "takes_part": True,
    }  # fmt: skip
    assert tree["strategies"]["taker"]["instruments"] == ("ETH-USD", "BTC-USD")


def test_applied_limits_are_in_force_and_what_was_staged_before_is_not() -> None:
    device = TableDevice()
    device.write("max_net", 99)
    image = image_of(document())
    apply_limits(device, image)
    assert device.values["limits_commit"] == 1
    assert {name: device.tables.active[name] for name in image} == image
    assert read_image(device) == image


@pytest.mark.parametrize(
    ("device", "text"),
    [
        (TableDevice(bad="max_loss"), "the gate refused 4 writes"),
        (TableDevice(commits=False), "the gate refused the commit"),
        (TableDevice(forgetful="max_gross"), r"max_gross\[0\] must read back 12, not 0"),
    ],
)
def test_a_refusal_leaves_the_limits_as_they_were_and_nothing_staged(
    device: TableDevice, text: str
) -> None:
    before = {name: list(values) for name, values in device.tables.active.items()}
    with pytest.raises(DeviceError, match=text):
        apply_limits(device, image_of(document()))
    assert device.tables.active == before
    assert device.tables.staged == before
    assert device.values["risk_status"] == 1


def test_tables_that_are_never_ready_are_given_up_on() -> None:
    device = TableDevice()
    device.values["risk_status"] = 0
    clock = iter(range(100))
    with pytest.raises(DeviceError, match="the limit tables were not ready after 5 s"):
        apply_limits(device, image_of(document()), monotonic=lambda: float(next(clock)))
