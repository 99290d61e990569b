"""Process instances over HTTP: start, read, variables, comments, messages, end."""

from typing import Any

import pytest

from tests.support.campaign_brief import ITEM, wire_variables
from tests.support.opentext_caller import USER, OpenTextCaller, embedded
from tests.support.small_models import chain, end, message, model, start, user_task

START = {"processDefinitionKey": "campaignBrief", "businessKey": ITEM}


def problem(answer: Any) -> tuple[int, str, str]:  # noqa: ANN401 -- A response.
    return answer.status_code, answer.json()["message"], answer.json()["exception"]


def test_a_started_instance_is_answered_with_its_variables_on_wish(opentext: OpenTextCaller) -> None:
    body = {**START, "name": "Spring", "variables": wire_variables(), "returnVariables": True}

    answer = opentext.workflow("POST", "process-instances", body)

    assert answer.status_code == 201
    shown = answer.json()
    assert (shown["businessKey"], shown["name"], shown["startUserId"]) == (ITEM, "Spring", USER)
    assert (shown["ended"], shown["completed"], shown["suspended"]) == (False, False, False)
    assert shown["startTime"].endswith("Z")
    assert shown["processDefinitionId"].startswith("campaignBrief:1:")
    variables = {each["name"]: each for each in shown["variables"]}
    assert variables["regions"]["value"] == ["DACH", "Nordics"]
    assert variables["signoffToken"] == {
        "name": "signoffToken",
        "type": "string",
        "value": None,
        "scope": "local",
        "encryption": True,
    }


@pytest.mark.parametrize(
    ("body", "exception"),
    [
        ({}, "Either processDefinitionId, processDefinitionKey or message is required."),
        ({"processDefinitionKey": "campaignBrief", "message": "go"}, "Only one of"),
        ({"processDefinitionKey": "unknown"}, "No process definition found for key 'unknown'"),
        ({"processDefinitionId": "campaignBrief:9:x"}, "No process definition found for id"),
        ({"message": "unknown"}, "no subscription to message 'unknown'"),
        ({**START, "variables": [{"type": "string", "value": "x"}]}, "Variable name is required"),
        ({**START, "variables": [{"name": "a", "type": "integer", "value": "x"}]}, "'integer' cannot convert"),
        ({**START, "variables": [{"name": "a", "type": "integer", "value": True}]}, "'integer' cannot convert"),
        ({**START, "variables": [{"name": "a", "type": "binary", "value": "x"}]}, "unsupported type: 'binary'"),
        ({**START, "variables": [{"name": "a", "value": {}}]}, "Variable 'a' needs a type."),
        ({**START, "variables": [{"name": "a", "type": "date", "value": "soon"}]}, "a is not a date: soon"),
        ({**START, "transientVariables": [{"name": "a", "value": 1}]}, "does not support transientVariables"),
        ({**START, "businessKey": 7}, "businessKey is a string"),
        ({**START, "comment": {"message": " "}}, "Comment text is required."),
    ],
)
def test_a_start_that_makes_no_sense_is_refused(
    opentext: OpenTextCaller, body: dict[str, Any], exception: str
) -> None:
    status, title, found = problem(opentext.workflow("POST", "process-instances", body))

    assert (status, title) == (400, "Bad request")
    assert exception in found
    assert opentext.rows("process-instances") == []


def test_a_start_that_fails_inside_the_engine_leaves_nothing(opentext: OpenTextCaller) -> None:
    status, title, exception = problem(opentext.workflow("POST", "process-instances", START))

    assert (status, title) == (500, "Internal server error")
    assert "Unknown property used in expression" in exception
    assert embedded(opentext.history("historic-process-instances")) == []
    assert opentext.audit("process") == []


