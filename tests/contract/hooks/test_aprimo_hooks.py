from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from pipeline.aprimo.hooks import KINDS, is_signed, read_dam, read_pm, repeats
from pipeline.events import NewEvent, Reading
from pipeline.keys import digest
from pipeline.routes import Routes
from pipeline.words import EventKind, ReceiptVerdict, Side
from tests.support.hook_samples import NOW, ROUTES, raw, sample, words

# The signatures are `openssl dgst -sha256 -hmac <secret> -binary | base64` of the body.
BODY = b'{"EventId":"e1"}'
SIGNED_NEW = "8h5MiEoYy+u0cXmgXU8fWM1Oz3CjXX//g20P78/4ufE="
SIGNED_OLD = "eJum7mZqGiKqmZDoGwotomEdpPjDyt8HZQcQVEBbwS8="


def callout(**changes: object) -> bytes:
    """The sample of an updated activity, with fields changed; `...` leaves one out."""
    values = {**json.loads(sample("activity_updated")), **changes}
    return json.dumps({name: value for name, value in values.items() if value is not ...}).encode()


def reason(reading: Reading) -> str:
    """The code of a reading that was refused; fails for any other."""
    assert reading.verdict is ReceiptVerdict.REFUSED
    assert reading.events == ()
    return reading.reason


@pytest.mark.parametrize(
    ("given", "is_right"),
    [
        (SIGNED_NEW, True),
        (SIGNED_OLD, True),
        (SIGNED_NEW.lower(), False),
        ("f21e4c884a18cbebb47179a05d4f1f58cd4ecf70a35d7fff836d0fefcff8b9f1", False),
        ("", False),
        ("é", False),
    ],
)
def test_a_body_is_signed_by_any_of_the_secrets(given: str, *, is_right: bool) -> None:
    """Both hold while one secret replaces the other; the same bytes in hex do not."""
    assert is_signed(BODY, given, ["new-secret", "old-secret"]) is is_right


def test_a_retired_secret_signs_nothing() -> None:
    assert not is_signed(BODY, SIGNED_OLD, ["new-secret"])


def test_a_body_that_was_parsed_and_written_again_is_not_the_signed_one() -> None:
    assert not is_signed(json.dumps(json.loads(BODY)).encode(), SIGNED_NEW, ["new-secret"])


def test_an_empty_secret_signs_nothing() -> None:
    """Base64 of HMAC-SHA256 with an empty key: anybody can make it."""
    assert not is_signed(b"", "thNnmggU2ex3L5XXeMNfxf8Wl8STcVZTxscSFEKSxa0=", ["", ""])


def test_an_updated_activity_is_looked_at() -> None:
    reading = read_pm(raw(sample("activity_updated")), ROUTES)

    assert reading.verdict is ReceiptVerdict.HANDLED
    assert reading.events == (
        NewEvent(
            flow="campaign_brief",
            source="aprimo.pm.webhook",
            type="aprimo.activity.updated",
            kind=EventKind.LOOK,
            side=Side.APRIMO,
            subject="aprimo:activity:5012",
            line_key="campaign_brief/aprimo:activity:5012",
            dedupe_key="aprimo.pm.webhook:b21f0d6a-7777-8888-9999-aaaabbbbcccc",
            time=datetime(2026, 2, 3, 10, 15, 30, 117000, tzinfo=UTC),
            data={"callout": 2, "by": 88, "object_id": 5012},
            trace_id="b21f0d6a-7777-8888-9999-aaaabbbbcccc",
        ),
    )


def test_a_deleted_activity_is_a_fact() -> None:
    (event,) = read_pm(raw(sample("activity_deleted")), ROUTES).events

    assert (event.type, event.kind) == ("aprimo.activity.deleted", EventKind.FACT)


def test_every_retry_of_a_webhook_has_one_key() -> None:
    """Id and RetryCount change with each message; EventId does not."""
    first = read_pm(raw(callout()), ROUTES).events[0]
    again = read_pm(raw(callout(Id="another", RetryCount=3)), ROUTES).events[0]

    assert first.dedupe_key == again.dedupe_key


def test_a_kind_that_no_flow_names_is_ignored() -> None:
    reading = read_pm(raw(sample("task_status_with_quoted_body")), ROUTES)

    assert (reading.verdict, reading.reason, reading.events) == (ReceiptVerdict.IGNORED, "not_ours", ())


def test_a_loosely_quoted_body_is_no_reason_to_refuse() -> None:
    routes = Routes.of([words("content_production", kind="task")])

    (event,) = read_pm(raw(sample("task_status_with_quoted_body")), routes).events

    assert (event.type, event.subject) == ("aprimo.task.status_action", "aprimo:task:7731")


def test_an_object_type_nobody_told_us_of_is_ignored() -> None:
    assert read_pm(raw(callout(ObjectTypeId=4711)), ROUTES).reason == "not_ours"


def test_a_moment_nobody_told_us_of_is_looked_at_as_a_change() -> None:
    (event,) = read_pm(raw(callout(CalloutLocation=199)), ROUTES).events

    assert (event.type, event.data["callout"]) == ("aprimo.activity.updated", 199)


def test_the_object_types_are_those_of_the_vendors_page() -> None:
    assert (KINDS[1], KINDS[6135], KINDS[9952], KINDS[9963]) == ("activity", "commitment", "project", "task")
    assert (KINDS[10891], KINDS[10895]) == ("generic_object_alpha", "generic_object_echo")


