"""Callouts: their payload, signature, retries and the end of a subscription (aprimo.md §8.1)."""

import base64
import hashlib
import hmac
import json
import time
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.support.aprimo_caller import AprimoCaller
from tests.support.sandbox_process import SandboxProcess, running
from tests.support.webhook_receiver import Received, WebhookReceiver, receiving

SECRET = "sandbox-webhook-secret"
WAIT_S = 10


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    """Retries come after 9 ms, 36 ms, 81 ms and so on."""
    folder = tmp_path_factory.mktemp("aprimo")
    with running("aprimo", folder, rate_per_s=5000, seed=7, webhook_retry_scale=0.001) as process:
        yield process


@pytest.fixture
def receiver(aprimo: AprimoCaller) -> Iterator[WebhookReceiver]:
    with receiving() as receiver:
        aprimo.sandbox("PUT", "webhooks", {"url": receiver.url})
        yield receiver


def messages(received: list[Received]) -> list[dict[str, Any]]:
    return [json.loads(each.body) for each in received]


def wait_for_state(caller: AprimoCaller, state: str) -> dict[str, Any]:
    """Give the subscription as soon as its last callout is in a state."""
    deadline = time.monotonic() + WAIT_S
    while True:
        shown: dict[str, Any] = caller.sandbox("GET", "webhooks")
        if shown["deliveries"] and shown["deliveries"][-1]["state"] == state:
            return shown
        assert time.monotonic() < deadline, f"waited in vain for {state}: {shown}"
        time.sleep(0.02)


def test_a_created_activity_is_called_out_in_the_documented_shape(
    marketer: AprimoCaller, receiver: WebhookReceiver
) -> None:
    made = marketer.make_activity()

    (message,) = messages(receiver.wait_for(lambda received: len(received) == 1))

    event_time = datetime.fromisoformat(message.pop("EventTime")).replace(tzinfo=UTC)
    assert datetime.now(UTC) - event_time < timedelta(seconds=30)
    ids = [uuid.UUID(message.pop(name)) for name in ("Id", "EventId")]
    assert ids[0] != ids[1]
    assert message == {
        "CalloutLocation": 1,
        "DatasourceId": 1,
        "CalloutType": 15,
        "Title": "object-create",
        "ObjectTypeId": 1,
        "ObjectResourceName": "activities",
        "ObjectId": made["activityId"],
        "CreatingUserId": 88,
        "RetryCount": 0,
        "Body": None,
        "ParentEventId": None,
    }


def test_the_signature_is_hmac_sha256_of_the_raw_bytes_in_base64(
    aprimo: AprimoCaller, receiver: WebhookReceiver
) -> None:
    aprimo.make_activity()

    (message,) = receiver.wait_for(lambda received: len(received) == 1)

    expected = base64.b64encode(hmac.new(SECRET.encode(), message.body, hashlib.sha256).digest()).decode()
    assert message.headers["x-sh1"] == expected
    assert message.headers["content-type"] == "application/json"


def test_every_save_is_called_out_also_one_that_changes_nothing(
    aprimo: AprimoCaller, receiver: WebhookReceiver
) -> None:
    path = f"activities/{aprimo.make_activity()['activityId']}"
    aprimo.api("PUT", path, {"activityStateId": 2})
    aprimo.api("PUT", path, {"activityStateId": 2})
    aprimo.api("DELETE", path)

    received = messages(receiver.wait_for(lambda received: len(received) == 4))

    assert sorted(each["CalloutLocation"] for each in received) == [1, 2, 2, 3]
    assert len({each["EventId"] for each in received}) == 4


def test_project_verbs_are_called_out(aprimo: AprimoCaller, receiver: WebhookReceiver) -> None:
    body = {"title": "Shoot", "extendedAttributes": [], "multipleValueExtendedAttributes": []}
    first, second = (aprimo.api("POST", "projects", body).json()["projectId"] for _ in range(2))
    for verb in ("start", "pause", "start", "close"):
        aprimo.api("POST", f"projects/{first}/{verb}", {})
    aprimo.api("POST", f"projects/{second}/cancel", {})

    received = messages(receiver.wait_for(lambda received: len(received) == 5))

    seen = sorted((each["CalloutLocation"], each["ObjectId"]) for each in received)
    assert seen == [(102, first), (103, first), (104, first), (105, first), (106, second)]
    assert {(each["ObjectTypeId"], each["ObjectResourceName"]) for each in received} == {(9952, "projects")}


def test_what_is_refused_and_what_is_ready_made_is_not_called_out(
    aprimo: AprimoCaller, receiver: WebhookReceiver
) -> None:
    aprimo.api("POST", "activities", {})
    aprimo.sandbox("POST", "activities", {"activities": [{"name": "x", "activityTypeId": 17}]})

    assert aprimo.sandbox("GET", "webhooks")["deliveries"] == []