def test_a_body_that_is_no_json_is_refused(opentext: OpenTextCaller) -> None:
    url = f"{opentext.base}/workflow/v1/process-instances"

    broken = opentext.session.post(url, data="{", headers={"content-type": "application/json"}, timeout=5)
    other = opentext.session.post(url, data="a=b", headers={"content-type": "text/plain"}, timeout=5)
    array = opentext.session.post(url, json=[], timeout=5)

    assert [each.status_code for each in (broken, other, array)] == [400, 415, 400]
    assert other.json()["message"] == "Content is not supported"


def test_the_same_business_key_may_be_started_twice(opentext: OpenTextCaller) -> None:
    first, second = opentext.begin(), opentext.begin()
    opentext.begin(item="aprimo:activity:7")

    rows = opentext.rows("process-instances", businessKey=ITEM, processDefinitionKey="campaignBrief")

    assert [row["id"] for row in rows] == [first, second]


def test_a_list_is_paged_and_an_empty_one_has_no_rows_at_all(opentext: OpenTextCaller) -> None:
    ids = [opentext.begin(item=f"aprimo:activity:{number}") for number in range(5)]

    first = opentext.workflow("GET", "process-instances", count=2, sort="startTime", order="desc").json()
    last = opentext.workflow("GET", "process-instances", count=2, offset=4).json()
    none = opentext.workflow("GET", "process-instances", businessKey="other").json()

    assert first["page"] == {"size": 2, "totalElements": 5, "totalPages": 3, "number": 0}
    assert len(first["_embedded"]["process-instances"]) == 2
    assert "offset=2" in first["_links"]["next"]["href"]
    assert [row["id"] for row in last["_embedded"]["process-instances"]] == ids[4:]
    assert "next" not in last["_links"]
    assert "_embedded" not in none
    assert none["page"]["totalElements"] == 0


@pytest.mark.parametrize(
    "query",
    [
        {"sort": "colour"},
        {"sort": "id", "order": "up"},
        {"count": "x"},
        {"count": "0"},
        {"offset": "-1"},
        {"suspended": "maybe"},
        {"startedAfter": "soon"},
        {"involvedUser": "a@example.test"},
    ],
)
def test_a_query_that_cannot_be_answered_is_refused(opentext: OpenTextCaller, query: dict[str, str]) -> None:
    opentext.begin()

    assert opentext.workflow("GET", "process-instances", **query).status_code == 400


def test_a_running_instance_can_be_read_with_its_parts(opentext: OpenTextCaller) -> None:
    instance = opentext.begin()
    opentext.workflow("POST", f"process-instances/{instance}/comments", {"message": "hello"})

    bare = opentext.workflow("GET", f"process-instances/{instance}").json()
    full = opentext.workflow(
        "GET", f"process-instances/{instance}", includeProcessVariables="true", includeProcessComments="true"
    ).json()

    assert "variables" not in bare
    assert "comments" not in bare
    assert len(full["variables"]) == len(wire_variables())
    assert [comment["message"] for comment in full["comments"]] == ["hello"]
    assert bare["_links"]["self"]["href"] == f"{opentext.base}/workflow/v1/process-instances/{instance}"
    assert opentext.workflow("GET", f"process-instances/{instance}/diagram").content[:4] == b"\x89PNG"
    assert problem(opentext.workflow("GET", "process-instances/none"))[:2] == (404, "Not found")


def test_variables_are_added_once_and_replaced_by_name(opentext: OpenTextCaller) -> None:
    path = f"process-instances/{opentext.begin()}/variables"
    note = {"name": "note", "type": "string", "value": "one"}

    added = opentext.workflow("POST", path, [note])
    again = opentext.workflow("POST", path, [note, {"name": "other", "value": 1}])
    put = opentext.workflow("PUT", f"{path}/note", {**note, "value": "two"})
    unknown = opentext.workflow("PUT", f"{path}/none", {**note, "name": "none"})
    misnamed = opentext.workflow("PUT", f"{path}/note", {**note, "name": "other"})

    assert [each.status_code for each in (added, again, put, unknown, misnamed)] == [201, 409, 200, 404, 400]
    assert opentext.workflow("GET", f"{path}/note").json()["value"] == "two"
    assert opentext.workflow("GET", f"{path}/other").status_code == 404
    assert len(opentext.rows(path)) == len(wire_variables()) + 1


