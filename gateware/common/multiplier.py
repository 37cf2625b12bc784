"""Product of two unsigned numbers, in pieces that a multiplier block holds."""

from typing import Final

from amaranth import Cat, Const, Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["Multiplier"]

_PIECE: Final = 18  # of ECP5 and most others


class Multiplier(wiring.Component):
    """Multiply, one product a cycle.

    Timing
    ------
    ``a`` and ``b`` are sampled in cycle 0, ``product`` is valid in cycle ``LATENCY``.

    Parameters
    ----------
    a_bits, b_bits : int
        Widths, at least 1 [bits].

    Members
    -------
    a, b : ``In(a_bits)``, ``In(b_bits)``
        Factors.
    product : ``Out(a_bits + b_bits)``
        Their product.

    Raises
    ------
    ValueError
        If a width is below 1.
    """

    LATENCY: Final = 2

    a: Value
    b: Value
    product: Value

    def __init__(self, *, a_bits: int, b_bits: int) -> None:
        for name, bits in (("a_bits", a_bits), ("b_bits", b_bits)):
            if bits < 1:
                raise ValueError(f"{name} must be at least 1, not {bits}")
        self.a_bits, self.b_bits = a_bits, b_bits
        super().__init__({"a": In(a_bits), "b": In(b_bits), "product": Out(a_bits + b_bits)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        # Pieces on one diagonal lie side by side: 18 bits each make products of 36, 36 bits apart.
        diagonals: dict[int, list[tuple[int, Signal]]] = {}
        for i in range(0, self.a_bits, _PIECE):
            for j in range(0, self.b_bits, _PIECE):
                a, b = self.a[i : i + _PIECE], self.b[j : j + _PIECE]
                part = Signal(len(a) + len(b), name=f"part{i}_{j}", reset_less=True)
                m.d.sync += part.eq(a * b)
                diagonals.setdefault(i - j, []).append((i + j, part))
        addends = []
        for parts in diagonals.values():
            joined: list[Value] = []
            end = 0
            for low, part in sorted(parts, key=lambda one: one[0]):
                joined += [Const(0, low - end), part]
                end = low + len(part)
            addends.append(Cat(*joined))
        product = Signal.like(self.product, name="sum", reset_less=True)
        m.d.sync += product.eq(sum(addends[1:], addends[0]))
        m.d.comb += self.product.eq(product)
        return m
