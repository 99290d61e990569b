"""One supervised process: how it is started, how it shows that it is ready, and how it is ended."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from console.fork_server import Forked
from console.leash import kernel_keeps_it

LEASH = str(Path(__file__).with_name("leash.py"))
KEPT_LINES = 40
FIRST_BACK_OFF_S = 0.5
LONGEST_BACK_OFF_S = 30.0
SETTLED_AFTER_S = 30.0
"""A process that lived this long counts as well again: its next end is a first one."""

Show = Callable[[str, str], None]
"""Takes a role's name and one line of what it wrote."""


@dataclass(frozen=True, kw_only=True)
class Spec:
    """What a role runs. ready is found in one of its lines when it can be used.

    stage orders starting and stopping: a stage starts when the one before is ready, and stops before it. What is to
    run once is ready when it has ended well, and is not started again. words are those of a role of our own on our
    command line: where the kernel ties forks to their parent's life, it runs as a fork of what has its imports.
    """

    role: str
    argv: tuple[str, ...]
    words: tuple[str, ...] = ()
    environ: Mapping[str, str]
    ready: str
    stage: int
    once: bool = False
    grace_s: float = 10.0


class Child:
    """The process of one role, again and again; only the supervising thread starts it.

    The kernel ties a process to the life of the *thread* that started it: hence that rule.
    """

    def __init__(self, spec: Spec, show: Show) -> None:
        self.spec = spec
        self.ready = threading.Event()
        self.is_wanted = True
        self.next_start_at = 0.0
        self.failures = 0
        self.lines: deque[str] = deque(maxlen=KEPT_LINES)
        self._show = show
        self._process: subprocess.Popen[str] | Forked | None = None
        self._started_at = 0.0
        self._ready_pattern = re.compile(spec.ready)

    @property
    def pid(self) -> int | None:
        """The running process's id, or None."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def start(self) -> None:
        """Starts the process in a group of its own, so that a Ctrl-C reaches only the supervisor."""
        self.ready.clear()
        self.lines.clear()
        self._started_at = time.monotonic()
        try:
            self._process = _begun(self.spec)
        except (OSError, EOFError) as error:  # Of the fork server: it has ended; the next start begins another.
            self._put_off()
            self._show(self.spec.role, f"could not be started ({type(error).__name__})")
            return
        assert self._process.stdout is not None  # noqa: S101 - both ask for it
        threading.Thread(target=self._read, args=(self._process.stdout,), daemon=True).start()

    def reap(self) -> int | None:
        """The exit code once after the process ended, None while it runs or when there is none.

        What the process left behind in its group is killed, and the next start is put off by the back-off.
        """
        process = self._process
        code = process.poll() if process is not None else None
        if process is None or code is None:
            return None
        kill_group(process.pid, signal.SIGKILL)
        self._process = None
        self.ready.clear()
        self._put_off()
        return code

    def signal(self, number: signal.Signals) -> None:
        """Sends a signal to the process itself, if it runs."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(number)

    def kill(self) -> None:
        """Ends the process and all it started, at once."""
        if self._process is not None:
            kill_group(self._process.pid, signal.SIGKILL)
            self.signal(signal.SIGKILL)  # One that has been forked a moment ago has no group yet.

    def _put_off(self) -> None:
        now = time.monotonic()
        self.failures = 1 if now - self._started_at > SETTLED_AFTER_S else self.failures + 1
        self.next_start_at = now + back_off_s(self.failures)

    def _read(self, stream: IO[str]) -> None:
        with stream:
            for written in stream:
                line = written.rstrip("\n")
                if not self.ready.is_set() and self._ready_pattern.search(line):
                    self.ready.set()
                self.lines.append(line)
                self._show(self.spec.role, line)


def is_forked(spec: Spec) -> bool:
    """Whether it runs as a fork of the server that has its imports; else it is a program of its own."""
    return bool(spec.words) and kernel_keeps_it()


def _begun(spec: Spec) -> subprocess.Popen[str] | Forked:
    if is_forked(spec):
        return Forked(spec.role, spec.words, spec.environ)
    return subprocess.Popen(  # noqa: S603 - our own roles
        [sys.executable, "-I", "-S", LEASH, str(os.getpid()), *spec.argv],
        env=dict(spec.environ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        start_new_session=True,
    )


def back_off_s(failures: int) -> float:
    """Seconds before the next start after so many ends in a row (at least one)."""
    return min(LONGEST_BACK_OFF_S, FIRST_BACK_OFF_S * 2.0 ** min(failures - 1, 10))


def kill_group(pid: int, number: signal.Signals) -> None:
    """Signals every process of a group that still has one."""
    try:
        os.killpg(pid, number)
    except ProcessLookupError:
        return
    except PermissionError:  # macOS says so of a group whose last member is a zombie.
        return
