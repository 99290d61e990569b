"""What `signoff up` would start, and what it would tell its children."""

from __future__ import annotations

import json
import socket
from pathlib import Path

import pytest

from config.settings import load
from console import embedded_plan
from console.embedded import PortTakenError
from console.embedded_plan import WORKERS, Plan, Wishes, make_plan

REAL_VENDORS = {
    "SIGNOFF_APRIMO_TENANT": "acme",
    "SIGNOFF_APRIMO_CLIENT_ID": "signoff",
    "SIGNOFF_APRIMO_CLIENT_SECRET": "aprimo-secret",
    "SIGNOFF_OPENTEXT_URL": "https://eu-1.api.opentext.com",
    "SIGNOFF_OPENTEXT_TENANT_ID": "t-1",
    "SIGNOFF_OPENTEXT_CLIENT_ID": "signoff",
    "SIGNOFF_OPENTEXT_CLIENT_SECRET": "opentext-secret",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "data"


def plan_for(folder: Path, wishes: Wishes | None = None, **environ: str) -> Plan:
    said = {"SIGNOFF_DATA_DIR": str(folder), **environ}
    return make_plan(load(said), said, wishes or Wishes())


def roles(plan: Plan) -> list[str]:
    return [spec.role for spec in plan.specs]


def test_with_nothing_configured_everything_is_started(folder: Path) -> None:
    plan = plan_for(folder)

    assert roles(plan) == ["broker", "aprimo", "opentext", "db", "models", *WORKERS, "flower", "web", "scheduler"]
    assert set(plan.urls) == {"web", "flower", "aprimo", "opentext"}


def test_the_children_read_settings_that_hold(folder: Path) -> None:
    plan = plan_for(folder)

    settings = load(plan.environ)

    assert settings.sandboxes is False
    assert settings.aprimo.pm_url == plan.urls["aprimo"]
    assert settings.opentext.url == plan.urls["opentext"]
    assert settings.web.public_url == plan.urls["web"]
    assert settings.data_dir == folder
    assert settings.web.password is not None
    assert (settings.web.user, settings.web.password.reveal()) == plan.logins["web"]


def test_configured_vendors_are_used_and_no_sandbox_is_started(folder: Path) -> None:
    plan = plan_for(folder, **REAL_VENDORS)

    assert not {"aprimo", "opentext", "models"} & set(roles(plan))
    assert set(plan.urls) == {"web", "flower"}
    told = {name for name in plan.environ if name.startswith(("SIGNOFF_APRIMO", "SIGNOFF_OPENTEXT"))}
    assert told == {name for name in REAL_VENDORS if not name.endswith(("_SECRET", "_SECRETS"))}


def test_a_command_in_another_terminal_reads_the_settings_it_was_started_with(folder: Path) -> None:
    plan = plan_for(folder, SIGNOFF_APRIMO_RATE_PER_S="12")

    assert load(plan.environ).aprimo.rate_per_s == 12


def test_a_configured_broker_is_used_and_none_is_started(folder: Path) -> None:
    plan = plan_for(folder, SIGNOFF_BROKER_URL="redis://elsewhere:6379/3")

    assert "broker" not in roles(plan)
    assert plan.environ["SIGNOFF_BROKER_URL"] == "redis://elsewhere:6379/3"


def test_passwords_and_secrets_that_are_configured_are_kept(folder: Path) -> None:
    plan = plan_for(
        folder,
        SIGNOFF_WEB_PASSWORD="mine",
        SIGNOFF_OPENTEXT_CALLBACK_SECRETS="one,two",
        SIGNOFF_APRIMO_WEBHOOK_SECRETS="new,old",
    )

    assert plan.logins["web"] == ("operator", "mine")
    assert plan.environ["SIGNOFF_OPENTEXT_CALLBACK_SECRETS"] == "one,two"
    assert json.loads((folder / "sandbox" / "aprimo.json").read_text())["webhook_secret"] == "new"


def test_a_second_start_in_the_same_folder_keeps_the_logins(folder: Path) -> None:
    assert plan_for(folder).logins == plan_for(folder).logins


def test_the_aprimo_sandbox_is_told_where_its_webhooks_go(folder: Path) -> None:
    plan = plan_for(folder, Wishes(aprimo_options={"rate_per_s": 3}))

    options = json.loads((folder / "sandbox" / "aprimo.json").read_text())
    assert options == {
        "data_dir": str(folder / "sandbox" / "aprimo"),
        "webhook_url": f"{plan.urls['web']}/hooks/aprimo/pm",
        "webhook_secret": "sandbox-webhook-secret",
        "rate_per_s": 3,
    }


def test_a_wish_for_some_roles_starts_only_those(folder: Path) -> None:
    plan = plan_for(folder, Wishes(roles=frozenset({"broker", "db"})))

    assert roles(plan) == ["broker", "db"]


def test_a_port_of_the_environment_is_taken(folder: Path) -> None:
    free = plan_for(folder).environ["SIGNOFF_WEB_PORT"]

    assert plan_for(folder, SIGNOFF_WEB_PORT=free).environ["SIGNOFF_WEB_PORT"] == free


def test_a_port_of_the_environment_that_somebody_has_is_waited_for_and_then_refused(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded_plan, "PORT_WAIT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as somebody:
        port = somebody.getsockname()[1]
        with pytest.raises(PortTakenError, match=f"SIGNOFF_FLOWER_PORT is {port}, and somebody listens"):
            plan_for(folder, SIGNOFF_FLOWER_PORT=str(port))

    assert plan_for(folder, SIGNOFF_FLOWER_PORT=str(port)).environ["SIGNOFF_FLOWER_PORT"] == str(port)


def test_workers_are_given_longer_to_stop_than_they_wait_for_their_steps(folder: Path) -> None:
    grace = {spec.role: spec.grace_s for spec in plan_for(folder, **REAL_VENDORS).specs}

    assert {grace[worker] for worker in WORKERS} == {load({}).engine.shutdown_wait_s + 10}
