"""Tests of host.risk.operator_key."""

from pathlib import Path

import pytest

from host.risk.operator_key import KeyFileError, load_key, make_key

GOOD = f'name = "ana"\noperator = 2\nkey = "{"0123456789abcdef" * 2}"\n'


def written(path: Path, text: str, mode: int = 0o600) -> Path:
    path.write_text(text)
    path.chmod(mode)
    return path


def test_a_key_is_read_with_its_words_lowest_first(tmp_path: Path) -> None:
    key = load_key(written(tmp_path / "k", GOOD))
    assert (key.name, key.operator) == ("ana", 2)
    assert key.key == bytes.fromhex("0123456789abcdef" * 2)
    assert key.words() == [0x67452301, 0xEFCDAB89] * 2
    assert "0123" not in repr(key)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o400, 0o700])
def test_a_key_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    with pytest.raises(KeyFileError, match=f"must have mode 0600, not {mode:04o}"):
        load_key(written(tmp_path / "k", GOOD, mode))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (GOOD.replace("operator = 2", "operator = 4"), "operator: Input should be less than 4"),
        (GOOD.replace("0123", "xyz", 1), "key: String should match pattern"),
        (GOOD.replace("0123456789abcdef", "0" * 16), "must not be all 0"),
        (GOOD + "more = 1\n", "more: Extra inputs are not permitted"),
        ("name = ", "is no TOML file"),
    ],
)
def test_what_is_no_key_is_refused_without_telling_it(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(KeyFileError, match=said) as raised:
        load_key(written(tmp_path / "k", text))
    assert "6789abcdef" not in str(raised.value)


def test_a_new_key_is_random_private_and_never_overwrites(tmp_path: Path) -> None:
    keys = {make_key(tmp_path / f"k{n}", name="bob", operator=n).key for n in range(4)}
    assert len(keys) == 4
    assert (tmp_path / "k0").stat().st_mode & 0o777 == 0o600
    with pytest.raises(KeyFileError, match=r"cannot make the key file .*File exists"):
        make_key(tmp_path / "k0", name="bob", operator=0)
    for name, operator in (("b b", 0), ("bob", 4), ('"', 1)):
        with pytest.raises(KeyFileError, match="a name has 1 to 40 letters"):
            make_key(tmp_path / "new", name=name, operator=operator)
    assert not (tmp_path / "new").exists()
    with pytest.raises(KeyFileError, match="cannot read the key file"):
        load_key(tmp_path / "none")