@pytest.mark.parametrize(
    "changes",
    [
        {"EventId": ...},
        {"EventId": ""},
        {"EventId": "a\u0000b"},
        {"EventId": "\ud800"},
        {"EventId": "x" * 129},
        {"EventId": 7},
        {"ObjectId": ...},
        {"ObjectId": "5012"},
        {"ObjectId": 0},
        {"ObjectId": 2**63},
        {"ObjectId": True},
        {"ObjectTypeId": None},
        {"CalloutLocation": {"a": 1}},
        {"EventTime": "yesterday"},
    ],
)
def test_a_webhook_in_another_shape_is_refused(changes: dict[str, Any]) -> None:
    assert reason(read_pm(raw(callout(**changes)), ROUTES)) == "bad_callout"


def test_a_webhook_from_the_future_is_refused() -> None:
    assert reason(read_pm(raw(callout(EventTime="2026-02-03T12:10:01")), ROUTES)) == "future_dated"


def test_a_webhook_that_took_a_day_of_retries_is_taken() -> None:
    assert read_pm(raw(callout(EventTime="2026-02-01T12:00:00")), ROUTES).verdict is ReceiptVerdict.HANDLED


def test_a_webhook_without_a_time_happened_now() -> None:
    assert read_pm(raw(callout(EventTime=None)), ROUTES).events[0].time == NOW


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "not_json"),
        (b"[]", "not_an_object"),
        (b'{"EventId": "a", "EventId": "b"}', "duplicate_name"),
        (b"[" * 100_000, "too_deep"),
        (b"\xff", "not_utf8"),
    ],
)
def test_bytes_that_are_no_webhook_are_refused(body: bytes, code: str) -> None:
    assert reason(read_pm(raw(body), ROUTES)) == code
    assert reason(read_dam(raw(body), ROUTES)) == code


def test_a_rule_call_is_ignored_while_no_flow_names_records() -> None:
    reading = read_dam(raw(sample("record_status_changed")), ROUTES)

    assert (reading.verdict, reading.reason) == (ReceiptVerdict.IGNORED, "not_ours")


def test_a_rule_call_looks_at_its_record() -> None:
    routes = Routes.of([words("asset_review", kind="record")])

    (event,) = read_dam(raw(sample("record_status_changed")), routes).events

    told = json.loads(sample("record_status_changed"))
    del told["referenceId"]
    key = digest(["0a1b2c3d4e5f60718293a4b5c6d7e8f9", "record.status_changed", "2026-02-03T10:15:30Z", told])
    assert event == NewEvent(
        flow="asset_review",
        source="aprimo.dam.rule",
        type="aprimo.record.updated",
        kind=EventKind.LOOK,
        side=Side.APRIMO,
        subject="aprimo:record:0a1b2c3d4e5f60718293a4b5c6d7e8f9",
        line_key="asset_review/aprimo:record:0a1b2c3d4e5f60718293a4b5c6d7e8f9",
        dedupe_key=f"aprimo.dam.rule:{key}",
        time=NOW,
        data={
            "rule_event": "record.status_changed",
            "by": "99887766554433221100ffeeddccbbaa",
            "object_id": "0a1b2c3d4e5f60718293a4b5c6d7e8f9",
        },
    )


def test_a_rule_call_has_one_key_whatever_its_reference() -> None:
    assert _rule_key({"referenceId": "run-1"}) == _rule_key({"referenceId": "run-2"})


def test_a_rule_call_with_another_value_has_another_key() -> None:
    assert _rule_key({"status": "draft"}) != _rule_key({"status": "released"})


def test_a_rule_call_without_a_time_is_known_by_its_reference() -> None:
    first = _rule_key({"modifiedOn": ...}, {"referenceid": "run-1"})

    assert first == _rule_key({"modifiedOn": ..., "status": "draft"}, {"referenceid": "run-1"})
    assert first != _rule_key({"modifiedOn": ...}, {"referenceid": "run-2"})


def test_a_rule_call_without_time_and_reference_is_always_let_in() -> None:
    assert _rule_key({"modifiedOn": ...}) != _rule_key({"modifiedOn": ...})


def test_a_deleted_record_is_a_fact() -> None:
    routes = Routes.of([words("asset_review", kind="record")])

    (event,) = read_dam(raw(_rule_call({"event": "record.deleted"})), routes).events

    assert (event.type, event.kind) == ("aprimo.record.deleted", EventKind.FACT)


@pytest.mark.parametrize("changes", [{"recordId": ...}, {"recordId": "42"}, {"event": "<script>"}, {"userId": 5}])
def test_a_rule_call_in_another_shape_is_refused(changes: dict[str, Any]) -> None:
    assert reason(read_dam(raw(_rule_call(changes)), ROUTES)) == "bad_rule_call"


def _rule_call(changes: dict[str, Any]) -> bytes:
    values = {**json.loads(sample("record_status_changed")), **changes}
    return json.dumps({name: value for name, value in values.items() if value is not ...}).encode()


def _rule_key(changes: dict[str, Any], headers: dict[str, str] | None = None) -> str:
    routes = Routes.of([words("asset_review", kind="record")])
    return read_dam(raw(_rule_call(changes), headers=headers), routes).events[0].dedupe_key


@pytest.mark.parametrize(
    ("body", "count"), [(b'{"RetryCount": 4}', 4), (b"{}", 0), (b"not json", 0), (b'{"RetryCount": "4"}', 0)]
)
def test_a_webhook_says_how_often_it_was_tried_before(body: bytes, count: int) -> None:
    assert repeats(body) == count
