"""Combinations of settings that would lose or double something refuse to start, and say why."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.problems import SettingsError
from config.settings import load

LOCAL_VENDORS = {
    "APRIMO_AUTH_URL": "http://127.0.0.1:1",
    "APRIMO_PM_URL": "http://127.0.0.1:1",
    "APRIMO_CLIENT_ID": "signoff",
    "APRIMO_CLIENT_SECRET": "aprimo-secret",
    "OPENTEXT_URL": "http://localhost:2",
    "OPENTEXT_TENANT_ID": "t-1",
    "OPENTEXT_CLIENT_ID": "signoff",
    "OPENTEXT_CLIENT_SECRET": "opentext-secret",
}
SECONDS = {
    "ENGINE_CALL_DEADLINE_S": "1",
    "ENGINE_CONNECT_TIMEOUT_S": "0.5",
    "ENGINE_READ_TIMEOUT_S": "0.8",
    "ENGINE_NO_NEW_CALL_AFTER_S": "2",
    "ENGINE_MARGIN_S": "0.5",
    "ENGINE_HARD_LIMIT_S": "4",
    "ENGINE_LEASE_S": "5",
    "ENGINE_VISIBILITY_TIMEOUT_S": "12",
    "ENGINE_COUNTDOWN_MAX_S": "5",
}


def environ(**changes: str) -> dict[str, str]:
    return {f"SIGNOFF_{name}": value for name, value in changes.items()}


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"ENGINE_READ_TIMEOUT_S": "26"}, "CONNECT_TIMEOUT_S READ_TIMEOUT_S CALL_DEADLINE_S"),
        ({"ENGINE_CONNECT_TIMEOUT_S": "26"}, "CONNECT_TIMEOUT_S READ_TIMEOUT_S CALL_DEADLINE_S"),
        ({"ENGINE_NO_NEW_CALL_AFTER_S": "25"}, "CALL_DEADLINE_S NO_NEW_CALL_AFTER_S"),
        ({"ENGINE_HARD_LIMIT_S": "74.9"}, "NO_NEW_CALL_AFTER_S CALL_DEADLINE_S MARGIN_S HARD_LIMIT_S"),
        ({"ENGINE_LEASE_S": "80"}, "HARD_LIMIT_S LEASE_S"),
        (
            {"ENGINE_VISIBILITY_TIMEOUT_S": "90", "ENGINE_COUNTDOWN_MAX_S": "0"},
            "LEASE_S VISIBILITY_TIMEOUT_S",
        ),
        ({"ENGINE_COUNTDOWN_MAX_S": "220"}, "COUNTDOWN_MAX_S HARD_LIMIT_S VISIBILITY_TIMEOUT_S"),
        ({"ENGINE_BUDGET_WAIT_MAX_S": "45"}, "BUDGET_WAIT_MAX_S NO_NEW_CALL_AFTER_S"),
        ({"ENGINE_RETRY_BASE_S": "901"}, "RETRY_BASE_S RETRY_CAP_S"),
        ({"ENGINE_SWEEP_EVERY_S": "31"}, "SWEEP_EVERY_S REHINT_AFTER_S"),
    ],
)
def test_figures_that_do_not_hold_together_are_refused(changes: dict[str, str], names: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(environ(**changes))

    (problem,) = caught.value.problems
    assert problem.names == tuple(f"SIGNOFF_ENGINE_{name}" for name in names.split())
    assert "unsafe, because" in problem.reason


def test_leases_of_seconds_are_possible_when_every_figure_shrinks_with_them() -> None:
    assert load(environ(**SECONDS)).engine.lease_s == 5.0


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"WEB_HOST": "0.0.0.0"}, ("WEB_HOST", "WEB_PASSWORD")),  # noqa: S104 - what is to be refused
        ({"FLOWER_HOST": "10.1.2.3"}, ("FLOWER_HOST", "FLOWER_PASSWORD")),
        ({"WEB_PUBLIC_URL": "https://s.example"}, ("OPENTEXT_CALLBACK_SECRETS", "WEB_PUBLIC_URL")),
        ({"BROKER_URL": "amqp://h"}, ("BROKER_URL",)),
        ({"DATABASE_URL": "mysql://h/db"}, ("DATABASE_URL",)),
        ({"DATABASE_URL": "sqlite://"}, ("DATABASE_URL",)),
        ({"DATABASE_URL": "sqlite:///:memory:"}, ("DATABASE_URL",)),
        ({**LOCAL_VENDORS, "SANDBOXES": "true"}, ("SANDBOXES",)),
        ({**LOCAL_VENDORS, "APRIMO_PM_URL": "http://pm.example"}, ("APRIMO_PM_URL",)),
        ({**LOCAL_VENDORS, "OPENTEXT_URL": "ftp://h"}, ("OPENTEXT_URL",)),
        (
            {**LOCAL_VENDORS, "OPENTEXT_URL": "https://eu-1.example", "ENGINE_LATE_FACTOR": "0.1"},
            ("ENGINE_LATE_FACTOR",),
        ),
    ],
)
def test_what_would_open_a_door_or_double_an_effect_is_refused(
    changes: dict[str, str], names: tuple[str, ...]
) -> None:
    with pytest.raises(SettingsError) as caught:
        load(environ(**changes))

    assert [problem.names for problem in caught.value.problems] == [tuple(f"SIGNOFF_{name}" for name in names)]


@pytest.mark.parametrize(
    "changes",
    [
        {"WEB_HOST": "::1"},
        {"WEB_HOST": "localhost"},
        {"WEB_HOST": "0.0.0.0", "WEB_PASSWORD": "a-long-one"},  # noqa: S104 - allowed with a password
        {"WEB_PUBLIC_URL": "https://s.example", "OPENTEXT_CALLBACK_SECRETS": "a-long-one"},
        {**LOCAL_VENDORS, "ENGINE_LATE_FACTOR": "0.01"},
        {**LOCAL_VENDORS, "APRIMO_PM_URL": "http://pm.example", "ALLOW_PLAIN_HTTP": "true"},
        {"BROKER_URL": "rediss://h:6380/1"},
        {"APRIMO_UPLOAD_SOURCES": "files.example,127.0.0.1:8100,[::1]:8100"},
    ],
)
def test_the_safe_neighbours_of_those_are_taken(changes: dict[str, str]) -> None:
    load(environ(**changes))


def test_aprimos_rate_is_kept_below_what_the_tenant_allows_to_everybody() -> None:
    with pytest.raises(SettingsError, match="is 13, but must be at most 12"):
        load(environ(APRIMO_RATE_PER_S="13"))


@pytest.mark.parametrize(
    "tenant", ["acme corp", "https://acme.aprimo.com", "acme.aprimo.com", "-acme", "[", "a" * 64]
)
def test_a_tenant_that_is_no_host_label_is_refused(tenant: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(
            environ(
                **{
                    **LOCAL_VENDORS,
                    "APRIMO_TENANT": tenant,
                    "APRIMO_DAM_URL": "https://a",
                    "APRIMO_UPLOAD_URL": "https://a",
                }
            )
        )

    (problem,) = caught.value.problems
    assert problem.names == ("SIGNOFF_APRIMO_TENANT",)
    assert problem.reason.startswith(f"is {tenant!r}, but must be one part of a host name")


@pytest.mark.parametrize("host", ["https://files.example", "files.example/a", "files.example:https", "*", "a b"])
def test_a_source_of_files_that_is_no_host_is_refused(host: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load(environ(APRIMO_UPLOAD_SOURCES=f"cdn.example:8443,{host}"))

    (problem,) = caught.value.problems
    assert problem.names == ("SIGNOFF_APRIMO_UPLOAD_SOURCES",)
    assert problem.reason.startswith(f"{host}: must be hosts")


def test_an_address_that_cannot_be_read_is_named() -> None:
    with pytest.raises(SettingsError) as caught:
        load(environ(**{**LOCAL_VENDORS, "OPENTEXT_URL": "https://["}))

    assert [(each.names, each.reason) for each in caught.value.problems] == [
        (("SIGNOFF_OPENTEXT_URL",), "is no http(s) address.")
    ]


def test_a_folder_of_flows_that_is_none_or_empty_is_named_with_the_others(tmp_path: Path) -> None:
    def said(folder: Path) -> dict[tuple[str, ...], str]:
        with pytest.raises(SettingsError) as caught:
            load(environ(FLOWS_DIR=str(folder), BROKER_URL="amqp://host"))
        return {problem.names: problem.reason for problem in caught.value.problems}

    missing = said(tmp_path / "flows")
    assert missing["SIGNOFF_FLOWS_DIR",] == f"{tmp_path}/flows is no folder."
    assert set(missing) == {("SIGNOFF_FLOWS_DIR",), ("SIGNOFF_BROKER_URL",)}
    assert said(tmp_path)["SIGNOFF_FLOWS_DIR",] == (
        f"{tmp_path} holds no TOML file; copy the packaged ones from config/flows and adapt them."
    )
