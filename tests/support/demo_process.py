"""Runs `signoff demo` as its own process, as a person would."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

COMMAND = (sys.executable, "-P", "-m", "console.cli", "demo", "--headless", "--json")


class DemoProcess:
    """A demo under way: what it says on standard error is kept, and can be waited for."""

    def __init__(self, *arguments: str) -> None:
        self.lines: list[str] = []
        self._said = threading.Condition()
        # A file: a summary may be more than a pipe holds, and the demo would wait for somebody to read it.
        self._summary = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115 - Closed when the demo has ended.
        self.process = subprocess.Popen(
            [*COMMAND, *arguments],
            env={**os.environ, "PYTHONPATH": str(Path.cwd())},
            stdout=self._summary,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def wait_for(self, holds: Callable[[str], bool], *, timeout_s: float) -> None:
        """Until a line on standard error fulfils a condition; raises AssertionError with all lines otherwise."""
        with self._said:
            is_said = self._said.wait_for(lambda: any(map(holds, self.lines)), timeout=timeout_s)
        assert is_said, "\n".join(self.lines)

    def ended(self, *, timeout_s: float) -> tuple[int, str]:
        """Exit code and standard output; a demo that does not end is killed, and its test fails."""
        try:
            self.process.wait(timeout=timeout_s)
        finally:
            self.kill()
        with self._summary as summary:
            summary.seek(0)
            return self.process.returncode, summary.read()

    def kill(self) -> None:
        """Ends what is left of it."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(timeout=10)
        self._reader.join(timeout=10)

    def _read(self) -> None:
        assert self.process.stderr is not None
        with self.process.stderr as stream:
            for line in stream:
                with self._said:
                    self.lines.append(line.rstrip("\n"))
                    self._said.notify_all()


def last_json(said: str) -> dict[str, Any]:
    """The summary: the last line of standard output."""
    found: dict[str, Any] = json.loads(said.splitlines()[-1])
    return found
