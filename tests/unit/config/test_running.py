"""A command finds the installation that runs in its data folder, and no other."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from config.running import current, process_started, read_run_file

WriteRunFile = Callable[..., dict[str, str]]
TOLD = {"SIGNOFF_BROKER_URL": "redis://127.0.0.1:4711/0", "SIGNOFF_WEB_PORT": "4712"}
VENDORS = {
    "SIGNOFF_SANDBOXES": "false",
    **{f"SIGNOFF_APRIMO_{name}_URL": "http://127.0.0.1:4713" for name in ("AUTH", "PM", "DAM", "UPLOAD")},
    "SIGNOFF_APRIMO_CLIENT_ID": "signoff",
    "SIGNOFF_APRIMO_CLIENT_SECRET": "a-secret",
    "SIGNOFF_OPENTEXT_URL": "http://127.0.0.1:4714",
    "SIGNOFF_OPENTEXT_TENANT_ID": "acme",
    "SIGNOFF_OPENTEXT_CLIENT_ID": "signoff",
    "SIGNOFF_OPENTEXT_CLIENT_SECRET": "a-secret",
}


@pytest.fixture
def run_file(tmp_path: Path) -> WriteRunFile:
    def write(pid: int, started: str | None, **vendors: str) -> dict[str, str]:
        told = {"pid": pid, "started": started, "environ": {**TOLD, **vendors}}
        (tmp_path / "run.json").write_text(json.dumps(told))
        return {"SIGNOFF_DATA_DIR": str(tmp_path)}

    return write


def test_a_command_joins_the_live_installation(run_file: WriteRunFile) -> None:
    environ = run_file(os.getpid(), process_started(os.getpid()))

    settings = current(environ)

    assert settings.broker_url == "redis://127.0.0.1:4711/0"
    assert settings.web.port == 4712


def test_a_broker_that_is_set_wins_over_the_live_installation(run_file: WriteRunFile) -> None:
    environ = run_file(os.getpid(), process_started(os.getpid()))

    settings = current({**environ, "SIGNOFF_BROKER_URL": "redis://elsewhere/0"})

    assert settings.broker_url == "redis://elsewhere/0"
    assert settings.web.port == 8080


def test_a_setting_of_the_environment_wins_over_what_the_installation_tells(run_file: WriteRunFile) -> None:
    environ = run_file(os.getpid(), process_started(os.getpid()))

    assert current({**environ, "SIGNOFF_WEB_PORT": "4999"}).web.port == 4999


def test_a_wish_for_sandboxes_is_met_by_the_installation_that_started_them(run_file: WriteRunFile) -> None:
    environ = run_file(os.getpid(), process_started(os.getpid()), **VENDORS)

    settings = current({**environ, "SIGNOFF_SANDBOXES": "true"})

    assert (settings.aprimo.pm_url, settings.sandboxes) == ("http://127.0.0.1:4713", False)


def test_the_file_of_a_dead_supervisor_is_not_believed(run_file: WriteRunFile) -> None:
    with subprocess.Popen([sys.executable, "-c", ""]) as gone:
        gone.wait()

    environ = run_file(gone.pid, "1")

    assert current(environ).broker_url is None


def test_a_later_process_with_the_same_pid_is_not_taken_for_the_supervisor(run_file: WriteRunFile) -> None:
    environ = run_file(os.getpid(), "1")

    assert current(environ).broker_url is None


def test_a_broken_or_absent_file_means_that_nothing_runs(tmp_path: Path) -> None:
    assert read_run_file(tmp_path) is None
    (tmp_path / "run.json").write_text("{")
    assert read_run_file(tmp_path) is None
