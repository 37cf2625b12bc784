"""Register bank built from ``hw.registers``."""

from typing import Final

from amaranth import Const, Module, Signal, Value, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.registers import REGISTERS

__all__ = ["RegisterBank"]


class RegisterBank(wiring.Component):
    """Hold every register of ``hw/registers.toml``.

    Timing
    ------
    ``r_data`` is valid ``LATENCY`` cycle after ``address``. A write is visible to the fabric
    ``LATENCY`` cycle after ``w_stb``. Unknown addresses read 0 and ignore writes. Reading the low
    word of a register of more than 32 bits holds its high word still for the read that follows.

    Parameters
    ----------
    constants : dict of str to int
        Values of the registers that never change; they have no member.

    Members
    -------
    address : ``In(16)``
        Byte address.
    r_stb : ``In(1)``
        The address is being read.
    r_data : ``Out(32)``
        Read data.
    w_stb, w_data : ``In(1)``, ``In(32)``
        Write strobe and data.
    <name> : ``Out(width)`` for each rw register, ``In(width)`` for each ro register
        The register's value; of a table, one member ``<name><index>`` for each entry.

    Raises
    ------
    ValueError
        If a constant names no read-only register.
    """

    LATENCY: Final = 1

    address: Value
    r_stb: Value
    r_data: Value
    w_stb: Value
    w_data: Value
    control: Value
    status: Value
    cycles: Value

    def __init__(self, *, constants: dict[str, int]) -> None:
        for name in constants:
            if name not in REGISTERS or REGISTERS[name].access != "ro":
                raise ValueError(f"constants must name read-only registers, not {name!r}")
        self.constants = constants
        ports = {
            "address": In(16),
            "r_stb": In(1),
            "r_data": Out(32),
            "w_stb": In(1),
            "w_data": In(32),
        }
        for register in REGISTERS.values():
            if register.name in constants:
                continue
            for member in self.members_of(register.name):
                flow = Out if register.access == "rw" else In
                shape = unsigned(register.width)
                ports[member] = flow(shape, init=register.reset)  # type: ignore[call-arg] # stub lags
        super().__init__(ports)

    @staticmethod
    def members_of(name: str) -> list[str]:
        """Return the members that hold a register, one for each entry."""
        count = REGISTERS[name].count
        return [name] if count == 1 else [f"{name}{index}" for index in range(count)]

    def elaborate(self, platform: object) -> Module:
        m = Module()
        read, high = Signal(32), Signal(32)
        m.d.sync += self.r_data.eq(read)
        with m.Switch(self.address):
            for register in REGISTERS.values():
                for index, member in enumerate(self.members_of(register.name)):
                    address = register.address + index * register.stride
                    constant = self.constants.get(register.name)
                    value = Const(constant, 32) if constant is not None else getattr(self, member)
                    with m.Case(address):
                        m.d.comb += read.eq(value[:32])
                        if register.words == 2:
                            with m.If(self.r_stb):
                                m.d.sync += high.eq(value[32:])
                        if register.access == "rw":
                            with m.If(self.w_stb):
                                m.d.sync += value.eq(self.w_data)
                    if register.words == 2:
                        with m.Case(address + 4):
                            m.d.comb += read.eq(high)
        return m
