"""Who is listened to for silence is who was set up to tell us something."""

from __future__ import annotations

from config.settings import load
from tasks.listening import patience, sources

FEEDS = ["aprimo.pm.poll", "aprimo.dam.poll", "opentext.audit"]


def _names(**environ: str) -> list[str]:
    return [source.name for source in sources(load({f"SIGNOFF_{name}": value for name, value in environ.items()}))]


def test_without_secrets_only_the_feeds_are_listened_to() -> None:
    assert _names() == FEEDS


def test_with_a_webhook_secret_aprimo_is_expected_to_call() -> None:
    assert _names(APRIMO_WEBHOOK_SECRETS="one") == [*FEEDS, "aprimo.pm.webhook", "aprimo.dam.rule"]


def test_opentext_is_expected_to_call_where_it_has_an_address_and_a_secret() -> None:
    told = {"OPENTEXT_CALLBACK_SECRETS": "one", "WEB_PUBLIC_URL": "https://signoff.acme.example"}

    assert _names(**told) == [*FEEDS, "opentext.callback"]
    assert _names(OPENTEXT_CALLBACK_SECRETS="one") == FEEDS


def test_an_alarm_comes_in_less_than_twice_the_interval() -> None:
    assert patience(load({})).factor < 2
