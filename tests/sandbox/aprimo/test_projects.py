"""Projects and their verbs (aprimo.md §6.2)."""

from pathlib import Path
from typing import Any

import pytest

from tests.support.aprimo_caller import AprimoCaller
from tests.support.sandbox_process import running

COLLECTIONS: dict[str, list[Any]] = {"extendedAttributes": [], "multipleValueExtendedAttributes": []}
VERBS = ("start", "pause", "close", "cancel")


def make_project(caller: AprimoCaller, **fields: object) -> dict[str, Any]:
    answer = caller.api("POST", "projects", {"title": "Photo shoot", **COLLECTIONS, **fields})
    assert answer.status_code == 201, answer.text
    project: dict[str, Any] = answer.json()
    return project


def status_of(caller: AprimoCaller, project: dict[str, Any]) -> str:
    items = caller.api("GET", "lookup/2974").json()["items"]
    names = {item["key"]: item["value"] for item in items}
    return str(names[caller.api("GET", f"projects/{project['projectId']}").json()["projectStatus"]])


def verb(caller: AprimoCaller, project: dict[str, Any], name: str) -> int:
    return caller.api("POST", f"projects/{project['projectId']}/{name}", {}).status_code


def test_a_new_project_is_not_started(aprimo: AprimoCaller) -> None:
    assert status_of(aprimo, make_project(aprimo)) == "Not Started"


@pytest.mark.parametrize(
    ("path", "status"),
    [
        (["start"], "In Progress"),
        (["start", "pause"], "On Hold"),
        (["start", "pause", "start"], "In Progress"),
        (["start", "close"], "Closed"),
        (["start", "pause", "close"], "Closed"),
        (["cancel"], "Cancelled"),
        (["start", "cancel"], "Cancelled"),
    ],
)
def test_verbs_move_a_project(aprimo: AprimoCaller, path: list[str], status: str) -> None:
    project = make_project(aprimo)

    assert [verb(aprimo, project, each) for each in path] == [204] * len(path)
    assert status_of(aprimo, project) == status


@pytest.mark.parametrize(
    ("path", "refused"),
    [
        ([], {"pause", "close"}),
        (["start"], {"start"}),
        (["start", "pause"], {"pause"}),
        (["start", "close"], set(VERBS)),
        (["cancel"], set(VERBS)),
    ],
)
def test_a_verb_that_does_not_fit_the_status_is_409(aprimo: AprimoCaller, path: list[str], refused: set[str]) -> None:
    project = make_project(aprimo)
    for each in path:
        verb(aprimo, project, each)
    status = status_of(aprimo, project)

    assert [verb(aprimo, project, each) for each in sorted(refused)] == [409] * len(refused)
    assert status_of(aprimo, project) == status


def test_an_activity_lists_its_projects(aprimo: AprimoCaller) -> None:
    activity_id = aprimo.make_activity()["activityId"]
    project = make_project(aprimo, activityId=activity_id)
    make_project(aprimo)

    page = aprimo.api("GET", f"activities/{activity_id}/projects").json()

    assert page["_embedded"] == {"Project": [project]}
    assert aprimo.api("GET", "projects").json()["_total"] == 2


def test_an_update_keeps_the_status_for_the_verbs(aprimo: AprimoCaller) -> None:
    project = make_project(aprimo)
    path = f"projects/{project['projectId']}"

    renamed = aprimo.api("PUT", path, {**COLLECTIONS, "title": "Film shoot"})
    started = aprimo.api("PUT", path, {**COLLECTIONS, "projectStatus": 20})

    assert (renamed.status_code, renamed.json()["title"]) == (200, "Film shoot")
    assert (started.status_code, status_of(aprimo, project)) == (400, "Not Started")


@pytest.mark.parametrize("missing", sorted(COLLECTIONS))
def test_a_write_without_both_attribute_collections_is_500(aprimo: AprimoCaller, missing: str) -> None:
    body = {"title": "Photo shoot", **COLLECTIONS}
    del body[missing]
    project = make_project(aprimo)

    assert aprimo.api("POST", "projects", body).status_code == 500
    assert aprimo.api("PUT", f"projects/{project['projectId']}", body).status_code == 500


def test_the_collections_can_be_made_optional(tmp_path: Path) -> None:
    with running("aprimo", tmp_path, require_both_ea_collections=False) as server:
        caller = AprimoCaller(server.base)

        assert caller.api("POST", "projects", {"title": "Photo shoot"}).status_code == 201
        caller.close()


@pytest.mark.parametrize(
    ("body", "status"), [({"title": ""}, 400), ({"activityId": 4711}, 404), ({"projectStatus": 20}, 400)]
)
def test_a_project_that_makes_no_sense_is_refused(aprimo: AprimoCaller, body: dict[str, Any], status: int) -> None:
    answer = aprimo.api("POST", "projects", {"title": "Photo shoot", **COLLECTIONS, **body})

    assert answer.status_code == status


@pytest.mark.parametrize("name", VERBS)
def test_a_verb_on_an_unknown_project_is_404(aprimo: AprimoCaller, name: str) -> None:
    assert verb(aprimo, {"projectId": 4711}, name) == 404
