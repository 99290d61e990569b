"""Faults strike this sandbox as they do the other; its history names every effect once."""

import pytest
import requests

from tests.support.campaign_brief import ITEM
from tests.support.opentext_caller import OpenTextCaller, embedded, soon

START = {"method": "POST", "path": "/workflow/v1/process-instances", "times": 1}


def test_a_dropped_answer_comes_after_the_effect(opentext: OpenTextCaller) -> None:
    opentext.sandbox("POST", "faults", {**START, "kind": "drop"})

    with pytest.raises(requests.ConnectionError):
        opentext.begin()

    assert len(opentext.rows("process-instances", businessKey=ITEM)) == 1


def test_a_late_effect_takes_place_after_the_connection_was_lost(opentext: OpenTextCaller) -> None:
    opentext.sandbox("POST", "faults", {**START, "kind": "late", "delay_s": 1.0})

    with pytest.raises(requests.ConnectionError):
        opentext.begin()

    assert opentext.rows("process-instances", businessKey=ITEM) == []
    soon(lambda: len(opentext.rows("process-instances", businessKey=ITEM)) == 1)


def test_a_start_has_an_identity_and_a_second_one_has_the_same(opentext: OpenTextCaller) -> None:
    first, second = opentext.begin(), opentext.begin()

    changes = [
        each
        for each in opentext.sandbox("GET", "history")
        if each["object"] in {f"process:{first}", f"process:{second}"}
    ]

    assert [each["identity"] for each in changes] == [f"start:campaignBrief:{ITEM}:1"] * 2
    assert changes[0]["route"] == "/workflow/v1/process-instances"
    assert changes[0]["before"] is None
    assert changes[0]["after"]["variables"]["signoffToken"] == "(encrypted)"


def test_comments_messages_ends_and_completions_have_identities(opentext: OpenTextCaller) -> None:
    instance = opentext.begin()
    opentext.workflow("POST", f"process-instances/{instance}/comments", {"message": "text [sg-0123456789]"})
    opentext.workflow("POST", f"process-instances/{instance}/comments", {"message": "by hand"})
    execution = opentext.execution(instance, "escalate_legal")
    body = {
        "action": "messageEventReceived",
        "messageName": "escalate",
        "variables": [{"name": "signoffEscalated_t1", "value": "e:1"}],
    }
    opentext.workflow("PUT", f"process-instances/executions/{execution}", body)
    legal = opentext.tasks(instance)["legal"]["id"]
    opentext.workflow("POST", f"tasks/{legal}", {"action": "complete", "outcome": "approved"})
    opentext.workflow("DELETE", f"process-instances/{instance}")

    found = [each["identity"] for each in opentext.sandbox("GET", "history") if each["identity"]]

    assert found == [
        f"start:campaignBrief:{ITEM}:1",
        "comment:[sg-0123456789]",
        f"message:{instance}:escalate_legal:e:1",
        f"complete:{legal}",
        f"end:{instance}",
    ]


def test_an_edit_shows_what_was_and_what_is_and_a_repetition_changes_nothing(opentext: OpenTextCaller) -> None:
    legal = opentext.tasks(opentext.begin())["legal"]["id"]

    for _ in range(2):
        opentext.workflow("PUT", f"tasks/{legal}", {"priority": 90})

    edits = opentext.sandbox("GET", "history", object=f"task:{legal}")[1:]
    assert [(each["before"]["priority"], each["after"]["priority"], each["changed"]) for each in edits] == [
        (50, 90, True),
        (90, 90, False),
    ]


def test_a_refused_command_leaves_no_change(opentext: OpenTextCaller) -> None:
    legal = opentext.tasks(opentext.begin())["legal"]["id"]
    before = len(opentext.sandbox("GET", "history"))

    opentext.workflow("POST", f"tasks/{legal}", {"action": "complete"})

    assert len(opentext.sandbox("GET", "history")) == before


def test_requests_are_counted_by_route(opentext: OpenTextCaller) -> None:
    opentext.sandbox("POST", "reset")
    opentext.workflow("GET", "process-instances/none")
    opentext.workflow("GET", "process-instances/other")
    opentext.workflow("GET", "process-instances/executions")

    routes = {(row["route"], row["status"]): row["count"] for row in opentext.sandbox("GET", "requests")["routes"]}

    assert routes == {
        ("/workflow/v1/process-instances/{id}", 404): 2,
        ("/workflow/v1/process-instances/executions", 200): 1,
    }


def test_a_reset_forgets_everything(opentext: OpenTextCaller) -> None:
    opentext.begin()
    opentext.sandbox("PUT", "people", {"rules": [{"who": "a@example.test", "after_s": 99}], "pace": 2})

    opentext.sandbox("POST", "reset")

    assert opentext.rows("runtime/models") == []
    assert embedded(opentext.history("historic-process-instances")) == []
    assert opentext.audit("task") == []
    assert opentext.sandbox("GET", "history") == []
    assert opentext.sandbox("GET", "people") == {
        "pace": 1.0,
        "rules": 0,
        "tasks": [],
        "changes": [],
        "starts": [],
    }
    assert opentext.sandbox("GET", "callbacks") == {}
