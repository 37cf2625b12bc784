"""Register bank built from ``hw.registers``."""

from collections.abc import Mapping
from typing import Any, Final

from amaranth import Const, Module, Mux, Signal, Value, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hw.registers import REGISTERS, Register

__all__ = ["RegisterBank"]

#: A read-only register of more entries than this is looked up, not multiplexed.
_MULTIPLEXED: Final = 16


class RegisterBank(wiring.Component):
    """Hold every register of ``hw/registers.toml`` that a build has.

    Timing
    ------
    ``r_data`` is valid ``LATENCY`` cycle after ``address``. A write is visible to the fabric
    ``LATENCY`` cycle after ``w_stb``: a rw register has its value, a command its strobe, for one
    cycle. Unknown addresses read 0 and ignore writes. Reading the low word of a register of more
    than 32 bits holds its high word still for the read that follows.

    A table that is looked up is a memory with one cycle of latency outside: ``<name>_index``
    follows ``address`` in the same cycle, ``<name>`` is the entry in the next one.

    Parameters
    ----------
    constants : dict of str to int
        Values of the registers that never change; they have no member.
    registers : mapping of str to Register
        The registers, by name. A build with the risk gate has those of ``RISK_REGISTERS`` too.

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
    <name> : ``Out(width)`` for each rw register, ``In(width)`` for each ro register and command
        The register's value, of a command what a read gives; of a table, one member
        ``<name><index>`` for each entry.
    <name>_strobe : ``Out(1)`` for each command
        It was written; of a table, ``<name><index>_strobe``.
    written : ``Out(32)`` if there are commands
        What was written, valid with a strobe.
    <name>_index : ``Out(range(count))`` for each ro register of more than 16 entries
        The entry that is read; ``<name>`` is then one member, see Timing.

    Raises
    ------
    ValueError
        If a constant names no read-only register, a register is a limit, or the entries of one that
        is looked up are not single words, a power of two apart, aligned to its length.
    """

    LATENCY: Final = 1

    address: Value
    r_stb: Value
    r_data: Value
    w_stb: Value
    w_data: Value
    written: Value
    control: Value
    status: Value
    cycles: Value

    def __init__(
        self, *, constants: dict[str, int], registers: Mapping[str, Register] = REGISTERS
    ) -> None:
        for name in constants:
            if name not in registers or registers[name].access != "ro":
                raise ValueError(f"constants must name read-only registers, not {name!r}")
        for register in registers.values():
            if register.access == "limit":
                raise ValueError(f"a limit is no register of the bank, and {register.name} is one")
            if self.is_looked_up(register):
                self._require_index(register)
        self.constants = constants
        self.registers = registers
        ports: dict[str, Any] = {
            "address": In(16),
            "r_stb": In(1),
            "r_data": Out(32),
            "w_stb": In(1),
            "w_data": In(32),
        }
        if any(r.access == "cmd" for r in registers.values()):
            ports["written"] = Out(32)
        for register in registers.values():
            if register.name in constants:
                continue
            if self.is_looked_up(register):
                ports[f"{register.name}_index"] = Out(range(register.count))
            for member in self.members_of(register):
                flow: Any = Out if register.access == "rw" else In
                ports[member] = flow(unsigned(register.width), init=register.reset)
                if register.access == "cmd":
                    ports[f"{member}_strobe"] = Out(1)
        super().__init__(ports)

    @staticmethod
    def is_looked_up(register: Register) -> bool:
        """Return whether a register has one member for all its entries, and an index."""
        return register.access == "ro" and register.count > _MULTIPLEXED

    @classmethod
    def members_of(cls, register: Register) -> list[str]:
        """Return the members that hold a register, one for each entry."""
        if register.count == 1 or cls.is_looked_up(register):
            return [register.name]
        return [f"{register.name}{index}" for index in range(register.count)]

    @staticmethod
    def _require_index(register: Register) -> None:
        """Require that bits of the address are the index, and that an entry is one word."""
        span = 1 << (register.count * register.stride - 1).bit_length()
        if register.words > 1 or register.stride & (register.stride - 1) or register.address % span:
            raise ValueError(
                f"a register of more than {_MULTIPLEXED} entries must have one word in each, a"
                f" power of two as its stride and be aligned to its length; {register.name} is not"
            )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        read, high, kept = Signal(32), Signal(32), Signal(32)
        m.d.sync += kept.eq(read)
        self._command(m)
        with m.Switch(self.address):
            for register in self.registers.values():
                if self.is_looked_up(register):
                    continue
                for index, member in enumerate(self.members_of(register)):
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
        m.d.comb += self.r_data.eq(self._looked_up(m, kept))
        return m

    def _command(self, m: Module) -> None:
        """Tell the fabric which command was written."""
        for register in (r for r in self.registers.values() if r.access == "cmd"):
            m.d.sync += self.written.eq(self.w_data)
            for index, member in enumerate(self.members_of(register)):
                here = self.address == register.address + index * register.stride
                m.d.sync += getattr(self, f"{member}_strobe").eq(self.w_stb & here)

    def _looked_up(self, m: Module, kept: Value) -> Value:
        """Return the word that is read, with those that come from outside a cycle late."""
        word = kept
        for register in filter(self.is_looked_up, self.registers.values()):
            index, asked = getattr(self, f"{register.name}_index"), Signal()
            places = [register.address + n * register.stride for n in range(register.count)]
            low = register.stride.bit_length() - 1
            m.d.sync += asked.eq(self.address.matches(*places))
            m.d.comb += index.eq(self.address[low : low + len(index)])
            word = word | Mux(asked, getattr(self, register.name), 0)
        return word
