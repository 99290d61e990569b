"""Prints the coverage of the process models at the end of a run, beside that of the code."""

import pytest

from tests.support import model_coverage


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if model_coverage.COUNTED:
        terminalreporter.section("coverage of models")
        for line in model_coverage.table():
            terminalreporter.write_line(line)
