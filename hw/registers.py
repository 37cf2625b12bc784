"""The register map of ``registers.toml``, checked and typed."""

import hashlib
import json
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import Final, Literal

from hw.presets import BookParameters
from hw.records import RECORDS_SOURCE
from hw.risk_parameters import RiskParameters

__all__ = [
    "LIMITS",
    "REGISTERS",
    "REGISTERS_SOURCE",
    "RISK_REGISTERS",
    "Part",
    "Register",
    "load_registers",
    "map_id",
]

REGISTERS_SOURCE: Final = files("hw").joinpath("registers.toml").read_bytes()


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """Some bits of a limit that mean something of their own; the first part is lowest.

    Attributes
    ----------
    name : str
        What they say.
    width : int
        How many [bits].
    enum : str
        The code points that they hold, as in ``records.toml``; empty if none.
    index_of, mask_of : str
        What they are the index of, or a mask of with one bit each: ``instruments`` say; else empty.
    """

    name: str
    width: int = 1
    enum: str = ""
    index_of: str = ""
    mask_of: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Register:
    """One register, or a table of ``count`` like registers.

    Attributes
    ----------
    name : str
        Key in ``registers.toml``, and the attribute name in gateware and host.
    address : int
        Byte address of the first word, a multiple of 4.
    access : "ro", "rw", "cmd" or "limit"
        As seen from the host: read only; written and read back; an order of one cycle to the
        gateware; a field of a limit table, staged until it is committed.
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
    block : "book" or "risk"
        The part of the gateware without which it is absent.
    table : str
        Of a limit: the table whose rows it is a field of; otherwise empty.
    parts : tuple of Part
        Of a limit whose bits mean several things; otherwise empty.

    Raises
    ------
    ValueError
        If one of them is out of range; the text says what must hold.
    """

    name: str
    address: int
    access: Literal["ro", "rw", "cmd", "limit"]
    width: int
    unit: str
    doc: str
    reset: int = 0
    count: int = 1
    stride: int = 4
    block: Literal["book", "risk"] = "book"
    table: str = ""
    parts: tuple[Part, ...] = ()

    def __post_init__(self) -> None:
        def require(holds: bool, what: str) -> None:
            if not holds:
                raise ValueError(f"register {self.name}: {what}")

        require(
            self.address >= 0 and self.address % 4 == 0,
            f"address must be a multiple of 4, not {self.address:#x}",
        )
        require(
            self.access in ("ro", "rw", "cmd", "limit"),
            f'access must be "ro", "rw", "cmd" or "limit", not "{self.access}"',
        )
        require(
            self.block in ("book", "risk"), f'block must be "book" or "risk", not "{self.block}"'
        )
        require(
            (self.access == "limit") == bool(self.table),
            f"a limit, and nothing else, names its table; this one names {self.table!r}",
        )
        require(
            self.access in ("rw", "ro") or self.reset == 0,
            f"only rw registers have a reset value, not {self.access} ones",
        )
        require(1 <= self.width <= 64, f"width must be from 1 to 64, not {self.width}")
        require(
            self.access in ("ro", "limit") or self.width <= 32,
            f"a writable register has at most 32 bits, not {self.width}",
        )
        require(
            0 <= self.reset < 1 << self.width,
            f"reset must fit in {self.width} bits, not be {self.reset}",
        )
        parts = sum(part.width for part in self.parts)
        require(parts <= self.width, f"parts must fit in {self.width} bits, not take {parts}")
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
    table = {
        name: Register(name=name, **values | {"parts": parts})
        for name, values in tomllib.loads(source.decode()).items()
        for parts in [tuple(Part(**part) for part in values.get("parts", ()))]
    }
    owner: dict[int, str] = {}
    for register in table.values():
        for address in register.word_addresses():
            other = owner.setdefault(address, register.name)
            if other != register.name:
                raise ValueError(f"registers {other} and {register.name} share {address:#x}")
    return table


_ALL: Final = load_registers(REGISTERS_SOURCE)
#: Registers of every build, by name.
REGISTERS: Final = {n: r for n, r in _ALL.items() if r.block == "book"}
#: Registers of a build with the risk gate, but the limits, by name.
RISK_REGISTERS: Final = {n: r for n, r in _ALL.items() if r.block == "risk" and r.access != "limit"}
#: Fields of the limit tables, by name, by table.
LIMITS: Final = {
    table: {n: r for n, r in _ALL.items() if r.table == table}
    for table in dict.fromkeys(r.table for r in _ALL.values() if r.table)
}


def map_id(
    parameters: BookParameters,
    *,
    risk: RiskParameters | None = None,
    registers: bytes = REGISTERS_SOURCE,
    records: bytes = RECORDS_SOURCE,
) -> int:
    """Return the 32-bit identity of a build.

    The first 4 bytes, big-endian, of the SHA-256 over the register map, the records and the
    sizes in ``parameters`` and ``risk``, as the files stand: a comment changes it too.

    Parameters
    ----------
    parameters : BookParameters
        What the gateware is built with. Its name and its texts do not count.
    risk : RiskParameters, optional
        Of a build with the risk gate.
    registers, records : bytes, optional
        Text of ``registers.toml`` and ``records.toml``.
    """
    digest = hashlib.sha256(registers)
    digest.update(records)
    digest.update(json.dumps(parameters.sizes(), sort_keys=True).encode())
    if risk is not None:
        digest.update(json.dumps(risk.sizes(), sort_keys=True).encode())
    return int.from_bytes(digest.digest()[:4], "big")
