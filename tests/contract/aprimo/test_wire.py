"""Aprimo's wire: the requests that leave and the answers that come, against samples in the documented shapes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from pipeline.aprimo import wire
from pipeline.aprimo.pm_changes import body_of_changes
from pipeline.aprimo.wire import OBJECT_KINDS, ObjectKind, Wire
from pipeline.transport.messages import Answer, Fault, Request, UnreadableAnswerError
from tests.support.samples import sample, sample_bytes

ACTIVITY, PROJECT = OBJECT_KINDS["activity"], OBJECT_KINDS["project"]
WIRE = Wire("https://acme.aprimo.test")


def test_an_object_is_read_by_its_id_and_may_be_absent() -> None:
    assert WIRE.get_object(ACTIVITY, 5012) == Request(
        method="GET",
        url="https://acme.aprimo.test/api/activities/5012",
        route="activities",
        has_effect=False,
        answers=frozenset({404}),
    )


def test_a_search_is_a_read_and_pages_in_the_query() -> None:
    tree = wire.any_of("activityId", [5012, 5013])

    assert WIRE.search(ACTIVITY, tree, limit=100, offset=200) == Request(
        method="POST",
        url="https://acme.aprimo.test/api/activities/search",
        route="activities",
        has_effect=False,
        params=(("limit", "100"), ("offset", "200")),
        body={
            "or": [
                {"equals": {"fieldName": "activityId", "fieldValue": 5012}},
                {"equals": {"fieldName": "activityId", "fieldValue": 5013}},
            ]
        },
    )


def test_a_search_for_one_value_needs_no_or() -> None:
    assert wire.any_of("activityTypeId", [17]) == {"equals": {"fieldName": "activityTypeId", "fieldValue": 17}}


def test_a_search_for_nothing_is_an_error_of_ours() -> None:
    with pytest.raises(ValueError, match="a search for no activityId at all"):
        wire.any_of("activityId", [])


def test_a_window_has_whole_seconds_in_utc_without_a_zone() -> None:
    since = datetime(2026, 2, 3, 10, 0, 0, 999_000, tzinfo=UTC)
    until = datetime(2026, 2, 3, 11, 0, 0, tzinfo=UTC)

    assert wire.changed_in(since, until) == [
        {"greaterthanorequalto": {"fieldName": "modifiedDate", "fieldValue": "2026-02-03T10:00:00"}},
        {"lessthan": {"fieldName": "modifiedDate", "fieldValue": "2026-02-03T11:00:00"}},
    ]


def test_a_verb_has_an_empty_object_as_its_body() -> None:
    request = WIRE.project_verb(6100, "start")

    assert (request.method, request.url) == ("POST", "https://acme.aprimo.test/api/projects/6100/start")
    assert (request.body, request.has_effect, request.answers) == ({}, True, frozenset({409}))


def test_a_marked_route_is_sent_only_what_changes() -> None:
    """Both attribute collections stay away: they are flush-and-fill."""
    row = sample("aprimo", "activity_submitted")

    body = body_of_changes(ACTIVITY, row, {"activityStateId": 3, "extrAttr307": "approved"}, ea_value_key="eaValue")

    assert body == {"activityStateId": 3, "extrAttr307": "approved"}


@pytest.mark.parametrize("kind", [ACTIVITY, PROJECT], ids=["marked", "unmarked"])
def test_a_number_goes_into_an_attribute_as_text(kind: ObjectKind) -> None:
    changes = {"activityStateId": 3, "extrAttr321": 40}

    body = body_of_changes(kind, {}, changes, ea_value_key="eaValue")

    attributes = body.get("extendedAttributes") or [{"eaId": 321, "eaValue": body["extrAttr321"]}]
    assert (body["activityStateId"], attributes) == (3, [{"eaId": 321, "eaValue": "40"}])


def test_any_other_route_is_sent_both_collections_whole() -> None:
    row = sample("aprimo", "project_not_started")

    body = body_of_changes(
        PROJECT, row, {"title": "Spring", "extrAttr402": "c", "extrAttr403": "d"}, ea_value_key="eaValue"
    )

    assert body == {
        "title": "Spring",
        "extendedAttributes": [
            {"eaId": 401, "eaValue": "a"},
            {"eaId": 402, "eaValue": "c"},
            {"eaId": 403, "eaValue": "d"},
        ],
        "multipleValueExtendedAttributes": [{"parentId": 6100, "extAttributeId": 430, "encodedListItemId": 3}],
    }


@pytest.mark.parametrize("key", ["Activity", "activities", "review-task", "items"])
def test_the_only_list_under_embedded_is_taken_whatever_its_name(key: str) -> None:
    answer = Answer(status=200, body=b'{"_total": 1, "_embedded": {"%s": [{"activityId": 1}]}}' % key.encode())

    assert wire.read_page(answer).rows == ({"activityId": 1},)


@pytest.mark.parametrize(
    ("name", "total", "has_next"), [("search_page_with_more", 3, True), ("search_page_last", 3, False)]
)
def test_a_page_tells_whether_more_follows(name: str, total: int, *, has_next: bool) -> None:
    page = wire.read_page(Answer(status=200, body=sample_bytes("aprimo", name)))

    assert (page.total, page.has_next) == (total, has_next)


def test_a_page_without_embedded_is_empty() -> None:
    assert wire.read_page(Answer(status=200, body=b'{"_total": 0, "_embedded": null}')).rows == ()


@pytest.mark.parametrize("body", [b"null", b"[1]", b'{"_embedded": {"Activity": ["x"]}}', b'{"items": 5}'])
def test_a_page_of_another_shape_is_unreadable(body: bytes) -> None:
    with pytest.raises(UnreadableAnswerError):
        wire.read_page(Answer(status=200, body=body))


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        (
            b'{"exceptionType": "ValidationException", "exceptionMessage": "No such field", "stackTrace": null}',
            Fault(message="No such field", code="ValidationException"),
        ),
        (b'{"message": "Nope"}', Fault(message="Nope")),
        (b'{"error": "invalid_client"}', Fault(message="invalid_client")),
        (b"null", Fault()),
        (b"", Fault()),
        (b"plain words", Fault(message="plain words")),
        (b'["a"]', Fault(message="['a']")),
        (b'{"exceptionMessage": null, "message": 5}', Fault()),
        (b"<html><body>Bad gateway</body></html>", Fault(message="a page for people")),
    ],
)
def test_an_errors_words_are_found_whatever_its_shape(body: bytes, fault: Fault) -> None:
    assert wire.read_fault(Answer(status=500, body=body)) == fault


def test_changes_are_json() -> None:
    changes: dict[str, Any] = {"extrAttr306": "two\nlines", "activityStateId": 3}

    assert WIRE.put_object(ACTIVITY, 5012, changes).body == changes
