"""A leashed program ends with the one who started it, however that one ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from console import leash
from tests.support.processes import lives, wait_until

TRAPS_SIGTERM = """
import signal, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit(5))
print("ready", flush=True)
signal.pause()
"""
SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
PARENT = """
import os, subprocess, sys
child = subprocess.Popen([sys.executable, *sys.argv[1:2], str(os.getpid()), *sys.argv[2:]], start_new_session=True)
print(child.pid, flush=True)
child.wait()
"""
WATCHING = """
import sys
sys.path.insert(0, {here!r})
import leash
leash.kernel_keeps_it = lambda: False
leash.WATCH_EVERY_S = 0.05
leash.main(sys.argv[1:])
"""


@pytest.fixture(params=["kernel", "watching"])
def script(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "kernel":
        return leash.__file__
    path = tmp_path / "watching.py"
    path.write_text(WATCHING.format(here=str(Path(leash.__file__).parent)))
    return str(path)


@pytest.fixture
def parent(script: str) -> Iterator[subprocess.Popen[str]]:
    writes_its_pid = [sys.executable, "-c", "import os, time; print(os.getpid(), flush=True); time.sleep(60)"]
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, script, *writes_its_pid], stdout=subprocess.PIPE, text=True
    ) as process:
        yield process
        process.kill()


def test_the_program_is_gone_after_its_parent_was_killed(parent: subprocess.Popen[str]) -> None:
    assert parent.stdout is not None
    leashed, program = int(parent.stdout.readline()), int(parent.stdout.readline())
    assert lives(program)

    parent.kill()

    wait_until(lambda: not lives(program), what="the program's end")
    wait_until(lambda: not lives(leashed), what="the leash's end")


def test_a_program_whose_parent_is_gone_already_is_not_run(script: str, tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    late_trace = f"import time; time.sleep(5); open({str(trace)!r}, 'w')"
    with subprocess.Popen(SLEEP) as gone:
        gone.kill()

    ended = subprocess.run(
        [
            sys.executable,
            script,
            str(gone.pid),
            sys.executable,
            "-c",
            late_trace,
        ],
        check=False,
        timeout=20,
        start_new_session=True,
    )

    assert ended.returncode != 0
    assert not trace.exists()


def test_the_programs_exit_code_is_given_on(script: str) -> None:
    ended = subprocess.run(
        [sys.executable, script, str(os.getpid()), sys.executable, "-c", "raise SystemExit(7)"],
        check=False,
        timeout=20,
        start_new_session=True,
    )

    assert ended.returncode == 7


def test_sigterm_reaches_the_program(script: str) -> None:
    with subprocess.Popen(
        [sys.executable, script, str(os.getpid()), sys.executable, "-c", TRAPS_SIGTERM],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()

        process.send_signal(signal.SIGTERM)

        assert process.wait(timeout=20) == 5
