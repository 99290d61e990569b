"""The supervisor keeps processes running, in order, until it is told otherwise."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from console.supervisor_child import Spec, back_off_s
from console.supervisor_loop import StartError, Supervisor
from tests.support.processes import family, lives, wait_until

SERVES = "print('ready', flush=True); import time; time.sleep(60)"
DIES = "print('no luck today', flush=True); raise SystemExit(3)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SERVES
WITH_A_CHILD = f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', {SERVES!r}]); " + SERVES

Start = Callable[..., Supervisor]


class Shown:
    def __init__(self) -> None:
        self.lines: list[tuple[str, str]] = []
        self._lock = threading.Lock()

    def __call__(self, role: str, line: str) -> None:
        with self._lock:
            self.lines.append((role, line))


def spec(role: str, code: str, *, stage: int = 0, once: bool = False, grace_s: float = 5.0) -> Spec:
    return Spec(
        role=role,
        argv=(sys.executable, "-c", code),
        environ=dict(os.environ),
        ready="^ready$",
        stage=stage,
        once=once,
        grace_s=grace_s,
    )


@pytest.fixture
def shown() -> Shown:
    return Shown()


@pytest.fixture
def start(shown: Shown) -> Iterator[Start]:
    started: list[Supervisor] = []

    def begin(*specs: Spec, timeout_s: float = 20.0) -> Supervisor:
        supervisor = Supervisor(specs, shown)
        started.append(supervisor)
        supervisor.start(timeout_s=timeout_s)
        return supervisor

    yield begin
    for supervisor in started:
        supervisor.stop()


def pid_of(supervisor: Supervisor, role: str) -> int:
    pid = supervisor.pid(role)
    assert pid is not None
    return pid


def test_a_stage_starts_when_the_one_before_is_ready(start: Start, shown: Shown) -> None:
    slow = "import time; time.sleep(0.4); " + SERVES

    start(spec("second", SERVES, stage=1), spec("first", slow, stage=0))

    assert shown.lines == [("first", "ready"), ("second", "ready")]


def test_a_role_that_is_killed_runs_again_as_a_new_process(start: Start, shown: Shown) -> None:
    supervisor = start(spec("role", SERVES))
    first = pid_of(supervisor, "role")

    os.kill(first, signal.SIGKILL)

    wait_until(lambda: supervisor.pid("role") not in (None, first) and supervisor.is_ready("role"))
    assert ("role", "ended with SIGKILL; starts again in 0.5 s") in shown.lines


def test_what_a_killed_role_had_started_is_killed_with_it(start: Start) -> None:
    supervisor = start(spec("role", WITH_A_CHILD))
    first = pid_of(supervisor, "role")
    wait_until(lambda: len(family(first)) == 2)
    (grandchild,) = family(first) - {first}

    os.kill(first, signal.SIGKILL)

    wait_until(lambda: not lives(grandchild), what="the grandchild's end")


def test_the_wait_before_a_new_start_doubles_up_to_half_a_minute() -> None:
    assert [back_off_s(failures) for failures in (1, 2, 3, 6, 7, 99)] == [0.5, 1.0, 2.0, 16.0, 30.0, 30.0]


def test_a_role_that_never_gets_ready_ends_the_start_with_its_last_lines(start: Start) -> None:
    with pytest.raises(StartError, match=r"bad ended again and again. Its last lines:\n  no luck today"):
        start(spec("bad", DIES), spec("good", SERVES))


def test_a_start_that_fails_leaves_nothing_running(shown: Shown) -> None:
    supervisor = Supervisor((spec("good", SERVES), spec("bad", DIES, stage=1)), shown)

    with pytest.raises(StartError):
        supervisor.start(timeout_s=20)

    assert supervisor.pid("good") is None


def test_a_role_that_is_silent_for_too_long_ends_the_start(start: Start) -> None:
    with pytest.raises(StartError, match=r"silent was not ready in time\. It wrote nothing\."):
        start(spec("silent", "import time; time.sleep(60)"), timeout_s=0.5)


def test_what_is_to_run_once_is_ready_when_it_has_ended_well(start: Start, shown: Shown) -> None:
    supervisor = start(spec("once", "print('done', flush=True)", once=True), spec("next", SERVES, stage=1))

    assert supervisor.is_ready("once")
    assert supervisor.pid("once") is None
    assert shown.lines == [("once", "done"), ("next", "ready")]


def test_stages_stop_in_reverse_order(start: Start, shown: Shown) -> None:
    tells = "import signal, sys; signal.signal(signal.SIGTERM, lambda *_: (print('bye', flush=True), sys.exit(0))); "
    supervisor = start(spec("base", tells + SERVES), spec("top", tells + SERVES, stage=1))

    supervisor.stop()

    wait_until(lambda: len(shown.lines) == 4)
    assert shown.lines[2:] == [("top", "bye"), ("base", "bye")]


def test_a_role_that_ignores_sigterm_is_killed_after_its_grace(start: Start, shown: Shown) -> None:
    supervisor = start(spec("stubborn", STUBBORN, grace_s=0.3))
    pid = pid_of(supervisor, "stubborn")

    supervisor.stop()

    assert not lives(pid)
    assert ("stubborn", "did not end within 0.3 s; killed") in shown.lines


def test_a_halted_role_stays_down_until_it_is_resumed(start: Start) -> None:
    supervisor = start(spec("role", SERVES), spec("other", SERVES))
    other = pid_of(supervisor, "other")

    supervisor.halt("role")
    down_since = time.monotonic()
    wait_until(lambda: time.monotonic() - down_since > 1.0)
    assert supervisor.pid("role") is None

    supervisor.resume("role")
    assert supervisor.is_ready("role")
    assert supervisor.pid("role") is not None
    assert supervisor.pid("other") == other


def test_a_resumed_role_is_ready_only_when_its_new_process_says_so(start: Start, shown: Shown) -> None:
    supervisor = start(spec("role", SERVES))

    for times in range(2, 5):
        supervisor.halt("role")
        assert not supervisor.is_ready("role")
        supervisor.resume("role")
        assert shown.lines == [("role", "ready")] * times
