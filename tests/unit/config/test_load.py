"""Where settings come from, and what is said of those that are missing or malformed."""

from __future__ import annotations

from pathlib import Path

import pytest

from config.problems import SettingsError
from config.secret import Secret
from config.settings import demand_vendors, load

REAL_VENDORS = {
    "SIGNOFF_APRIMO_TENANT": "acme",
    "SIGNOFF_APRIMO_CLIENT_ID": "signoff",
    "SIGNOFF_APRIMO_CLIENT_SECRET": "aprimo-secret",
    "SIGNOFF_OPENTEXT_URL": "https://eu-1.api.opentext.com/",
    "SIGNOFF_OPENTEXT_TENANT_ID": "t-1",
    "SIGNOFF_OPENTEXT_CLIENT_ID": "signoff",
    "SIGNOFF_OPENTEXT_CLIENT_SECRET": "opentext-secret",
}


def problems_of(environ: dict[str, str], toml_path: Path | None = None) -> dict[tuple[str, ...], str]:
    with pytest.raises(SettingsError) as caught:
        load(environ, toml_path)
    return {problem.names: problem.reason for problem in caught.value.problems}


def test_an_empty_environment_gives_an_installation_with_sandboxes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    settings = load({})

    assert settings.sandboxes is True
    assert settings.broker_url is None
    assert settings.data_dir == tmp_path / ".signoff"
    assert settings.database_url == f"sqlite:///{tmp_path}/.signoff/signoff.sqlite3"
    assert settings.flows_dir.name == "flows"
    assert settings.engine.lease_s == 90.0


def test_a_configured_vendor_means_no_sandboxes() -> None:
    assert load(REAL_VENDORS).sandboxes is False


def test_aprimos_four_addresses_follow_from_the_tenant() -> None:
    aprimo = load(REAL_VENDORS).aprimo

    assert (aprimo.auth_url, aprimo.pm_url, aprimo.dam_url, aprimo.upload_url) == (
        "https://acme.aprimo.com",
        "https://acme.aprimo.com",
        "https://acme.dam.aprimo.com",
        "https://acme.aprimo.com",
    )


def test_an_address_that_is_set_wins_over_the_tenants_and_loses_its_last_slash() -> None:
    settings = load({**REAL_VENDORS, "SIGNOFF_APRIMO_PM_URL": "http://127.0.0.1:9/"})

    assert settings.aprimo.pm_url == "http://127.0.0.1:9"
    assert settings.aprimo.auth_url == "https://acme.aprimo.com"
    assert settings.opentext.url == "https://eu-1.api.opentext.com"


def test_the_environment_wins_over_the_file_and_the_file_over_the_default(tmp_path: Path) -> None:
    path = tmp_path / "signoff.toml"
    path.write_text(
        'log_level = "debug"\n[engine]\nbatch_lines = 7\nretry_tries = 3\n'
        '[aprimo]\nwebhook_secrets = ["new", "old"]\n'
    )

    settings = load({"SIGNOFF_CONFIG": str(path), "SIGNOFF_ENGINE_BATCH_LINES": "9"})

    assert settings.engine.batch_lines == 9
    assert settings.engine.retry_tries == 3
    assert settings.log_level == "debug"
    assert settings.aprimo.webhook_secrets == (Secret("new"), Secret("old"))
    assert settings.engine.queue_mark == 500


def test_a_list_in_the_environment_is_parted_by_commas() -> None:
    settings = load({"SIGNOFF_APRIMO_WEBHOOK_SECRETS": "new, old,"})

    assert [secret.reveal() for secret in settings.aprimo.webhook_secrets] == ["new", "old"]


def test_an_empty_variable_counts_as_not_set() -> None:
    assert load({"SIGNOFF_ENGINE_BATCH_LINES": "", "SIGNOFF_BROKER_URL": ""}) == load({})


def test_a_postgresql_url_names_the_driver_that_is_installed() -> None:
    for scheme in ("postgres", "postgresql", "postgresql+psycopg"):
        settings = load({"SIGNOFF_DATABASE_URL": f"{scheme}://u@h/db"})
        assert settings.database_url == "postgresql+psycopg://u@h/db"


