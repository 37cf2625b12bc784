"""The deadman: it expires when the host falls silent."""

from typing import Final

from amaranth import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

__all__ = ["Deadman"]


class Deadman(wiring.Component):
    """Expire unless refreshed in time.

    After reset it is expired, until the first refresh.

    Timing
    ------
    After a refresh in cycle k ``expired`` is 0 from cycle k + ``LATENCY`` on, for ``timeout``
    units, unless refreshed again in one of these cycles: then it stays 0. A change of ``timeout``
    counts from the next cycle on: what is left is never more than the timeout in force, and never
    becomes more without a refresh.

    Parameters
    ----------
    timeout_bits : int
        Width of ``timeout``, at least 1 [bits].
    unit_bits : int
        A unit is ``2**unit_bits`` cycles; at least 0.

    Members
    -------
    timeout : ``In(timeout_bits)``
        Longest silence [units]; 0: expired always.
    refresh : ``In(1)``
        The host lives.
    expired : ``Out(1)``
        It has been silent for too long.

    Raises
    ------
    ValueError
        If a width is too small.
    """

    LATENCY: Final = 1

    timeout: Value
    refresh: Value
    expired: Value

    def __init__(self, *, timeout_bits: int = 32, unit_bits: int = 10) -> None:
        for name, bits, least in (("timeout_bits", timeout_bits, 1), ("unit_bits", unit_bits, 0)):
            if bits < least:
                raise ValueError(f"{name} must be at least {least}, not {bits}")
        self.timeout_bits, self.unit_bits = timeout_bits, unit_bits
        super().__init__({"timeout": In(timeout_bits), "refresh": In(1), "expired": Out(1, init=1)})  # type: ignore[call-arg] # stub lags
        #: Cycles left; 0 while expired.
        self._left = Signal(timeout_bits + unit_bits)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        left = self._left
        whole = Cat(Const(0, self.unit_bits), self.timeout)
        never = self.timeout == 0
        m.d.sync += [
            left.eq(Mux(self.refresh | (left > whole), whole, Mux(self.expired, 0, left - 1))),
            self.expired.eq(never | (~self.refresh & ~left[1:].any())),
        ]
        return m
