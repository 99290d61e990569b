"""Cases in Aprimo's planning: each on an object of its own."""

from __future__ import annotations

from typing import Any

from pipeline.commands import (
    AddAnnotation,
    CommitmentVerb,
    CreateObject,
    CreateTask,
    ProjectVerb,
    SetFields,
    TaskVerb,
)
from pipeline.keys import aprimo_key
from tests.support.lost_answers.cases import Case, People, Recipe, identity, makes, marker, sets

EMPTY: dict[str, Any] = {"extendedAttributes": [], "multipleValueExtendedAttributes": []}


def _fields(people: People, number: int) -> Case:
    activity_id = people.aprimo.make_activity(name=f"Lost {number}")["activityId"]
    command = SetFields(
        object_kind="activity",
        object_id=activity_id,
        fields={"activityStateId": 3, "extrAttr307": "approved"},
        expects={"activityStateId": 1},
    )
    return Case(command=command, is_effect=sets(f"activity:{activity_id}", "activityStateId"))


def _project_verb(people: People, number: int) -> Case:
    project_id = _made(people, "projects", "projectId", title=f"Lost {number}")
    command = ProjectVerb(verb="start", project_id=project_id, revision=1)
    return Case(command=command, is_effect=identity(f"project:{project_id}:start"))


def _task_verb(people: People, number: int) -> Case:
    task_id = people.aprimo.api("POST", "tasks/simple-tasks", {"name": f"Lost {number}", "assignedTo": 88}).json()[
        "taskId"
    ]
    return Case(command=TaskVerb(verb="close", task_id=task_id), is_effect=identity(f"task:{task_id}:close"))


def _commitment_verb(people: People, _: int) -> Case:
    items = [{"activityId": 5012, "description": "Shoot", "price": 12000.0}]
    who = {"supplierId": 55, "currencyCode": 3, "ownerId": 88}
    committed_id = _made(people, "commitments", "committedId", commitmentItems=items, **who)
    people.aprimo.api("POST", f"commitments/{committed_id}/submit", {})
    command = CommitmentVerb(
        verb="approve", committed_id=committed_id, revision=1, expects={"commitmentStatus": 2, "totalAmount": "12000"}
    )
    return Case(command=command, is_effect=identity(f"commitment:{committed_id}:approve"))


def _create_task(people: People, number: int) -> Case:
    command = CreateTask(
        project_id=_made(people, "projects", "projectId", title=f"Lost {number}"),
        name="Late",
        description="Brand is late.",
        business_key=aprimo_key("activity", 900_000 + number),
        revision=1,
        purpose="late",
        fields={"assignedTo": 88},
    )
    return Case(command=command, is_effect=makes("task", marker(command)))


def _create_object(_: People, number: int) -> Case:
    command = CreateObject(
        object_kind="generic_object_alpha",
        reference_field="extrAttr380",
        reference=f"signoff:late:{number}",
        fields={"name": "Late approval"},
    )
    return Case(command=command, is_effect=makes("generic-object-alpha", f"'signoff:late:{number}'"))


def _annotation(people: People, number: int) -> Case:
    asset_id = people.aprimo.api("POST", "digital-assets", {"title": f"Lost {number}"}).json()["digitalAssetId"]
    command = AddAnnotation(
        asset_id=asset_id, version=1, origin="opentext", origin_id=f"c-{number}", text="Too small"
    )
    return Case(command=command, is_effect=identity(f"annotation:{asset_id}:{marker(command)}"))


def _made(people: People, path: str, name: str, **fields: object) -> int:
    answer = people.aprimo.api("POST", path, {**fields, **EMPTY})
    assert answer.status_code == 201, answer.text
    return int(answer.json()[name])


RECIPES = {
    "pm.set_fields": Recipe(make=_fields, method="PUT", path="/api/activities/*"),
    "pm.project_verb": Recipe(make=_project_verb, method="POST", path="/api/projects/*/start"),
    "pm.task_verb": Recipe(make=_task_verb, method="POST", path="/api/tasks/*/close"),
    "pm.commitment_verb": Recipe(make=_commitment_verb, method="POST", path="/api/commitments/*/approve"),
    "pm.create_task": Recipe(make=_create_task, method="POST", path="/api/tasks/simple-tasks"),
    "pm.create_object": Recipe(make=_create_object, method="POST", path="/api/generic-object-alpha"),
    "pm.add_annotation": Recipe(make=_annotation, method="POST", path="/api/assets/*/annotations-data"),
}
