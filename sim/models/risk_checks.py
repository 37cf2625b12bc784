"""The verdict about a new order: every check, always."""

from typing import Final, NamedTuple

from hw.records import CHECK, SIDE
from sim.models.risk_checks_order import ORDER_CHECKS, is_bad_index
from sim.models.risk_checks_state import STATE_CHECKS
from sim.models.risk_state import RiskState
from sim.models.risk_world import Request

__all__ = ["CHECKS", "Verdict", "check_bit", "first_of", "judge", "resolved"]

_BID: Final = SIDE.bid


def check_bit(name: str) -> int:
    """Return the mask of a check by its name."""
    return 1 << int(getattr(CHECK, name))


#: Whether a check fails, by its name; ``bad_index`` is made before them.
CHECKS: Final = ORDER_CHECKS | STATE_CHECKS
_BY_BIT: Final = [(check_bit(name), fails) for name, fails in CHECKS.items()]
_BAD_INDEX: Final = check_bit("bad_index")
_SELF_MATCH: Final = check_bit("self_match")
_MAX_LOSS: Final = check_bit("max_loss")
_NOT_READY: Final = check_bit("not_ready")


class Verdict(NamedTuple):
    """What the checks say.

    Attributes
    ----------
    failed : int
        Checks that fail, a bit each; those in ``open`` as far as they can fail at all.
    open : int
        Checks that may fail or not: they depend on how far the gate's work in the background is,
        or on what the caller cannot tell.
    """

    failed: int
    open: int


def first_of(failed: int) -> int:
    """Return the lowest bit that is set, 0 if none is."""
    return (failed & -failed).bit_length() - 1 if failed else 0


def judge(s: RiskState, r: Request) -> Verdict:
    """Make every check of a new order."""
    if is_bad_index(s, r):
        return Verdict(_BAD_INDEX, 0)
    failed = 0
    for bit, fails in _BY_BIT:
        if fails(s, r):
            failed |= bit
    return Verdict(failed, failed & _open(s, r, failed))


def _open(s: RiskState, r: Request, failed: int) -> int:
    """Return the checks that fail, but need not."""
    bits = 0
    if s.loss_down[r.instrument]:
        bits |= _MAX_LOSS
    if failed & _SELF_MATCH:
        highest, lowest = s.own_bounds(r.instrument)
        if r.side == _BID:
            matches = lowest is not None and r.tick >= lowest
        else:
            matches = highest is not None and r.tick <= highest
        bits |= 0 if matches else _SELF_MATCH
    if s.world.events_full is None:
        bits |= _NOT_READY
    return bits


def resolved(verdict: Verdict, said: int) -> int:
    """Return the checks that failed, where the open ones are as a gate said."""
    return (verdict.failed & ~verdict.open) | (said & verdict.open)