def test_a_retry_has_the_same_event_id_and_a_rising_count(aprimo: AprimoCaller, receiver: WebhookReceiver) -> None:
    receiver.statuses[:] = [500, 302, 404]

    aprimo.make_activity()

    received = messages(receiver.wait_for(lambda received: len(received) == 4))
    assert [each["RetryCount"] for each in received] == [0, 1, 2, 3]
    assert len({each["EventId"] for each in received}) == 1
    shown = wait_for_state(aprimo, "delivered")
    assert shown["deliveries"][0]["statuses"] == [500, 302, 404, 200]
    assert (shown["valid"], shown["failures"]) == (True, 0)


def test_five_failures_in_a_row_invalidate_the_subscription(aprimo: AprimoCaller, receiver: WebhookReceiver) -> None:
    receiver.statuses[:] = [500] * 5
    aprimo.make_activity()

    shown = wait_for_state(aprimo, "stopped")

    assert (shown["valid"], shown["failures"], len(receiver.received)) == (False, 5, 5)


def test_nothing_is_sent_until_an_invalid_subscription_is_validated(
    aprimo: AprimoCaller, receiver: WebhookReceiver
) -> None:
    receiver.statuses[:] = [500] * 5
    aprimo.make_activity()
    wait_for_state(aprimo, "stopped")
    missed = aprimo.make_activity()["activityId"]

    aprimo.sandbox("POST", "webhooks/validate")
    seen = aprimo.make_activity()["activityId"]

    shown = wait_for_state(aprimo, "delivered")
    assert (shown["valid"], shown["failures"]) == (True, 0)
    assert [(each["objectId"], each["state"]) for each in shown["deliveries"][1:]] == [
        (missed, "unsent"),
        (seen, "delivered"),
    ]
    assert len(receiver.received) == 6


def test_nothing_is_sent_while_the_subscription_is_disabled(aprimo: AprimoCaller, receiver: WebhookReceiver) -> None:
    aprimo.sandbox("PUT", "webhooks", {"enabled": False})

    aprimo.make_activity()

    assert [each["state"] for each in aprimo.sandbox("GET", "webhooks")["deliveries"]] == ["unsent"]
    assert receiver.received == []


def test_nobody_listening_is_a_failure(aprimo: AprimoCaller) -> None:
    aprimo.sandbox("PUT", "webhooks", {"url": "http://127.0.0.1:1/hooks"})

    aprimo.make_activity()

    assert wait_for_state(aprimo, "stopped")["deliveries"][0]["statuses"] == [0] * 5


def test_a_slow_receiver_does_not_delay_the_api(aprimo: AprimoCaller, receiver: WebhookReceiver) -> None:
    receiver.answer_after_s = 1.5

    started = time.monotonic()
    aprimo.make_activity()

    assert time.monotonic() - started < 1.2
    receiver.wait_for(lambda received: len(received) == 1)


def test_duplicates_carry_the_same_event_id_in_messages_of_their_own(
    aprimo: AprimoCaller, receiver: WebhookReceiver
) -> None:
    aprimo.sandbox("PUT", "webhooks", {"duplicate_share": 1.0})

    aprimo.make_activity()

    received = messages(receiver.wait_for(lambda received: len(received) == 2))
    assert len({each["EventId"] for each in received}) == 1
    assert len({each["Id"] for each in received}) == 2


def test_a_reordered_callout_comes_after_a_later_one(aprimo: AprimoCaller, receiver: WebhookReceiver) -> None:
    aprimo.sandbox("PUT", "webhooks", {"reorder_share": 1.0})
    first = aprimo.make_activity()["activityId"]
    aprimo.sandbox("PUT", "webhooks", {"reorder_share": 0.0})
    second = aprimo.make_activity()["activityId"]

    received = messages(receiver.wait_for(lambda received: len(received) == 2))

    assert [each["ObjectId"] for each in received] == [second, first]


def test_the_delay_of_a_subscription_is_kept(aprimo: AprimoCaller, receiver: WebhookReceiver) -> None:
    aprimo.sandbox("PUT", "webhooks", {"delay_s": 0.3})

    started = time.monotonic()
    aprimo.make_activity()
    receiver.wait_for(lambda received: len(received) == 1)

    assert time.monotonic() - started >= 0.3


def test_the_secret_can_be_changed_and_is_never_shown(aprimo: AprimoCaller, receiver: WebhookReceiver) -> None:
    aprimo.sandbox("PUT", "webhooks", {"secret": "rotated"})
    aprimo.make_activity()

    (message,) = receiver.wait_for(lambda received: len(received) == 1)

    expected = base64.b64encode(hmac.new(b"rotated", message.body, hashlib.sha256).digest()).decode()
    assert message.headers["x-sh1"] == expected
    assert "secret" not in aprimo.sandbox("GET", "webhooks")


def test_what_is_no_setting_of_a_subscription_is_refused(aprimo: AprimoCaller) -> None:
    answer = requests.put(f"{aprimo.base}/sandbox/webhooks", json={"valid": True}, timeout=10)

    assert answer.status_code == 400


def test_a_subscription_can_be_given_at_the_start(tmp_path: Path) -> None:
    with receiving() as receiver, running("aprimo", tmp_path, webhook_url=receiver.url) as server:
        caller = AprimoCaller(server.base)
        caller.make_activity()

        assert len(receiver.wait_for(lambda received: len(received) == 1)) == 1
        caller.close()
