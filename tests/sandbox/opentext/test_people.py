"""People who approve: a scenario decides who takes what, when, and with which words."""

from typing import Any

import pytest
import requests

from tests.support.opentext_caller import OpenTextCaller, soon

LEGAL = {"when": {"task": "legal"}, "who": "legal.one@example.test", "after_s": 36, "outcome": "approved"}


def play(opentext: OpenTextCaller, *rules: dict[str, Any], pace: float = 3600) -> None:
    opentext.sandbox("PUT", "people", {"rules": list(rules), "pace": pace})


def results(opentext: OpenTextCaller) -> list[str]:
    return [row["result"] for row in opentext.sandbox("GET", "people")["tasks"]]


def test_they_claim_comment_and_complete(opentext: OpenTextCaller) -> None:
    play(opentext, {**LEGAL, "comment": "Fine."})
    instance = opentext.begin()

    soon(lambda: results(opentext) == ["done"])

    task = opentext.historic_tasks(instance, includeTaskComments="true")["legal"]
    assert task["assignee"] == "legal.one@example.test"
    assert [(each["author"], each["message"]) for each in task["comments"]] == [("legal.one@example.test", "Fine.")]
    assert task["durationInMillis"] >= 10
    changes = opentext.sandbox("GET", "history", object=f"task:{task['id']}")
    assert {change["actor"] for change in changes[1:]} == {"legal.one@example.test"}
    assert {change["method"] for change in changes[1:]} == {"PEOPLE"}


def test_the_first_rule_that_fits_counts(opentext: OpenTextCaller) -> None:
    play(
        opentext,
        {"when": {"process": "other"}, "who": "a@example.test", "outcome": "rejected"},
        {"when": {"business_key": "aprimo:asset:*"}, "who": "a@example.test", "outcome": "rejected"},
        {"when": {"variables": {"currency": "USD"}}, "who": "a@example.test", "outcome": "rejected"},
        {"when": {"revision": 2}, "who": "a@example.test", "outcome": "rejected"},
        {"when": {"name_contains": "Autumn"}, "who": "a@example.test", "outcome": "rejected"},
        {"when": {"group": "Regional *", "category": "DACH"}, "who": "{category}.one@example.test"},
        {"when": {"task": "regional"}, "never": True},
    )
    opentext.begin()

    people = opentext.sandbox("GET", "people")["tasks"]

    assert [(row["rule"], row["user"], row["result"]) for row in people if row["result"] == "never"] == [
        (6, "", "never")
    ]
    assert {(row["rule"], row["user"]) for row in people} == {(5, "dach.one@example.test"), (6, "")}


def test_the_second_time_something_else_is_decided(opentext: OpenTextCaller) -> None:
    play(opentext, {**LEGAL, "outcome": "changes_requested", "then": [{"outcome": "approved"}]})
    first = opentext.begin()
    soon(lambda: results(opentext) == ["done"])
    second = opentext.begin(signoffRevision=2)
    soon(lambda: results(opentext) == ["done", "done"])

    shown = [
        opentext.historic_tasks(each, includeTaskLocalVariables="true")["legal"]["variables"][0]["value"]
        for each in (first, second)
    ]

    assert shown == ["changes_requested", "approved"]


def test_somebody_else_was_quicker(opentext: OpenTextCaller) -> None:
    play(opentext, {**LEGAL, "after_s": 3600})
    instance = opentext.begin()
    task = opentext.tasks(instance)["legal"]
    opentext.workflow("POST", f"tasks/{task['id']}", {"action": "claim", "assignee": "ann@example.test"})

    soon(lambda: results(opentext) != ["waits"])

    assert results(opentext) == [f"refused: Task '{task['id']}' is already claimed by someone else."]
    assert "legal" in opentext.tasks(instance)


def test_a_scenario_also_takes_tasks_that_are_already_open(opentext: OpenTextCaller) -> None:
    play(opentext, {"when": {"task": "brand"}, "never": True})
    instance = opentext.begin()

    play(opentext, {"when": {"task": "brand"}, "who": "brand.one@example.test", "outcome": "approved"}, LEGAL)

    soon(lambda: results(opentext) == ["done", "done"])
    assert {"brand", "legal"}.isdisjoint(opentext.tasks(instance))


def test_how_long_they_take_lies_within_the_span(opentext: OpenTextCaller) -> None:
    play(opentext, {"when": {}, "who": "a@example.test", "after_s": [3600, 7200]}, pace=1)
    opentext.begin()
    begun = opentext.sandbox("GET", "history")[1]["time"]

    times = {row["at"] for row in opentext.sandbox("GET", "people")["tasks"]}

    assert len(times) > 1
    assert all(time > begun for time in times)


def test_a_decision_can_be_made_at_once(opentext: OpenTextCaller) -> None:
    task = opentext.tasks(opentext.begin())["legal"]
    decision = {"taskId": task["id"], "user": "ann@example.test", "outcome": "approved", "comment": "now"}

    opentext.sandbox("POST", "people/decide", decision)

    with pytest.raises(requests.HTTPError, match="404"):
        opentext.sandbox("POST", "people/decide", decision)


@pytest.mark.parametrize(
    "scenario",
    [
        {"rule": []},
        {"rules": [{"when": {"colour": "red"}, "who": "a"}]},
        {"rules": [{"who": "a", "mood": "good"}]},
        {"rules": [{"outcome": "approved"}]},
        {"rules": [{"who": "a", "changes": {"priority": 80}}]},
        {"rules": [{"never": True, "meanwhile": [{"comment": "But who?"}]}]},
        {"rules": [{"who": "a", "meanwhile": [{"outcome": "approved"}]}]},
        {"starts": [{"process": "contentPackage"}]},
        {"starts": [{"who": "a"}]},
        {"starts": [{"who": "a", "process": "contentPackage", "outcome": "approved"}]},
    ],
)
def test_a_scenario_that_makes_no_sense_is_refused(opentext: OpenTextCaller, scenario: dict[str, Any]) -> None:
    with pytest.raises(requests.HTTPError, match="400"):
        opentext.sandbox("PUT", "people", scenario)
