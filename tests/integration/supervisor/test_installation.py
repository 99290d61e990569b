"""`signoff up` starts everything, is found by other commands, and leaves nothing behind, however it ends."""

from __future__ import annotations

import os
import signal
import socket
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from console.embedded_plan import WORKERS, signoff_command
from console.supervisor import AlreadyRunningError, Installation
from tests.support.processes import family, lives, wait_until

START_LIMIT_S = 60
SMALL_INSTALLATION = """
from console.embedded_plan import Wishes
from console.supervisor import Installation
import time
roles = frozenset({"broker", "aprimo", "worker-opentext"})
with Installation.start({}, wishes=Wishes(roles=roles)):
    print("started", flush=True)
    time.sleep(60)
"""
ROLES = {"broker", "aprimo", "opentext", "db", "models", "flower", "web", "scheduler", *WORKERS}


def environ_for(folder: Path) -> dict[str, str]:
    ours = {"SIGNOFF_DATA_DIR": str(folder), "SIGNOFF_WEB_PORT": "0", "SIGNOFF_FLOWER_PORT": "0"}
    return {**{name: value for name, value in os.environ.items() if not name.startswith("SIGNOFF_")}, **ours}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    with Installation.start({"SIGNOFF_DATA_DIR": str(tmp_path_factory.mktemp("library"))}) as installation:
        yield installation


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    """Where a service manager listens."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(5)
        yield listening


@pytest.fixture
def up(tmp_path: Path, manager: socket.socket) -> Iterator[subprocess.Popen[str]]:
    """`signoff up` in a process of its own, ready, as a service manager starts it."""
    argv = signoff_command("up")
    log = (tmp_path / "log").open("w+")
    environ = {**environ_for(tmp_path), "NOTIFY_SOCKET": str(tmp_path / "notify")}
    with log, subprocess.Popen(argv, env=environ, stdout=log, stderr=log, text=True) as process:
        try:
            wait_until(
                lambda: process.poll() is not None or "everything runs" in (tmp_path / "log").read_text(),
                limit_s=START_LIMIT_S,
                what="the start",
            )
            assert process.poll() is None, (tmp_path / "log").read_text()
            yield process
        finally:
            process.kill()


def pid_of(installation: Installation, role: str) -> int:
    pid = installation.pid(role)
    assert pid is not None
    return pid


def test_every_role_runs(running: Installation) -> None:
    assert set(running.roles()) == ROLES
    assert {role for role in ROLES if not running.is_ready(role)} == set()
    assert {role for role in ROLES if running.pid(role) is None} == {"db", "models"}


def test_the_web_app_answers(running: Installation) -> None:
    assert requests.get(f"{running.urls['web']}/hooks/aprimo/pm", timeout=5).status_code == 200


def test_flower_asks_for_its_login(running: Installation) -> None:
    page = f"{running.urls['flower']}/workers"

    assert requests.get(page, timeout=5).status_code == 401
    assert requests.get(page, timeout=5, auth=running.logins["flower"]).status_code == 200


def test_flower_may_look_and_not_touch(running: Installation) -> None:
    stop = f"{running.urls['flower']}/api/worker/shutdown/worker-aprimo@nowhere"

    assert requests.post(stop, timeout=5, auth=running.logins["flower"]).status_code == 403


def test_a_second_installation_in_the_same_folder_is_refused(running: Installation) -> None:
    with pytest.raises(AlreadyRunningError, match="An installation already runs in"):
        Installation.start({"SIGNOFF_DATA_DIR": str(running.settings.data_dir)})


def test_a_killed_worker_takes_its_processes_along_and_runs_again(running: Installation) -> None:
    first = pid_of(running, "worker-opentext")
    members = family(first)
    assert len(members) == 1 + running.settings.engine.worker_concurrency

    os.kill(first, signal.SIGKILL)

    wait_until(lambda: not any(map(lives, members)), what="the end of the worker's processes")
    wait_until(lambda: running.is_ready("worker-opentext"), what="the new worker")
    assert running.pid("worker-opentext") != first


def test_other_commands_find_what_runs(running: Installation) -> None:
    folder = running.settings.data_dir
    environ = {**environ_for(folder), "SIGNOFF_WEB_PORT": "", "SIGNOFF_FLOWER_PORT": ""}

    shown = subprocess.run(
        signoff_command("settings"), env=environ, capture_output=True, text=True, check=True, timeout=30
    ).stdout

    assert f"SIGNOFF_APRIMO_PM_URL={running.urls['aprimo']}\n" in shown
    assert f"SIGNOFF_WEB_PORT={running.settings.web.port}\n" in shown
    assert "SIGNOFF_BROKER_URL=redis://:***@127.0.0.1:" in shown
    assert stat.S_IMODE((folder / "run.json").stat().st_mode) == 0o600


def test_a_restarted_role_keeps_its_address(running: Installation) -> None:
    before = pid_of(running, "web")

    running.restart("web")

    assert running.pid("web") != before
    assert requests.get(f"{running.urls['web']}/hooks/aprimo/pm", timeout=5).status_code == 200


def test_sigterm_ends_everything_and_the_exit_code_is_zero(
    up: subprocess.Popen[str], manager: socket.socket, tmp_path: Path
) -> None:
    members = family(up.pid)
    assert len(members) > len(ROLES)
    assert manager.recv(100) == b"READY=1"

    up.terminate()

    assert up.wait(timeout=40) == 0
    wait_until(lambda: not any(map(lives, members)), what="the end of every process")
    assert not (tmp_path / "run.json").exists()
    assert manager.recv(100) == b"STOPPING=1"
    assert (tmp_path / "log").read_text().endswith("| stopped\n")


def test_a_supervisor_that_is_killed_leaves_no_orphan(tmp_path: Path) -> None:
    argv = [sys.executable, "-c", SMALL_INSTALLATION]
    with subprocess.Popen(argv, env=environ_for(tmp_path), stdout=subprocess.PIPE, text=True) as supervisor:
        assert supervisor.stdout is not None
        assert supervisor.stdout.readline() == "started\n"
        members = family(supervisor.pid)
        # Supervisor, fork server and its tracker, broker, sandbox, a worker with its two processes.
        assert len(members) == 8

        supervisor.kill()

    wait_until(lambda: not any(map(lives, members)), limit_s=10, what="the end of every process")


def test_settings_that_are_refused_are_one_message_and_exit_code_3(tmp_path: Path) -> None:
    refused = subprocess.run(
        signoff_command("up"),
        env={**environ_for(tmp_path), "SIGNOFF_ENGINE_LEASE_S": "1"},
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )

    assert refused.returncode == 3
    assert refused.stdout == ""
    assert refused.stderr.startswith("Signoff cannot start: 1 problem in its settings.\n")
    assert "Traceback" not in refused.stderr


def test_help_and_version_import_neither_celery_nor_sqlalchemy() -> None:
    looks = (
        "import sys; sys.argv = ['signoff', '--help']\n"
        "from console.cli import main\n"
        "try: main()\n"
        "except SystemExit: print({'celery', 'sqlalchemy', 'starlette', 'rich'} & set(sys.modules))"
    )

    shown = subprocess.run([sys.executable, "-c", looks], capture_output=True, text=True, check=True, timeout=30)

    assert shown.stdout.endswith("set()\n")
    assert "dead-letters" in shown.stdout


def test_log_lines_of_an_operators_command_keep_out_of_its_answer(tmp_path: Path) -> None:
    logs = (
        "import structlog\n"
        "from console.aside import put_logs_aside\n"
        "put_logs_aside()\n"
        "structlog.get_logger('ours').info('quiet')\n"
        "structlog.get_logger('ours').warning('loud', broker='redis://:canary-broker@h/0')\n"
        "print('the answer')"
    )
    environ = {**environ_for(tmp_path), "SIGNOFF_BROKER_URL": "redis://:canary-broker@h/0"}

    shown = subprocess.run(
        [sys.executable, "-c", logs], env=environ, capture_output=True, text=True, check=True, timeout=30
    )

    assert shown.stdout == "the answer\n"
    assert "loud" in shown.stderr
    assert "quiet" not in shown.stderr
    assert "canary" not in shown.stderr
