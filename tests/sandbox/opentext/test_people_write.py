"""What people write besides their answer: variables, dates, assignees, remarks; and what they start themselves."""

from pathlib import Path
from typing import Any

import pytest
import requests

from tests.support.model_docs import start_variables, wire_variables
from tests.support.model_walk import FOLDER
from tests.support.opentext_caller import OpenTextCaller, embedded, soon
from tests.support.sandbox_process import running

LEGAL = {"task": "legal"}
ONE, TWO = "one@example.test", "two@example.test"
PACKAGE = "contentPackage"
RELEASE = {
    "process": PACKAGE,
    "who": ONE,
    "business_key": "package 7",
    "name": "Spring package",
    "variables": start_variables(PACKAGE, channels=["web"]),
}


def play(opentext: OpenTextCaller, **scenario: Any) -> None:  # noqa: ANN401 -- JSON.
    opentext.sandbox("PUT", "people", {"pace": 3600, **scenario})


def results(opentext: OpenTextCaller, what: str = "tasks") -> list[str]:
    return [row["result"] for row in opentext.sandbox("GET", "people")[what]]


def deploy(opentext: OpenTextCaller, model: str) -> None:
    opentext.deploy((FOLDER / f"{model}.bpmn").read_bytes())


def begin(opentext: OpenTextCaller, model: str, **changes: Any) -> str:  # noqa: ANN401 -- JSON.
    deploy(opentext, model)
    body = {"processDefinitionKey": model, "businessKey": "k", "variables": wire_variables(model, **changes)}
    return str(opentext.workflow("POST", "process-instances", body).json()["id"])


def variables(opentext: OpenTextCaller, instance: str) -> dict[str, Any]:
    rows = opentext.rows(f"process-instances/{instance}/variables")
    return {row["name"]: row["value"] for row in rows}


def test_variables_are_written_with_the_answer(opentext: OpenTextCaller) -> None:
    results_of = [{"recordId": "8f2c", "score": 4, "verdict": "reuse", "findings": "Clear."}]
    answer = {"outcome": "done", "variables": {"results": results_of, "reviewTitle": "Spring, once more"}}
    play(opentext, rules=[{"when": {"task": "assessment"}, "who": ONE, **answer}])

    instance = begin(opentext, "performanceReview")

    soon(lambda: results(opentext) == ["done"])
    written = variables(opentext, instance)
    assert (written["results"], written["reviewTitle"]) == (results_of, "Spring, once more")
    rows = embedded(opentext.history("historic-task-instances", includeTaskLocalVariables="true"))
    (assessed,) = [row for row in rows if row["taskDefinitionKey"] == "assessment"]
    assert [(each["name"], each["value"]) for each in assessed["variables"]] == [("assessmentOutcome", "done")]


def test_a_later_round_of_the_same_task_is_answered_differently(opentext: OpenTextCaller) -> None:
    play(
        opentext,
        rules=[
            {
                "when": {"task": "translation"},
                "who": ONE,
                "outcome": "done",
                "variables": {"localizedRecordId": "first"},
                "then": [{"variables": {"localizedRecordId": "second"}}],
            },
            {
                "when": {"task": "market_legal"},
                "who": TWO,
                "outcome": "changes_requested",
                "comment": "Says too much.",
                "then": [{"outcome": "approved", "comment": None}],
            },
        ],
    )

    instance = begin(opentext, "localization")

    soon(lambda: results(opentext) == ["done"] * 4)
    assert variables(opentext, instance)["localizedRecordId"] == "second"
    people = opentext.sandbox("GET", "people")["tasks"]
    assert [(row["turn"], row["outcome"], row["comment"]) for row in people] == [
        (1, "done", None),
        (1, "changes_requested", "Says too much."),
        (2, "done", None),
        (2, "approved", None),
    ]


def test_an_open_task_is_changed_meanwhile_and_stays_open(opentext: OpenTextCaller) -> None:
    meanwhile = [
        {"who": ONE, "changes": {"assignee": TWO, "priority": 80}, "comment": "Yours, please."},
        {"after_s": 60, "due_moved_s": 86_400.5, "process_comment": "A day more."},
    ]
    play(opentext, rules=[{"when": LEGAL, "who": TWO, "never": True, "meanwhile": meanwhile}])

    instance = opentext.begin()

    soon(lambda: results(opentext, "changes") == ["done", "done"])
    task = opentext.tasks(instance, includeTaskComments="true")["legal"]
    assert (task["assignee"], task["priority"]) == (TWO, 80)
    assert task["dueDate"] == "2026-01-15T17:00:00.500+0000"
    assert [(each["author"], each["message"]) for each in task["comments"]] == [(ONE, "Yours, please.")]
    said = opentext.rows(f"process-instances/{instance}/comments")
    assert [(each["author"], each["message"], each["taskId"]) for each in said] == [
        (ONE, "Yours, please.", task["id"]),
        (TWO, "A day more.", None),
    ]
    assert results(opentext) == ["never"]


