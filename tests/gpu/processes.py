"""Processes and contracts of the tests, and their tasks."""

from typing import Any, Final

from gpu.model_task import ModelTask
from gpu.montecarlo.characteristic import Bates, BlackScholes, Heston, Kou, Merton
from gpu.montecarlo.dynamics import Walked
from gpu.montecarlo.option import Contract
from gpu.montecarlo.process_price import process_task
from gpu.task import Payoff

__all__ = ["CASES", "PROCESSES", "contract", "model_task"]

_HESTON: Final = {"v0": 0.04, "kappa": 1.5, "theta": 0.06, "sigma": 0.7, "rho": -0.6}
_JUMPS: Final = {"intensity": 0.8, "jump_mean": -0.1, "jump_vol": 0.2}

PROCESSES: Final[dict[str, Walked]] = {
    "black-scholes": BlackScholes(vol=0.2),
    "heston": Heston(**_HESTON),
    # Feller's ratio is 0.04: most steps end at a variance of 0 or near it.
    "sticky": Heston(v0=0.09, kappa=0.5, theta=0.04, sigma=1.0, rho=-0.9),
    "rising": Heston(v0=0.04, kappa=2.0, theta=0.04, sigma=0.3, rho=0.6),
    "merton": Merton(vol=0.15, **_JUMPS),
    "kou": Kou(vol=0.16, intensity=3.0, up_share=0.4, up_rate=10.0, down_rate=5.0),
    "bates": Bates(**_HESTON, **_JUMPS),
}
_BARRIERS: Final = (Payoff.KNOCK_OUT, Payoff.KNOCK_IN)

#: Every process with every payoff that it can have.
CASES: Final = [
    (name, payoff)
    for name in PROCESSES
    for payoff in Payoff
    if payoff not in _BARRIERS or name == "black-scholes"
]


def contract(payoff: Payoff, **changed: Any) -> Contract:
    """Return a call at 100 of a year and 5 fixings, with changes."""
    given: dict[str, Any] = {"spot": 100.0, "strike": 100.0, "rate": 0.03, "dividend": 0.01}
    given |= {"payoff": payoff, "call": True, "expiry": 1.0, "fixings": 5}
    if payoff in _BARRIERS:
        given["barrier"] = 120.0
    return Contract(**(given | changed))


def model_task(
    name: str, payoff: Payoff, *, paths: int = 3000, antithetic: bool = False, **changed: Any
) -> ModelTask:
    """Return the task of a process and a contract, 30 steps under a stochastic variance."""
    given = contract(payoff, **changed)
    return process_task(PROCESSES[name], given, paths, 0x123456789ABCDEF0, 30, antithetic)
