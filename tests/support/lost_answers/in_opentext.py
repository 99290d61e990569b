"""Cases in OpenText: each on a process instance or a task of its own."""

from __future__ import annotations

from pipeline.commands import (
    AddComment,
    Assign,
    CompleteTask,
    EndProcess,
    SendMessage,
    SetVariables,
    StartProcess,
    UpdateTask,
)
from pipeline.keys import aprimo_key
from tests.support.lost_answers.cases import Case, People, Recipe, identity, identity_begins, marker, sets
from tests.support.model_docs import start_variables
from tests.support.vendor_parts import FLOW, PROCESS

RUNTIME = "/workflow/v1"
INSTANCES = f"{RUNTIME}/process-instances"
TASKS = f"{RUNTIME}/tasks"


def _start(_: People, number: int) -> Case:
    key = aprimo_key("activity", 700_000 + number)
    variables = start_variables(PROCESS)
    command = StartProcess(
        flow=FLOW,
        process_key=PROCESS,
        business_key=key,
        revision=1,
        name=f"Lost {number}",
        variables=variables,
        secret_variables=("signoffToken",),
    )
    return Case(command=command, is_effect=identity(f"start:{PROCESS}:{key}:1"))


def _end(people: People, number: int) -> Case:
    instance = _instance(people, number)
    return Case(command=EndProcess(instance_id=instance, reason="withdrawn"), is_effect=identity(f"end:{instance}"))


def _variables(people: People, number: int) -> Case:
    instance = _instance(people, number)
    command = SetVariables(instance_id=instance, variables={"briefName": f"Summer {number}"})
    return Case(command=command, is_effect=sets(f"process:{instance}", "briefName"))


def _message(people: People, number: int) -> Case:
    instance = _instance(people, number)
    command = SendMessage(
        instance_id=instance, activity_id="escalate_brand", message="escalate", marker="signoffEscalated_t1"
    )
    return Case(command=command, is_effect=identity_begins(f"message:{instance}:"))


def _comment(people: People, number: int) -> Case:
    command = AddComment(
        instance_id=_instance(people, number), origin="aprimo", origin_id=str(number), text="Please hurry"
    )
    return Case(command=command, is_effect=identity(f"comment:{marker(command)}"))


def _update(people: People, number: int) -> Case:
    task = _task(people, number)
    command = UpdateTask(task_id=task, fields={"dueDate": "2030-02-01T12:00:00Z"})
    return Case(command=command, is_effect=sets(f"task:{task}", "dueDate"))


def _assign(people: People, number: int) -> Case:
    task = _task(people, number)
    command = Assign(verb="assign", task_id=task, user="legal.one@example.test")
    return Case(command=command, is_effect=sets(f"task:{task}", "assignee"))


def _complete(people: People, number: int) -> Case:
    task = _task(people, number)
    command = CompleteTask(task_id=task, outcome="approved")
    return Case(command=command, is_effect=identity(f"complete:{task}"))


def _instance(people: People, number: int) -> str:
    return people.opentext.begin(item=aprimo_key("activity", 800_000 + number))


def _task(people: People, number: int) -> str:
    return str(people.opentext.tasks(_instance(people, number))["legal"]["id"])


RECIPES = {
    "ot.start_process": Recipe(make=_start, method="POST", path=INSTANCES),
    "ot.end_process": Recipe(make=_end, method="DELETE", path=f"{INSTANCES}/*"),
    "ot.set_variables": Recipe(make=_variables, method="*", path=f"{INSTANCES}/*/variables*", match="Summer"),
    "ot.send_message": Recipe(make=_message, method="PUT", path=f"{INSTANCES}/executions/*"),
    "ot.add_comment": Recipe(make=_comment, method="POST", path=f"{INSTANCES}/*/comments"),
    "ot.update_task": Recipe(make=_update, method="PUT", path=f"{TASKS}/*"),
    "ot.assign": Recipe(make=_assign, method="POST", path=f"{TASKS}/*", match="legal.one@example.test"),
    "ot.complete_task": Recipe(make=_complete, method="POST", path=f"{TASKS}/*", match='"complete"'),
}
