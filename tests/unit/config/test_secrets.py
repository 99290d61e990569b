"""No secret leaves through a repr, an error, the list of settings, or a log line."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from config.logging import Blotter, configure, secret_texts
from config.problems import SettingsError
from config.secret import Secret
from config.settings import all_settings, load, without_password
from config.table import effective

CANARIES = {
    "SIGNOFF_BROKER_URL": "redis://:canary-broker@h/0",
    "SIGNOFF_DATABASE_URL": "postgresql+psycopg://u:canary%2Ddatabase@h/db",
    "SIGNOFF_APRIMO_CLIENT_SECRET": "canary-aprimo",
    "SIGNOFF_APRIMO_WEBHOOK_SECRETS": "canary-new,canary-old",
    "SIGNOFF_OPENTEXT_CLIENT_SECRET": 'canary-"quoted"',
    "SIGNOFF_OPENTEXT_CALLBACK_SECRETS": "canary-callback",
    "SIGNOFF_WEB_PASSWORD": "canary-web",
    "SIGNOFF_FLOWER_PASSWORD": "canary-flower",
}


@pytest.fixture
def our_logs() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def test_a_secret_shows_itself_only_on_request() -> None:
    secret = Secret("canary")

    assert (repr(secret), str(secret), f"{secret}") == ("***", "***", "***")
    assert secret.reveal() == "canary"
    assert secret == Secret("canary")
    assert secret != "canary"


def test_the_settings_repr_holds_no_secret() -> None:
    assert "canary" not in repr(load(CANARIES))
    assert "redis://:***@h/0" in repr(load(CANARIES))


def test_the_list_of_settings_in_force_holds_no_secret() -> None:
    shown = effective(load(CANARIES), all_settings())

    assert "canary" not in shown
    assert "SIGNOFF_DATABASE_URL=postgresql+psycopg://u:***@h/db\n" in shown
    assert "SIGNOFF_APRIMO_WEBHOOK_SECRETS=***,***\n" in shown


def test_an_error_repeats_no_secret() -> None:
    with pytest.raises(SettingsError) as caught:
        load({**CANARIES, "SIGNOFF_WEB_PORT": "x", "SIGNOFF_BROKER_URL": "amqp://:canary@h"})

    assert "canary" not in str(caught.value)


def test_a_url_without_a_password_is_shown_as_it_is() -> None:
    assert without_password("redis://user@h:1/0") == "redis://user@h:1/0"


def test_every_kind_of_secret_is_known_to_the_blotter() -> None:
    assert secret_texts(load(CANARIES)) == {
        "canary-broker",
        "canary%2Ddatabase",
        "canary-database",
        "canary-aprimo",
        "canary-new",
        "canary-old",
        'canary-"quoted"',
        "canary-callback",
        "canary-web",
        "canary-flower",
    }


def test_texts_too_short_to_be_secrets_are_left_alone() -> None:
    assert secret_texts(load({"SIGNOFF_WEB_PASSWORD": "a"})) == frozenset()


def test_the_longer_of_two_overlapping_secrets_is_blotted_out_whole() -> None:
    blot = Blotter(frozenset({"canary", "canary-long"}))

    assert blot(None, "", "a canary-long b canary") == "a *** b ***"


@pytest.mark.usefixtures("our_logs")
def test_no_log_line_holds_a_secret_whoever_writes_it(capsys: pytest.CaptureFixture[str]) -> None:
    settings = load(CANARIES)
    configure(settings, "worker-aprimo")

    structlog.get_logger("ours").info("call_failed", token='canary-"quoted"', nested={"url": settings.broker_url})
    logging.getLogger("theirs").warning("connected to %s", settings.database_url)
    try:
        int("canary-web")
    except ValueError:
        structlog.get_logger("ours").exception("boom")

    lines = capsys.readouterr().err.splitlines()
    assert "canary" not in "".join(lines)
    events = [json.loads(line) for line in lines]
    assert [event["event"] for event in events] == [
        "call_failed",
        "connected to postgresql+psycopg://u:***@h/db",
        "boom",
    ]
    assert {event["role"] for event in events} == {"worker-aprimo"}
    assert events[0]["token"] == "***"
    assert events[2]["exception"].endswith("invalid literal for int() with base 10: '***'")


@pytest.mark.usefixtures("our_logs")
def test_lines_below_the_configured_level_are_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    configure(load({"SIGNOFF_LOG_LEVEL": "warning", "SIGNOFF_LOG_FORMAT": "console"}), "web")

    structlog.get_logger("ours").info("quiet")
    structlog.get_logger("ours").warning("loud", flow="campaign_brief")

    written = capsys.readouterr().err
    assert "quiet" not in written
    assert "loud" in written
    assert "flow=campaign_brief" in written
