"""The process: how it starts and ends, and what outlives it."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.support.aprimo_caller import AprimoCaller
from tests.support.sandbox_process import ROOT, running
from tests.support.webhook_receiver import receiving


def sandbox(*arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "sandbox", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=20, check=False)


def test_it_ends_at_once_when_told_to(tmp_path: Path) -> None:
    """Also with a request under way."""
    with running("aprimo", tmp_path) as server:
        caller = AprimoCaller(server.base)
        caller.sandbox("POST", "faults", {"kind": "delay", "delay_s": 60})
        with pytest.raises(requests.ReadTimeout):
            caller.api("GET", "users/me", timeout=0.1)
        server.process.terminate()

        assert server.process.wait(2) == 0
        caller.close()


def test_an_unknown_vendor_is_named_in_the_usage() -> None:
    ended = sandbox("salesforce", "--port", "0")

    assert (ended.returncode, ended.stderr.splitlines()) == (
        2,
        ["usage: python -m sandbox {aprimo|opentext} --port N [--host H] [--options FILE]"],
    )


def test_an_unknown_option_ends_it_with_a_sentence(tmp_path: Path) -> None:
    options = tmp_path / "options.json"
    options.write_text('{"colour": "red"}')

    ended = sandbox("aprimo", "--port", "0", "--options", str(options))

    assert ended.returncode == 1
    assert ended.stderr.startswith("unknown options: colour; known: classification_ready_after_s, data_dir, ")


def test_a_port_in_use_ends_it_with_a_sentence(tmp_path: Path) -> None:
    with running("aprimo", tmp_path) as server:
        port = server.base.rpartition(":")[2]

        ended = sandbox("aprimo", "--port", port)

    assert (ended.returncode, ended.stderr) == (
        1,
        f"127.0.0.1:{port} cannot be listened on: Address already in use\n",
    )


def test_importing_one_vendor_does_not_need_the_other() -> None:
    script = "import sys, sandbox.aprimo.serve; sys.exit(any('opentext' in name for name in sys.modules))"

    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False, timeout=20).returncode == 0


@pytest.fixture
def folder(tmp_path: Path) -> dict[str, Any]:
    return {"data_dir": str(tmp_path / "state"), "webhook_retry_scale": 0.001}


def test_everything_answered_survives_a_kill(tmp_path: Path, folder: dict[str, Any]) -> None:
    with running("aprimo", tmp_path, **folder) as server:
        caller = AprimoCaller(server.base)
        kept = caller.make_activity(extrAttr302="1.00")
        gone = caller.make_activity()
        caller.api("DELETE", f"activities/{gone['activityId']}")
        history = caller.sandbox("GET", "history")
        server.process.kill()
        server.process.wait(5)

    with running("aprimo", tmp_path, **folder) as server:
        caller.base = server.base

        assert caller.api("GET", f"activities/{kept['activityId']}").json() == kept
        assert caller.api("GET", "activities").json()["_total"] == 1
        assert caller.sandbox("GET", "history") == history
        assert caller.make_activity()["activityId"] == gone["activityId"] + 1
        caller.close()


def test_a_line_the_kill_tore_off_is_left_out(tmp_path: Path, folder: dict[str, Any]) -> None:
    with running("aprimo", tmp_path, **folder) as server:
        caller = AprimoCaller(server.base)
        kept = caller.make_activity()
    with Path(folder["data_dir"], "aprimo.jsonl").open("ab") as journal:
        journal.write(b'[{"row":["activity",50')

    for _ in range(2):
        with running("aprimo", tmp_path, **folder) as server:
            caller.base = server.base
            assert caller.api("GET", f"activities/{kept['activityId']}").json() == kept
            kept = caller.api("PUT", f"activities/{kept['activityId']}", {"name": kept["name"]}).json()
    caller.close()


def test_a_callout_that_was_waiting_is_sent_after_a_restart(tmp_path: Path, folder: dict[str, Any]) -> None:
    with receiving() as receiver:
        with running("aprimo", tmp_path, **folder) as server:
            caller = AprimoCaller(server.base)
            caller.sandbox("PUT", "webhooks", {"url": receiver.url, "delay_s": 60})
            made = caller.make_activity()
            caller.sandbox("PUT", "webhooks", {"delay_s": 0.1})
            server.process.kill()
            server.process.wait(5)
            caller.close()
        assert receiver.received == []

        with running("aprimo", tmp_path, **folder):
            (message,) = receiver.wait_for(lambda received: len(received) == 1)

    assert f'"ObjectId": {made["activityId"]},'.encode() in message.body
