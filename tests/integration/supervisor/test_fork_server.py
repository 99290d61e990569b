"""Our own roles are forks of one process that has imported what they need, and are like programs of their own."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path

import pytest

from config import VERSION
from console import fork_server
from console.fork_server import Forked
from console.supervisor_child import Spec
from console.supervisor_loop import Supervisor
from tests.support.processes import lives, parent, wait_until

STAYS = ("sandbox", "aprimo")
STAYS_READY = "listening on"

Fork = Callable[..., Forked]


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "SIGNOFF_DATA_DIR": str(tmp_path)}


@pytest.fixture
def fork(environ: dict[str, str]) -> Iterator[Fork]:
    """Forks a role; what is left at the end is killed."""
    fork_server.ensure()
    with ExitStack() as held:

        def begin(*words: str, **told: str) -> Forked:
            begun = Forked(words[0].strip("-"), words, {**environ, **told})
            held.enter_context(begun.stdout)
            held.callback(begun.send_signal, signal.SIGKILL)
            return begun

        yield begin


def said(begun: Forked) -> str:
    """All that it wrote, at its end."""
    return begun.stdout.read()


def code_of(begun: Forked) -> int | None:
    wait_until(lambda: begun.poll() is not None, what="the fork's end")
    return begun.poll()


def await_ready(begun: Forked) -> None:
    wait_until(lambda: STAYS_READY in begun.stdout.readline(), what="the sandbox")


def test_a_fork_is_what_its_words_are_on_the_command_line(fork: Fork) -> None:
    begun = fork("--version")

    assert said(begun) == f"signoff {VERSION}\n"
    assert code_of(begun) == 0


def test_it_is_told_what_it_is_given_and_nothing_else(fork: Fork, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIGNOFF_WEB_PORT", "9876")

    shown = said(fork("settings", SIGNOFF_FLOWER_PORT="6789"))

    assert "SIGNOFF_FLOWER_PORT=6789\n" in shown
    assert "9876" not in shown


def test_it_works_in_the_folder_of_whoever_starts_it(
    fork: Fork, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    begun = fork("db", "upgrade", SIGNOFF_DATA_DIR="here")

    assert code_of(begun) == 0
    assert (tmp_path / "here").is_dir()


def test_what_goes_wrong_is_said_and_is_its_exit_code(fork: Fork) -> None:
    begun = fork("nonsense")

    assert "No such command 'nonsense'" in said(begun)
    assert code_of(begun) == 2


def test_it_leads_a_group_of_its_own(fork: Fork) -> None:
    begun = fork(*STAYS)
    await_ready(begun)

    assert os.getpgid(begun.pid) == begun.pid
    assert os.getsid(begun.pid) == begun.pid


def test_a_signal_that_ended_it_is_its_exit_code(fork: Fork) -> None:
    begun = fork(*STAYS)
    await_ready(begun)

    begun.send_signal(signal.SIGKILL)

    assert code_of(begun) == -signal.SIGKILL


def test_what_is_signalled_to_a_whole_group_ends_no_server(fork: Fork) -> None:
    begun = fork(*STAYS)
    await_ready(begun)
    server = parent(begun.pid)

    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        os.kill(server, number)

    assert said(fork("--version"))
    assert parent(begun.pid) == server


def test_a_server_that_is_killed_takes_its_forks_along_and_another_one_follows(fork: Fork) -> None:
    begun = fork(*STAYS)
    await_ready(begun)

    os.kill(parent(begun.pid), signal.SIGKILL)

    wait_until(lambda: not lives(begun.pid), what="the end of the fork")
    assert code_of(begun) != 0
    assert said(fork("--version"))


def test_a_role_runs_again_after_its_server_was_killed(environ: dict[str, str]) -> None:
    spec = Spec(role="aprimo", argv=(), words=STAYS, environ=environ, ready=STAYS_READY, stage=0)
    supervisor = Supervisor((spec,), lambda _role, _line: None)
    supervisor.start(timeout_s=20)
    try:
        first = supervisor.pid("aprimo")
        assert first is not None

        os.kill(parent(first), signal.SIGKILL)

        wait_until(lambda: supervisor.pid("aprimo") not in (None, first) and supervisor.is_ready("aprimo"))
    finally:
        supervisor.stop()


@pytest.mark.parametrize("name", fork_server.IMPORTED)
def test_all_that_is_imported_beforehand_exists(name: str) -> None:
    assert find_spec(name) is not None
