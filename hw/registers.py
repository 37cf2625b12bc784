"""The register map of ``registers.toml``, checked and typed."""

import hashlib
import json
import tomllib
from dataclasses import dataclass
from importlib.resources import files
from typing import Final, Literal

from hw.presets import BookParameters
from hw.records import RECORDS_SOURCE

__all__ = ["REGISTERS", "Register", "map_id"]

_SOURCE: Final = files("hw").joinpath("registers.toml").read_bytes()


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
        if self.address % 4 or not 1 <= self.width <= 64 or self.access not in ("ro", "rw"):
            raise ValueError(f"register {self.name}: bad address, width or access")
        if self.count < 1 or (self.count > 1 and (self.stride % 4 or self.stride < 4 * self.words)):
            raise ValueError(f"register {self.name}: bad count or stride")
        if self.access == "rw" and self.width > 32:
            raise ValueError(f"register {self.name}: writable registers have at most 32 bits")

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


def _load() -> dict[str, Register]:
    table = {k: Register(name=k, **v) for k, v in tomllib.loads(_SOURCE.decode()).items()}
    words = [address for r in table.values() for address in r.word_addresses()]
    if len(set(words)) != len(words):
        raise ValueError("two registers share an address")
    return table


REGISTERS: Final = _load()


def map_id(parameters: BookParameters) -> int:
    """Return the 32-bit identity of a build.

    The first 4 bytes, big-endian, of the SHA-256 over the register map, the records and the
    sizes in ``parameters``.
    """
    digest = hashlib.sha256(_SOURCE)
    digest.update(RECORDS_SOURCE)
    digest.update(json.dumps(parameters.sizes(), sort_keys=True).encode())
    return int.from_bytes(digest.digest()[:4], "big")
