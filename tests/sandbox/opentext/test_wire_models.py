"""Process models over HTTP: deployment, versions, and processes that call others."""

import base64
from typing import Any

import pytest

from tests.support.campaign_brief import FILE
from tests.support.opentext_caller import OpenTextCaller, embedded
from tests.support.small_models import chain, end, flow, model, start, user_task


def test_a_model_gets_a_new_version_and_running_instances_keep_theirs(opentext: OpenTextCaller) -> None:
    instance = opentext.begin()
    second = opentext.deploy()

    latest = opentext.rows("runtime/models", key="campaignBrief", latestVersion="true")
    everything = opentext.rows("runtime/models", key="campaignBrief")

    assert (second["version"], second["key"]) == (2, "campaignBrief")
    assert [row["id"] for row in latest] == [second["id"]]
    assert [row["version"] for row in everything] == [1, 2]
    assert opentext.rows("runtime/models", processDefinitionId=second["id"])[0]["version"] == 2
    running = opentext.workflow("GET", f"process-instances/{instance}").json()
    assert running["processDefinitionId"] == everything[0]["id"]
    started = opentext.workflow("GET", f"process-instances/{opentext.begin()}").json()
    assert started["processDefinitionId"] == second["id"]


def test_a_deployed_model_can_be_read_back(opentext: OpenTextCaller) -> None:
    model_id = opentext.rows("runtime/models")[0]["id"]

    xml = opentext.workflow("GET", f"runtime/models/{model_id}").json()["modelContent"]
    shapes = opentext.workflow("GET", f"runtime/models/{model_id}", modelType="json").json()["modelContent"]

    assert base64.b64decode(xml) == FILE.read_bytes()
    brand = next(shape for shape in shapes["childShapes"] if shape["resourceId"] == "brand")
    assert brand["properties"]["possibleoutcomes"].startswith("Approve:approved")
    assert opentext.workflow("GET", "runtime/models/none").status_code == 404


@pytest.mark.parametrize(
    "body",
    [
        {"modelType": "json", "modelContent": {}},
        {"modelType": "xml", "modelContent": "%%%"},
        {"modelType": "xml", "modelContent": base64.b64encode(b"<x/>").decode()},
    ],
)
def test_a_model_that_cannot_run_is_refused(opentext: OpenTextCaller, body: dict[str, Any]) -> None:
    assert opentext.workflow("POST", "runtime/models", body).status_code == 400
    assert len(opentext.rows("runtime/models")) == 1


def test_a_called_process_is_an_instance_of_its_own_and_ends_with_its_caller(opentext: OpenTextCaller) -> None:
    inner = model(start() + user_task("work") + end() + chain("start", "work", "end"), key="inner")
    call = '<callActivity id="call" calledElement="inner" flowable:inheritVariables="true"/>'
    opentext.deploy(inner)
    opentext.deploy(model(start() + call + end() + flow("start", "call") + flow("call", "end"), key="outer"))
    outer = opentext.workflow("POST", "process-instances", {"processDefinitionKey": "outer"}).json()["id"]

    children = opentext.rows("process-instances", superProcessInstanceId=outer)
    work = embedded(opentext.workflow("GET", "tasks", processInstanceIdWithChildren=outer))

    assert [row["superProcessInstanceId"] for row in children] == [outer]
    assert [row["processInstanceId"] for row in work] == [children[0]["id"]]
    assert opentext.workflow("DELETE", f"process-instances/{children[0]['id']}").status_code == 400
    opentext.workflow("DELETE", f"process-instances/{outer}", deleteReason="stop")
    ended = opentext.history(f"historic-process-instances/{children[0]['id']}").json()
    assert ended["deleteReason"] == "stop"
