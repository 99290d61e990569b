"""Commands on tasks, and the message that closes a case, against the real sandbox process; answers get lost."""

from __future__ import annotations

import pytest

from pipeline.commands import Assign, Cause, Command, CompleteTask, SendMessage, StartProcess, UpdateTask
from pipeline.errors import PermanentError, StaleError, UnknownOutcomeError
from pipeline.opentext.client import Client
from pipeline.opentext.schemas import TaskRow
from pipeline.opentext.vendor import OpenTextVendor
from pipeline.ports import NotThere, Sent
from pipeline.words import BusinessKey, EventId
from tests.support.model_docs import start_variables
from tests.support.sandbox_process import ROOT
from tests.support.vendor_parts import FLOW, bounds, words
from tests.support.vendor_sandbox import Sandbox

CAUSE = Cause(event_id=EventId("ev-1"), plan_number=1)
ONE, TWO = "one@example.test", "two@example.test"
NEW = "2026-02-16T12:00:00Z"
CASE = "operationalCase"


@pytest.fixture
def vendor(opentext: Client) -> OpenTextVendor:
    opentext.deploy(CASE, (ROOT / "config" / "processes" / f"{CASE}.bpmn").read_bytes(), "", bounds())
    return OpenTextVendor(opentext, {FLOW: words()}, wait_s=lambda *_: 0.0)


@pytest.fixture
def instance_id(vendor: OpenTextVendor) -> str:
    """A case whose legal and marketing tasks are open."""
    start = StartProcess(
        flow="operational_case",
        process_key=CASE,
        business_key=BusinessKey("aprimo:generic_object_alpha:7"),
        revision=1,
        name="Hero image is missing",
        variables=start_variables(CASE, responsible="marketing legal"),
    )
    return vendor.send(start, start.effect_key(CAUSE), bounds()).vendor_ref


@pytest.fixture
def task_id(opentext: Client, instance_id: str) -> str:
    return next(row.id for row in opentext.open_tasks(instance_id, bounds()) if row.definition_key == "legal")


def send(vendor: OpenTextVendor, command: Command) -> Sent:
    return vendor.send(command, command.effect_key(CAUSE), bounds())


def look_up(vendor: OpenTextVendor, command: Command) -> Sent | NotThere:
    return vendor.look_up(command, command.effect_key(CAUSE), bounds())


def commands(task_id: str) -> dict[str, Command]:
    """Every kind for tasks, against the open legal task of a case."""
    fields = {"dueDate": NEW, "priority": 80, "name": "Legal: hurry", "description": "Claim 3", "owner": ONE}
    return {
        "update": UpdateTask(task_id=task_id, fields=fields, expects={"dueDate": "2026-01-14T17:00:00Z"}),
        "assign": Assign(verb="assign", task_id=task_id, user=ONE, expects={"assignee": ""}),
        "candidate": Assign(verb="add_candidate", task_id=task_id, group="Legal"),
        "complete": CompleteTask(task_id=task_id),
    }


ROUTES = {
    "update": ("PUT", "/workflow/v1/tasks/*"),
    "assign": ("POST", "/workflow/v1/tasks/*"),
    "candidate": ("POST", "/workflow/v1/tasks/*/assignments"),
    "complete": ("POST", "/workflow/v1/tasks/*"),
}


@pytest.mark.parametrize("name", ["update", "assign", "candidate", "complete"])
def test_a_command_is_there_once_it_was_sent_and_not_before(vendor: OpenTextVendor, task_id: str, name: str) -> None:
    command = commands(task_id)[name]

    before = look_up(vendor, command)
    sent = send(vendor, command)

    assert (before, sent) == (NotThere(), Sent(how="sent"))
    assert look_up(vendor, command) == Sent(how="found")
    assert send(vendor, command) == Sent(how="already")


