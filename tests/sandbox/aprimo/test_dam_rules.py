"""Calls of the DAM's rules: body, signature, retries, down times (aprimo.md §8.2)."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.support.aprimo_caller import AprimoCaller
from tests.support.aprimo_dam import DamCaller
from tests.support.sandbox_process import SandboxProcess, running
from tests.support.webhook_receiver import WebhookReceiver, receiving


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SandboxProcess]:
    folder = tmp_path_factory.mktemp("aprimo")
    with running("aprimo", folder, rate_per_s=5000, seed=7, webhook_retry_scale=0.01) as process:
        yield process


@pytest.fixture
def receiver(aprimo: AprimoCaller) -> Iterator[WebhookReceiver]:
    with receiving() as receiver:
        aprimo.sandbox("PUT", "rules", {"url": receiver.url, "down_time_s": 0.1})
        yield receiver


def bodies(receiver: WebhookReceiver, count: int) -> list[dict[str, Any]]:
    return [json.loads(each.body) for each in receiver.wait_for(lambda received: len(received) >= count)]


def calls(caller: AprimoCaller, state: str) -> list[dict[str, Any]]:
    """Give all calls as soon as the last one is in a state."""
    deadline = time.monotonic() + 5
    while True:
        shown: list[dict[str, Any]] = caller.sandbox("GET", "rules")["calls"]
        if shown and shown[-1]["state"] == state:
            return shown
        assert time.monotonic() < deadline, shown
        time.sleep(0.02)


def test_a_save_is_told_in_the_recommended_contract(
    dam: DamCaller, marketer: AprimoCaller, receiver: WebhookReceiver
) -> None:
    record_id = DamCaller(marketer).make()

    (body,) = bodies(receiver, 1)

    assert body == {
        "event": "record.created",
        "recordId": record_id,
        "userId": f"{88:032x}",
        "status": "draft",
        "modifiedOn": dam.get(f"record/{record_id}")["modifiedOn"],
    }


def test_the_signature_is_hmac_sha256_of_the_body_in_the_configured_header(
    dam: DamCaller, aprimo: AprimoCaller, receiver: WebhookReceiver
) -> None:
    aprimo.sandbox("PUT", "rules", {"hmac_header": "x-tenant-hmac", "secret": "other"})
    dam.make()

    (message,) = receiver.wait_for(lambda received: len(received) == 1)

    expected = base64.b64encode(hmac.new(b"other", message.body, hashlib.sha256).digest()).decode()
    assert message.headers["x-tenant-hmac"] == expected


def test_every_rule_a_save_fires_makes_a_call(dam: DamCaller, receiver: WebhookReceiver) -> None:
    record_id = dam.make()
    bodies(receiver, 1)
    dam.send("PUT", f"record/{record_id}", {"status": "released", "fields": dam.fields(Product="Shoes")})
    dam.write(record_id, Product="Shoes")
    dam.send("DELETE", f"record/{record_id}")

    seen = [each["event"] for each in bodies(receiver, 4)]

    assert sorted(seen) == ["record.created", "record.deleted", "record.field_changed", "record.status_changed"]


def test_an_added_file_is_told(dam: DamCaller, receiver: WebhookReceiver) -> None:
    dam.make_with_file()

    assert sorted(each["event"] for each in bodies(receiver, 2)) == ["record.created", "record.file_added"]


def test_rules_may_watch_chosen_fields_and_leave_drafts_out(
    dam: DamCaller, aprimo: AprimoCaller, receiver: WebhookReceiver
) -> None:
    aprimo.sandbox("PUT", "rules", {"fields": ["ReviewState"], "include_draft_records": False})
    record_id = dam.make()
    dam.write(record_id, ReviewState=["Draft"])
    dam.send("PUT", f"record/{record_id}", {"status": "released"})
    dam.write(record_id, Product="Shoes")
    dam.write(record_id, ReviewState=["For review"])

    seen = {each["event"] for each in bodies(receiver, 2)}

    assert seen == {"record.status_changed", "record.field_changed"}
    assert len(aprimo.sandbox("GET", "rules")["calls"]) == 2


def test_an_administrators_template_is_filled(
    dam: DamCaller, aprimo: AprimoCaller, receiver: WebhookReceiver
) -> None:
    aprimo.sandbox("PUT", "rules", {"template": {"what": "{{event}} of a {{contentType}}", "id": ["{{recordId}}"]}})
    record_id = dam.make()

    assert bodies(receiver, 1) == [{"what": "record.created of a Asset", "id": [record_id]}]


def test_a_reference_id_that_was_sent_comes_back(dam: DamCaller, receiver: WebhookReceiver) -> None:
    dam.make(headers={"referenceId": "42"})
    dam.make()

    received = receiver.wait_for(lambda received: len(received) == 2)

    references = {each.headers["referenceid"] for each in received}
    assert "42" in references
    assert len(references) == 2


def test_a_failed_call_is_retried_with_the_same_body(
    dam: DamCaller, aprimo: AprimoCaller, receiver: WebhookReceiver
) -> None:
    receiver.statuses += [500, 503]
    dam.make()

    received = receiver.wait_for(lambda received: len(received) == 3)

    assert len({each.body for each in received}) == 1
    assert [each["statuses"] for each in calls(aprimo, "delivered")] == [[500, 503, 200]]


def test_a_call_is_given_up_after_its_retries(
    dam: DamCaller, aprimo: AprimoCaller, receiver: WebhookReceiver
) -> None:
    aprimo.sandbox("PUT", "rules", {"retry_count": 1})
    receiver.statuses += [400, 400]
    dam.make()

    assert [each["statuses"] for each in calls(aprimo, "failed")] == [[400, 400]]


def test_no_call_is_made_in_a_down_time(dam: DamCaller, aprimo: AprimoCaller, receiver: WebhookReceiver) -> None:
    aprimo.sandbox("PUT", "rules", {"down_time_s": 60})
    receiver.statuses.append(503)
    dam.make()
    receiver.wait_for(lambda received: len(received) == 1)
    deadline = time.monotonic() + 5
    while not aprimo.sandbox("GET", "rules")["calls"][0]["statuses"]:
        assert time.monotonic() < deadline

    dam.make()

    assert [each["statuses"] for each in calls(aprimo, "waiting")] == [[503], []]
    assert len(receiver.received) == 1


def test_a_slow_answer_is_none(dam: DamCaller, aprimo: AprimoCaller, receiver: WebhookReceiver) -> None:
    aprimo.sandbox("PUT", "rules", {"timeout_s": 0.1, "retry_count": 0})
    receiver.answer_after_s = 0.3
    dam.make()

    assert [each["statuses"] for each in calls(aprimo, "failed")] == [[0]]


@pytest.mark.parametrize(
    "wanted", [{"timeout_s": 16}, {"events": ["record.sneezed"]}, {"fields": ["Colour"]}, {"a": 1}]
)
def test_rules_that_make_no_sense_are_refused(aprimo: AprimoCaller, wanted: dict[str, Any]) -> None:
    with pytest.raises(requests.HTTPError):
        aprimo.sandbox("PUT", "rules", wanted)


def test_a_call_that_was_waiting_is_made_after_a_restart(tmp_path: Path) -> None:
    options: dict[str, Any] = {"data_dir": str(tmp_path / "state")}
    with receiving() as receiver:
        with running("aprimo", tmp_path, **options) as server:
            caller = AprimoCaller(server.base)
            caller.sandbox("PUT", "rules", {"url": receiver.url, "delay_s": 60})
            record_id = DamCaller(caller).make()
            caller.sandbox("PUT", "rules", {"delay_s": 0})
            server.process.kill()
            server.process.wait(5)
            caller.close()

        with running("aprimo", tmp_path, **options):
            (body,) = bodies(receiver, 1)

    assert body["recordId"] == record_id
