"""Copies of instances: with tasks, comments and all that the engine knows, so that each goes on by itself."""

from typing import Any

import pytest
import requests

from tests.support.campaign_brief import wire_variables
from tests.support.opentext_caller import TIMEOUT_S, OpenTextCaller, embedded

KEYS = [f"aprimo:activity:{each}" for each in (6001, 6002)]
ITEM = "aprimo:activity:5012"


def copies(opentext: OpenTextCaller, instance: str, keys: list[str]) -> list[str]:
    wanted = [{"business_key": key, "names": {"Spring": f"Launch {key}"}} for key in keys]
    made = opentext.sandbox("POST", "copies", {"instance": instance, "copies": wanted})["copies"]
    return [each[instance] for each in made]


def begun(opentext: OpenTextCaller) -> str:
    instance = opentext.begin(item=ITEM, signoffItem=ITEM)
    opentext.workflow("POST", f"process-instances/{instance}/comments", {"message": "Hello."})
    return instance


def shown(opentext: OpenTextCaller, instance: str) -> dict[str, Any]:
    """An instance without its ids."""
    row = opentext.workflow("GET", f"process-instances/{instance}?includeProcessVariables=true").json()
    variables = {each["name"]: each["value"] for each in row["variables"]}
    comments = [each["message"] for each in opentext.rows(f"process-instances/{instance}/comments")]
    tasks = {name: (each["dueDate"], each["createTime"]) for name, each in opentext.tasks(instance).items()}
    return {"key": row["businessKey"], "variables": variables, "comments": comments, "tasks": tasks}


def test_a_running_instance_is_copied_whole_and_names_its_own_item(opentext: OpenTextCaller) -> None:
    instance = begun(opentext)
    original = shown(opentext, instance)

    ids = copies(opentext, instance, KEYS)

    assert len({instance, *ids}) == 3
    for key, copy in zip(KEYS, ids, strict=True):
        variables = {
            name: value.replace("Spring", f"Launch {key}") if isinstance(value, str) else value
            for name, value in original["variables"].items()
        } | {"signoffItem": key}
        assert variables["briefName"] == f"Launch {key}"
        assert shown(opentext, copy) == {**original, "key": key, "variables": variables}
    assert shown(opentext, instance) == original


def test_tasks_and_executions_of_a_copy_are_its_own(opentext: OpenTextCaller) -> None:
    instance = begun(opentext)

    (copy,) = copies(opentext, instance, KEYS[:1])

    for path in ("tasks", "process-instances/executions"):
        own, others = (
            {row["id"] for row in opentext.rows(path, processInstanceId=each)} for each in (copy, instance)
        )
        assert (len(own), own & others) == (len(others), set())


def test_a_copy_goes_on_by_itself(opentext: OpenTextCaller) -> None:
    instance = begun(opentext)
    (copy,) = copies(opentext, instance, KEYS[:1])
    escalate = {"action": "messageEventReceived", "messageName": "escalate"}

    opentext.workflow(
        "PUT", f"process-instances/executions/{opentext.execution(copy, 'escalate_brand')}", escalate
    ).raise_for_status()
    assert ("brand_lead" in opentext.tasks(copy), "brand_lead" in opentext.tasks(instance)) == (True, False)
    opentext.complete(opentext.tasks(copy)["legal"], "rejected")

    assert opentext.workflow("GET", f"process-instances/{copy}").status_code == 404
    assert opentext.workflow("GET", f"process-instances/{instance}").status_code == 200


def test_an_ended_instance_is_copied_into_history(opentext: OpenTextCaller) -> None:
    instance = begun(opentext)
    opentext.complete(opentext.tasks(instance)["legal"], "rejected")

    (copy,) = copies(opentext, instance, KEYS[:1])

    (row,) = embedded(opentext.history("historic-process-instances", businessKey=KEYS[0]))
    assert (row["id"], row["endTime"] is not None) == (copy, True)
    assert opentext.historic_tasks(copy).keys() == opentext.historic_tasks(instance).keys()
    assert opentext.rows("process-instances", businessKey=KEYS[0]) == []


def test_copies_are_one_change_in_the_history(opentext: OpenTextCaller) -> None:
    instance = begun(opentext)

    copies(opentext, instance, KEYS)

    change = opentext.sandbox("GET", "history")[-1]
    assert (change["object"], change["after"]) == (f"copies:{instance}", {"count": 2})


@pytest.mark.parametrize(("instance", "status"), [("nobody", 404), ("", 400)])
def test_what_cannot_be_copied_is_refused(opentext: OpenTextCaller, instance: str, status: int) -> None:
    start = {"processDefinitionKey": "campaignBrief", "variables": wire_variables()}
    nameless = opentext.workflow("POST", "process-instances", start).json()["id"]
    body = {"instance": instance or nameless, "copies": [{"business_key": KEYS[0]}]}

    answer = requests.post(f"{opentext.base}/sandbox/copies", json=body, timeout=TIMEOUT_S)

    assert answer.status_code == status
