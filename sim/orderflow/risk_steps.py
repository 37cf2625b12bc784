"""Steps of traffic through a risk gate: what a device and the model are both taken through."""

from dataclasses import dataclass

from sim.models.risk_events import Outcome
from sim.models.risk_gate import RiskGate
from sim.models.risk_world import BookState, Request, Targets, World

__all__ = [
    "Ask",
    "BookMoved",
    "CancelAll",
    "Commit",
    "Forget",
    "Quoted",
    "Settle",
    "Stage",
    "Step",
    "Told",
    "Traded",
    "apply",
]


@dataclass(frozen=True, slots=True)
class Ask:
    """One request."""

    request: Request


@dataclass(frozen=True, slots=True)
class Stage:
    """Write one limit into the staging copy."""

    name: str
    index: int
    value: int


@dataclass(frozen=True, slots=True)
class Commit:
    """Bring the staging copy into force."""


@dataclass(frozen=True, slots=True)
class Forget:
    """Drop the staging copy."""


@dataclass(frozen=True, slots=True)
class Told:
    """Something of the ``World`` is now as said: the attribute, and its value."""

    name: str
    value: object


@dataclass(frozen=True, slots=True)
class BookMoved:
    """The book of an instrument at a venue is now like this."""

    instrument: int
    venue: int
    book: BookState


@dataclass(frozen=True, slots=True)
class Quoted:
    """Best bid + best ask of an instrument [ticks], or None."""

    instrument: int
    double_mid: int | None


@dataclass(frozen=True, slots=True)
class Traded:
    """Price of the last trade of an instrument [ticks], or None."""

    instrument: int
    last: int | None


@dataclass(frozen=True, slots=True)
class CancelAll:
    """Send a cancel for each open order that a kill or a halt stands against, or ``targets``."""

    targets: Targets


@dataclass(frozen=True, slots=True)
class Settle:
    """Wait until all work in the background has been done once."""


Step = Ask | Stage | Commit | Forget | Told | BookMoved | Quoted | Traded | CancelAll | Settle


def apply(gate: RiskGate, step: Step, said: int | None = None) -> Outcome | None:
    """Take the model through a step.

    Parameters
    ----------
    gate : RiskGate
        The model.
    step : Step
        What happens.
    said : int, optional
        Of a new order, ``failed`` of a real gate.

    Returns
    -------
    Outcome or None
        Of a request and of ``CancelAll``.

    Raises
    ------
    ValueError
        If ``Told`` names nothing of the world.
    """
    if isinstance(step, Ask):
        return gate.request(step.request, said)
    if isinstance(step, CancelAll):
        return gate.cancel_all(step.targets)
    if isinstance(step, Stage):
        gate.stage(step.name, step.index, step.value)
    elif isinstance(step, Commit):
        gate.commit()
    elif isinstance(step, Forget):
        gate.forget()
    elif isinstance(step, Told):
        if step.name not in World.__dataclass_fields__:
            raise ValueError(f"Told must name an attribute of World, not {step.name!r}")
        setattr(gate.world, step.name, step.value)
    elif isinstance(step, BookMoved):
        gate.market.books[step.instrument, step.venue] = step.book
    elif isinstance(step, Quoted):
        gate.quote(step.instrument, step.double_mid)
    elif isinstance(step, Traded):
        gate.market.last[step.instrument] = step.last
    else:
        gate.settle()
    return None
