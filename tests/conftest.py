"""What holds for all tests: who shares a process with whom, and what was found is shown at the end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import hypothesis
import pytest
from xdist.scheduler import LoadScopeScheduling

from tests.support import findings

TESTS = Path(__file__).parent
TOGETHER = ("faults",)
"""Folders that stay in one process: their tests share installations that are slow to start."""
LONGEST = ("faults", "simulation", "e2e", "integration", "acceptance")
"""Folders that are begun with, the slowest first, so that no process is left with a long one at the end."""


def pytest_configure(config: pytest.Config) -> None:
    """The ordinary suite plays the same examples everywhere; the long one draws new ones each time.

    A busy machine is no fault of an example.
    """
    is_ordinary = config.option.markexpr == "not long"
    patient = [hypothesis.HealthCheck.too_slow]
    hypothesis.settings.register_profile(
        "ours", derandomize=is_ordinary, suppress_health_check=patient, deadline=None
    )
    hypothesis.settings.load_profile("ours")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest."""
    items.sort(key=_turn)


def _turn(item: pytest.Item) -> int:
    folder, *_ = item.path.relative_to(TESTS).parts
    return LONGEST.index(folder) if folder in LONGEST else len(LONGEST)


class Apart(LoadScopeScheduling):  # type: ignore[misc] # xdist publishes no types.
    """Each file in one process, and each folder of TOGETHER."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        folder = file.removeprefix("tests/").partition("/")[0]
        return folder if folder in TOGETHER else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Apart:
    """How tests are dealt out where they run in several processes."""
    return Apart(config, log)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A process beside others hands over what it found."""
    given: dict[str, Any] | None = getattr(session.config, "workeroutput", None)
    if given is not None:
        given["found"] = dict(findings.FOUND)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:  # noqa: ANN401 - xdist publishes no type for it.
    """Take what a process beside others found."""
    findings.note_all(getattr(node, "workeroutput", {}).get("found", {}))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Show it."""
    for subject, lines in sorted(findings.FOUND.items()):
        terminalreporter.section(subject)
        for line in lines:
            terminalreporter.write_line(line)
