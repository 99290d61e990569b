"""Verbs of commitments and tasks, remarks and what is made: what leaves, when nothing leaves, what a look-up sees."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from pipeline.aprimo.client import Client
from pipeline.aprimo.effects import EFFECTS as OTHERS
from pipeline.aprimo.pm_effects import EFFECTS
from pipeline.commands import (
    AddAnnotation,
    Cause,
    Command,
    CommitmentVerb,
    CreateObject,
    CreateTask,
    SetFields,
    TaskVerb,
)
from pipeline.errors import PermanentError, StaleError, UnknownOutcomeError
from pipeline.keys import aprimo_key, comment_marker
from pipeline.ports import NotThere, Sent
from pipeline.words import EventId
from tests.support.samples import sample
from tests.support.scripted_http import Given, ScriptedVendor
from tests.support.vendor_parts import bounds, new_aprimo

COMMITMENT = "/api/commitments/9100"
TASK = "/api/tasks/77001"
NOTES = "/api/assets/4200/versions/2/annotations-data"
CASES = "/api/generic-object-alpha"
CAUSE = Cause(event_id=EventId("ev-1"), plan_number=1)

APPROVE = CommitmentVerb(
    verb="approve", committed_id=9100, revision=1, expects={"commitmentStatus": 2, "totalAmount": "12000.00"}
)
CLOSE = TaskVerb(verb="close", task_id=77001)
DELEGATE = TaskVerb(verb="delegate", task_id=77001, assignee_id=1, user_id=89)
REMARK = AddAnnotation(asset_id=4200, version=2, origin="opentext", origin_id="c-1", text="Logo too small")
ESCALATION = CreateTask(
    project_id=6100,
    name="Late",
    description="Brand is late.",
    business_key=aprimo_key("activity", 5012),
    revision=1,
    purpose="late",
    fields={"assignedTo": 88},
)
CASE = CreateObject(
    object_kind="generic_object_alpha",
    reference_field="extrAttr360",
    reference="signoff:late:5012",
    fields={"name": "Late approval", "extrAttr361": "high"},
)


@pytest.fixture
def vendor() -> ScriptedVendor:
    scripted = ScriptedVendor(token_path="/login/connect/token")
    scripted.on(f"GET {COMMITMENT}", sample("aprimo", "commitment_submitted"))
    scripted.on(f"GET {TASK}", sample("aprimo", "task_in_progress"))
    scripted.on("GET /api/lookup/2974", sample("aprimo", "status_names"))
    scripted.on("GET /api/users/me", {"userId": 91})
    for path in (f"{COMMITMENT}/approve", f"{TASK}/close", f"{TASK}/delegate", NOTES):
        scripted.on(f"POST {path}", 200)
    scripted.on("POST /api/tasks/simple-tasks", {"taskId": 77002})
    scripted.on(f"POST {CASES}/search", found())
    scripted.on(f"POST {CASES}", Given(status=201, body={"id": 302}))
    return scripted


@pytest.fixture
def client(vendor: ScriptedVendor) -> Client:
    return new_aprimo("https://acme.aprimo.test", new_adapter=vendor.adapter)


def found(*rows: dict[str, Any], total: int | None = None) -> dict[str, Any]:
    return {"_total": len(rows) if total is None else total, "_embedded": {"items": list(rows)}, "_links": {}}


def send(client: Client, command: Command) -> Sent:
    return EFFECTS[command.KIND].send(client, command, command.effect_key(CAUSE), bounds())


def look_up(client: Client, command: Command) -> Sent | NotThere:
    return EFFECTS[command.KIND].look_up(client, command, command.effect_key(CAUSE), bounds())


def commitment(**changes: object) -> dict[str, Any]:
    return {**sample("aprimo", "commitment_submitted"), **changes}


def marker(command: Command) -> str:
    return comment_marker(command.effect_key(CAUSE))


@pytest.mark.parametrize(
    ("command", "key", "target"),
    [
        (APPROVE, "approve:commitment:9100:1", "commitment:9100"),
        (CLOSE, "close:task:77001:ev-1", "task:77001"),
        (REMARK, "annotation:opentext:c-1:4200:2", "asset:4200/2"),
        (ESCALATION, "task:aprimo:activity:5012:1:late", "project:6100/task"),
        (CASE, "create:generic_object_alpha:signoff:late:5012", "generic_object_alpha:signoff:late:5012"),
    ],
)
def test_an_effect_has_its_natural_identity(command: Command, key: str, target: str) -> None:
    assert (command.effect_key(CAUSE), command.target()) == (key, target)


def test_a_commitment_is_approved_for_the_amount_that_was_shown(vendor: ScriptedVendor, client: Client) -> None:
    assert send(client, APPROVE) == Sent(how="sent")

    assert vendor.lines() == [f"GET {COMMITMENT}", f"POST {COMMITMENT}/approve"]
    assert vendor.calls[1].json == {}


@pytest.mark.parametrize("status", [2, 3])
def test_a_commitment_is_never_approved_for_another_amount(
    vendor: ScriptedVendor, client: Client, status: int
) -> None:
    """Not even when somebody approved the other amount meanwhile: that is for a new plan to see."""
    vendor.on(f"GET {COMMITMENT}", commitment(totalAmount=12000.01, commitmentStatus=status))

    with pytest.raises(StaleError, match="commitment:9100: totalAmount is not what was expected"):
        send(client, APPROVE)

    assert vendor.lines() == [f"GET {COMMITMENT}"]


def test_a_commitment_is_never_approved_twice(vendor: ScriptedVendor, client: Client) -> None:
    vendor.on(f"GET {COMMITMENT}", commitment(commitmentStatus=3))

    assert send(client, APPROVE) == Sent(how="already")

    assert vendor.lines() == [f"GET {COMMITMENT}"]


@pytest.mark.parametrize("status", [1, 4, 5, 77])
def test_a_commitment_that_no_longer_waits_is_planned_again(
    vendor: ScriptedVendor, client: Client, status: int
) -> None:
    vendor.on(f"GET {COMMITMENT}", commitment(commitmentStatus=status))

    for command in (APPROVE, replace(APPROVE, expects={})):
        with pytest.raises(StaleError):
            send(client, command)

    assert vendor.lines() == [f"GET {COMMITMENT}"] * 2


def test_a_commitment_that_moved_before_the_verb_is_planned_again(vendor: ScriptedVendor, client: Client) -> None:
    vendor.on(f"POST {COMMITMENT}/approve", 409)

    with pytest.raises(StaleError, match="cannot approve any more"):
        send(client, APPROVE)


@pytest.mark.parametrize(("status", "expected"), [(2, NotThere()), (3, Sent(how="found")), (4, NotThere())])
def test_a_look_up_sees_a_verb_by_the_commitments_status(
    vendor: ScriptedVendor, client: Client, status: int, expected: Sent | NotThere
) -> None:
    vendor.on(f"GET {COMMITMENT}", commitment(commitmentStatus=status))

    assert look_up(client, APPROVE) == expected


def test_fields_expect_an_amount_by_its_worth(client: Client) -> None:
    command = SetFields(
        object_kind="commitment", object_id=9100, fields={"extrAttr330": "x"}, expects={"totalAmount": "12000.00"}
    )

    with pytest.raises(PermanentError):  # Nothing is scripted for the write: it was reached.
        OTHERS[command.KIND].send(client, command, command.effect_key(CAUSE), bounds())


@pytest.mark.parametrize("command", [replace(APPROVE, verb="bless"), replace(CLOSE, verb="bless")])
def test_a_verb_nobody_knows_is_for_a_person(vendor: ScriptedVendor, client: Client, command: Command) -> None:
    for act in (send, look_up):
        with pytest.raises(PermanentError, match="verb_unknown"):
            act(client, command)

    assert vendor.calls == []


def test_a_task_is_closed_once(vendor: ScriptedVendor, client: Client) -> None:
    closed = {**sample("aprimo", "task_in_progress"), "workFlowTaskStatus": 40}
    vendor.on(f"GET {TASK}", sample("aprimo", "task_in_progress"), closed)

    assert [send(client, CLOSE), send(client, CLOSE), look_up(client, CLOSE)] == [
        Sent(how="sent"),
        Sent(how="already"),
        Sent(how="found"),
    ]
    assert vendor.lines().count(f"POST {TASK}/close") == 1


def test_a_task_goes_to_another_person(vendor: ScriptedVendor, client: Client) -> None:
    assert look_up(client, DELEGATE) == NotThere()
    assert send(client, DELEGATE) == Sent(how="sent")
    assert vendor.calls[-1].json == {"taskAssigneeId": 1, "newUserId": 89}

    handed = {**sample("aprimo", "task_in_progress"), "assignees": [{"assigneeId": 1, "userId": 89}]}
    vendor.on(f"GET {TASK}", handed)

    assert (look_up(client, DELEGATE), send(client, DELEGATE)) == (Sent(how="found"), Sent(how="already"))


def test_a_task_that_may_not_be_delegated_is_planned_again(vendor: ScriptedVendor, client: Client) -> None:
    vendor.on(f"POST {TASK}/delegate", 409)

    with pytest.raises(StaleError, match="task:77001 changed"):
        send(client, DELEGATE)


@pytest.mark.parametrize("command", [APPROVE, CLOSE])
def test_what_is_gone_is_planned_again_and_not_found(
    vendor: ScriptedVendor, client: Client, command: Command
) -> None:
    vendor.on(f"GET {COMMITMENT}", 404)
    vendor.on(f"GET {TASK}", 404)

    with pytest.raises(StaleError, match="is not there any more"):
        send(client, command)
    assert look_up(client, command) == NotThere()


def test_a_remark_ends_with_its_mark_and_is_found_by_it(vendor: ScriptedVendor, client: Client) -> None:
    assert send(client, REMARK) == Sent(how="sent")

    body = vendor.calls[-1].json
    assert (body["authorId"], body["content"]["comment"]) == (91, f"Logo too small {marker(REMARK)}")
    for key in ("annotation", "annotations"):
        vendor.on(f"GET {NOTES}", {key: [{"annotationId": 5, "content": body["content"]}]})
        assert look_up(client, REMARK) == Sent(how="found", vendor_ref="5")


@pytest.mark.parametrize("answer", [404, Given(body={"annotations": [{"annotationId": 5, "content": None}]})])
def test_a_remark_that_is_not_there_is_not_found(vendor: ScriptedVendor, client: Client, answer: Given | int) -> None:
    vendor.on(f"GET {NOTES}", answer)

    assert look_up(client, REMARK) == NotThere()


def test_a_task_is_made_with_its_mark_and_found_on_any_page(vendor: ScriptedVendor, client: Client) -> None:
    assert send(client, ESCALATION) == Sent(how="sent", vendor_ref="77002")

    body = vendor.calls[-1].json
    assert body == {
        "assignedTo": 88,
        "projectId": 6100,
        "name": "Late",
        "description": f"Brand is late. {marker(ESCALATION)}",
    }
    pages = (found({"taskId": 1, "description": None}, total=2), found({"taskId": 77002, **body}, total=2))
    vendor.on("POST /api/tasks/search", *pages)
    assert look_up(client, ESCALATION) == Sent(how="found", vendor_ref="77002")


def test_a_task_nobody_made_is_not_found(vendor: ScriptedVendor, client: Client) -> None:
    vendor.on("POST /api/tasks/search", found())

    assert look_up(client, ESCALATION) == NotThere()


def test_what_was_made_without_an_id_is_unknown(vendor: ScriptedVendor, client: Client) -> None:
    vendor.on("POST /api/tasks/simple-tasks", Given(status=201))

    with pytest.raises(UnknownOutcomeError):
        send(client, ESCALATION)


def test_an_object_is_made_where_nobody_bears_its_reference(vendor: ScriptedVendor, client: Client) -> None:
    assert send(client, CASE) == Sent(how="sent", vendor_ref="302")

    search, create = vendor.calls
    nested = [
        {"fieldName": "eaId", "fieldValue": 360},
        {"fieldName": "eaValue", "fieldValue": "signoff:late:5012"},
    ]
    assert search.json == {"equals": {"collectionName": "extendedAttributes", "nested": nested}}
    assert create.json == {
        "name": "Late approval",
        "extendedAttributes": [
            {"eaId": 361, "eaValue": "high"},
            {"eaId": 360, "eaValue": "signoff:late:5012"},
        ],
        "multipleValueExtendedAttributes": [],
    }


def test_an_object_that_bears_the_reference_is_not_made_again(vendor: ScriptedVendor, client: Client) -> None:
    looser = {**sample("aprimo", "case_open"), "id": 300, "extendedAttributes": []}
    vendor.on(f"POST {CASES}/search", found(looser, sample("aprimo", "case_open")))

    assert send(client, CASE) == Sent(how="already", vendor_ref="301")
    assert look_up(client, CASE) == Sent(how="found", vendor_ref="301")
    assert f"POST {CASES}" not in vendor.lines()


def test_only_generic_objects_are_made(vendor: ScriptedVendor, client: Client) -> None:
    with pytest.raises(PermanentError, match="kind_unknown"):
        send(client, replace(CASE, object_kind="commitment"))

    assert vendor.calls == []