def test_a_secret_variable_stays_secret_when_it_is_replaced(opentext: OpenTextCaller) -> None:
    path = f"process-instances/{opentext.begin()}/variables/signoffToken"

    opentext.workflow("PUT", path, {"name": "signoffToken", "type": "string", "value": "other-secret"})

    assert opentext.workflow("GET", path).json()["value"] is None
    assert "other-secret" not in str(opentext.sandbox("GET", "history"))
    assert "one-time-token" not in str(opentext.sandbox("GET", "history"))


def test_comments_are_added_listed_and_taken_away(opentext: OpenTextCaller) -> None:
    path = f"process-instances/{opentext.begin()}/comments"

    comment = opentext.workflow("POST", path, {"message": "note [sg-abc]", "type": "comment"})
    empty = opentext.workflow("POST", path, {"message": ""})

    assert (comment.status_code, empty.status_code) == (201, 400)
    assert (comment.json()["author"], comment.json()["message"]) == (USER, "note [sg-abc]")
    assert comment.json()["time"].endswith("Z")
    assert opentext.workflow("DELETE", f"{path}/{comment.json()['id']}").status_code == 204
    assert opentext.workflow("DELETE", f"{path}/{comment.json()['id']}").status_code == 404
    assert opentext.rows(path) == []


def test_an_instance_is_suspended_and_activated_once(opentext: OpenTextCaller) -> None:
    instance = opentext.begin()
    path = f"process-instances/{instance}"

    suspended = opentext.workflow("PUT", path, {"action": "suspend", "comment": {"message": "why"}})
    again = opentext.workflow("PUT", path, {"action": "suspend"})
    task = opentext.tasks(instance)["legal"]
    complete = opentext.workflow("POST", f"tasks/{task['id']}", {"action": "complete", "outcome": "approved"})
    active = opentext.workflow("PUT", path, {"action": "activate"})
    other = opentext.workflow("PUT", path, {"action": "pause"})

    assert [each.status_code for each in (suspended, again, complete, active, other)] == [200, 409, 500, 200, 400]
    assert suspended.json()["suspended"] is True
    assert task["suspended"] is True
    assert complete.json()["exception"] == "Cannot complete a suspended task"
    assert [row["message"] for row in opentext.rows(f"{path}/comments")] == ["why"]


def test_an_ended_instance_is_gone_from_the_runtime_but_not_from_history(opentext: OpenTextCaller) -> None:
    instance = opentext.begin()
    opentext.workflow("POST", f"process-instances/{instance}/comments", {"message": "kept"})

    ended = opentext.workflow("DELETE", f"process-instances/{instance}", deleteReason="superseded")
    again = opentext.workflow("DELETE", f"process-instances/{instance}")

    assert (ended.status_code, ended.content, again.status_code) == (204, b"", 404)
    assert opentext.rows("process-instances") == []
    assert opentext.tasks(instance) == {}
    row = opentext.history(
        f"historic-process-instances/{instance}", includeProcessVariables="true", includeProcessComments="true"
    ).json()
    assert (row["deleteReason"], row["endTime"] is not None) == ("superseded", True)
    assert [comment["message"] for comment in row["comments"]] == ["kept"]
    tasks = opentext.historic_tasks(instance)
    assert {task["deleteReason"] for task in tasks.values()} == {"superseded"}
    assert opentext.workflow("POST", f"process-instances/{instance}/comments", {"message": "late"}).status_code == 404


