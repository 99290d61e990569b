"""Every model over HTTP: deployed, started with the variables of its page, escalated, and answered to its end."""

from collections.abc import Iterator
from typing import Any

import pytest

from sandbox.opentext.models import compile_model
from tests.support.model_docs import task_rows, wire_variables
from tests.support.model_walk import MODELS, first_answer, path_of
from tests.support.opentext_caller import OpenTextCaller, embedded
from tests.support.sandbox_process import running

PARTS = {"regional": "escalatedRegion", "channel_owner": "escalatedChannel"}
PARTS |= dict.fromkeys(("translation", "localization"), "escalatedLanguage")
# Without them a case and an exception ask for what a person has to write first.
KNOWN: dict[str, dict[str, object]] = {
    "operationalCase": {"responsible": "marketing legal"},
    "budgetException": {"justification": "It pays."},
}


@pytest.fixture(scope="module")
def opentext(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenTextCaller]:
    with running("opentext", tmp_path_factory.mktemp("opentext"), rate_per_s=50_000) as process:
        caller = OpenTextCaller(process.base)
        for model in MODELS:
            assert caller.deploy(path_of(model).read_bytes())["key"] == model
        yield caller
        caller.close()


def started(opentext: OpenTextCaller, model: str) -> str:
    body = {
        "processDefinitionKey": model,
        "businessKey": "aprimo:activity:5012",
        "variables": wire_variables(model, **KNOWN.get(model, {})),
    }
    answer = opentext.workflow("POST", "process-instances", body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def send(opentext: OpenTextCaller, instance: str, event: str, message: str, **variables: str) -> None:
    body = {
        "action": "messageEventReceived",
        "messageName": message,
        "variables": [{"name": name, "type": "string", "value": value} for name, value in variables.items()],
    }
    execution = opentext.execution(instance, event)
    assert opentext.workflow("PUT", f"process-instances/executions/{execution}", body).status_code in {200, 204}


def work(opentext: OpenTextCaller, instance: str) -> dict[str, Any] | None:
    """The next task that is somebody's work."""
    tasks = opentext.tasks(instance).values()
    return next((each for each in tasks if not each["taskDefinitionKey"].endswith("_lead")), None)


@pytest.mark.parametrize("model", MODELS)
def test_a_model_runs_to_its_end_and_keeps_every_answer_on_its_task(opentext: OpenTextCaller, model: str) -> None:
    elements = compile_model(path_of(model).read_bytes(), f"{model}:1:test").document.elements
    outcomes = {row.task: row.outcome for row in task_rows(model)}
    instance = started(opentext, model)

    while task := work(opentext, instance):
        opentext.complete(task, first_answer(elements[task["taskDefinitionKey"]]))

    rows = opentext.historic_tasks(instance, includeTaskLocalVariables="true").values()
    kept = {
        (row["taskDefinitionKey"], each["value"])
        for row in rows
        for each in row["variables"]
        if each["name"] == outcomes[row["taskDefinitionKey"]]
    }
    assert kept == {(row["taskDefinitionKey"], first_answer(elements[row["taskDefinitionKey"]])) for row in rows}
    assert opentext.workflow("GET", f"process-instances/{instance}").status_code == 404


@pytest.mark.parametrize("model", MODELS)
def test_an_overdue_task_gives_its_lead_one_that_goes_with_it(opentext: OpenTextCaller, model: str) -> None:
    instance = started(opentext, model)
    task = work(opentext, instance)
    assert task is not None
    key = task["taskDefinitionKey"]
    part = {PARTS[key]: task["category"]} if task["category"] else {}

    send(opentext, instance, f"escalate_{key}", "escalate", **part)

    assert f"{key}_lead" in opentext.tasks(instance)
    opentext.complete(task, "approved")
    assert opentext.historic_tasks(instance)[f"{key}_lead"]["deleteReason"] == f"terminate end event ({key}_done)"


def test_a_repeated_tasks_lead_sees_which_part_is_late(opentext: OpenTextCaller) -> None:
    instance = started(opentext, "contentPackage")
    opentext.complete(opentext.tasks(instance)["content"])

    for channel in ("print", "web"):
        send(opentext, instance, "escalate_channel_owner", "escalate", escalatedChannel=channel)

    tasks = opentext.tasks(instance)
    assert sorted(tasks) == [
        "channel_owner print",
        "channel_owner web",
        "channel_owner_lead print",
        "channel_owner_lead web",
    ]
    assert tasks["channel_owner_lead web"]["name"] == "Overdue: channel review of Spring package (web)"


def test_the_message_close_ends_a_case_and_its_tasks(opentext: OpenTextCaller) -> None:
    instance = started(opentext, "operationalCase")

    send(opentext, instance, "close_case", "close")

    assert opentext.workflow("GET", f"process-instances/{instance}").status_code == 404
    rows = opentext.historic_tasks(instance)
    assert {name: row["deleteReason"] for name, row in rows.items()} == {
        "marketing": "boundary event (close_case)",
        "legal": "boundary event (close_case)",
    }


def test_a_tasks_priority_and_due_date_are_those_of_the_variables(opentext: OpenTextCaller) -> None:
    instance = started(opentext, "operationalCase")

    task = opentext.tasks(instance)["legal"]

    assert (task["priority"], task["dueDate"]) == (50, "2026-01-14T17:00:00.000+0000")


def test_an_answer_that_was_not_given_is_missing_on_its_task_whatever_the_variable_still_says(
    opentext: OpenTextCaller,
) -> None:
    instance = started(opentext, "localization")
    for key, outcome in (
        ("translation", "done"),
        ("market_legal", "approved"),
        ("regional_brand", "changes_requested"),
        ("translation", "done"),
    ):
        opentext.complete(opentext.tasks(instance)[key], outcome)
    task = opentext.tasks(instance)["market_legal"]

    opentext.workflow("POST", f"tasks/{task['id']}", {"action": "complete"})

    answer = opentext.history("historic-task-instances", taskId=task["id"], includeTaskLocalVariables="true")
    assert [row["variables"] for row in embedded(answer)] == [[]]
    variables = opentext.rows(f"process-instances/{instance}/variables")
    assert [each["value"] for each in variables if each["name"] == "marketLegalOutcome"] == ["approved"]
