"""Reference model of ``gateware.risk.kill_switch``: sets of what is killed."""

from dataclasses import dataclass, field

from hw.arming import Scope
from hw.kill_causes import KILL_CAUSES

__all__ = ["GROUPS", "KillSwitch", "Words"]

GROUPS = ("venues", "accounts", "instruments", "strategies")


@dataclass(frozen=True, kw_only=True, slots=True)
class Words:
    """What the kill switch is told at one moment.

    Attributes
    ----------
    causes : set of str
        Causes that kill the box, of ``KILL_CAUSES`` but ``fault``.
    host : dict of str to set of int
        What the host kills, of each of ``GROUPS``.
    faults : set of int
        Instruments whose reports contradict the gate.
    disarm : bool
        Disarm the box.
    scope : Scope or None
        Of an arming, if there is one.
    instruments : set of int
        That the arming is about.
    """

    causes: frozenset[str] = frozenset()
    host: dict[str, frozenset[int]] = field(default_factory=dict)
    faults: frozenset[int] = frozenset()
    disarm: bool = False
    scope: Scope | None = None
    instruments: frozenset[int] = frozenset()


class KillSwitch:
    """Neither armed nor killed at first.

    Attributes
    ----------
    armed, killed : bool
        Of the box.
    members : dict of str to set of int
        What is killed of each of ``GROUPS``.
    causes : set of str
        What killed.
    cancel_all : bool
        The last words ask for cancels of all orders.
    cancels : dict of str to set of int
        And for those of these, of each of ``GROUPS``.
    """

    def __init__(self) -> None:
        self.armed = self.killed = self.cancel_all = False
        self.members: dict[str, set[int]] = {name: set() for name in GROUPS}
        self.causes: set[str] = set()
        self.cancels: dict[str, set[int]] = {name: set() for name in GROUPS}

    def hear(self, words: Words) -> None:
        """Take what is said at one moment. A kill wins over an arming, a disarm too."""
        scope = words.scope or Scope(0)
        was = self.killed
        if words.causes or Scope.CLEAR_KILL not in scope:
            self.killed |= bool(words.causes)
            self.causes |= words.causes
        else:
            self.killed = False
            self.causes &= {KILL_CAUSES[-1]}
        self.cancel_all = (self.killed and not was) or "host" in words.causes
        self.armed = (self.armed or Scope.ARM in scope) and not self.killed and not words.disarm
        for name in GROUPS:
            self._hear_of(name, words, scope)
        self.causes |= {KILL_CAUSES[-1]} if words.faults else set()
        if not self.members["instruments"]:
            self.causes -= {KILL_CAUSES[-1]}

    def _hear_of(self, name: str, words: Words, scope: Scope) -> None:
        held, host = self.members[name], words.host.get(name, frozenset())
        sets, cleared = set(host), set[int]()
        if name == "instruments":
            sets |= words.faults
            cleared = set(words.instruments) if Scope.CLEAR_INSTRUMENTS in scope else set()
        elif Scope.CLEAR_GROUPS in scope:
            cleared = set(held)
        self.cancels[name] = (sets - held) | host
        self.members[name] = (held - cleared) | sets
