from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from pipeline.events import NewEvent
from pipeline.opentext.hooks import is_authorized, read_call_back, token_for
from pipeline.words import EventKind, ReceiptVerdict, Side, Urgency
from tests.support.hook_samples import NOW, ROUTES, raw, sample

# The tokens are `openssl dgst -sha256 -hmac <secret> -binary` of `opentext-callback:<KEY>`, in unpadded base64url.
KEY = "aprimo:activity:5012"
TOKEN_NEW = "FtZTtSF3BQBm_FTkI5I9HIsnvpiEf-DzccxiM3Rtd-A"
TOKEN_OLD = "dCbXQ2w9HHxvYaI_XMHe5cBVkWFshPEfPJA9FvTLqqc"
SECRETS = ["new-secret", "old-secret"]


def call_back(**changes: object) -> bytes:
    """The sample of a completed task, with fields changed; `...` leaves one out."""
    values = {**json.loads(sample("task_completed")), **changes}
    return json.dumps({name: value for name, value in values.items() if value is not ...}).encode()


def call_back_data(**changes: object) -> bytes:
    """The same for the fields of `data`."""
    values = {**json.loads(sample("task_completed"))["data"], **changes}
    return call_back(data={name: value for name, value in values.items() if value is not ...})


def test_a_token_is_unpadded_base64url_of_an_hmac_over_the_business_key() -> None:
    assert token_for("new-secret", KEY) == TOKEN_NEW


@pytest.mark.parametrize(
    ("authorization", "is_right"),
    [
        (f"Bearer {TOKEN_NEW}", True),
        (f"bearer {TOKEN_NEW}", True),
        (f"Bearer {TOKEN_OLD}", True),
        (f"Bearer {TOKEN_NEW}=", False),
        (f"Basic {TOKEN_NEW}", False),
        (TOKEN_NEW, False),
        ("Bearer ", False),
        ("Bearer é", False),
        ("", False),
    ],
)
def test_a_call_back_is_authorized_by_its_processes_token_under_any_secret(
    authorization: str, *, is_right: bool
) -> None:
    assert is_authorized(sample("task_completed"), authorization, SECRETS) is is_right


def test_the_token_of_another_process_opens_nothing() -> None:
    other = token_for("new-secret", "aprimo:activity:5013")

    assert not is_authorized(sample("task_completed"), f"Bearer {other}", SECRETS)


def test_without_secrets_nobody_is_authorized() -> None:
    assert not is_authorized(sample("task_completed"), f"Bearer {token_for('', KEY)}", ["", ""])


@pytest.mark.parametrize(
    "body",
    [
        call_back(subject=...),
        call_back(subject=None),
        call_back(subject=""),
        call_back(subject="\ud800"),
        b"[" * 100_000,
        b"\xff",
        b"[]",
    ],
)
def test_a_body_without_a_subject_is_nobodys(body: bytes) -> None:
    assert not is_authorized(body, f"Bearer {token_for('new-secret', '')}", SECRETS, key=KEY)


def test_a_probe_without_a_body_is_authorized_by_the_key_in_the_address() -> None:
    assert is_authorized(b"", f"Bearer {TOKEN_NEW}", SECRETS, key=KEY)
    assert not is_authorized(b"", f"Bearer {TOKEN_NEW}", SECRETS, key="aprimo:activity:5013")
    assert not is_authorized(b"", f"Bearer {TOKEN_NEW}", SECRETS)


def test_a_completed_task_makes_us_look_at_its_instance_once_it_has_settled() -> None:
    """The line is the instance's own: the subject is never trusted."""
    reading = read_call_back(raw(sample("task_completed")), ROUTES, settle_s=1.0)

    instance = "f8985abd-3391-11ea-b509-eeee0affefe7"
    assert reading.verdict is ReceiptVerdict.HANDLED
    assert reading.events == (
        NewEvent(
            flow="campaign_brief",
            source="opentext.callback",
            type="opentext.workflow.task.completed",
            kind=EventKind.LOOK,
            side=Side.OPENTEXT,
            subject=f"opentext:process:{instance}",
            line_key=f"campaign_brief/opentext:process:{instance}",
            dedupe_key=f"opentext.callback:{instance}:opentext.workflow.task.completed:e1"
            ":2f6e8a10-0000-4000-8000-000000000001",
            time=datetime(2026, 1, 12, 10, 20, tzinfo=UTC),
            data={"task_key": "legal", "instance_id": instance},
            urgency=Urgency.EXPRESS,
            trace_id="2f6e8a10-0000-4000-8000-000000000001",
            settle_s=1.0,
        ),
    )


def test_anything_but_a_completed_task_is_not_urgent() -> None:
    (event,) = read_call_back(raw(call_back(type="opentext.workflow.process.started")), ROUTES, settle_s=0).events

    assert event.urgency is Urgency.STANDARD


def test_a_model_that_no_flow_runs_is_ignored() -> None:
    reading = read_call_back(raw(call_back(source="workflow/other")), ROUTES, settle_s=0)

    assert (reading.verdict, reading.reason) == (ReceiptVerdict.IGNORED, "not_ours")


def test_a_call_back_without_a_time_happened_now() -> None:
    assert read_call_back(raw(call_back(time=...)), ROUTES, settle_s=0).events[0].time == NOW


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (b"{", "not_json"),
        (call_back(time="2026-02-03T12:10:01Z"), "future_dated"),
        (call_back(id=...), "bad_call_back"),
        (call_back(type="two words"), "bad_call_back"),
        (call_back(data=None), "bad_call_back"),
        (call_back(data=[]), "bad_call_back"),
        (call_back_data(processInstanceId=...), "bad_call_back"),
        (call_back_data(processInstanceId="a\u0000"), "bad_call_back"),
        (call_back_data(executionId=7), "bad_call_back"),
    ],
)
def test_a_call_back_in_another_shape_is_refused(body: bytes, code: str) -> None:
    reading = read_call_back(raw(body), ROUTES, settle_s=0)

    assert (reading.verdict, reading.reason, reading.events) == (ReceiptVerdict.REFUSED, code, ())
