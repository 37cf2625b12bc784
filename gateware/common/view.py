"""Signals with a layout, typed for the checkers."""

from typing import Any

from amaranth import Cat, Signal
from amaranth.lib import data

__all__ = ["view", "view_resetting"]


def view(layout: data.Layout, *, name: str | None = None, reset: bool = False) -> Any:
    """Return a new signal with a layout: a ``data.View``.

    The stubs of Amaranth type ``Signal(layout)`` as a plain ``Signal``, without the fields.

    Parameters
    ----------
    layout : Layout
        Of the fields.
    name : str, optional
        Of the signal.
    reset : bool
        Whether a reset clears it. Data need no reset where a bit that has one says if they count;
        as a net, a reset of every flip-flop would take more routing than anything else.
    """
    return Signal(layout, name=name, reset_less=not reset, src_loc_at=1)


def view_resetting(layout: data.StructLayout, *paths: str, name: str) -> Any:
    """Return a view of which a reset clears some fields only.

    Parameters
    ----------
    layout : StructLayout
        Of the fields.
    *paths : str
        Fields that a reset clears, dotted: ``"tag.emit"``.
    name : str
        Of the signals.

    Raises
    ------
    ValueError
        If there is no such field.
    """
    parts: list[Signal] = []
    end = 0
    for low, high, path in sorted((*_place(layout, path), path) for path in paths):
        if low > end:
            parts.append(Signal(low - end, name=f"{name}_from{end}", reset_less=True))
        parts.append(Signal(high - low, name=f"{name}_{path.replace('.', '_')}"))
        end = high
    if end < layout.size:
        parts.append(Signal(layout.size - end, name=f"{name}_from{end}", reset_less=True))
    return data.View(layout, Cat(parts))


def _place(layout: data.StructLayout, path: str) -> tuple[int, int]:
    """Return the first bit of a field and the one behind it."""
    low = 0
    inner: Any = layout
    for part in path.split("."):
        if part not in getattr(inner, "members", ()):
            raise ValueError(f"{path} must be a field of {layout}")
        field = inner[part]
        low, inner = low + field.offset, field.shape
    return low, low + field.width
