from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.terminal import Terminal
from tests.support.web_rows import Rows, rows


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
    """Its broker does not answer."""
    environ = {
        "SIGNOFF_DATA_DIR": str(tmp_path),
        "SIGNOFF_BROKER_URL": "redis://127.0.0.1:1/0",
        "SIGNOFF_SANDBOXES": "true",
        "SIGNOFF_LOG_LEVEL": "error",
        "LOGNAME": "anna",
    }
    return Terminal(environ=environ)


@pytest.fixture
def behind(tmp_path: Path) -> Iterator[Rows]:
    with rows(tmp_path) as made:
        yield made
