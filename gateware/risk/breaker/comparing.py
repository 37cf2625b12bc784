"""Sums of three numbers, and comparisons with them, with one carry chain."""

from amaranth import Cat, Const, Mux, Value

__all__ = ["exceeds_sum", "sum_above", "sum_below", "sum_exceeds"]


def sum_exceeds(a: Value, b: Value, c: Value) -> Value:
    """Return ``a + b > c``: ``a + b - c - 1``, which is ``a + b + ~c``, is not negative."""
    width = max(len(a), len(b), len(c)) + 2
    return ~_sum([_plus(a, width), _plus(b, width), _complement(c, width)], carry=0)[-1]


def exceeds_sum(a: Value, b: Value, c: Value) -> Value:
    """Return ``a > b + c``: ``a - b - c - 1``, which is ``a + ~b + ~c + 1``, is not negative."""
    width = max(len(a), len(b), len(c)) + 2
    return ~_sum([_plus(a, width), _complement(b, width), _complement(c, width)], carry=1)[-1]


def sum_below(a: Value, b: Value, c: Value) -> Value:
    """Return ``a + b - c``, which is ``a + b + ~c + 1``, but not below 0; as wide as ``c``.

    ``a + b`` must fit in as many bits.
    """
    width = max(len(a), len(b), len(c)) + 2
    found = _sum([_plus(a, width), _plus(b, width), _complement(c, width)], carry=1)
    return Mux(found[-1], 0, found[: len(c)])


def sum_above(a: Value, b: Value, c: Value) -> Value:
    """Return ``a + b + c``, but not above the largest number as wide as ``c``."""
    width = max(len(a), len(b), len(c)) + 2
    found = _sum([_plus(each, width) for each in (a, b, c)], carry=0)
    return Mux(found[len(c) :].any(), (1 << len(c)) - 1, found[: len(c)])


def _plus(value: Value, width: int) -> Value:
    """Return a value as it is."""
    return Cat(value, Const(0, width - len(value)))


def _complement(value: Value, width: int) -> Value:
    """Return the complement of a value."""
    return ~_plus(value, width)


def _sum(terms: list[Value], *, carry: int) -> Value:
    """Return the sum of three numbers modulo 2^width; they become two without a carry chain."""
    x, y, z = terms
    carries = (x & y) | (x & z) | (y & z)
    return ((x ^ y ^ z) + Cat(Const(carry, 1), carries[:-1]))[: len(x)]
