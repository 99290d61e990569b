"""A person's values are found wherever they tell whom they mean, and nobody else's are touched."""

from __future__ import annotations

import json

import pytest

from pipeline.identity import Eraser, Identity, is_telling
from pipeline.words import JsonValue

JANE = Identity(
    users=frozenset({"jane@acme.example", "88", "0a1b2c3d4e5f60718293a4b5c6d7e8f9"}),
    names=frozenset({"Jane Döring", "jane"}),
)
X = "erased-1"
ERASER = Eraser(JANE, X)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        ("jane@acme.example", True),
        ("Jane Döring", True),
        ("Döring, Jane", True),
        ("0a1b2c3d4e5f6071", True),
        ("88", False),
        ("jane", False),
        ("- 88", False),
    ],
)
def test_some_values_mean_one_person_wherever_they_stand(value: str, told: bool) -> None:
    assert is_telling(value) is told


@pytest.mark.parametrize(
    ("text", "erased"),
    [
        ("Sent to jane@acme.example.", f"Sent to {X}."),
        ("JANE@ACME.EXAMPLE said no", f"{X} said no"),
        ("by Jane Döring (Aprimo): well done", f"by {X} (Aprimo): well done"),
        ('{"email": "J", "name": "Jane D\\u00f6ring"', f'{{"email": "J", "name": "{X}"'),
        ("?user=jane%40acme.example&x=1", f"?user={X}&x=1"),
        ("mary-jane@acme.example and jane@acme.example.test", "mary-jane@acme.example and jane@acme.example.test"),
        ("Jane Döring-Berg, Jane Döringer", "Jane Döring-Berg, Jane Döringer"),
        ("activity 88 of jane", "activity 88 of jane"),
    ],
)
def test_a_text_loses_what_tells_and_keeps_what_only_looks_alike(text: str, erased: str) -> None:
    assert ERASER.text(text) == erased


@pytest.mark.parametrize("value", ["88", "Jane", "jane@acme.example", "JANE DÖRING"])
def test_in_a_place_for_people_every_value_counts(value: str) -> None:
    assert ERASER.user(value) == X


def test_somebody_else_in_a_place_for_people_stays() -> None:
    assert [ERASER.user(each) for each in ("881", "janet", "mary-jane@acme.example", "")] == [
        "881",
        "janet",
        "mary-jane@acme.example",
        "",
    ]


@pytest.mark.parametrize(
    ("value", "erased"),
    [
        ({"activityId": 88, "ownerId": 88}, {"activityId": 88, "ownerId": X}),
        ({"userIds": ["88", "7"], "count": 88}, {"userIds": [X, "7"], "count": 88}),
        ({"assignee": {"value": "88", "version": 88}}, {"assignee": {"value": X, "version": 88}}),
        ({"written_by": "jane", "title": "jane"}, {"written_by": X, "title": "jane"}),
        (
            {"owner": {"value": {"id": "88", "email": "Jane@acme.example", "name": ""}, "owner": "aprimo"}},
            {"owner": {"value": {"id": X, "email": X, "name": ""}, "owner": "aprimo"}},
        ),
        ({"jane@acme.example": 1, "is_by": True}, {X: 1, "is_by": True}),
        (["jane@acme.example", None, 88, 1.5], [X, None, 88, 1.5]),
    ],
)
def test_json_is_read_by_the_names_of_its_fields(value: JsonValue, erased: JsonValue) -> None:
    assert ERASER.json(value) == erased


def test_another_user_of_the_same_name_stays_whole() -> None:
    """Else every look at what is theirs would find that it differs from what was agreed."""
    other: JsonValue = {"owner": {"id": "7", "email": "jd@other.example", "name": "Jane Döring"}}

    assert ERASER.json(other) == other


def test_a_body_is_read_as_json_where_it_is_json_and_as_text_where_not() -> None:
    assert json.loads(ERASER.body(b'{"userId": 88, "recordId": 88}')) == {"userId": X, "recordId": 88}
    assert ERASER.body(b"<a>Jane D\xc3\xb6ring</a>") == f"<a>{X}</a>".encode()
    assert ERASER.body(b"caf\xe9 jane@acme.example") == b"caf\xe9 " + X.encode()
    assert ERASER.body(b"[" * 100_000 + b'"jane@acme.example"').endswith(b'"' + X.encode() + b'"')


@pytest.mark.parametrize("body", [b'{ "a" :1 }', b"caf\xe9", b"", b"\xff\xfe"])
def test_a_body_that_names_nobody_keeps_every_byte(body: bytes) -> None:
    assert ERASER.body(body) == body


def test_users_that_share_an_id_or_an_e_mail_tell_what_else_a_person_is_called() -> None:
    start = Identity().with_users("jane@acme.example")
    told: JsonValue = [
        {"value": {"id": "88", "email": "Jane@acme.example", "name": "Jane Döring"}},
        {"id": "9", "email": "", "name": "Jane Döring"},
        {"id": 5, "email": None, "name": None},
    ]

    assert start.met_in(told) == Identity(
        users=frozenset({"88", "Jane@acme.example"}), names=frozenset({"Jane Döring"})
    )
    assert start.met_in({"id": "jane@acme.example", "title": "no user"}) == Identity()


def test_nobody_is_erased_by_an_empty_value() -> None:
    nobody = Eraser(Identity().with_users("", None).with_names(""), X)

    assert (nobody.text(" and "), nobody.user(""), nobody.json({"by": ""})) == (" and ", "", {"by": ""})
