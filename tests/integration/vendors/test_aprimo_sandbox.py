"""Aprimo's adapter against the real sandbox process, with answers that get lost."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import requests

from pipeline.aprimo.client import Client
from pipeline.aprimo.vendor import AprimoVendor
from pipeline.commands import Cause, ProjectVerb, SetFields
from pipeline.errors import TransientError, UnknownOutcomeError
from pipeline.plan import Snapshot, Want
from pipeline.ports import NotThere, Sent
from pipeline.words import EventId, Side
from tests.support.processes import wait_until
from tests.support.vendor_parts import FLOW, bounds, new_aprimo, words
from tests.support.vendor_sandbox import Sandbox

CAUSE = Cause(event_id=EventId("ev-1"), plan_number=1)


@pytest.fixture
def vendor(aprimo: Client) -> AprimoVendor:
    return AprimoVendor(aprimo, {FLOW: words()}, wait_s=lambda *_: 0.0)


class Marketer:
    """A person who works in Aprimo through the same public API."""

    def __init__(self, base: str) -> None:
        self._base = base
        form = {
            "grant_type": "client_credentials",
            "client_id": "marketer-88",
            "client_secret": "sandbox-secret",
            "scope": "api",
        }
        answer = requests.post(f"{base}/login/connect/token", data=form, timeout=10)
        self._headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}

    def call(self, method: str, path: str, body: object) -> Any:  # noqa: ANN401 -- JSON.
        answer = requests.request(method, f"{self._base}/api/{path}", json=body, headers=self._headers, timeout=10)
        assert answer.ok, answer.text
        return answer.json()

    def submits(self, **fields: object) -> int:
        brief = {"name": "Spring launch", "activityTypeId": 17, "activityStateId": 2, "ownerId": 88, **fields}
        return int(self.call("POST", "activities", brief)["activityId"])


@pytest.fixture
def marketer(aprimo_sandbox: Sandbox) -> Marketer:
    return Marketer(aprimo_sandbox.base)


def want(activity_id: int) -> Want:
    return Want(flow=FLOW, side=Side.APRIMO, kind="activity", object_id=str(activity_id))


def snapshot(vendor: AprimoVendor, activity_id: int) -> Snapshot:
    outcome = vendor.read([want(activity_id)], bounds())[want(activity_id)]
    assert isinstance(outcome, Snapshot), outcome
    return outcome


def decision(activity_id: int) -> SetFields:
    return SetFields(
        object_kind="activity",
        object_id=activity_id,
        fields={"activityStateId": 3, "extrAttr306": "Brand · approved\nLegal · approved", "extrAttr307": "approved"},
        expects={"activityStateId": 2},
    )


def test_what_a_marketer_submits_is_read_in_our_words(vendor: AprimoVendor, marketer: Marketer) -> None:
    activity_id = marketer.submits(extrAttr302="12000", extrAttr305="DACH; UK", currencyCode=3)

    values = snapshot(vendor, activity_id).values

    assert (values["state"], values["budget"], values["regions"], values["currency"]) == (
        "submitted",
        "12000.00",
        ["DACH", "UK"],
        "EUR",
    )
    assert values["owner"] == {"id": 88, "email": "requester.one@example.test", "name": "Requester One"}
    assert values["modified_by"] == 88


def test_several_are_read_at_once_and_one_that_is_gone_is_absent(vendor: AprimoVendor, marketer: Marketer) -> None:
    ids = [marketer.submits(name=f"Brief {number}") for number in range(5)]
    wants = [want(each) for each in (*ids, 999_999)]

    outcomes = vendor.read(wants, bounds())

    names = [outcome.values.get("name") for outcome in outcomes.values() if isinstance(outcome, Snapshot)]
    assert names == [*(f"Brief {number}" for number in range(5)), None]


def test_a_decision_is_written_once_and_is_then_there(
    vendor: AprimoVendor, marketer: Marketer, aprimo_sandbox: Sandbox
) -> None:
    activity_id = marketer.submits()
    command = decision(activity_id)
    key = command.effect_key(CAUSE)

    outcomes = [
        vendor.look_up(command, key, bounds()),
        vendor.send(command, key, bounds()),
        vendor.look_up(command, key, bounds()),
        vendor.send(command, key, bounds()),
    ]

    assert outcomes == [NotThere(), Sent(how="sent"), Sent(how="found"), Sent(how="already")]
    assert len(aprimo_sandbox.changes(f"activity:{activity_id}")) == 2  # Created, decided.
    assert snapshot(vendor, activity_id).values["modified_by"] == 91


def test_a_write_whose_answer_was_lost_is_found(
    vendor: AprimoVendor, marketer: Marketer, aprimo_sandbox: Sandbox
) -> None:
    activity_id = marketer.submits()
    command = decision(activity_id)
    key = command.effect_key(CAUSE)
    aprimo_sandbox.fault("PUT", "/api/activities/*", "drop")

    with pytest.raises(UnknownOutcomeError):
        vendor.send(command, key, bounds())

    assert vendor.look_up(command, key, bounds()) == Sent(how="found")
    assert len(aprimo_sandbox.changes(f"activity:{activity_id}")) == 2


def test_a_write_that_takes_effect_late_is_found_late(
    vendor: AprimoVendor, marketer: Marketer, aprimo_sandbox: Sandbox
) -> None:
    command = decision(marketer.submits())
    key = command.effect_key(CAUSE)
    aprimo_sandbox.fault("PUT", "/api/activities/*", "late", delay_s=0.5)

    with pytest.raises(UnknownOutcomeError):
        vendor.send(command, key, bounds())

    first = vendor.look_up(command, key, bounds())
    wait_until(lambda: vendor.look_up(command, key, bounds()) == Sent(how="found"), what="the late effect")
    assert first == NotThere()


@pytest.mark.parametrize("kind", ["html", "cut"])
def test_half_an_answer_or_a_page_for_people_is_no_answer_to_a_write(
    vendor: AprimoVendor, marketer: Marketer, aprimo_sandbox: Sandbox, kind: str
) -> None:
    command = decision(marketer.submits())
    aprimo_sandbox.fault("PUT", "/api/activities/*", kind)

    with pytest.raises(UnknownOutcomeError):
        vendor.send(command, command.effect_key(CAUSE), bounds())


@pytest.mark.parametrize("kind", ["html", "cut", "null", "drop"])
def test_half_an_answer_or_a_page_for_people_is_no_answer_to_a_read(
    vendor: AprimoVendor, marketer: Marketer, aprimo_sandbox: Sandbox, kind: str
) -> None:
    activity_id = marketer.submits()
    aprimo_sandbox.fault("GET", "/api/activities/*", kind, status=200)

    outcome = vendor.read([want(activity_id)], bounds())[want(activity_id)]

    assert type(outcome) is TransientError
    assert snapshot(vendor, activity_id).is_absent is False


def test_revoked_tokens_cost_nothing_but_a_renewal(
    vendor: AprimoVendor, marketer: Marketer, aprimo_sandbox: Sandbox
) -> None:
    activity_id = marketer.submits()
    snapshot(vendor, activity_id)

    aprimo_sandbox.admin("POST", "tokens/revoke")

    assert snapshot(vendor, activity_id).values["state"] == "submitted"


def test_a_project_is_started_once(vendor: AprimoVendor, marketer: Marketer, aprimo_sandbox: Sandbox) -> None:
    project_id = int(
        marketer.call(
            "POST", "projects", {"title": "Spring", "extendedAttributes": [], "multipleValueExtendedAttributes": []}
        )["projectId"]
    )
    command = ProjectVerb(verb="start", project_id=project_id, revision=1)
    key = command.effect_key(CAUSE)
    aprimo_sandbox.fault("POST", "/api/projects/*", "drop")

    with pytest.raises(UnknownOutcomeError):
        vendor.send(command, key, bounds())

    assert vendor.look_up(command, key, bounds()) == Sent(how="found")
    assert vendor.send(command, key, bounds()) == Sent(how="already")
    assert vendor.send(replace(command, verb="pause"), key, bounds()) == Sent(how="sent")
    assert len(aprimo_sandbox.changes(f"project:{project_id}")) == 3  # Created, started, paused.


def test_we_know_who_we_are(aprimo: Client) -> None:
    me = aprimo.me(bounds())

    assert (me.user_id, me.email) == (91, "signoff.integration@example.test")


def test_a_marketers_own_client_acts_as_that_marketer(aprimo_sandbox: Sandbox) -> None:
    assert new_aprimo(aprimo_sandbox.base, client_id="marketer-89").me(bounds()).user_id == 89
