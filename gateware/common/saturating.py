"""Counters that stop at their largest value."""

from amaranth import Module, Mux, Signal, Value

__all__ = ["count_saturating"]


def count_saturating(m: Module, counter: Signal, when: Value, amount: int = 1) -> None:
    """Add ``amount`` to a counter in each cycle in which ``when`` is 1; it never wraps.

    Raises
    ------
    ValueError
        If ``amount`` is below 1 or does not fit in the counter.
    """
    top = (1 << len(counter)) - 1
    if not 1 <= amount <= top:
        raise ValueError(f"amount must be from 1 to {top}, not {amount}")
    with m.If(when):
        m.d.sync += counter.eq(Mux(counter > top - amount, top, counter + amount))
