"""The register map of ``registers.toml``, checked and typed."""

import hashlib
import json
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import Final, Literal

from hw.presets import BookParameters
from hw.records import RECORDS_SOURCE

__all__ = ["REGISTERS", "REGISTERS_SOURCE", "Register", "load_registers", "map_id"]

REGISTERS_SOURCE: Final = files("hw").joinpath("registers.toml").read_bytes()


@dataclass(frozen=True, kw_only=True, slots=True)
class Register:
    """One register, or a table of ``count`` like registers.

    Attributes
    ----------
    name : str
        Key in ``registers.toml``, and the attribute name in gateware and host.
    address : int
        Byte address of the first word, a multiple of 4.
    access : "ro" or "rw"
        As seen from the host.
    width : int
        Used bits, 1 to 64; more than 32 take two words.
    unit : str
        Unit of the value, or "none".
    doc : str
        One or more sentences, shown in the manual.
    reset : int
        Value after reset.
    count, stride : int
        Entries, and their distance [bytes].

    Raises
    ------
    ValueError
        If one of them is out of range; the text says what must hold.
    """

    name: str
    address: int
    access: Literal["ro", "rw"]
    width: int
    unit: str
    doc: str
    reset: int = 0
    count: int = 1
    stride: int = 4

    def __post_init__(self) -> None:
        def require(holds: bool, what: str) -> None:
            if not holds:
                raise ValueError(f"register {self.name}: {what}")

        require(
            self.address >= 0 and self.address % 4 == 0,
            f"address must be a multiple of 4, not {self.address:#x}",
        )
        require(self.access in ("ro", "rw"), f'access must be "ro" or "rw", not "{self.access}"')
        require(1 <= self.width <= 64, f"width must be from 1 to 64, not {self.width}")
        require(
            self.access == "ro" or self.width <= 32,
            f"a writable register has at most 32 bits, not {self.width}",
        )
        require(
            0 <= self.reset < 1 << self.width,
            f"reset must fit in {self.width} bits, not be {self.reset}",
        )
        require(self.count >= 1, f"count must be at least 1, not {self.count}")
        require(
            self.count == 1 or (self.stride % 4 == 0 and self.stride >= 4 * self.words),
            f"stride must be a multiple of 4 from {4 * self.words}, not {self.stride}",
        )

    @property
    def words(self) -> int:
        """32-bit words of one entry."""
        return 1 if self.width <= 32 else 2

    def word_addresses(self) -> list[int]:
        """Byte address of every word, entry by entry."""
        return [
            self.address + entry * self.stride + 4 * word
            for entry in range(self.count)
            for word in range(self.words)
        ]


def load_registers(source: bytes) -> dict[str, Register]:
    """Parse a register map.

    Parameters
    ----------
    source : bytes
        The text of ``registers.toml``, UTF-8.

    Returns
    -------
    dict of str to Register
        By name, in the order of the file.

    Raises
    ------
    ValueError
        If a register is ill-formed, or two share an address.
    """
    table = {k: Register(name=k, **v) for k, v in tomllib.loads(source.decode()).items()}
    owner: dict[int, str] = {}
    for register in table.values():
        for address in register.word_addresses():
            other = owner.setdefault(address, register.name)
            if other != register.name:
                raise ValueError(f"registers {other} and {register.name} share {address:#x}")
    return table


REGISTERS: Final = load_registers(REGISTERS_SOURCE)


def map_id(
    parameters: BookParameters,
    *,
    registers: bytes = REGISTERS_SOURCE,
    records: bytes = RECORDS_SOURCE,
) -> int:
    """Return the 32-bit identity of a build.

    The first 4 bytes, big-endian, of the SHA-256 over the register map, the records and the
    sizes in ``parameters``, as the files stand: a comment changes it too.

    Parameters
    ----------
    parameters : BookParameters
        What the gateware is built with. Its name and its texts do not count.
    registers, records : bytes, optional
        Text of ``registers.toml`` and ``records.toml``.
    """
    digest = hashlib.sha256(registers)
    digest.update(records)
    digest.update(json.dumps(parameters.sizes(), sort_keys=True).encode())
    return int.from_bytes(digest.digest()[:4], "big")
