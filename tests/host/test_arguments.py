"""Tests of host.arguments."""

from pathlib import Path

import pytest

from host.arguments import Arguments, parse
from hw.presets import PRESETS, BookParameters


@pytest.mark.parametrize(
    "parameters", [PRESETS["large"], BookParameters(books=2, window_ticks=64, order_slots=256)]
)
def test_parse_reads_back_what_was_written(parameters: BookParameters) -> None:
    given = Arguments(directory=Path("/a b"), worker="fpga", device="m:D", parameters=parameters)
    assert parse("test", given.to_list()) == given


@pytest.mark.parametrize(
    "parameters", ["{", '{"books": 3, "window_ticks": 64, "order_slots": 256}', '{"nope": 1}']
)
def test_wrong_parameters_are_a_usage_error(
    parameters: str, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--directory=/a", "--worker=w", "--device=d", f"--parameters={parameters}"]
    with pytest.raises(SystemExit) as caught:
        parse("test", arguments)
    assert caught.value.code == 2
    assert "--parameters" in capsys.readouterr().err
