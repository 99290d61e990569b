"""The web app and the commands as an installation has them: real broker, real database, OpenText's sandbox."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from redis import Redis

from config.settings import load
from console.embedded import broker_command, free_ports, server_binary
from console.web.app import create
from pipeline.flows.registry import FLOWS
from tests.support import sandbox_process
from tests.support.hook_samples import JSON, PM, sample, signed
from tests.support.processes import wait_until
from tests.support.terminal import Terminal
from tests.support.web_rows import fresh_database
from tests.support.web_server import served
from tests.support.web_settings import WEB_LOGIN


@dataclass(frozen=True, kw_only=True)
class Installation:
    """Its command line, its settings and its broker."""

    terminal: Terminal
    broker_url: str
    folder: Path


@pytest.fixture(scope="module")
def installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    folder = tmp_path_factory.mktemp("installation")
    fresh_database(folder)
    with broker(folder / "broker") as broker_url, sandbox_process.running("opentext", folder) as opentext:
        environ = {
            "DATA_DIR": str(folder),
            "BROKER_URL": broker_url,
            "OPENTEXT_URL": opentext.base,
            "OPENTEXT_TENANT_ID": "sandbox",
            "OPENTEXT_CLIENT_ID": "signoff",
            "OPENTEXT_CLIENT_SECRET": "sandbox-secret",
            "APRIMO_PM_URL": "http://127.0.0.1:1",
            "APRIMO_AUTH_URL": "http://127.0.0.1:1",
            "APRIMO_CLIENT_ID": "signoff",
            "APRIMO_CLIENT_SECRET": "sandbox-secret",
            "APRIMO_WEBHOOK_SECRETS": "new-secret",
            "WEB_USER": WEB_LOGIN[0],
            "WEB_PASSWORD": WEB_LOGIN[1],
            "LOG_LEVEL": "error",
        }
        terminal = Terminal(environ={f"SIGNOFF_{name}": value for name, value in environ.items()})
        yield Installation(terminal=terminal, broker_url=broker_url, folder=folder)


@contextmanager
def broker(folder: Path) -> Iterator[str]:
    """A real server of its own."""
    (port,) = free_ports([0])
    argv = broker_command(server_binary(), folder=folder, port=port, password="pass-word")
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        output = process.stdout
        wait_until(lambda: "Ready to accept" in output.readline(), what="the broker")
        yield f"redis://:pass-word@127.0.0.1:{port}/0"
        process.kill()


def test_a_model_is_deployed_to_opentext_once(installation: Installation) -> None:
    """The second call compares what the service gives back, or else what was remembered."""
    first = installation.terminal.json("flows", "deploy", "campaign_brief")
    again = installation.terminal.json("flows", "deploy", "campaign_brief")

    assert {"process": "campaignBrief", "how": "deployed", "version": 1} in first["models"]
    assert again == {"models": [{"process": "campaignBrief", "how": "unchanged", "version": 1}]}


def test_a_model_of_no_flow_is_not_deployed(installation: Installation) -> None:
    result = installation.terminal.run("flows", "deploy", "other")

    assert (result.exit_code, result.stderr) == (
        1,
        f"There is no flow other; there are: {', '.join(sorted(FLOWS))}.\n",
    )


def test_a_service_that_refuses_is_exit_code_1(installation: Installation) -> None:
    environ = {**installation.terminal.environ, "SIGNOFF_OPENTEXT_CLIENT_SECRET": "wrong-secret"}

    result = Terminal(environ=environ).run("flows", "deploy")

    assert result.exit_code == 1
    assert result.stderr.startswith("OpenText did not take it: ")
    assert "wrong-secret" not in result.stderr


def test_what_the_web_app_takes_in_is_published_and_shows_in_the_status(installation: Installation) -> None:
    app = create(load(installation.terminal.environ))
    body = sample("activity_updated")

    with served(app, has_lifespan=True) as address:
        answer = httpx.post(address + PM, content=body, headers={**JSON, **signed(PM, body)}, trust_env=False)
        metrics = httpx.get(f"{address}/metrics", auth=WEB_LOGIN, trust_env=False).text

    assert answer.status_code == 202
    assert "signoff_database_up 1.0\n" in metrics
    assert "signoff_broker_up 1.0\n" in metrics
    with Redis.from_url(installation.broker_url) as redis:
        (message,) = redis.lrange("standard.aprimo", 0, -1)
    assert json.loads(message)["headers"]["task"] == "signoff.transform"
    told = installation.terminal.json("status")
    assert (told["queues"]["standard.aprimo"], told["flows"][0]["open"]) == (1, 1)
    assert [(budget["vendor"], budget["rate_per_s"], budget["burst"]) for budget in told["budgets"]] == [
        ("aprimo", 5, 5),
        ("opentext", 5, 5),
    ]
    shown = installation.terminal.run("status").stdout
    assert "standard.aprimo   1" in shown
    assert "decisions wait" in shown