def test_a_message_reaches_the_execution_that_waits_for_it(opentext: OpenTextCaller) -> None:
    instance = opentext.begin()
    execution = opentext.execution(instance, "escalate_regional")
    body = {
        "action": "messageEventReceived",
        "messageName": "escalate",
        "variables": [
            {"name": "escalatedRegion", "value": "Nordics"},
            {"name": "signoffEscalated_t1", "type": "string", "value": "e:1"},
        ],
    }

    first = opentext.workflow("PUT", f"process-instances/executions/{execution}", body)
    body["variables"] = [{"name": "escalatedRegion", "value": "DACH"}]
    second = opentext.workflow("PUT", f"process-instances/executions/{execution}", body)

    assert (first.status_code, second.status_code) == (200, 200)
    assert (first.json()["id"], first.json()["activityId"]) == (execution, "escalate_regional")
    assert {"regional_lead Nordics", "regional_lead DACH"} <= set(opentext.tasks(instance))
    path = f"process-instances/{instance}/variables"
    assert opentext.workflow("GET", f"{path}/signoffEscalated_t1").json()["value"] == "e:1"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"action": "messageEventReceived", "messageName": "other"}, 500),
        ({"action": "messageEventReceived"}, 400),
        ({"action": "signalEventReceived", "signalName": "alarm"}, 500),
        ({"action": "trigger"}, 500),
        ({"action": "push"}, 400),
    ],
)
def test_what_nobody_waits_for_is_refused_and_changes_nothing(
    opentext: OpenTextCaller, body: dict[str, Any], status: int
) -> None:
    instance = opentext.begin()
    execution = opentext.execution(instance, "escalate_brand")
    body["variables"] = [{"name": "left", "value": "behind"}]

    answer = opentext.workflow("PUT", f"process-instances/executions/{execution}", body)

    assert answer.status_code == status
    assert opentext.workflow("GET", f"process-instances/{instance}/variables/left").status_code == 404
    assert len(opentext.tasks(instance)) == 5


def test_an_unknown_execution_is_not_found(opentext: OpenTextCaller) -> None:
    answer = opentext.workflow("PUT", "process-instances/executions/none", {"action": "trigger"})

    assert problem(answer)[:2] == (404, "Not found")


def test_an_action_that_ends_its_execution_answers_nothing(opentext: OpenTextCaller) -> None:
    opentext.deploy(
        model(start() + '<receiveTask id="hold" messageRef="go"/>' + end() + chain("start", "hold", "end"))
    )
    instance = opentext.workflow("POST", "process-instances", {"processDefinitionKey": "small"}).json()["id"]
    execution = opentext.execution(instance, "hold")

    answer = opentext.workflow("PUT", f"process-instances/executions/{execution}", {"action": "trigger"})

    assert (answer.status_code, answer.content) == (204, b"")
    assert opentext.history(f"historic-process-instances/{instance}").json()["endTime"] is not None


def test_a_message_starts_an_instance(opentext: OpenTextCaller) -> None:
    opentext.deploy(
        model(start(event=message("go")) + user_task("work") + end() + chain("start", "work", "end"), key="byMessage")
    )

    answer = opentext.workflow("POST", "process-instances", {"message": "go", "businessKey": "b"})

    assert answer.status_code == 201
    assert list(opentext.tasks(answer.json()["id"])) == ["work"]


def test_the_executions_of_an_instance_name_their_parents(opentext: OpenTextCaller) -> None:
    instance = opentext.begin(regions=["UK"])

    rows = opentext.rows("process-instances/executions", processInstanceId=instance)

    parents = {row["id"]: row for row in rows}
    brand = next(row for row in rows if row["activityId"] == "brand")
    event = next(row for row in rows if row["activityId"] == "escalate_brand")
    assert event["parentId"] == brand["id"]
    assert parents[brand["parentId"]]["activityId"] == "brand_review"
    assert parents[instance]["activityId"] is None
    assert opentext.tasks(instance)["brand"]["executionId"] == brand["id"]
