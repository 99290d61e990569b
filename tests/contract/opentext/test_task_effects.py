"""Commands on tasks: what leaves, whom it must not overwrite, and what counts as done once the task has ended."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import requests

from pipeline.commands import Assign, Cause, Command, CompleteTask, UpdateTask
from pipeline.errors import PermanentError, StaleError, TransientError, UnknownOutcomeError
from pipeline.opentext.client import Client
from pipeline.opentext.effects import EFFECTS
from pipeline.opentext.options import OutcomeSource
from pipeline.ports import NotThere, Sent
from pipeline.words import EventId, WaitReason
from tests.support.scripted_http import Given, ScriptedVendor
from tests.support.vendor_parts import bounds, new_opentext, opentext_options

TASK = "/workflow/v1/tasks/t1"
READ, PUT, ACT = f"GET {TASK}", f"PUT {TASK}", f"POST {TASK}"
ROLES, ADD_ROLE = f"GET {TASK}/assignments", f"POST {TASK}/assignments"
HISTORY = "GET /workflow-history/v1/historic-task-instances"
INSTANCES = "GET /workflow-history/v1/historic-process-instances"
CAUSE = Cause(event_id=EventId("ev-1"), plan_number=1)

ONE, TWO = "one@example.test", "two@example.test"
OLD, NEW = "2026-01-14T10:17:43Z", "2026-01-16T12:00:00Z"
ROW = {
    "id": "t1",
    "name": "Legal review",
    "description": None,
    "taskDefinitionKey": "legal",
    "processInstanceId": "f8985abd",
    "assignee": None,
    "owner": None,
    "priority": 50,
    "dueDate": "2026-01-14T10:17:43.902+0000",
    "createTime": "2026-01-12T10:17:43.902+0000",
}
LATER = UpdateTask(task_id="t1", fields={"dueDate": NEW}, expects={"dueDate": OLD})
GIVE = Assign(verb="assign", task_id="t1", user=ONE)
TAKE_BACK = Assign(verb="unassign", task_id="t1")
LET = Assign(verb="add_candidate", task_id="t1", group="Legal")
CLOSE = CompleteTask(task_id="t1", outcome="approved", variables={"justification": "It pays."})


@pytest.fixture
def vendor() -> ScriptedVendor:
    scripted = ScriptedVendor(token_path="/tenants/sandbox/oauth2/token")
    scripted.on(READ, ROW)
    scripted.on(HISTORY, {"_links": {}})
    scripted.on(ROLES, {"_embedded": {"assignments": [{"user": TWO, "type": "candidate"}]}})
    for line in (PUT, ACT, ADD_ROLE):
        scripted.on(line, 200)
    return scripted


@pytest.fixture
def client(vendor: ScriptedVendor) -> Client:
    return new_opentext("https://vendor.test", new_adapter=vendor.adapter)


def send(client: Client, command: Command) -> Sent:
    return EFFECTS[command.KIND].send(client, command, command.effect_key(CAUSE), bounds())


def look_up(client: Client, command: Command) -> Sent | NotThere:
    return EFFECTS[command.KIND].look_up(client, command, command.effect_key(CAUSE), bounds())


def is_open(vendor: ScriptedVendor, **changes: Any) -> None:  # noqa: ANN401 -- JSON.
    vendor.on(READ, {**ROW, **changes})


def has_ended(vendor: ScriptedVendor, **changes: Any) -> None:  # noqa: ANN401 -- JSON.
    row = {**ROW, "endTime": "2026-01-12T12:00:00.000+0000", "deleteReason": None, **changes}
    vendor.on(READ, 404)
    vendor.on(HISTORY, {"_embedded": {"historic-task-instances": [row]}})


# ---- ot.update_task ------------------------------------------------------------------------------------------------


def test_only_fields_that_differ_are_changed_each_with_the_twin_that_means_it(
    vendor: ScriptedVendor, client: Client
) -> None:
    fields = {"dueDate": NEW, "priority": 80, "name": "Legal review", "description": "Claim 3", "owner": None}

    assert send(client, UpdateTask(task_id="t1", fields=fields)) == Sent(how="sent")

    assert vendor.lines() == [READ, PUT]
    assert vendor.calls[1].json == {
        "dueDate": NEW,
        "duedateSet": True,
        "priority": 80,
        "prioritySet": True,
        "description": "Claim 3",
        "descriptionSet": True,
        "includeUserIds": False,
    }


def test_a_field_is_cleared_by_its_twin(vendor: ScriptedVendor, client: Client) -> None:
    send(client, UpdateTask(task_id="t1", fields={"dueDate": None}))

    assert vendor.calls[1].json == {"dueDate": None, "duedateSet": True, "includeUserIds": False}


def test_a_task_that_is_as_wanted_is_not_written(vendor: ScriptedVendor, client: Client) -> None:
    fields = {"dueDate": OLD, "priority": 50, "description": "", "owner": None}

    assert send(client, UpdateTask(task_id="t1", fields=fields)) == Sent(how="already")
    assert vendor.lines() == [READ]


def test_a_date_that_somebody_moved_meanwhile_is_not_overwritten(vendor: ScriptedVendor, client: Client) -> None:
    is_open(vendor, dueDate="2026-01-15T09:00:00.000+0000")

    with pytest.raises(StaleError, match="task:t1: dueDate is not what was expected"):
        send(client, LATER)

    assert vendor.lines() == [READ]


def test_the_date_that_was_read_is_expected_to_the_second(vendor: ScriptedVendor, client: Client) -> None:
    assert send(client, LATER) == Sent(how="sent")


@pytest.mark.parametrize("ended", ["before the read", "before the write"])
def test_a_task_that_ended_is_planned_again(vendor: ScriptedVendor, client: Client, ended: str) -> None:
    if ended == "before the read":
        has_ended(vendor)
    vendor.on(PUT, 404)

    with pytest.raises(StaleError, match="task:t1 is not open any more"):
        send(client, LATER)


def test_an_ended_task_that_history_shows_as_wanted_needs_nothing(vendor: ScriptedVendor, client: Client) -> None:
    has_ended(vendor, dueDate="2026-01-16T12:00:00.000+0000")

    assert send(client, LATER) == Sent(how="already")
    assert look_up(client, LATER) == Sent(how="found")


def test_a_task_that_nobody_knows_is_planned_again(vendor: ScriptedVendor, client: Client) -> None:
    vendor.on(READ, 404)

    with pytest.raises(StaleError):
        send(client, LATER)
    assert look_up(client, LATER) == NotThere()


def test_history_that_lags_behind_is_waited_for(vendor: ScriptedVendor, client: Client) -> None:
    has_ended(vendor, endTime=None)

    for act in (send, look_up):
        for command in (LATER, GIVE):
            with pytest.raises(TransientError) as caught:
                act(client, command)
            assert (caught.value.wait_s, caught.value.reason) == (2.0, WaitReason.PROCESSING)


def test_an_update_is_there_when_every_field_is_as_wanted(vendor: ScriptedVendor, client: Client) -> None:
    command = UpdateTask(task_id="t1", fields={"dueDate": NEW, "priority": 80})
    is_open(vendor, dueDate="2026-01-16T12:00:00.000+0000")
    assert look_up(client, command) == NotThere()

    is_open(vendor, dueDate="2026-01-16T12:00:00.000+0000", priority=80)
    assert look_up(client, command) == Sent(how="found")


def test_an_update_without_an_answer_is_unknown(vendor: ScriptedVendor, client: Client) -> None:
    vendor.on(PUT, requests.ReadTimeout())

    with pytest.raises(UnknownOutcomeError):
        send(client, LATER)


def test_a_field_that_no_task_has_is_never_sent(vendor: ScriptedVendor, client: Client) -> None:
    with pytest.raises(PermanentError) as caught:
        send(client, UpdateTask(task_id="t1", fields={"due_at": NEW}))

    assert (caught.value.code, vendor.lines()) == ("field_unknown", [READ])


# ---- ot.assign -----------------------------------------------------------------------------------------------------


def test_a_task_that_nobody_has_is_claimed_for_somebody(vendor: ScriptedVendor, client: Client) -> None:
    assert send(client, GIVE) == Sent(how="sent")

    assert vendor.lines() == [READ, ACT]
    assert vendor.calls[1].json == {"action": "claim", "assignee": ONE}


def test_a_task_that_somebody_has_is_given_to_another(vendor: ScriptedVendor, client: Client) -> None:
    is_open(vendor, assignee=TWO)

    assert send(client, replace(GIVE, expects={"assignee": TWO})) == Sent(how="sent")

    assert vendor.lines() == [READ, PUT]
    assert vendor.calls[1].json == {"assignee": ONE, "assigneeSet": True, "includeUserIds": False}


def test_a_task_is_given_back_to_its_candidates(vendor: ScriptedVendor, client: Client) -> None:
    is_open(vendor, assignee=TWO)

    assert send(client, TAKE_BACK) == Sent(how="sent")

    assert vendor.calls[1].json == {"assignee": None, "assigneeSet": True, "includeUserIds": False}


def test_who_has_it_already_is_not_given_it_again(vendor: ScriptedVendor, client: Client) -> None:
    assert send(client, TAKE_BACK) == Sent(how="already")
    is_open(vendor, assignee=ONE)
    assert send(client, GIVE) == Sent(how="already")

    assert vendor.lines() == [READ, READ]


def test_nobody_loses_a_task_that_he_has_just_taken(vendor: ScriptedVendor, client: Client) -> None:
    is_open(vendor, assignee=TWO)

    with pytest.raises(StaleError, match="assignee is not what was expected"):
        send(client, replace(GIVE, expects={"assignee": ""}))

    assert vendor.lines() == [READ]


@pytest.mark.parametrize("status", [404, 409])
def test_a_claim_that_came_too_late_is_planned_again(vendor: ScriptedVendor, client: Client, status: int) -> None:
    vendor.on(ACT, Given(status=status, body={"message": "Task was already claimed", "exception": "Task 't1' ..."}))

    with pytest.raises(StaleError, match="somebody has taken it"):
        send(client, GIVE)


def test_an_assignment_is_there_when_the_task_or_its_history_shows_it(vendor: ScriptedVendor, client: Client) -> None:
    assert look_up(client, GIVE) == NotThere()
    assert look_up(client, TAKE_BACK) == Sent(how="found")

    has_ended(vendor, assignee=ONE)
    assert look_up(client, GIVE) == Sent(how="found")
    assert send(client, GIVE) == Sent(how="already")
    assert look_up(client, TAKE_BACK) == NotThere()


def test_a_group_becomes_a_candidate(vendor: ScriptedVendor, client: Client) -> None:
    assert look_up(client, LET) == NotThere()
    assert send(client, LET) == Sent(how="sent")

    assert vendor.lines() == [ROLES, ROLES, ADD_ROLE]
    assert vendor.calls[2].json == {"group": "Legal", "type": "candidate"}


def test_a_candidate_is_not_added_twice(vendor: ScriptedVendor, client: Client) -> None:
    command = Assign(verb="add_candidate", task_id="t1", user=TWO)

    assert send(client, command) == Sent(how="already")
    assert look_up(client, command) == Sent(how="found")
    assert vendor.lines() == [ROLES, ROLES]


@pytest.mark.parametrize("missing", [ROLES, ADD_ROLE])
def test_a_candidate_of_a_task_that_ended_is_planned_again(
    vendor: ScriptedVendor, client: Client, missing: str
) -> None:
    vendor.on(missing, 404)

    with pytest.raises(StaleError):
        send(client, LET)
    assert look_up(client, LET) == NotThere()


def test_a_verb_that_does_not_exist_is_never_sent(vendor: ScriptedVendor, client: Client) -> None:
    with pytest.raises(PermanentError) as caught:
        send(client, replace(GIVE, verb="steal"))

    assert (caught.value.code, vendor.lines()) == ("verb_unknown", [])


# ---- ot.complete_task ----------------------------------------------------------------------------------------------


def answered(outcome: str) -> list[dict[str, str]]:
    return [{"name": "legalOutcome", "type": "string", "value": outcome, "scope": "local"}]


def test_a_task_is_completed_with_outcome_and_variables(vendor: ScriptedVendor, client: Client) -> None:
    assert send(client, CLOSE) == Sent(how="sent")

    assert vendor.lines() == [READ, ACT]
    assert vendor.calls[1].json == {
        "action": "complete",
        "outcome": "approved",
        "variables": [{"name": "justification", "type": "string", "value": "It pays."}],
    }


def test_a_task_that_keeps_no_answer_is_completed_without_one(vendor: ScriptedVendor, client: Client) -> None:
    send(client, CompleteTask(task_id="t1"))

    assert vendor.calls[1].json == {"action": "complete", "variables": []}


def test_a_task_that_is_not_as_expected_is_not_completed(vendor: ScriptedVendor, client: Client) -> None:
    is_open(vendor, assignee=TWO)

    with pytest.raises(StaleError, match="assignee is not what was expected"):
        send(client, replace(CLOSE, expects={"assignee": ONE}))

    assert vendor.lines() == [READ]


@pytest.mark.parametrize("ended", ["before the read", "before the write"])
def test_a_task_that_was_completed_with_this_outcome_is_left_as_it_is(
    vendor: ScriptedVendor, client: Client, ended: str
) -> None:
    has_ended(vendor, variables=answered("approved"))
    if ended == "before the write":
        vendor.on(READ, ROW)
        vendor.on(ACT, 404)

    assert send(client, CLOSE) == Sent(how="already")


@pytest.mark.parametrize(
    "end",
    [
        {"variables": answered("rejected")},
        {"variables": []},
        {"variables": answered("approved"), "deleteReason": "boundary event (close_case)"},
    ],
)
def test_a_task_that_ended_in_another_way_is_planned_again(
    vendor: ScriptedVendor, client: Client, end: dict[str, Any]
) -> None:
    has_ended(vendor, **end)

    with pytest.raises(StaleError, match="task:t1 has ended in another way"):
        send(client, CLOSE)
    assert look_up(client, CLOSE) == NotThere()


def test_a_completion_is_there_when_history_shows_its_outcome(vendor: ScriptedVendor, client: Client) -> None:
    assert look_up(client, CLOSE) == NotThere()
    assert vendor.lines() == [READ]

    has_ended(vendor, variables=answered("approved"))
    assert look_up(client, CLOSE) == Sent(how="found")


def test_an_open_task_is_not_completed_whatever_its_process_says(vendor: ScriptedVendor) -> None:
    """Where outcomes are process variables, the last round's answer still stands while the task is open again."""
    options = replace(opentext_options("https://vendor.test"), outcome_source=OutcomeSource.PROCESS_VARIABLE)
    client = new_opentext("https://vendor.test", new_adapter=vendor.adapter, options=options)
    variables = [{"name": "legalOutcome", "type": "string", "value": "approved"}]
    instance = {"id": "f8985abd", "businessKey": "k", "variables": variables}
    vendor.on(INSTANCES, {"_embedded": {"historic-process-instances": [instance]}})
    assert look_up(client, CLOSE) == NotThere()

    has_ended(vendor)
    assert look_up(client, CLOSE) == Sent(how="found")
