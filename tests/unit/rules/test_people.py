"""People: by override, by e-mail, or not at all."""

from __future__ import annotations

import pytest

from pipeline.people import aprimo_user, label, opentext_user, overridden
from pipeline.words import JsonValue

ONE = {"id": 88, "email": "one@example.test", "name": "One"}


def test_an_override_by_id_comes_first() -> None:
    overrides = {"88": "by-id@example.test", "one@example.test": "by-mail@example.test"}

    assert opentext_user(ONE, overrides) == "by-id@example.test"


def test_an_override_by_e_mail_comes_next() -> None:
    assert opentext_user(ONE, {"one@example.test": "by-mail@example.test"}) == "by-mail@example.test"


def test_without_an_override_the_e_mail_is_the_user() -> None:
    assert opentext_user(ONE, {"89": "two@example.test"}) == "one@example.test"


@pytest.mark.parametrize("value", [None, "", {}, {"id": 88, "email": None, "name": "One"}])
def test_somebody_without_an_e_mail_is_nobody(value: JsonValue) -> None:
    assert opentext_user(value, {"": "trap@example.test"}) == ""


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (ONE, "one@example.test"),
        ({"id": 88, "email": "", "name": "One"}, "One"),
        ({"id": 88}, "88"),
        (88, "88"),
        (None, ""),
    ],
)
def test_people_are_shown_by_the_best_that_is_known(value: JsonValue, shown: str) -> None:
    assert label(value) == shown


def test_an_e_mail_is_no_override() -> None:
    assert overridden(ONE, {"89": "two@example.test"}) == ""
    assert overridden(ONE, {"88": "by-id@example.test"}) == "by-id@example.test"


@pytest.mark.parametrize(
    ("value", "key"),
    [
        (ONE, "88"),
        ({"id": None, "email": "one@example.test", "name": "One"}, "one@example.test"),
        ("One", "One"),
        (None, ""),
    ],
)
def test_people_of_aprimo_are_kept_apart_by_the_surest_that_is_known(value: JsonValue, key: str) -> None:
    assert aprimo_user(value) == key
