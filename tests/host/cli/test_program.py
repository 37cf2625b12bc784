"""Tests of host.cli: the conventions that hold for every command."""

import json
import subprocess
import sys
from importlib.metadata import EntryPoint, version

import click
import pytest

from host.cli import main, output, program
from host.cli.output import CliError, json_option
from host.device.base import DeviceError, DeviceLostError, DeviceMismatchError
from hw.presets import PRESETS
from hw.registers import REGISTERS, map_id
from tests.conftest import ROOT

LOOPBACK = "tests.host.loopback:LoopbackDevice"
RAISED: list[BaseException] = []


@click.command()
@json_option
def failing(as_json: bool) -> None:
    """Raise what the test put here."""
    raise RAISED.pop()


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make a good command, and three that cannot be loaded, the installed ones."""
    declared = {
        "failing": f"{__name__}:failing",
        "broken": "sim.no_such_module:command",
        "absent": "host.cli.output:no_such_name",
        "odd": "host.cli.output:CliError",
        "doctor": "host.cli.commands.doctor:doctor",
    }
    monkeypatch.setattr(
        program,
        "entry_points",
        lambda *, group: [EntryPoint(name=k, value=v, group=group) for k, v in declared.items()],
    )


def error_of(text: str) -> dict[str, str]:
    (line,) = text.splitlines()
    body = json.loads(line)
    assert list(body) == ["error"]
    assert set(body["error"]) == {"code", "message", "suggestion"}
    error: dict[str, str] = body["error"]
    return error


@pytest.mark.parametrize(
    ("raised", "exit_code", "code"),
    [
        (CliError("m", code="own", suggestion="do"), 1, "own"),
        (CliError("m", code="later", exit_code=output.Exit.RETRY), 3, "later"),
        (click.UsageError("m"), 2, "usage"),
        (click.BadParameter("m"), 2, "usage"),
        (click.FileError("f", "m"), 2, "usage"),
        (DeviceLostError("m"), 3, "device_lost"),
        (DeviceMismatchError("m"), 1, "device_mismatch"),
        (DeviceError("m"), 1, "device"),
        (RuntimeError("m"), 1, "internal"),
        (KeyboardInterrupt(), 130, "interrupted"),
    ],
    ids=lambda x: type(x).__name__ if isinstance(x, BaseException) else None,
)
@pytest.mark.usefixtures("commands")
def test_each_failure_has_its_exit_code_and_object(
    raised: BaseException, exit_code: int, code: str, capsys: pytest.CaptureFixture[str]
) -> None:
    RAISED.append(raised)
    assert main(["failing", "--json"]) == exit_code
    assert error_of(capsys.readouterr().out)["code"] == code
    RAISED.append(raised)
    assert main(["failing"]) == exit_code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "error: " in captured.err


@pytest.mark.usefixtures("commands")
def test_a_failure_tells_what_to_try(capsys: pytest.CaptureFixture[str]) -> None:
    RAISED.append(CliError("no disk", suggestion="buy one"))
    main(["failing"])
    assert capsys.readouterr().err == "error: no disk\n  try: buy one\n"


@pytest.mark.usefixtures("commands")
def test_help_lists_commands_that_cannot_be_imported_with_the_remedy(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["--help"]) == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines() if line.split()}
    assert "Not available" in lines["broken"]
    assert "Not available" in lines["absent"]
    assert "Raise what the test put here" in lines["failing"]


@pytest.mark.parametrize(
    ("command", "text", "remedy"),
    [
        ("broken", "No module named 'sim.no_such_module'", "pip install 'tickgate[sim]'"),
        ("absent", "no_such_name", "tickgate doctor"),
        ("odd", "is no click command", "tickgate doctor"),
    ],
)
@pytest.mark.usefixtures("commands")
def test_a_command_that_cannot_be_imported_explains_itself(
    command: str, text: str, remedy: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command, "some.file", "--option", "--json"]) == 1
    error = error_of(capsys.readouterr().out)
    assert error["code"] == "not_installed"
    assert text in error["message"]
    assert error["suggestion"] == remedy


def test_a_command_names_the_extra_that_brings_what_it_lacks() -> None:
    entry = EntryPoint(name="ising", value="host.cli.commands.ising:ising", group=program.GROUP)
    lacking = ModuleNotFoundError("No module named 'scipy'", name="scipy.sparse")
    shown = program._unavailable(entry, lacking).short_help
    assert shown is not None
    assert shown.endswith("try: pip install 'tickgate[compute]'")


@pytest.mark.parametrize(
    "arguments", [["nonsense", "--json"], ["--nonsense", "--json"], ["doctor", "--x", "--json"]]
)
def test_a_wrong_command_line_is_a_usage_error(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    error = error_of(capsys.readouterr().out)
    assert error["code"] == "usage"
    assert error["suggestion"].endswith("--help")


def test_shows_help_where_nothing_is_asked(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "registers" in capsys.readouterr().out


def test_shows_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"tickgate {version('tickgate')}\n"


def test_registers_are_those_of_the_map(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["registers", "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)["registers"]
    assert [(r["name"], r["address"], r["doc"]) for r in shown] == [
        (r.name, r.address, r.doc) for r in REGISTERS.values()
    ]
    assert "value" not in shown[0]


def test_registers_table_has_a_row_for_each(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["registers"]) == 0
    text = capsys.readouterr().out
    for register in REGISTERS.values():
        assert f"0x{register.address:03x}" in text


def test_registers_reads_a_device(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["registers", "--device", LOOPBACK, "--preset", "medium"]
    assert main([*arguments, "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)["registers"]
    values = {r["name"]: r["value"] for r in shown}
    assert values["map_id"] == map_id(PRESETS["medium"])
    assert values["errors"] == [0] * 16


def test_registers_table_shows_values(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["registers", "--device", LOOPBACK]) == 0
    assert f"0x{map_id(PRESETS['small']):08x}" in capsys.readouterr().out


def test_registers_of_an_unknown_device_fail(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["registers", "--device", "nope", "--json"]) == 1
    assert "nope" in error_of(capsys.readouterr().out)["message"]


@pytest.mark.parametrize(("flags", "shown"), [([], {"WARNING"}), (["-v"], {"WARNING", "INFO"})])
@pytest.mark.usefixtures("commands")
def test_logs_go_to_standard_error(flags: list[str], shown: set[str]) -> None:
    code = (
        "import sys, logging, host.cli.program as p\n"
        "@p.program.command()\n"
        "def talk():\n"
        "    for level in ('DEBUG', 'INFO', 'WARNING'):\n"
        "        logging.getLogger('x').log(getattr(logging, level), level)\n"
        "sys.exit(p.main())"
    )
    result = subprocess.run(
        [sys.executable, "-c", code, *flags, "talk"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    assert result.stdout == ""
    assert {line.split(": ")[1] for line in result.stderr.splitlines()} == shown


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    result = subprocess.run(
        f"{sys.executable} -m host.cli registers | head -c 1; exit ${{PIPESTATUS[0]}}",
        shell=True,
        executable="/bin/bash",
        cwd=ROOT,
        check=False,
        capture_output=True,
    )
    assert (result.returncode, result.stderr) == (0, b"")
