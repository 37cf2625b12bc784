"""Reference model of ``gateware.csr.bank``: every register by name, every word by address."""

from collections.abc import Mapping
from typing import Final

from hw.registers import REGISTERS, Register

__all__ = ["RegisterBank"]

_LOW: Final = (1 << 32) - 1


class RegisterBank:
    """The registers of ``hw/registers.toml`` that a build has, as the host sees them.

    Parameters
    ----------
    constants : mapping of str to int
        Values of the registers that never change.
    registers : mapping of str to Register
        The registers, by name.

    Attributes
    ----------
    values : dict of str to int
        By member: the register's name, in a table with the index behind it. What the fabric drives
        is set here, a command's answer too; what the host has written stands here.

    Raises
    ------
    ValueError
        If a constant names no read-only register.
    """

    def __init__(
        self, constants: Mapping[str, int], registers: Mapping[str, Register] = REGISTERS
    ) -> None:
        for name in constants:
            if name not in registers or registers[name].access != "ro":
                raise ValueError(f"constants must name read-only registers, not {name!r}")
        self.values: dict[str, int] = {}
        self._words: dict[int, tuple[str, int]] = {}  # address: member, number of the word
        self._writable: set[str] = set()
        self._commands: set[str] = set()
        self._held = 0
        for register in registers.values():
            for index in range(register.count):
                member = register.name if register.count == 1 else f"{register.name}{index}"
                self.values[member] = constants.get(register.name, register.reset)
                for word in range(register.words):
                    address = register.address + index * register.stride + 4 * word
                    self._words[address] = (member, word)
                if register.access == "rw":
                    self._writable.add(member)
                elif register.access == "cmd":
                    self._commands.add(member)

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

    def write(self, address: int, word: int) -> str:
        """Write a word [32 bits]; ignored where nothing can be written.

        Returns
        -------
        str
            The member of the command that was written; empty if it was none.
        """
        member, _ = self._words.get(address, ("", 0))
        if member in self._writable:
            self.values[member] = word
        return member if member in self._commands else ""
