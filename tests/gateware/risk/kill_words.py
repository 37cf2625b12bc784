"""Words for the kill switch, as the tests of it and its co-simulation say them."""

import random
from typing import Any, Final

from hw.arming import Scope
from hw.kill_causes import KILL_CAUSES
from sim.models.kill_switch import GROUPS, KillSwitch, Words

__all__ = ["COUNTS", "PORTS", "expected", "inputs_of", "mask", "words_of"]

COUNTS: Final = {"instruments": 5, "venues": 2, "accounts": 3, "strategies": 4}
#: Port of each cause that kills the box.
PORTS: Final = dict(
    zip(
        KILL_CAUSES,
        ("kill_pin", "host_global", "deadman_expired", "loss_trip", "reject_trip", "breaker_kill"),
        strict=False,  # a fault kills no box
    )
)


def mask(members: frozenset[int] | set[int]) -> int:
    """Return the bits of a set."""
    return sum(1 << member for member in members)


def words_of(rng: random.Random) -> Words:
    """Return random words: often none, seldom many."""

    def some(count: int, chance: float) -> frozenset[int]:
        return frozenset(n for n in range(count) if rng.random() < chance)

    return Words(
        causes=frozenset(cause for cause in PORTS if rng.random() < 0.04),
        host={name: some(COUNTS[name], 0.05) for name in GROUPS},
        faults=some(COUNTS["instruments"], 0.03),
        disarm=rng.random() < 0.05,
        scope=Scope(rng.randrange(16)) if rng.random() < 0.4 else None,
        instruments=some(COUNTS["instruments"], 0.7),
    )


def inputs_of(words: Words) -> dict[str, int]:
    """Return every input of the component."""
    scope = words.scope
    return {
        **{port: int(cause in words.causes) for cause, port in PORTS.items()},
        **{f"set_{name}": mask(words.host.get(name, frozenset())) for name in GROUPS},
        "fault_instruments": mask(words.faults),
        "disarm": int(words.disarm),
        "granted": int(scope is not None),
        "granted_scope": 0xFF if scope is None else scope.value,  # it means nothing alone
        "granted_instruments": mask(words.instruments),
    }


def expected(model: KillSwitch) -> dict[str, Any]:
    """Return every output of the component."""
    causes = {KILL_CAUSES.index(cause) for cause in model.causes}
    return {
        "armed": int(model.armed),
        "killed": int(model.killed),
        "causes": mask(causes),
        "cancel_all": int(model.cancel_all),
        **{f"killed_{name}": mask(model.members[name]) for name in GROUPS},
        **{f"cancel_{name}": mask(model.cancels[name]) for name in GROUPS},
    }
