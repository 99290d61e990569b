from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import structlog
from click.testing import CliRunner, Result

from console.cli import signoff
from tests.support.web_rows import Rows, rows


@dataclass(frozen=True, kw_only=True)
class Terminal:
    """The command line of one installation whose broker does not answer."""

    environ: dict[str, str]

    def run(self, *argv: str) -> Result:
        """What a command prints, and its exit code."""
        result = CliRunner().invoke(signoff, list(argv), env=self.environ, prog_name="signoff")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def json(self, *argv: str) -> Any:  # noqa: ANN401 - JSON
        """What a command prints with --json; it must have gone well."""
        result = self.run(*argv, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)


@pytest.fixture(autouse=True)
def own_logs() -> Iterator[None]:
    """A command sets up logs for its process; here it is one of many."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


@pytest.fixture
def terminal(tmp_path: Path) -> Terminal:
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
