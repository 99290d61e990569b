"""Tasks (aprimo.md §6.3)."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.aprimo_caller import AprimoCaller
from tests.support.webhook_receiver import WebhookReceiver, receiving


def make(caller: AprimoCaller, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 -- JSON.
    answer = caller.api("POST", "tasks/simple-tasks", {"name": "Revise the hero", "assignedTo": 88, **fields})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


@pytest.fixture
def receiver(aprimo: AprimoCaller) -> Iterator[WebhookReceiver]:
    with receiving() as receiver:
        aprimo.sandbox("PUT", "webhooks", {"url": receiver.url})
        yield receiver


def test_a_simple_task_is_given_to_a_person(aprimo: AprimoCaller) -> None:
    made = make(aprimo)

    assert (made["taskId"], made["workFlowTaskStatus"], made["ownerId"]) == (77001, 10, 91)
    assert made["assignees"] == [{"assigneeId": 1, "userId": 88, "roleId": None}]
    assert aprimo.api("GET", "tasks/77001/assignees").json()["_embedded"]["assignees"] == made["assignees"]


@pytest.mark.parametrize(
    ("verbs", "statuses", "ends_as"),
    [
        (["accept", "close", "close"], [204, 204, 409], 40),
        (["decline", "accept"], [204, 409], 60),
        (["accept", "accept"], [204, 409], 20),
    ],
)
def test_verbs_lead_from_status_to_status(
    aprimo: AprimoCaller, verbs: list[str], statuses: list[int], ends_as: int
) -> None:
    path = f"tasks/{make(aprimo)['taskId']}"

    assert [aprimo.api("POST", f"{path}/{verb}", {}).status_code for verb in verbs] == statuses
    assert aprimo.api("GET", path).json()["workFlowTaskStatus"] == ends_as


@pytest.mark.parametrize(
    ("slot", "key", "value"),
    [
        ("begin-date", "beginDate", "2026-03-01T09:00:00"),
        ("end-date", "endDate", "2026-03-05T17:00:00"),
        ("duration", "duration", 4),
    ],
)
def test_a_date_is_moved_by_a_route_of_its_own(aprimo: AprimoCaller, slot: str, key: str, value: object) -> None:
    task_id = make(aprimo)["taskId"]

    moved = aprimo.api("PUT", f"tasks/{slot}/{task_id}/", {key: value})
    refused = aprimo.api("PUT", f"tasks/{slot}/{task_id}/", {key: value, "name": "Other"})

    assert (moved.status_code, refused.status_code) == (200, 400)
    assert aprimo.api("GET", f"tasks/{task_id}").json()[key] == value


def test_the_status_may_be_written_under_the_sdks_name(aprimo: AprimoCaller) -> None:
    path = f"tasks/{make(aprimo)['taskId']}/"

    assert aprimo.api("PUT", path, {"status": 30}).json()["workFlowTaskStatus"] == 30


def test_a_task_is_delegated_by_its_assignee_while_it_is_open(aprimo: AprimoCaller) -> None:
    path = f"tasks/{make(aprimo)['taskId']}"
    wanted = {"taskAssigneeId": 1, "newUserId": 89}

    statuses = [aprimo.api("POST", f"{path}/delegate", wanted).status_code]
    statuses.append(aprimo.api("POST", f"{path}/delegate", {**wanted, "taskAssigneeId": 2}).status_code)
    aprimo.api("POST", f"{path}/close", {})
    statuses.append(aprimo.api("POST", f"{path}/delegate", wanted).status_code)

    assert statuses == [204, 409, 409]
    assert [each["userId"] for each in aprimo.api("GET", path).json()["assignees"]] == [89]


def test_my_tasks_are_those_i_am_assigned_to(aprimo: AprimoCaller, marketer: AprimoCaller) -> None:
    mine, other = make(aprimo), make(aprimo, assignedTo=89)
    done = make(aprimo)["taskId"]
    aprimo.api("POST", f"tasks/{done}/close", {})

    open_ = marketer.api("GET", "tasks/mine?status=10").json()["_embedded"]["Task"]

    assert [each["taskId"] for each in open_] == [mine["taskId"]]
    assert marketer.api("GET", "tasks/mine").json()["_total"] == 2
    assert aprimo.api("GET", "tasks").json()["_total"] == 3
    assert other["assignees"][0]["userId"] == 89


def test_tasks_are_searched(aprimo: AprimoCaller) -> None:
    late = make(aprimo, endDate="2026-02-01T00:00:00")
    make(aprimo, endDate="2026-04-01T00:00:00")
    tree = {"lessthan": {"fieldName": "endDate", "fieldValue": "2026-03-01T00:00:00"}}

    found = aprimo.api("POST", "tasks/search", tree).json()["_embedded"]["Task"]

    assert [each["taskId"] for each in found] == [late["taskId"]]


def test_a_task_of_a_project_nobody_has_is_refused(aprimo: AprimoCaller) -> None:
    assert aprimo.api("POST", "tasks/simple-tasks", {"name": "x", "projectId": 1}).status_code == 404


def test_a_status_action_is_called_out_with_a_body(aprimo: AprimoCaller, receiver: WebhookReceiver) -> None:
    task_id = make(aprimo)["taskId"]
    receiver.wait_for(lambda received: len(received) == 1)
    aprimo.api("POST", f"tasks/{task_id}/close", {})

    message = json.loads(receiver.wait_for(lambda received: len(received) == 2)[1].body)

    assert (message["CalloutLocation"], message["ObjectTypeId"], message["ObjectId"]) == (100, 9963, task_id)
    assert message["Body"] == {"ProjectId": None, "StepType": "Simple", "Status": "Closed", "IsTest": False}


def test_a_verb_is_the_identity_of_its_effect(aprimo: AprimoCaller) -> None:
    task_id = make(aprimo)["taskId"]
    aprimo.api("POST", f"tasks/{task_id}/close", {})

    changes = aprimo.sandbox("GET", f"history?object=task:{task_id}")

    assert [each["identity"] for each in changes] == [None, f"task:{task_id}:close"]
