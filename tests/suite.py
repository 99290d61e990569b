"""The whole suite on two cores, as three streams beside each other: what `./run test` runs.

Tests with real processes mostly wait: for leases, and for what was killed to start again. So the bad days are one
stream, a test after another, and all other tests of that kind a second one. What takes a processor and measures no
time fills the gaps: a third, of the lowest priority. The first says at once what it sees, the others at the end.

With the long runs, which measure, one stream follows another.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

SHORT = "not long"
PATIENT_S = 900
"""The limit of a test that lets all others go first."""
ABREAST = ("--dist=loadscope", "--no-loadscope-reorder", f"--override-ini=timeout={PATIENT_S}")
COMPUTING = ("--numprocesses=2", *ABREAST)
"""For what only computes: a process more would load all tests once more for nothing."""
WAITING = ("--numprocesses=3", *ABREAST)
"""For what also waits for others."""
IN_MEMORY, ON_DATABASES = "not database", "database"
"""The halves of tests that are played on every kind of store, as markers."""
COVERED = ("--cov", "--cov-report=term-missing:skip-covered")
LOWEST = 19


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run of pytest. paths: folders and files; without: what of them is left to others; half: or which half is."""

    options: Sequence[str] = ()
    paths: Sequence[str]
    without: Sequence[str] = ()
    half: str = ""

    def play(self, marker: str) -> int:
        """Run the tests that the marker names; 0 if all passed."""
        ignored = [f"--ignore={path}" for path in self.without]
        wanted = f"({marker}) and {self.half}" if self.half else marker
        words = ["-m", wanted, *self.options, *ignored, *self.paths]
        return abs(subprocess.call([sys.executable, "-m", "pytest", *words]))


LIVES = tuple(map(str, sorted(Path("tests/unit/flows").glob("test_*_lives.py"))))
"""Long, and no line of ours is met in them alone: their coverage need not be known."""
ENGINE = "tests/integration/engine"
RULES = Run(
    options=(*COMPUTING, *COVERED),
    paths=("tests/unit/flows", "tests/unit/intake", "tests/unit/rules", "tests/unit/usecases", ENGINE),
    without=LIVES,
    half=IN_MEMORY,
)
"""Their coverage is that of rules and use cases, by tests that call these themselves. It doubles a test's time."""
STORES = Run(options=COMPUTING, paths=(ENGINE,), half=ON_DATABASES)
"""The same use cases once more on each database: no line of theirs is met there alone."""
TIMED = Run(
    paths=(
        "tests/integration/vendors/test_budget_on_valkey.py",
        "tests/integration/vendors/test_deadline.py",
        "tests/sandbox/aprimo/test_faults.py",
        "tests/sandbox/aprimo/test_rate.py",
        "tests/sandbox/aprimo/test_webhooks.py",
    )
)
"""What measures time, of the folders of `BUSY`."""
BUSY = Run(
    options=WAITING,
    paths=(
        *LIVES,
        "tests/unit/config",
        "tests/unit/console",
        "tests/unit/demo",
        "tests/unit/docs",
        "tests/unit/schedules",
        "tests/unit/store",
        "tests/unit/test_suite.py",
        "tests/unit/transport",
        "tests/simulation",
        "tests/acceptance",
        "tests/chaos",
        "tests/contract",
        "tests/integration/lost_answers",
        "tests/integration/store",
        "tests/integration/vendors",
        "tests/integration/web",
        "tests/mutants",
        "tests/processes",
        "tests/sandbox",
    ),
    without=TIMED.paths,
)
ROLES = "tests/faults/test_killed_roles.py"
"""No day in the office of the others."""
DAYS = Run(paths=("tests/faults",), without=(ROLES,))
REST = Run(paths=("tests",), without=(*RULES.paths, *BUSY.paths, *DAYS.paths))
"""Also what nobody has thought of here."""
STREAMS = {"processes": (REST, Run(paths=(ROLES,)), TIMED), "days": (DAYS,), "busy": (RULES, STORES, BUSY)}
LOWLY = "busy"


def main(marker: str, stream: str = "") -> int:
    """Run the tests that a marker names; 0 if all passed. stream: the one whose process this is, else all of them."""
    if not stream:
        return _all(marker)
    if stream == LOWLY and marker == SHORT:
        _step_back()
    return max([each.play(marker) for each in STREAMS[stream]])


def _all(marker: str) -> int:
    first, *others = STREAMS
    if marker != SHORT:
        return max([main(marker, stream) for stream in STREAMS])
    with ExitStack() as held:
        beside = [held.enter_context(_beside(marker, stream)) for stream in others]
        return max([main(marker, first), *[abs(process.wait()) for process in beside]])


@contextmanager
def _beside(marker: str, stream: str) -> Iterator[subprocess.Popen[bytes]]:
    """A stream in a process of its own. What it has said is shown at the end; it is told to stop if that is early."""
    with tempfile.TemporaryFile("w+") as said:
        argv = [sys.executable, "-m", "tests.suite", marker, stream]
        process = subprocess.Popen(argv, stdout=said, stderr=said, start_new_session=True)
        try:
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGINT)
                process.wait()
            said.seek(0)
            sys.stdout.write(said.read())


def _step_back() -> None:
    """Take the lowest priority, as a session too: Linux shares out among sessions before it looks at processes."""
    os.nice(LOWEST)
    with suppress(OSError):
        Path("/proc/self/autogroup").write_text(str(LOWEST), encoding="ascii")


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
