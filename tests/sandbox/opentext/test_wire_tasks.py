"""User tasks over HTTP: who may claim, what completes, what conflicts."""

from typing import Any

import pytest

from tests.support.campaign_brief import DUE
from tests.support.opentext_caller import OpenTextCaller

ANN, BOB = "ann@example.test", "bob@example.test"


@pytest.fixture
def instance(opentext: OpenTextCaller) -> str:
    return opentext.begin()


@pytest.fixture
def legal(opentext: OpenTextCaller, instance: str) -> str:
    return f"tasks/{opentext.tasks(instance)['legal']['id']}"


def act(opentext: OpenTextCaller, task: str, action: str, **more: Any) -> int:  # noqa: ANN401 -- JSON.
    return opentext.workflow("POST", task, {"action": action, **more}).status_code


def test_a_task_shows_what_the_model_gave_it(opentext: OpenTextCaller, instance: str) -> None:
    task = opentext.tasks(instance, includeTaskAssignments="true")["regional DACH"]

    assert task["name"] == "Regional review: Spring (DACH)"
    assert task["assignments"] == [{"group": "Regional DACH", "type": "candidate"}]
    assert task["dueDate"] == "2026-01-14T17:00:00.000+0000"
    assert task["createTime"].endswith("+0000")
    assert (task["assignee"], task["owner"], task["priority"], task["delegationState"]) == (None, None, 50, None)
    assert DUE.startswith("2026-01-14T17:00:00")


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"candidateGroup": "Legal"}, ["legal"]),
        ({"candidateGroups": "Legal,Brand"}, ["brand", "legal"]),
        ({"category": "DACH"}, ["regional"]),
        ({"nameLike": "%Spring (D%"}, ["regional"]),
        ({"nameLikeIgnoreCase": "BRAND%"}, ["brand"]),
        ({"assignee": ANN}, ["finance"]),
        ({"unassigned": "true", "category": "Nordics"}, ["regional"]),
        ({"dueBefore": "2026-01-14T18:00:00+01:00"}, []),
        ({"dueAfter": "2026-01-14T16:59:59Z", "assignee": ANN}, ["finance"]),
        ({"candidateOrAssigned": ANN}, ["finance"]),
        ({"involvedUser": ANN}, ["finance"]),
        ({"minimumPriority": "51"}, []),
        ({"active": "false"}, []),
        ({"processDefinitionKey": "other"}, []),
        ({"processInstanceBusinessKeyLike": "aprimo:%", "candidateGroup": "Brand"}, ["brand"]),
        ({"taskDefinitionKey": "brand"}, ["brand"]),
        ({"candidateGroup": "Finance"}, []),
    ],
)
def test_tasks_are_found_by_filters(
    opentext: OpenTextCaller, instance: str, query: dict[str, str], names: list[str]
) -> None:
    """A candidate group no longer sees what somebody claimed: finance is Ann's."""
    finance = opentext.tasks(instance)["finance"]
    act(opentext, f"tasks/{finance['id']}", "claim", assignee=ANN)

    assert [row["taskDefinitionKey"] for row in opentext.rows("tasks", **query)] == names


def test_a_claimed_task_is_refused_to_others_and_can_be_given_back(opentext: OpenTextCaller, legal: str) -> None:
    assert act(opentext, legal, "claim", assignee=ANN) == 200
    assert act(opentext, legal, "claim", assignee=ANN) == 200
    refused = opentext.workflow("POST", legal, {"action": "claim", "assignee": BOB})
    task = opentext.workflow("GET", legal).json()
    assert act(opentext, legal, "unclaim") == 200
    assert act(opentext, legal, "claim", assignee=BOB) == 200

    assert (refused.status_code, refused.json()["message"]) == (409, "Task was already claimed")
    assert (task["assignee"], task["claimTime"] is not None) == (ANN, True)


