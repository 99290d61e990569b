"""The thread that keeps the roles alive: starts them by stages, restarts what dies, stops all in reverse order."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable, Iterable, Sequence

from console import fork_server
from console.supervisor_child import Child, Show, Spec, is_forked

LOOK_EVERY_S = 0.05
START_TRIES = 3
"""Ends before ever being ready, after which a start is given up."""


class StartError(Exception):
    """A role did not get ready; the message carries its last lines."""


class Supervisor:
    """Keeps processes running until it is told otherwise. Its methods may be called from any thread."""

    def __init__(self, specs: Sequence[Spec], show: Show) -> None:
        self._show = show
        self._lock = threading.RLock()
        self._children = {spec.role: Child(spec, show) for spec in specs}
        self._active: set[str] = set()
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="supervisor", daemon=True)

    def start(self, *, timeout_s: float) -> None:
        """Starts every stage after the one before is ready. Raises StartError, having stopped all again."""
        deadline = time.monotonic() + timeout_s
        if any(is_forked(child.spec) for child in self._children.values()):
            fork_server.ensure()
        self._thread.start()
        try:
            for stage in self._stages():
                with self._lock:
                    self._active |= {child.spec.role for child in stage}
                for child in stage:
                    self._await_ready(child, deadline)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stops all, last stage first; what does not end within its grace is killed. Safe to call again."""
        for stage in reversed(self._stages()):
            for child in reversed(stage):
                with self._lock:
                    child.is_wanted = False
                    child.signal(signal.SIGTERM)
            for child in stage:
                self._await_end(child)
        self._is_over.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)

    def pid(self, role: str) -> int | None:
        """The process id of a role, or None while it has no process."""
        return self._children[role].pid

    def is_ready(self, role: str) -> bool:
        """Whether the role's present process has said that it can be used."""
        return self._children[role].ready.is_set()

    def roles(self) -> tuple[str, ...]:
        """The names of all roles, in the order they start."""
        return tuple(self._children)

    def halt(self, role: str) -> None:
        """Ends one role with SIGTERM and keeps it down."""
        child = self._children[role]
        with self._lock:
            child.is_wanted = False
            child.signal(signal.SIGTERM)
        self._await_end(child)

    def resume(self, role: str, *, timeout_s: float = 30.0) -> None:
        """Starts a role that was halted, and waits until it is ready."""
        child = self._children[role]
        with self._lock:
            child.failures, child.next_start_at, child.is_wanted = 0, 0.0, True
        self._await_ready(child, time.monotonic() + timeout_s)

    def replace(self, role: str, why: str) -> None:
        """Kills a role's process and all it started; another is started."""
        with self._lock:
            self._show(role, f"{why}; killed")
            self._children[role].kill()

    def _keep(self) -> None:
        while not self._is_over.is_set():
            with self._lock:
                for role in self._active:
                    self._look_after(self._children[role])
            self._is_over.wait(LOOK_EVERY_S)

    def _look_after(self, child: Child) -> None:
        code = child.reap()
        if code == 0 and child.spec.once:
            child.is_wanted = False
            child.ready.set()
        elif code is not None and child.is_wanted:
            wait_s = child.next_start_at - time.monotonic()
            self._show(child.spec.role, f"ended with {_exit(code)}; starts again in {wait_s:.1f} s")
        if child.is_wanted and child.pid is None and time.monotonic() >= child.next_start_at:
            child.start()

    def _stages(self) -> list[list[Child]]:
        numbers = sorted({child.spec.stage for child in self._children.values()})
        return [[each for each in self._children.values() if each.spec.stage == number] for number in numbers]

    def _await_ready(self, child: Child, deadline: float) -> None:
        while not child.ready.wait(LOOK_EVERY_S):
            if child.failures >= START_TRIES or time.monotonic() > deadline:
                why = "ended again and again" if child.failures else "was not ready in time"
                raise StartError(f"{child.spec.role} {why}. {_last(child.lines)}")

    def _await_end(self, child: Child) -> None:
        if not _until(lambda: child.pid is None, child.spec.grace_s):
            self._show(child.spec.role, f"did not end within {child.spec.grace_s:g} s; killed")
            child.kill()
            _until(lambda: child.pid is None, child.spec.grace_s)
        with self._lock:
            child.reap()


def _until(holds: Callable[[], bool], limit_s: float) -> bool:
    deadline = time.monotonic() + limit_s
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(LOOK_EVERY_S)
    return True


def _exit(code: int) -> str:
    return f"code {code}" if code >= 0 else signal.Signals(-code).name


def _last(lines: Iterable[str]) -> str:
    kept = list(lines)
    return "Its last lines:\n" + "\n".join(f"  {line}" for line in kept) if kept else "It wrote nothing."
