"""What the kernel of processes with jumps or stochastic variance is asked to do."""

import ctypes
import enum
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from gpu.task import Payoff, Samples

__all__ = ["MOST_JUMPS", "Diffusion", "JumpKind", "Jumps", "ModelTask", "Output", "structs"]

MOST_JUMPS: Final = 32  # of a step; the same in model.h
_MOST_TASKS: Final = 16  # of a mix


class JumpKind(enum.IntEnum):
    """How large jumps of the logarithm are; the numbers are those of ``model.h``."""

    NONE = 0
    NORMAL = 1
    EXPONENTIAL = 2


class Output(enum.IntEnum):
    """What a path gives; the numbers are those of ``model.h``."""

    VALUE = 0
    DELTA = 1  # derivative of the payoff to the spot, along the path
    VEGA = 2  # to the volatility, over the root of the years of a step


class _Fields(ctypes.Structure):
    _fields_ = (
        ("paths", ctypes.c_uint64),
        ("seed", ctypes.c_uint64),
        *((name, ctypes.c_uint32) for name in ("fixings", "steps", "payoff", "output")),
        *((name, ctypes.c_uint32) for name in ("antithetic", "heston", "kind")),
        *((name, ctypes.c_float) for name in ("weight", "sign", "spot", "strike", "barrier")),
        *((name, ctypes.c_float) for name in ("drift", "vol")),
        *((name, ctypes.c_float) for name in ("start", "decay", "pull", "spread", "floor")),
        *((name, ctypes.c_float) for name in ("lead", "noise", "tilt")),
        *((name, ctypes.c_float) for name in ("jump_mean", "jump_vol", "up_mean", "down_mean")),
        ("up_below", ctypes.c_uint32),
        ("most", ctypes.c_uint32),
        ("counts", ctypes.c_uint32 * MOST_JUMPS),
    )


@dataclass(frozen=True, kw_only=True)
class Diffusion:
    """A step between jumps, of the logarithm of the price.

    Parameters
    ----------
    drift : float
        Mean of a step, without what the variance takes.
    vol : float
        Standard deviation of a step, where the variance is not stochastic.
    heston : bool
        Whether the variance is stochastic; the other numbers are 0 without.
    start : float
        Variance today [1/year].
    decay, pull : float
        The mean of the next variance is ``decay v + pull``.
    spread, floor : float
        Its variance is ``spread v + floor``.
    lead : float
        What a unit of the next variance adds to the logarithm.
    noise : float
        Variance of the logarithm, a unit of the sum of both variances.
    """

    drift: float
    vol: float = 0.0
    heston: bool = False
    start: float = 0.0
    decay: float = 0.0
    pull: float = 0.0
    spread: float = 0.0
    floor: float = 0.0
    lead: float = 0.0
    noise: float = 0.0

    @property
    def tilt(self) -> float:
        """Exponent of the next variance in the expected price."""
        return self.lead + self.noise / 2


@dataclass(frozen=True, kw_only=True)
class Jumps:
    """Jumps of a step, of the logarithm of the price.

    Parameters
    ----------
    kind : JumpKind
        None, normal or double exponential.
    mean, vol : float
        Of a normal one.
    up_mean, down_mean : float
        Of an exponential one.
    up_below : int
        A jump is upward if its word of 32 bits is below.
    counts : tuple of int, at most 32
        There are more than k jumps if the word of the step is not below entry k.

    Raises
    ------
    ValueError
        If the counts are more than 32 or do not rise.
    """

    kind: JumpKind = JumpKind.NONE
    mean: float = 0.0
    vol: float = 0.0
    up_mean: float = 0.0
    down_mean: float = 0.0
    up_below: int = 0
    counts: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if len(self.counts) > MOST_JUMPS or list(self.counts) != sorted(self.counts):
            raise ValueError(f"counts must be at most {MOST_JUMPS} that rise, not {self.counts}")


