"""Tests of ``tickgate ising``, as a user runs it."""

import json
from pathlib import Path

import pytest

from host.cli import main
from host.cli.output import Exit

RING = "5 5\n1 2\n2 3\n3 4\n4 5\n5 1\n"
QUBO = "p qubo 0 3 3 2\n0 0 -1\n1 1 -1\n2 2 -1\n0 1 2\n1 2 2\n"


@pytest.mark.parametrize("solver", ["bsb", "dsb", "exact"])
def test_a_graph_is_cut(solver: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "ring.txt"
    file.write_text(RING)
    options = ["--solver", solver, "--budget", "0", "--seed", "7", "--json"]
    assert main(["ising", "solve", str(file), *options]) == Exit.OK
    found = json.loads(capsys.readouterr().out)
    assert (found["cut"], found["energy"], found["seed"]) == (4, -8, 7)
    sides = found["assignment"]
    assert sum(sides[i] != sides[(i + 1) % 5] for i in range(5)) == 4
    assert found["bound"] == (-8 if solver == "exact" else None)
    assert found["trace"][-1]["energy"] == -8
    assert found["seconds"] > 0


def test_a_qubo_is_solved_in_bits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "cover.qubo"
    file.write_text(QUBO)
    assert main(["ising", "solve", str(file), "--solver", "exact", "--json"]) == Exit.OK
    found = json.loads(capsys.readouterr().out)
    assert found["assignment"] == [1, 0, 1]
    assert (found["energy"], found["cut"]) == (-2, None)
    assert main(["ising", "solve", str(file), "--solver", "exact"]) == Exit.OK
    assert "101" in capsys.readouterr().out


def test_errors_say_what_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "bad.txt"
    file.write_text("2 1\n1 3\n")
    assert main(["ising", "solve", str(file)]) == Exit.FAILED
    assert "bad.txt:2: expected vertices from 1 to 2" in capsys.readouterr().err
    file.write_text("25 1\n1 2\n")
    assert main(["ising", "solve", str(file), "--solver", "exact"]) == Exit.USAGE
    assert "at most 24 spins" in capsys.readouterr().err
