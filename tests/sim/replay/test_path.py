"""Tests of sim.replay.path."""

import numpy as np
import pytest

from sim.replay.path import NO_PRICE, PathRecorder, TimeAxis


def say(recorder: PathRecorder, side: int, *states: tuple[int, int, int]) -> None:
    book, time, tick = (np.array(column, np.int64) for column in zip(*states, strict=True))
    recorder.add(side, book, time, tick)


def test_a_bin_shows_its_last_state_and_quiet_bins_the_one_before() -> None:
    recorder = PathRecorder(books=2, axis=TimeAxis(start=100, end=140, bins=4))
    say(recorder, 0, (1, 100, 50), (1, 105, 52), (1, 130, 51))
    path = recorder.path(1)
    assert path.bid.tolist() == [52, 52, 52, 51]
    assert path.ask.tolist() == [NO_PRICE] * 4
    assert recorder.path(0).bid.tolist() == [NO_PRICE] * 4


def test_keeps_the_widest_of_each_bin() -> None:
    recorder = PathRecorder(books=1, axis=TimeAxis(start=0, end=20, bins=2))
    say(recorder, 0, (0, 1, 50), (0, 2, 40), (0, 3, 52))
    say(recorder, 1, (0, 1, 60), (0, 2, 75), (0, 3, 55))
    path = recorder.path(0)
    assert path.bid_low.tolist() == [40, 52]
    assert path.ask_high.tolist() == [75, 55]


def test_an_empty_side_breaks_the_path() -> None:
    recorder = PathRecorder(books=1, axis=TimeAxis(start=0, end=30, bins=3))
    say(recorder, 0, (0, 0, 50), (0, 11, NO_PRICE))
    assert recorder.path(0).bid.tolist() == [50, NO_PRICE, NO_PRICE]


def test_times_outside_the_axis_fall_into_its_edges() -> None:
    axis = TimeAxis(start=100, end=200, bins=10)
    assert axis.bin_of(np.array([0, 100, 199, 200, 10**18])).tolist() == [0, 0, 9, 9, 9]


def test_an_axis_of_one_instant_has_one_used_bin() -> None:
    assert TimeAxis(start=5, end=5, bins=3).bin_of(np.array([5])).tolist() == [0]


@pytest.mark.parametrize(("start", "end", "bins"), [(1, 0, 4), (0, 1, 0)])
def test_rejects_a_bad_axis(start: int, end: int, bins: int) -> None:
    with pytest.raises(ValueError, match="a time axis needs start <= end and at least 1 bin"):
        TimeAxis(start=start, end=end, bins=bins)
