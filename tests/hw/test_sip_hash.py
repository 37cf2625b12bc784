"""Tests of hw.sip_hash: vectors of its authors, and OpenSSL as an independent peer."""

import random
import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest

from hw.sip_hash import sip_hash

KEY: Final = bytes(range(16))
#: Tags of the messages 00, 00 01, 00 01 02 ... of 0 to 63 bytes, first byte first: vectors_sip64
#: of vectors.h in the reference code (github.com/veorq/SipHash).
VECTORS: Final = bytes.fromhex(
    "310e0edd47db6f72fd67dc93c539f8745a4fa9d909806c0d2d7efbd796666785b7877127e09427cf"
    "8da699cd64557618cee3fe586e46c9cb37d1018bf50002ab6224939a79f5f593b0e4a90bdf82009e"
    "f3b9dd94c5bb5d7aa7ad6b22462fb3f4fbe50e86bc8f1e75903d84c02756ea14eef27a8e90ca23f7"
    "e545be4961ca29a1db9bc2577fcc2a3f9447be2cf5e99a699cd38d96f0b3c14bbd6179a71dc96dbb"
    "98eea21af25cd6bec7673b2eb0cbf2d0883ea3e395675393c8ce5ccd8c030ca894af49f6c650adb8"
    "eab8858ade92e1bcf315bb5bb835d817adcf6b0763612e2fa5c91da7acaa4dde716595876650a2a6"
    "28ef495c53a387ad42c341d8fa92d832ce7cf2722f512771e37859f94623f3a7381205bb1ab0e012"
    "ae97a10fd434e015b4a31508beff4d3181396229f09079024d0cf49ee5d4dcca5c73336a76d8bf9a"
    "d0a704536ba93e0e925958fcd6420cada915c29bc8067318952b79f3bc0aa6d4f21df2e41d4535f9"
    "87577519048f53a910a56cf5dfcd9adbeb75095ccd986cd051a9cb9ecba312e696afadfc2ce666c7"
    "72fe52975a4364ee5a1645b276d592a1b274cb8ebf87870a6f9bb4203de7b381eaecb2a30b22a87f"
    "9924a43cc1315724bd838d3aafbf8db70b1a2a3265d51aea135079a3231ce660932b2846e4d70666"
    "e1915f5cb1eca46cf325965ca16d629f575ff28e60381be5724506eb4c328a95"
)


def openssl(key: bytes, message: bytes, folder: Path) -> int:
    """Return the tag that OpenSSL's own implementation makes."""
    program = shutil.which("openssl")
    assert program is not None
    file = folder / "message"
    file.write_bytes(message)
    options = ["-macopt", f"hexkey:{key.hex()}", "-macopt", "size:8", "-in", str(file)]
    done = subprocess.run(
        [program, "mac", *options, "SIPHASH"], capture_output=True, text=True, check=True
    )
    return int.from_bytes(bytes.fromhex(done.stdout.strip()), "little")


def openssl_knows_it() -> bool:
    """Say whether there is an OpenSSL with SipHash: 3.0 and later."""
    program = shutil.which("openssl")
    if program is None:
        return False
    listed = subprocess.run(
        [program, "list", "-mac-algorithms"], capture_output=True, text=True, check=False
    )
    return "SIPHASH" in listed.stdout.upper()


def test_the_tag_of_the_papers_appendix() -> None:
    assert sip_hash(KEY, bytes(range(15))) == 0xA129CA6149BE45E5


@pytest.mark.parametrize("length", range(64))
def test_the_tags_of_the_reference_code(length: int) -> None:
    expected = int.from_bytes(VECTORS[8 * length : 8 * length + 8], "little")
    assert sip_hash(KEY, bytes(range(length))) == expected


@pytest.mark.skipif(not openssl_knows_it(), reason="needs OpenSSL 3 with SIPHASH")
@pytest.mark.parametrize("length", [0, 1, 7, 8, 15, 16, 17, 64, 255, 256, 300])
def test_openssl_makes_the_same_tags(length: int, tmp_path: Path) -> None:
    rng = random.Random(length)
    key, message = rng.randbytes(16), rng.randbytes(length)
    assert sip_hash(key, message) == openssl(key, message, tmp_path)


@pytest.mark.parametrize("length", [0, 8, 15, 17])
def test_a_key_has_16_bytes(length: int) -> None:
    with pytest.raises(ValueError, match=f"key must be 16 bytes long, not {length}"):
        sip_hash(bytes(length), b"")
