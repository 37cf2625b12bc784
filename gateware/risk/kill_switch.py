"""The kill switch: latches that deny orders until an operator clears them."""

from typing import Final

from amaranth import Cat, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.arming import Scope
from hw.kill_causes import KILL_CAUSES

__all__ = ["KillSwitch"]

_GROUPS: Final = ("venues", "accounts", "instruments", "strategies")
#: Ports of the causes that kill the box, in the order of their bits.
_BOX: Final = (
    "kill_pin", "host_global", "deadman_expired", "loss_trip", "reject_trip", "breaker_kill",
)  # fmt: skip


class KillSwitch(wiring.Component):
    """Hold what is killed, and whether the box is armed.

    A kill stays until an operator's arming clears it (``granted``, scopes of ``hw.arming.Scope``).
    A cause that is present in the cycle of the arming wins: the latch stays. A global kill disarms
    the box; to arm it again takes the scopes ``ARM`` and ``CLEAR_KILL``. After reset the box is not
    armed and nothing is killed, but a deadman that is expired then kills in the first cycle.

    Cancels are asked for when a kill is new, and with every kill by the host: also of what is
    killed already.

    Timing
    ------
    All outputs are registers. What comes in cycle k is in them in cycle k + ``LATENCY``; cancels
    are 1 for one cycle.

    Parameters
    ----------
    instruments, venues, accounts, strategies : int
        How many there are, 1 to 32.

    Members
    -------
    kill_pin : ``In(1)``
        Kill the box while 1; synchronised.
    host_global : ``In(1)``
        Kill the box, a strobe.
    deadman_expired, loss_trip, reject_trip, breaker_kill : ``In(1)``
        Kill the box, strobes or levels.
    set_venues, set_accounts, set_instruments, set_strategies : ``In(number)``
        Kill these; strobes of the host.
    fault_instruments : ``In(instruments)``
        Kill these, because reports contradict the gate; strobes or levels.
    disarm : ``In(1)``
        Disarm, a strobe.
    granted, granted_scope : ``In(1)``, ``In(8)``
        An arming, a strobe, and what it is for.
    granted_instruments : ``In(instruments)``
        Instruments that it is about.
    armed : ``Out(1)``
        New orders may leave; never while ``killed``.
    killed : ``Out(1)``
        The box is killed.
    killed_venues, killed_accounts, killed_instruments, killed_strategies : ``Out(number)``
        What is killed.
    causes : ``Out(len(KILL_CAUSES))``
        What killed, see ``hw.kill_causes``: of the box until it is cleared; ``fault`` as long as
        any instrument is killed.
    cancel_all : ``Out(1)``
        Cancel all open orders.
    cancel_venues, cancel_accounts, cancel_instruments, cancel_strategies : ``Out(number)``
        Cancel theirs.

    Raises
    ------
    ValueError
        If a number is out of range.
    """

    LATENCY: Final = 1

    kill_pin: Value
    host_global: Value
    deadman_expired: Value
    loss_trip: Value
    reject_trip: Value
    breaker_kill: Value
    fault_instruments: Value
    disarm: Value
    granted: Value
    granted_scope: Value
    granted_instruments: Value
    armed: Value
    killed: Value
    causes: Value
    cancel_all: Value

    def __init__(self, *, instruments: int, venues: int, accounts: int, strategies: int) -> None:
        counts = {
            "instruments": instruments, "venues": venues, "accounts": accounts,
            "strategies": strategies,
        }  # fmt: skip
        for name, count in counts.items():
            if not 1 <= count <= 32:
                raise ValueError(f"{name} must be from 1 to 32, not {count}")
        self.counts = counts
        super().__init__(
            {
                **{name: In(1) for name in _BOX},
                **{f"set_{name}": In(counts[name]) for name in _GROUPS},
                "fault_instruments": In(instruments),
                "disarm": In(1),
                "granted": In(1),
                "granted_scope": In(8),
                "granted_instruments": In(instruments),
                "armed": Out(1),
                "killed": Out(1),
                **{f"killed_{name}": Out(counts[name]) for name in _GROUPS},
                "causes": Out(len(KILL_CAUSES)),
                "cancel_all": Out(1),
                **{f"cancel_{name}": Out(counts[name]) for name in _GROUPS},
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        present = Cat(getattr(self, name) for name in _BOX)
        kill, clears, killed = present.any(), self._grants(Scope.CLEAR_KILL), Signal()
        m.d.comb += killed.eq(kill | (self.killed & ~clears))
        m.d.sync += [
            self.killed.eq(killed),
            self.causes[: len(_BOX)].eq(Mux(killed, self.causes[: len(_BOX)] | present, 0)),
            self.cancel_all.eq((kill & ~self.killed) | self.host_global),
            self.armed.eq((self.armed | self._grants(Scope.ARM)) & ~self.disarm & ~killed),
        ]
        for name in _GROUPS:
            self._latch(m, name)
        return m

    def _grants(self, scope: Scope) -> Value:
        """Return whether an arming comes that is for this."""
        return self.granted & (self.granted_scope & scope.value).any()

    def _latch(self, m: Module, name: str) -> None:
        """Hold what is killed of a group."""
        latch: Value = getattr(self, f"killed_{name}")
        host: Value = getattr(self, f"set_{name}")
        scope = Scope.CLEAR_INSTRUMENTS if name == "instruments" else Scope.CLEAR_GROUPS
        cleared = self._grants(scope).replicate(len(latch))
        sets, killed = host, Signal.like(latch, name=f"new_{name}")
        if name == "instruments":
            cleared, sets = cleared & self.granted_instruments, host | self.fault_instruments
            fault = self.causes[-1]
            m.d.sync += fault.eq((fault | self.fault_instruments.any()) & killed.any())
        m.d.comb += killed.eq(sets | (latch & ~cleared))
        cancel: Value = getattr(self, f"cancel_{name}")
        m.d.sync += [latch.eq(killed), cancel.eq((sets & ~latch) | host)]
