"""The key of an operator who may arm: a small TOML file that nobody else can read."""

import os
import secrets
import stat
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hw.sip_hash import KEY_BYTES

__all__ = ["OPERATORS", "KeyFileError", "OperatorKey", "load_key", "make_key"]

#: Operators that the gate has keys for.
OPERATORS: Final = 4


class KeyFileError(ValueError):
    """A key file cannot be used; the text says why, and never holds the key."""


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)

    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.@-]{1,40}$")]
    operator: Annotated[int, Field(ge=0, lt=OPERATORS)]
    key: Annotated[str, Field(pattern=rf"^[0-9a-f]{{{2 * KEY_BYTES}}}$")]


@dataclass(frozen=True, kw_only=True, slots=True)
class OperatorKey:
    """Who may arm, and with what.

    Attributes
    ----------
    name : str
        For the audit log.
    operator : int
        Number of the operator in the gate, 0 to 3.
    key : bytes
        16 bytes, not all 0.
    """

    name: str
    operator: int
    key: bytes = field(repr=False)

    def words(self) -> list[int]:
        """Return the words of register ``operator_key``, the first of them 4 * operator."""
        return [int.from_bytes(self.key[n : n + 4], "little") for n in range(0, KEY_BYTES, 4)]


def load_key(path: Path) -> OperatorKey:
    """Read a key file.

    Raises
    ------
    KeyFileError
        If it is not yours alone (mode 0600), or is no key.
    """
    try:
        with path.open("rb") as file:
            status = os.fstat(file.fileno())
            _check_private(path, status)
            read = _File.model_validate(tomllib.load(file))
    except OSError as error:
        raise KeyFileError(f"cannot read the key file {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise KeyFileError(f"the key file {path} is no TOML file") from error
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(map(str, first["loc"]))
        raise KeyFileError(f"the key file {path} is wrong: {where}: {first['msg']}") from None
    key = bytes.fromhex(read.key)
    if not any(key):
        raise KeyFileError(f"the key in {path} must not be all 0")
    return OperatorKey(name=read.name, operator=read.operator, key=key)


def _check_private(path: Path, status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode) or status.st_uid != os.geteuid():
        raise KeyFileError(f"the key file {path} must be a file of your own")
    if stat.S_IMODE(status.st_mode) != 0o600:
        mode = stat.S_IMODE(status.st_mode)
        raise KeyFileError(f"the key file {path} must have mode 0600, not {mode:04o}: chmod 600")


def make_key(path: Path, *, name: str, operator: int) -> OperatorKey:
    """Make a new random key and its file, mode 0600.

    Raises
    ------
    KeyFileError
        If the file exists or cannot be made, or the name or number is wrong.
    """
    text = f'name = "{name}"\noperator = {operator}\nkey = "{secrets.token_hex(KEY_BYTES)}"\n'
    try:
        _File.model_validate(tomllib.loads(text))
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise KeyFileError(f"cannot make the key file {path}: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, ValidationError) as error:
        raise KeyFileError(
            f"a name has 1 to 40 letters, digits and _.@-, an operator is 0 to {OPERATORS - 1}; "
            f"not {name!r} and {operator}"
        ) from error
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    return load_key(path)