@dataclass(frozen=True, kw_only=True)
class ModelTask(Samples):
    """Samples of a payoff, not discounted.

    Parameters
    ----------
    paths, seed, antithetic, call
        As of ``Samples``.
    fixings, steps : int
        Equidistant fixings, the last one at the end, and steps from one to the next.
    payoff : Payoff
        What is paid.
    spot, strike : float
        Prices [any currency].
    diffusion : Diffusion
        A step between jumps.
    jumps : Jumps
        Jumps of a step; none without.
    barrier : float
        Logarithm of barrier over spot; above 0 an upper barrier, below a lower one.
    output : Output
        Payoff, or a derivative of it.
    weight : float
        Of this task in a mix.

    Raises
    ------
    ValueError
        If a number is out of range, or the payoff has no such output under such a process.
    """

    fixings: int
    steps: int
    payoff: Payoff
    spot: float
    strike: float
    diffusion: Diffusion
    jumps: Jumps = field(default_factory=Jumps)
    barrier: float = 0.0
    output: Output = Output.VALUE
    weight: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if not (self.fixings >= 1 and self.steps >= 1 and self.fixings * self.steps < 2**31):
            counts = f"{self.fixings} fixings of {self.steps}"
            raise ValueError(f"steps must be from 1 to 2^31 - 1, not {counts}")
        for name in ("spot", "strike"):
            price = getattr(self, name)
            if not (math.isfinite(price) and price > 0):
                raise ValueError(f"{name} must be positive and finite, not {price}")
        plain = not self.diffusion.heston and self.jumps.kind == JumpKind.NONE
        if self.payoff in (Payoff.KNOCK_OUT, Payoff.KNOCK_IN):
            if not plain or self.output != Output.VALUE:
                raise ValueError("a barrier needs a plain diffusion, and has no derivative")
            if not (self.diffusion.vol > 0 and self.barrier and math.isfinite(self.barrier)):
                raise ValueError(f"a barrier needs a positive vol and must be off the spot: {self}")
        lookback = self.payoff in (Payoff.LOOKBACK_FIXED, Payoff.LOOKBACK_FLOATING)
        if self.output == Output.VEGA and (lookback or not plain):
            raise ValueError("a vega along the path needs a plain diffusion and no lookback")

    def as_struct(self) -> _Fields:
        """Return the struct ``Model`` of ``model.h``."""
        own = ("paths", "seed", "fixings", "steps", "payoff", "output", "antithetic")
        prices = ("weight", "sign", "spot", "strike", "barrier")
        diffusion = ("drift", "vol", "heston", "start", "decay", "pull", "spread", "floor")
        given: dict[str, Any] = {name: getattr(self, name) for name in (*own, *prices)}
        given |= {
            name: getattr(self.diffusion, name) for name in (*diffusion, "lead", "noise", "tilt")
        }
        given |= {name: getattr(self.jumps, name) for name in ("kind", "up_mean", "down_mean")}
        given |= {"jump_mean": self.jumps.mean, "jump_vol": self.jumps.vol}
        counts = (ctypes.c_uint32 * MOST_JUMPS)(*self.jumps.counts)
        given |= {"up_below": self.jumps.up_below, "most": len(self.jumps.counts)}
        return _Fields(**given, counts=counts)


def structs(tasks: Sequence[ModelTask]) -> ctypes.Array[Any]:
    """Return the structs of a mix, side by side.

    Raises
    ------
    ValueError
        If there is no task or more than 16, or they differ in the number of paths.
    """
    if not 1 <= len(tasks) <= _MOST_TASKS:
        raise ValueError(f"a mix has from 1 to {_MOST_TASKS} tasks, not {len(tasks)}")
    if len(paths := {task.paths for task in tasks}) > 1:
        raise ValueError(f"tasks of a mix must have as many paths, not {sorted(paths)}")
    return (_Fields * len(tasks))(*(task.as_struct() for task in tasks))