def test_what_is_missing_and_what_is_malformed_is_named_together() -> None:
    found = problems_of(
        {
            "SIGNOFF_APRIMO_TENANT": "acme",
            "SIGNOFF_OPENTEXT_URL": "https://eu-1.api.opentext.com",
            "SIGNOFF_WEB_PORT": "tcp://10.0.0.7:8080",
            "SIGNOFF_ENGINE_BATCH_LINES": "0",
            "SIGNOFF_ENGINE_CALL_THREADS": "many",
            "SIGNOFF_OPENTEXT_TOKEN_STYLE": "basic",
            "SIGNOFF_OPENTEXT_SEND_DELETE_REASON": "perhaps",
        }
    )

    assert set(found) == {
        ("SIGNOFF_APRIMO_CLIENT_ID",),
        ("SIGNOFF_APRIMO_CLIENT_SECRET",),
        ("SIGNOFF_OPENTEXT_TENANT_ID",),
        ("SIGNOFF_OPENTEXT_CLIENT_ID",),
        ("SIGNOFF_OPENTEXT_CLIENT_SECRET",),
        ("SIGNOFF_WEB_PORT",),
        ("SIGNOFF_ENGINE_BATCH_LINES",),
        ("SIGNOFF_ENGINE_CALL_THREADS",),
        ("SIGNOFF_OPENTEXT_TOKEN_STYLE",),
        ("SIGNOFF_OPENTEXT_SEND_DELETE_REASON",),
    }
    assert found[("SIGNOFF_ENGINE_BATCH_LINES",)].startswith("is 0, but must be at least 1")
    assert "form, form_basic, json" in found[("SIGNOFF_OPENTEXT_TOKEN_STYLE",)]


def test_every_problem_carries_an_example() -> None:
    with pytest.raises(SettingsError) as caught:
        load({"SIGNOFF_APRIMO_TENANT": "acme", "SIGNOFF_WEB_PORT": "x"})

    for problem in caught.value.problems:
        assert problem.example.startswith(f"{problem.names[0]}=")
        assert problem.example in str(caught.value)


def test_a_malformed_setting_is_not_named_a_second_time_as_missing(tmp_path: Path) -> None:
    path = tmp_path / "signoff.toml"
    path.write_text("[aprimo]\nclient_id = 7\n")

    with pytest.raises(SettingsError) as caught:
        load({name: value for name, value in REAL_VENDORS.items() if name != "SIGNOFF_APRIMO_CLIENT_ID"}, path)

    assert [problem.names for problem in caught.value.problems] == [("SIGNOFF_APRIMO_CLIENT_ID",)]


@pytest.mark.parametrize(
    ("text", "name", "reason"),
    [
        ("[engine]\nbatch_line = 7\n", "engine.batch_line", "Did you mean engine.batch_lines?"),
        ("[engines]\nbatch_lines = 7\n", "engines", "Did you mean engine"),
        ("colour = 1\n", "colour", "there is no such setting"),
        ("engine = 1\n", "engine", "there is no such setting"),
    ],
)
def test_a_key_of_the_file_that_is_no_setting_is_refused(tmp_path: Path, text: str, name: str, reason: str) -> None:
    path = tmp_path / "signoff.toml"
    path.write_text(text)

    found = problems_of({}, path)

    assert reason in found[(name,)]


def test_a_file_that_is_missing_or_no_toml_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "broken.toml"
    broken.write_text("= 1")

    assert "cannot be read" in problems_of({}, tmp_path / "none.toml")[("SIGNOFF_CONFIG",)]
    assert "is not TOML" in problems_of({"SIGNOFF_CONFIG": str(broken)})[("SIGNOFF_CONFIG",)]


def test_a_role_that_calls_vendors_names_all_it_lacks() -> None:
    with pytest.raises(SettingsError) as caught:
        demand_vendors(load({}))

    assert len(caught.value.problems) == 7
