"""The state of a risk gate, read from its registers and a read-out, under the operator's names."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from host.risk.limits import Limits
from host.risk.registers import GateRegisters
from hw.kill_causes import KILL_CAUSES
from hw.records import CHECK, ORDER_STATE, RISK_EVENT_KIND, SIDE

__all__ = [
    "GROUPS",
    "gate_state",
    "killed_groups",
    "name_of",
    "names_in",
    "open_orders",
    "positions",
]

#: What can be killed beside the box, and its section of a limits file.
GROUPS: Final = {
    "venue": "venues",
    "account": "accounts",
    "instrument": "instruments",
    "strategy": "strategies",
}
_STATUS: Final = {
    "limits_ready": 0, "limits_fault": 1, "armed": 2, "killed": 3, "locked_out": 4,
    "cancelling": 5, "deadman_expired": 6, "settled": 7,
}  # fmt: skip
_COUNTERS: Final = (
    "requests", "orders_passed", "orders_denied", "open_orders", "report_faults",
    "limits_commit", "limits_refused", "arm_failures",
)  # fmt: skip
_HELD: Final = ("widened_instruments", "reducing_instruments", "halted_instruments")


def name_of(limits: Limits | None, section: str, index: int) -> str:
    """Return the name of a row; ``#<index>`` where it has none."""
    names = {} if limits is None else limits.names(section)
    return next((name for name, i in names.items() if i == index), f"#{index}")


def names_in(limits: Limits | None, section: str, mask: int) -> list[str]:
    """Return the names of the rows of a mask."""
    return [name_of(limits, section, i) for i in range(mask.bit_length()) if mask >> i & 1]


def gate_state(gate: GateRegisters, limits: Limits | None) -> dict[str, Any]:
    """Return what the registers say.

    Returns
    -------
    dict
        ``armed``, ``killed`` and the other bits of ``risk_status``; ``kill_causes``, a list of
        names; ``killed_<group>`` and what the circuit breaker holds, lists of names; the counters;
        ``denials``, by check, where there were any.
    """
    status = gate.read("risk_status")
    state: dict[str, Any] = {name: bool(status >> bit & 1) for name, bit in _STATUS.items()}
    causes = gate.read("kill")
    state["kill_causes"] = [name for bit, name in enumerate(KILL_CAUSES) if causes >> bit & 1]
    state |= killed_groups(gate, limits)
    state |= {name: names_in(limits, "instruments", gate.read(name)) for name in _HELD}
    state |= {name: gate.read(name) for name in _COUNTERS}
    denials = {check.name: gate.read("denials", check.value) for check in CHECK}
    state["denials"] = {name: count for name, count in denials.items() if count}
    return state


def killed_groups(gate: GateRegisters, limits: Limits | None) -> dict[str, list[str]]:
    """Return the names of the venues, accounts, instruments and strategies that are killed."""
    return {
        f"killed_{section}": names_in(limits, section, gate.read(f"kill_{section}"))
        for section in GROUPS.values()
    }


def positions(events: NDArray[np.void], limits: Limits | None) -> dict[str, int]:
    """Return the positions of a read-out by instrument [lots], those that are not flat."""
    found = events[events["kind"] == RISK_EVENT_KIND.position]
    held = {int(e["instrument"]): int(e["position"].astype(np.int64)) for e in found}
    return {name_of(limits, "instruments", i): lots for i, lots in held.items() if lots}


def open_orders(events: NDArray[np.void], limits: Limits | None) -> list[dict[str, Any]]:
    """Return the open orders of a read-out."""
    return [
        {
            "order_id": int(e["order_id"]),
            **{group: name_of(limits, section, int(e[group])) for group, section in GROUPS.items()},
            "side": SIDE.name_of(int(e["side"])),
            "tick": int(e["tick"]),
            "remaining": int(e["remaining"]),
            "state": ORDER_STATE.name_of(int(e["state"])),
        }
        for e in events[events["kind"] == RISK_EVENT_KIND.order]
    ]
