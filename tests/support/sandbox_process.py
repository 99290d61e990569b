"""A sandbox as the process it really is, on a free port, for the length of a test or a module."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
READY = "listening on "
END_WITHIN_S = 5


@dataclass(frozen=True, kw_only=True)
class SandboxProcess:
    """A running sandbox: its address and its process."""

    base: str
    process: subprocess.Popen[str]


@contextmanager
def running(vendor: str, folder: Path, **options: Any) -> Iterator[SandboxProcess]:  # noqa: ANN401 -- JSON.
    """Start `python -m sandbox <vendor>` with these options; it is ended with the block."""
    file = folder / "options.json"
    file.write_text(json.dumps(options))
    command = [sys.executable, "-m", "sandbox", vendor, "--port", "0", "--options", str(file)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline().strip()
            assert line.startswith(READY), f"the sandbox did not start: {line!r}"
            yield SandboxProcess(base=line.removeprefix(READY), process=process)
        finally:
            process.terminate()
            process.wait(END_WITHIN_S)