def test_who_was_given_the_task_meanwhile_completes_it(opentext: OpenTextCaller) -> None:
    rule = {"when": LEGAL, "who": TWO, "after_s": 720, "outcome": "approved"}
    play(opentext, rules=[{**rule, "meanwhile": [{"who": ONE, "changes": {"assignee": TWO}}]}])

    instance = opentext.begin()

    soon(lambda: results(opentext) == ["done"])
    assert results(opentext, "changes") == ["done"]
    assert opentext.historic_tasks(instance)["legal"]["assignee"] == TWO


def test_a_change_that_came_too_late_is_refused(opentext: OpenTextCaller) -> None:
    meanwhile = [{"after_s": 720, "changes": {"priority": 80}}]
    play(opentext, rules=[{"when": LEGAL, "who": ONE, "outcome": "approved", "meanwhile": meanwhile}])

    opentext.begin()

    soon(lambda: results(opentext, "changes") != ["waits"])
    (refused,) = results(opentext, "changes")
    assert refused.startswith("refused: ")
    assert results(opentext) == ["done"]


def test_somebody_starts_a_process_with_the_variables_of_its_form(opentext: OpenTextCaller) -> None:
    deploy(opentext, PACKAGE)

    play(opentext, starts=[RELEASE])

    soon(lambda: results(opentext, "starts") == ["done"])
    (instance,) = embedded(opentext.workflow("GET", "process-instances", includeProcessVariables="true"))
    assert (instance["businessKey"], instance["name"]) == ("package 7", "Spring package")
    assert instance["startUserId"] == ONE
    given = {each["name"]: each["value"] for each in instance["variables"]}
    assert (given["records"], given["channels"]) == ([{"recordId": "8f2c", "fileVersionId": "77aa"}], ["web"])
    assert list(opentext.tasks(instance["id"])) == ["content"]


def test_who_starts_a_process_waits_until_its_model_is_deployed(opentext: OpenTextCaller) -> None:
    play(opentext, starts=[RELEASE, {"process": "campaignBrief", "who": ONE}])
    soon(lambda: results(opentext, "starts")[1] != "waits")
    assert results(opentext, "starts")[0] == "waits"

    deploy(opentext, PACKAGE)

    soon(lambda: results(opentext, "starts")[0] == "done")
    assert results(opentext, "starts")[1].startswith("refused: ")  # Nothing on that form was filled in.


def test_a_start_survives_a_restart_and_happens_once(tmp_path: Path) -> None:
    options = {"rate_per_s": 50_000, "data_dir": str(tmp_path / "data"), "people": {"starts": [RELEASE]}}
    with running("opentext", tmp_path, **options) as server:
        opentext = OpenTextCaller(server.base)
        assert results(opentext, "starts") == ["waits"]
        server.process.kill()
        server.process.wait()
        opentext.close()
    for _ in range(2):
        with running("opentext", tmp_path, **options) as server:
            opentext = OpenTextCaller(server.base)
            deploy(opentext, PACKAGE)
            soon(lambda caller=opentext: results(caller, "starts") == ["done"])
            assert len(opentext.rows("process-instances")) == 1
            opentext.close()


def test_a_reset_begins_the_first_scenario_again(tmp_path: Path) -> None:
    options = {"rate_per_s": 50_000, "people": {"starts": [RELEASE]}}
    with running("opentext", tmp_path, **options) as server:
        opentext = OpenTextCaller(server.base)
        for _ in range(2):
            deploy(opentext, PACKAGE)
            soon(lambda caller=opentext: results(caller, "starts") == ["done"])
            assert len(opentext.rows("process-instances")) == 1
            opentext.sandbox("POST", "reset")
            opentext.sign_in()
        opentext.close()


def test_all_of_it_can_be_done_at_once(opentext: OpenTextCaller) -> None:
    deploy(opentext, PACKAGE)
    instance = opentext.sandbox("POST", "people/start", {"user": ONE, **without_who(RELEASE)})["id"]
    task = opentext.tasks(instance)["content"]["id"]

    change = {"changes": {"dueDate": "2026-02-01T09:00:00Z"}, "process_comment": "Later."}
    opentext.sandbox("POST", "people/change", {"taskId": task, "user": TWO, **change})
    moved = opentext.tasks(instance)["content"]["dueDate"]
    answer = {"outcome": "approved", "variables": {"releaseDate": "2026-04-01T08:00:00Z"}}
    opentext.sandbox("POST", "people/decide", {"taskId": task, "user": TWO, **answer})

    assert moved == "2026-02-01T09:00:00.000+0000"
    assert variables(opentext, instance)["releaseDate"] == "2026-04-01T08:00:00Z"
    assert list(opentext.tasks(instance)) == ["channel_owner web"]


def test_a_change_of_a_task_that_is_not_open_is_refused(opentext: OpenTextCaller) -> None:
    with pytest.raises(requests.HTTPError, match="404"):
        opentext.sandbox("POST", "people/change", {"taskId": "t-9", "user": ONE, "comment": "Hello?"})


def without_who(start: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in start.items() if name != "who"}
