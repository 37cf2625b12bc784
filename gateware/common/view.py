"""Signals with a layout, typed for the checkers."""

from typing import Any

from amaranth import Signal
from amaranth.lib import data

__all__ = ["view"]


def view(layout: data.Layout, *, name: str | None = None) -> Any:
    """Return a new signal with a layout: a ``data.View``.

    The stubs of Amaranth type ``Signal(layout)`` as a plain ``Signal``, without the fields.
    """
    return Signal(layout, name=name, src_loc_at=1)
