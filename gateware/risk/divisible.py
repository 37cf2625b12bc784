"""Whether a number is a multiple of another one, without dividing."""

from typing import Final

from amaranth import Module, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from gateware.common.multiplier import Multiplier

__all__ = ["Divisible"]


class Divisible(wiring.Component):
    """Tell multiples of a divisor d = 2^k m, m odd, that ``hw.divisors`` describes.

    A multiple has k low bits 0. And it is m q with q at most (2^width - 1) / m; multiplying by the
    inverse of m modulo 2^width is a bijection that takes m q to q, so that exactly the multiples
    of m land at or below ``bound``. With ``inverse`` 0, as after reset, nothing is a multiple.

    Timing
    ------
    The inputs are sampled in cycle 0, ``multiple`` is valid in cycle ``LATENCY``. One a cycle.

    Parameters
    ----------
    width : int
        Of the numbers, at least 1 [bits].

    Members
    -------
    value : ``In(width)``
        Number to check.
    mask, inverse, bound : ``In(width)``
        As ``hw.divisors.divisor_fields`` gives them.
    multiple : ``Out(1)``
        It is a multiple.

    Raises
    ------
    ValueError
        If ``width`` is below 1.
    """

    LATENCY: Final = 2

    value: Value
    mask: Value
    inverse: Value
    bound: Value
    multiple: Value

    def __init__(self, *, width: int) -> None:
        if width < 1:
            raise ValueError(f"width must be at least 1, not {width}")
        self.width = width
        names = ("value", "mask", "inverse", "bound")
        super().__init__({**{name: In(width) for name in names}, "multiple": Out(1)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.submodules.times = times = Multiplier(a_bits=self.width, b_bits=self.width)
        m.d.comb += [times.a.eq(self.value), times.b.eq(self.inverse)]
        bounds = [Signal(self.width, name=f"bound{n}", reset_less=True) for n in range(2)]
        allowed = [Signal(name=f"allowed{n}", reset_less=True) for n in range(2)]
        m.d.sync += [
            bounds[0].eq(self.bound),
            bounds[1].eq(bounds[0]),
            allowed[0].eq(((self.value & self.mask) == 0) & (self.inverse != 0)),
            allowed[1].eq(allowed[0]),
        ]
        m.d.comb += self.multiple.eq(allowed[1] & (times.product[: self.width] <= bounds[1]))
        return m