def test_the_outcome_lands_on_the_task_and_in_the_process(
    opentext: OpenTextCaller, instance: str, legal: str
) -> None:
    variables = [{"name": "shared", "value": "s"}, {"name": "own", "value": "o", "scope": "local"}]

    assert act(opentext, legal, "complete", outcome="approved", variables=variables) == 200

    done = opentext.historic_tasks(instance, includeTaskLocalVariables="true")["legal"]
    local = {each["name"]: each["value"] for each in done["variables"]}
    shared = {row["name"]: row["value"] for row in opentext.rows(f"process-instances/{instance}/variables")}
    assert local == {"legalOutcome": "approved", "own": "o"}
    assert (shared["legalOutcome"], shared["shared"], "own" in shared) == ("approved", "s", False)
    assert (done["deleteReason"], done["endTime"] is not None) == (None, True)


def test_a_finished_task_is_not_found(opentext: OpenTextCaller, legal: str) -> None:
    act(opentext, legal, "complete", outcome="approved")

    assert act(opentext, legal, "complete", outcome="approved") == 404
    assert act(opentext, legal, "claim", assignee=ANN) == 404
    assert opentext.workflow("GET", legal).status_code == 404
    assert opentext.workflow("POST", f"{legal}/comments", {"message": "late"}).status_code == 404


def test_a_completion_that_fails_in_the_engine_leaves_the_task_open(
    opentext: OpenTextCaller, instance: str, legal: str
) -> None:
    before = len(opentext.audit("task"))

    failed = opentext.workflow("POST", legal, {"action": "complete", "variables": [{"name": "left", "value": 1}]})

    assert (failed.status_code, failed.json()["message"]) == (500, "Internal server error")
    assert opentext.workflow("GET", legal).json()["taskDefinitionKey"] == "legal"
    assert opentext.workflow("GET", f"process-instances/{instance}/variables/left").status_code == 404
    assert len(opentext.audit("task")) == before
    assert act(opentext, legal, "complete", outcome="approved") == 200


def test_a_delegated_task_must_be_resolved_first(opentext: OpenTextCaller, legal: str) -> None:
    act(opentext, legal, "claim", assignee=ANN)

    assert act(opentext, legal, "delegate") == 400
    assert act(opentext, legal, "delegate", assignee=BOB) == 200
    pending = opentext.workflow("GET", legal).json()
    assert act(opentext, legal, "complete", outcome="approved") == 500
    assert act(opentext, legal, "resolve") == 200
    resolved = opentext.workflow("GET", legal).json()
    assert act(opentext, legal, "complete", outcome="approved") == 200

    assert (pending["assignee"], pending["owner"], pending["delegationState"]) == (BOB, ANN, "pending")
    assert (resolved["assignee"], resolved["owner"], resolved["delegationState"]) == (ANN, ANN, "resolved")


def test_an_update_changes_what_is_named_and_null_clears(opentext: OpenTextCaller, legal: str) -> None:
    body = {"dueDate": "2026-02-01T12:00:00+02:00", "priority": 80, "assignee": ANN, "description": "d", "name": "n"}

    changed = opentext.workflow("PUT", legal, body).json()
    cleared = opentext.workflow("PUT", legal, {"dueDate": None, "assigneeSet": True, "description": None}).json()

    assert (changed["dueDate"], changed["priority"]) == ("2026-02-01T10:00:00.000+0000", 80)
    assert (changed["assignee"], changed["description"], changed["name"]) == (ANN, "d", "n")
    assert (cleared["dueDate"], cleared["assignee"], cleared["description"]) == (None, None, None)
    assert (cleared["priority"], cleared["name"]) == (80, "n")


@pytest.mark.parametrize(
    "body",
    [
        {"dueDate": "soon"},
        {"priority": "high"},
        {"delegationState": "lost"},
        {"name": 7},
        {"assignee": "nobody@elsewhere.test"},
    ],
)
def test_an_update_that_makes_no_sense_is_refused(opentext: OpenTextCaller, legal: str, body: dict[str, Any]) -> None:
    assert opentext.workflow("PUT", legal, body).status_code == 400


