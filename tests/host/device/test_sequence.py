"""Tests of host.device.sequence."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from host.device.records import EVENT_DTYPE
from host.device.sequence import HoleDetector


def events(*sequence: int) -> np.ndarray:
    made = np.zeros(len(sequence), EVENT_DTYPE)
    made["sequence"] = sequence
    return made


@given(st.integers(0, 2**62), st.lists(st.integers(0, 5), max_size=8))
def test_accepts_any_cut_of_consecutive_events(first: int, sizes: list[int]) -> None:
    detector = HoleDetector()
    for size in sizes:
        assert detector.check(events(*range(first, first + size))) is None
        first += size


@pytest.mark.parametrize(
    ("before", "after", "text"),
    [
        ((0, 1), (3,), "event 2 must follow, but 3 came"),
        ((0,), (1, 2, 4), "event 3 must follow, but 4 came"),
        ((5,), (5,), "event 6 must follow, but 5 came"),
        ((), (7, 6), "event 8 must follow, but 6 came"),
    ],
)
def test_says_which_event_is_missing(
    before: tuple[int, ...], after: tuple[int, ...], text: str
) -> None:
    detector = HoleDetector()
    assert detector.check(events(*before)) is None
    assert text in str(detector.check(events(*after)))


def test_a_restart_may_begin_anywhere() -> None:
    detector = HoleDetector()
    detector.check(events(8, 9))
    detector.restart()
    assert detector.check(events(0, 1)) is None
