"""The command line as a person has it: arguments in, text and an exit code out."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import structlog
from click.testing import CliRunner, Result

from console.cli import signoff


@dataclass(frozen=True, kw_only=True)
class Terminal:
    """The command line of one installation."""

    environ: dict[str, str]

    def run(self, *argv: str) -> Result:
        """What a command prints, and its exit code."""
        with own_logs():
            result = CliRunner().invoke(signoff, list(argv), env=self.environ, prog_name="signoff")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def json(self, *argv: str) -> Any:  # noqa: ANN401 - JSON
        """What a command prints with --json; it must have gone well."""
        result = self.run(*argv, "--json")
        assert result.exit_code == 0, result.output
        return json.loads(result.stdout)


@contextmanager
def own_logs() -> Iterator[None]:
    """A command sets up the logs of its process; here it is one of many in one."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()