def test_assignments_are_added_and_taken_away(opentext: OpenTextCaller, legal: str) -> None:
    path = f"{legal}/assignments"

    added = opentext.workflow("POST", path, {"user": ANN, "type": "candidate"})
    put = opentext.workflow("PUT", path, {"user": BOB, "type": "assignee"})
    rows = opentext.rows(path)
    removed = opentext.workflow("DELETE", path, {"user": ANN, "type": "candidate"})
    again = opentext.workflow("DELETE", path, {"user": ANN, "type": "candidate"})
    freed = opentext.workflow("DELETE", path, {"user": BOB, "type": "assignee"})

    assert [each.status_code for each in (added, put, removed, again, freed)] == [201, 200, 204, 404, 204]
    assert rows == [
        {"user": BOB, "type": "assignee"},
        {"group": "Legal", "type": "candidate"},
        {"user": ANN, "type": "candidate"},
    ]
    assert opentext.workflow("GET", legal).json()["assignee"] is None


@pytest.mark.parametrize(
    "body",
    [
        {"type": "candidate"},
        {"user": ANN, "group": "Legal"},
        {"user": ANN, "type": "friend"},
        {"group": "Legal", "type": "assignee"},
        {"group": "Nobody"},
        {"user": "nobody@elsewhere.test"},
    ],
)
def test_who_is_unknown_cannot_be_assigned(opentext: OpenTextCaller, legal: str, body: dict[str, str]) -> None:
    assert opentext.workflow("POST", f"{legal}/assignments", body).status_code == 400


def test_a_comment_on_a_task_is_also_one_on_its_process(opentext: OpenTextCaller, instance: str, legal: str) -> None:
    comment = opentext.workflow("POST", f"{legal}/comments", {"message": "fine by me"}).json()
    opentext.workflow("POST", f"process-instances/{instance}/comments", {"message": "to all"})

    assert legal.endswith(comment["taskId"])
    assert [row["message"] for row in opentext.rows(f"{legal}/comments")] == ["fine by me"]
    on_process = opentext.rows(f"process-instances/{instance}/comments")
    assert [row["message"] for row in on_process] == ["fine by me", "to all"]
    shown = opentext.workflow("GET", legal, includeTaskComments="true").json()
    assert [row["message"] for row in shown["comments"]] == ["fine by me"]


def test_variables_of_a_task_are_its_own_before_the_processs(
    opentext: OpenTextCaller, instance: str, legal: str
) -> None:
    path = f"{legal}/variables"
    own = [{"name": "briefName", "value": "mine"}]

    assert opentext.workflow("POST", path, own).status_code == 201
    assert opentext.workflow("POST", path, own).status_code == 409
    assert opentext.workflow("PUT", f"{path}/briefName", {"name": "briefName", "value": "still"}).status_code == 200
    assert opentext.workflow("PUT", f"{path}/none", {"name": "none", "value": "x"}).status_code == 404
    assert opentext.workflow("PUT", f"{path}/none", {"name": "other", "value": "x"}).status_code == 400

    seen = opentext.workflow("GET", f"{path}/briefName").json()
    assert (seen["value"], seen["scope"]) == ("still", "local")
    assert opentext.workflow("GET", f"{path}/budget").json()["scope"] == "global"
    assert opentext.workflow("GET", f"{path}/nothing").status_code == 404
    assert opentext.workflow("GET", f"process-instances/{instance}/variables/briefName").json()["value"] == "Spring"
    assert len(opentext.rows(path)) == len(opentext.rows(f"process-instances/{instance}/variables"))


@pytest.mark.parametrize("body", [{"action": "dance"}, {}, {"action": "complete", "outcome": 7}])
def test_an_unknown_action_is_refused(opentext: OpenTextCaller, legal: str, body: dict[str, Any]) -> None:
    assert opentext.workflow("POST", legal, body).status_code == 400


@pytest.mark.parametrize("query", [{"sort": "colour"}, {"minimumPriority": "high"}, {"scopeId": "x"}])
def test_a_list_that_cannot_be_made_is_refused(
    opentext: OpenTextCaller, instance: str, query: dict[str, str]
) -> None:
    assert opentext.workflow("GET", "tasks", **query).status_code == 400


def test_tasks_can_be_sorted(opentext: OpenTextCaller, instance: str) -> None:
    names = [row["name"] for row in opentext.rows("tasks", sort="name", order="desc")]

    assert names == sorted(names, reverse=True)
