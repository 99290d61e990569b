"""Notes the coverage of the process models at the end of a run, to be shown beside that of the code."""

import pytest

from tests.support import findings, model_coverage


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish() -> None:
    if model_coverage.COUNTED:
        findings.note_all({"coverage of models": model_coverage.table()})