@pytest.mark.parametrize("name", ["update", "assign", "candidate", "complete"])
def test_a_command_whose_answer_was_lost_is_found(
    vendor: OpenTextVendor, opentext_sandbox: Sandbox, task_id: str, name: str
) -> None:
    command = commands(task_id)[name]
    opentext_sandbox.fault(*ROUTES[name], "drop")

    with pytest.raises(UnknownOutcomeError):
        send(vendor, command)

    assert look_up(vendor, command) == Sent(how="found")
    assert len(opentext_sandbox.changes(f"task:{task_id}")) == 2  # It began, and was changed once.


@pytest.mark.parametrize("name", ["update", "assign", "candidate"])
def test_a_command_for_a_task_that_ended_is_planned_again(vendor: OpenTextVendor, task_id: str, name: str) -> None:
    every = commands(task_id)
    send(vendor, every["complete"])

    with pytest.raises(StaleError):
        send(vendor, every[name])
    assert look_up(vendor, every[name]) == NotThere()


def test_an_updated_task_shows_what_was_set_and_goes_on(
    vendor: OpenTextVendor, opentext: Client, task_id: str
) -> None:
    send(vendor, commands(task_id)["update"])

    row = opentext.task(task_id, bounds())

    assert isinstance(row, TaskRow)
    assert (row.priority, row.name, row.description, row.owner) == (80, "Legal: hurry", "Claim 3", ONE)
    assert row.due_at is not None
    assert row.due_at.isoformat() == "2026-02-16T12:00:00+00:00"
    assert (row.assignee, row.ended_at) == ("", None)


def test_a_task_goes_from_one_to_another_and_back_to_its_candidates(
    vendor: OpenTextVendor, opentext: Client, task_id: str
) -> None:
    held = []
    for command in (
        Assign(verb="assign", task_id=task_id, user=ONE, expects={"assignee": ""}),
        Assign(verb="assign", task_id=task_id, user=TWO, expects={"assignee": ONE}),
        Assign(verb="unassign", task_id=task_id, expects={"assignee": TWO}),
    ):
        send(vendor, command)
        row = opentext.task(task_id, bounds())
        held.append(row.assignee if row else None)

    assert held == [ONE, TWO, ""]


def test_somebody_who_does_not_exist_gets_nothing(vendor: OpenTextVendor, task_id: str) -> None:
    with pytest.raises(PermanentError) as caught:
        send(vendor, Assign(verb="assign", task_id=task_id, user="nobody@elsewhere.test"))

    assert caught.value.code == "refused_by_vendor"


def test_an_outcome_of_another_is_never_ours(vendor: OpenTextVendor, opentext_sandbox: Sandbox, task_id: str) -> None:
    act = {"taskId": task_id, "user": ONE, "outcome": "done"}
    opentext_sandbox.admin("POST", "people/decide", act)
    command = CompleteTask(task_id=task_id, outcome="withdrawn")

    with pytest.raises(StaleError, match="has ended in another way"):
        send(vendor, command)
    assert look_up(vendor, command) == NotThere()


@pytest.mark.parametrize("is_lost", [False, True], ids=["answered", "answer lost"])
def test_the_message_close_ends_a_case_wherever_it_stands(
    vendor: OpenTextVendor, opentext: Client, opentext_sandbox: Sandbox, instance_id: str, is_lost: bool
) -> None:
    close = SendMessage(
        instance_id=instance_id, activity_id="close_case", message="close", marker="signoffClosed", variables={}
    )
    before = look_up(vendor, close)

    if is_lost:
        opentext_sandbox.fault("PUT", "/workflow/v1/process-instances/executions/*", "drop")
        with pytest.raises(UnknownOutcomeError):
            send(vendor, close)
    else:
        assert send(vendor, close) == Sent(how="sent")

    assert before == NotThere()
    assert look_up(vendor, close) == Sent(how="found")
    assert send(vendor, close) == Sent(how="found")
    assert opentext.instance(instance_id, bounds()) is None
    ended = opentext.historic_tasks(instance_id, bounds())
    assert {row.delete_reason for row in ended} == {"boundary event (close_case)"}
