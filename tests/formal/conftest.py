"""Marks of the proofs, and the count of mutants."""

from typing import Any

import pytest

#: Of tests that show a proof refutes a change of the source.
_MUTANT = "mutant"
_COUNTS = pytest.StashKey[dict[str, int]]()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder as a proof, and those of mutants as such."""
    for item in items:
        if item.path.parent.name == "formal":
            item.add_marker(pytest.mark.formal)
            if _MUTANT in item.name.split("[")[0]:
                item.add_marker(pytest.mark.mutant)


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Count the mutants that were killed, and those that were not."""
    config.stash[_COUNTS] = {
        outcome: sum(
            _MUTANT in report.nodeid.split("::")[-1].split("[")[0]
            for report in terminalreporter.getreports(outcome)
            if getattr(report, "when", "call") == "call"
        )
        for outcome in ("passed", "failed")
    }


def pytest_unconfigure(config: pytest.Config) -> None:
    """Say how many, last of all."""
    counts = config.stash.get(_COUNTS, {})
    if any(counts.values()):
        print(f"{counts['passed']} killed, {counts['failed']} survived")
