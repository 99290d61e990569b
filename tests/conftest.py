"""What holds for all tests: which examples are played, and that what was found is shown at the end."""

from __future__ import annotations

from typing import Any

import hypothesis
import pytest

from tests.support import findings
from tests.support.together import Together

EXAMPLES = 50
"""Of a property that does not say itself how many it needs."""


def pytest_configure(config: pytest.Config) -> None:
    """The ordinary suite plays the same examples everywhere; the long one draws new ones each time, and more.

    A busy machine is no fault of an example.
    """
    marker = config.option.markexpr
    is_ordinary = "not long" in marker and "long" not in marker.replace("not long", "")
    patient = [hypothesis.HealthCheck.too_slow]
    hypothesis.settings.register_profile(
        "ours",
        derandomize=is_ordinary,
        max_examples=EXAMPLES if is_ordinary else 2 * EXAMPLES,
        suppress_health_check=patient,
        deadline=None,
    )
    hypothesis.settings.load_profile("ours")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Together:  # noqa: ANN401 - xdist publishes no type for it.
    """Where several processes share the tests."""
    return Together(config, log)


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
