"""What each check of a new order costs, by synthesis for the ECP5."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final

from amaranth import Module, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In

from gateware.build.export import to_rtlil
from gateware.build.pnr_tools import cells_ecp5
from gateware.risk.new_order_checks import NewOrderChecks
from hw.records import CHECK
from hw.risk_parameters import RiskParameters

__all__ = ["ALL", "check_areas"]

#: What all checks together are called in the result.
ALL: Final = "all"
#: What the gate keeps for a check alone: it goes with the check.
_KEPT: Final = {
    "strategy_rate": "strategy", "venue_rate": "venue", "box_rate": "box", "burst": "burst",
}  # fmt: skip


class _Without(wiring.Component):
    """The checks of a new order, without one of them: nobody reads what it finds.

    Timing
    ------
    As ``NewOrderChecks``.

    Members
    -------
    all : as of ``NewOrderChecks``
    """

    failed: Value
    arrivals: Any

    def __init__(self, *, parameters: RiskParameters, name: str) -> None:
        self._checks = NewOrderChecks(parameters=parameters)
        self._name = name
        super().__init__(self._checks.signature)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.checks = self._checks
        for name, member in self.signature.members.items():
            mine, its = Value.cast(getattr(self, name)), Value.cast(getattr(self._checks, name))
            m.d.comb += its.eq(mine) if member.flow is In else mine.eq(its)
        for code in CHECK:
            if code.name == self._name:
                m.d.comb += self.failed[code.value].eq(0)
        if rate := _KEPT.get(self._name):
            m.d.comb += self.arrivals[rate].eq(0)
        return m


def check_areas(
    parameters: RiskParameters, folder: Path, *, jobs: int = 1
) -> Mapping[str, Mapping[str, int]]:
    """Return what ``NewOrderChecks`` has less if a check is left out, and what all have.

    What several checks share goes with none of them. The tables of limits, positions and orders
    that they look at are not among it.

    Parameters
    ----------
    parameters : RiskParameters
        Size of the gate.
    folder : Path
        Where to work.
    jobs : int
        How many at a time.

    Returns
    -------
    dict of str to dict of str to int
        By check, and ``ALL``: ``lut`` (LUT4), ``carry`` (CCU2C), ``ff`` and ``dsp`` [cells].
    """

    def synthesise(name: str) -> dict[str, int]:
        rtlil = to_rtlil(_Without(parameters=parameters, name=name))
        cells = cells_ecp5(rtlil, folder / name)
        kinds = {"lut": "LUT4", "carry": "CCU2C", "ff": "TRELLIS_FF", "dsp": "MULT18X18D"}
        return {short: cells.get(kind, 0) for short, kind in kinds.items()}

    names = [ALL, *(code.name for code in CHECK)]
    with ThreadPoolExecutor(jobs) as pool:
        found = dict(zip(names, pool.map(synthesise, names), strict=True))
    whole = found[ALL]
    less = {n: {k: whole[k] - own[k] for k in whole} for n, own in found.items() if n != ALL}
    return {ALL: whole, **less}
