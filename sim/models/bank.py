"""Reference model of ``gateware.csr.bank``: every register by name, every word by address."""

from collections.abc import Mapping
from typing import Final

from hw.registers import REGISTERS

__all__ = ["RegisterBank"]

_LOW: Final = (1 << 32) - 1


class RegisterBank:
    """The registers of ``hw/registers.toml`` as the host sees them.

    Parameters
    ----------
    constants : mapping of str to int
        Values of the registers that never change.

    Attributes
    ----------
    values : dict of str to int
        By member: the register's name, in a table with the index behind it. What the fabric drives
        is set here; what the host has written stands here.

    Raises
    ------
    ValueError
        If a constant names no read-only register.
    """

    def __init__(self, constants: Mapping[str, int]) -> None:
        for name in constants:
            if name not in REGISTERS or REGISTERS[name].access != "ro":
                raise ValueError(f"constants must name read-only registers, not {name!r}")
        self.values: dict[str, int] = {}
        self._words: dict[int, tuple[str, int]] = {}  # address: member, number of the word
        self._writable: set[str] = set()
        self._held = 0
        for register in REGISTERS.values():
            for index in range(register.count):
                member = register.name if register.count == 1 else f"{register.name}{index}"
                self.values[member] = constants.get(register.name, register.reset)
                for word in range(register.words):
                    address = register.address + index * register.stride + 4 * word
                    self._words[address] = (member, word)
                if register.access == "rw":
                    self._writable.add(member)

    def look(self, address: int) -> int:
        """Return the word at an address, as a bus without a strobe shows it; 0 where none is."""
        member, word = self._words.get(address, ("", 0))
        if word:
            return self._held
        return self.values.get(member, 0) & _LOW

    def read(self, address: int) -> int:
        """Return the word at an address; with a low word, hold the high one for later."""
        told = self.look(address)
        member, word = self._words.get(address, ("", 1))
        if not word and address + 4 in self._words and self._words[address + 4][0] == member:
            self._held = self.values[member] >> 32
        return told

    def write(self, address: int, word: int) -> None:
        """Write a word [32 bits]; ignored where nothing can be written."""
        member, _ = self._words.get(address, ("", 0))
        if member in self._writable:
            self.values[member] = word
