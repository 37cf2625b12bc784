"""Philox 4x32-10 on every backend that this machine has."""

import numpy as np
import pytest

from gpu.native import LEVELS
from gpu.philox import philox_words
from tests.gpu.machines import native

# Random123, tests/kat_vectors, philox4x32 with 10 rounds: counter, key, answer.
KNOWN = [
    (
        "00000000 00000000 00000000 00000000",
        "00000000 00000000",
        "6627e8d5 e169c58d bc57ac4c 9b00dbd8",
    ),
    (
        "ffffffff ffffffff ffffffff ffffffff",
        "ffffffff ffffffff",
        "408f276d 41c83b0e a20bc7c6 6d5451fd",
    ),
    (
        "243f6a88 85a308d3 13198a2e 03707344",
        "a4093822 299f31d0",
        "d16cfe09 94fdcceb 5001e420 24126ea1",
    ),
]


def words(text: str) -> list[int]:
    return [int(word, 16) for word in text.split()]


def seed_of(key: str) -> int:
    low, high = words(key)
    return low | high << 32


@pytest.mark.parametrize(("counter", "key", "answer"), KNOWN)
def test_the_twin_gives_the_known_answers(counter: str, key: str, answer: str) -> None:
    counters = np.array([words(counter)], dtype=np.uint32)
    assert philox_words(counters, seed_of(key))[0].tolist() == words(answer)


@pytest.mark.parametrize("level", range(len(LEVELS)))
@pytest.mark.parametrize(("counter", "key", "answer"), KNOWN)
def test_every_level_gives_the_known_answers(
    level: int, counter: str, key: str, answer: str
) -> None:
    counters = np.array([words(counter)] * 17, dtype=np.uint32)
    found = native(level).philox_words(counters, seed_of(key))
    assert found.tolist() == [words(answer)] * 17


@pytest.mark.parametrize("level", range(len(LEVELS)))
def test_every_level_equals_the_twin_bit_for_bit(level: int) -> None:
    generator = np.random.default_rng(level)
    counters = generator.integers(0, 2**32, (1001, 4), dtype=np.uint32)
    seed = int(generator.integers(0, 2**63))
    np.testing.assert_array_equal(
        native(level).philox_words(counters, seed), philox_words(counters, seed)
    )
