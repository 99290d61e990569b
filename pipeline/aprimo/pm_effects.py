"""Verbs of commitments and tasks, remarks, and what is made in Productivity Management: one pair per kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.aprimo import wire
from pipeline.aprimo.client import Client
from pipeline.aprimo.options import Verb
from pipeline.aprimo.pm_changes import body_of_changes
from pipeline.aprimo.pm_objects import TASK_STATUS, flat_object, holds
from pipeline.aprimo.translate import integer
from pipeline.aprimo.wire import OBJECT_KINDS, ObjectKind
from pipeline.commands import AddAnnotation, CommitmentVerb, CreateObject, CreateTask, TaskVerb
from pipeline.errors import PermanentError, StaleError
from pipeline.keys import comment_marker
from pipeline.ports import Bounds, NotThere, Sent
from pipeline.transport.effects import Effect
from pipeline.words import EffectKey

COMMITMENT, TASK = OBJECT_KINDS["commitment"], OBJECT_KINDS["task"]
STATUS = "commitmentStatus"
DELEGATE = "delegate"

# ---- pm.commitment_verb --------------------------------------------------------------------------------------------


def carry_out_commitment(client: Client, command: CommitmentVerb, effect_key: EffectKey, bounds: Bounds) -> Sent:
    """Read status and amount, then carry the verb out if both are what the approver was shown."""
    del effect_key
    verb = _verb(client.options.commitment_verbs, command.verb, "commitments")
    now = _values(client, COMMITMENT, command.committed_id, command.target(), bounds)
    # The status is what the verb changes; whatever else was shown must hold, done already or not.
    _require(now, {name: value for name, value in command.expects.items() if name != STATUS}, command.target())
    status = _commitment_status(client, now)
    if status in verb.leads_to:
        return Sent(how="already")
    _require(now, command.expects, command.target())
    if status not in verb.legal_from:
        raise StaleError(f"{command.target()} is {status!r}: it cannot {command.verb}")
    if not client.object_verb(COMMITMENT, command.committed_id, command.verb, {}, bounds):
        raise StaleError(f"{command.target()} changed: it cannot {command.verb} any more")
    return Sent(how="sent")


def see_commitment(client: Client, command: CommitmentVerb, effect_key: EffectKey, bounds: Bounds) -> Sent | NotThere:
    """There when the commitment has the status the verb leads to."""
    del effect_key
    verb = _verb(client.options.commitment_verbs, command.verb, "commitments")
    body = client.object_body(COMMITMENT, command.committed_id, bounds)
    is_there = body is not None and _commitment_status(client, body) in verb.leads_to
    return Sent(how="found") if is_there else NotThere()


def _commitment_status(client: Client, values: Mapping[str, Any]) -> str:
    number = integer(values.get(STATUS))
    return "" if number is None else client.options.commitment_statuses.get(number, "").casefold()


# ---- pm.task_verb --------------------------------------------------------------------------------------------------


def carry_out_task(client: Client, command: TaskVerb, effect_key: EffectKey, bounds: Bounds) -> Sent:
    """Read status and assignees, then carry the verb out if it leads anywhere from there."""
    del effect_key
    _check_task_verb(client, command)
    now = _values(client, TASK, command.task_id, command.target(), bounds)
    if _is_task_so(client, command, now, bounds):
        return Sent(how="already")
    _require(now, command.expects, command.target())
    body: dict[str, Any] = {}
    if command.verb == DELEGATE:
        body = {"taskAssigneeId": command.assignee_id, "newUserId": command.user_id}
    elif (status := _task_status(client, now, bounds)) not in client.options.task_verbs[command.verb].legal_from:
        raise StaleError(f"{command.target()} is {status!r}: it cannot {command.verb}")
    if not client.object_verb(TASK, command.task_id, command.verb, body, bounds):
        raise StaleError(f"{command.target()} changed: it cannot {command.verb} any more")
    return Sent(how="sent")


def see_task(client: Client, command: TaskVerb, effect_key: EffectKey, bounds: Bounds) -> Sent | NotThere:
    """There when the task has the status the verb leads to, or the assignee it was delegated to."""
    del effect_key
    _check_task_verb(client, command)
    body = client.object_body(TASK, command.task_id, bounds)
    if body is None:
        return NotThere()
    now = flat_object(body, TASK, client.options.ea_value_key)
    return Sent(how="found") if _is_task_so(client, command, now, bounds) else NotThere()


def _check_task_verb(client: Client, command: TaskVerb) -> None:
    if command.verb != DELEGATE:
        _verb(client.options.task_verbs, command.verb, "tasks")


def _is_task_so(client: Client, command: TaskVerb, now: Mapping[str, Any], bounds: Bounds) -> bool:
    if command.verb == DELEGATE:
        assignees = [each for each in now.get("assignees") or [] if isinstance(each, dict)]
        return any(each.get("userId") == command.user_id for each in assignees)
    return _task_status(client, now, bounds) in client.options.task_verbs[command.verb].leads_to


def _task_status(client: Client, now: Mapping[str, Any], bounds: Bounds) -> str:
    number = integer(now.get(TASK_STATUS))
    return "" if number is None else client.status_name(number, bounds)


# ---- pm.add_annotation ---------------------------------------------------------------------------------------------


def add_annotation(client: Client, command: AddAnnotation, effect_key: EffectKey, bounds: Bounds) -> Sent:
    """Put the remark on the version's first page, with the marker at its end."""
    body = {
        "type": "rectangle",
        "page": 1,
        "authorId": client.me(bounds).user_id,
        # The remark is about the whole: a box without a size.
        "geometry": {"boundingBox": {"left": 0, "bottom": 0, "right": 0, "top": 0}},
        "content": {"comment": f"{command.text} {comment_marker(effect_key)}"},
    }
    if not client.annotate(command.asset_id, command.version, body, bounds):
        raise StaleError(f"{command.target()} is not there any more")
    return Sent(how="sent")


def see_annotation(client: Client, command: AddAnnotation, effect_key: EffectKey, bounds: Bounds) -> Sent | NotThere:
    """There when an annotation of the version contains the marker."""
    for row in client.annotations(command.asset_id, command.version, bounds) or []:
        content = row.get("content")
        if isinstance(content, dict) and comment_marker(effect_key) in str(content.get("comment")):
            return Sent(how="found", vendor_ref=str(row.get("annotationId") or ""))
    return NotThere()


# ---- pm.create_task ------------------------------------------------------------------------------------------------


def create_task(client: Client, command: CreateTask, effect_key: EffectKey, bounds: Bounds) -> Sent:
    """Make it at once, with the marker at the end of its description: only a look-up leads here from `unknown`."""
    body = {
        **command.fields,
        "projectId": command.project_id,
        "name": command.name,
        "description": f"{command.description} {comment_marker(effect_key)}",
    }
    return Sent(how="sent", vendor_ref=client.create_task(body, bounds))


def see_created_task(client: Client, command: CreateTask, effect_key: EffectKey, bounds: Bounds) -> Sent | NotThere:
    """There when a task of the project has the marker in its description."""
    for row in client.search_all(TASK, wire.equals("projectId", command.project_id), bounds):
        if comment_marker(effect_key) in str(row.get("description")):
            return Sent(how="found", vendor_ref=str(row.get(TASK.id_key) or ""))
    return NotThere()


# ---- pm.create_object ----------------------------------------------------------------------------------------------


def create_object(client: Client, command: CreateObject, effect_key: EffectKey, bounds: Bounds) -> Sent:
    """Search the reference, and make the object where nobody bears it."""
    found = see_created_object(client, command, effect_key, bounds)
    if isinstance(found, Sent):
        return Sent(how="already", vendor_ref=found.vendor_ref)
    kind = _generic(command)
    values = {**command.fields, command.reference_field: command.reference}
    body = body_of_changes(kind, {}, values, ea_value_key=client.options.ea_value_key)
    return Sent(how="sent", vendor_ref=client.create_object(kind, body, bounds))


def see_created_object(
    client: Client, command: CreateObject, effect_key: EffectKey, bounds: Bounds
) -> Sent | NotThere:
    """There when an object of the kind bears the reference."""
    del effect_key
    kind = _generic(command)
    key = client.options.ea_value_key
    tree = wire.attribute_equals(command.reference_field, command.reference, key)
    for row in client.search_all(kind, tree, bounds):
        # A search may be looser than we are: its rows are read once more.
        if flat_object(row, kind, key).get(command.reference_field) == command.reference:
            return Sent(how="found", vendor_ref=str(row.get(kind.id_key) or ""))
    return NotThere()


def _generic(command: CreateObject) -> ObjectKind:
    kind = OBJECT_KINDS.get(command.object_kind)
    if kind is None or not command.object_kind.startswith("generic_object_"):
        raise PermanentError("kind_unknown", f"A {command.object_kind} cannot be made.")
    return kind


# ---- what they share -----------------------------------------------------------------------------------------------


def _verb(known: Mapping[str, Verb], name: str, of: str) -> Verb:
    verb = known.get(name)
    if verb is None:
        raise PermanentError("verb_unknown", f"{name!r} is no verb of {of}.")
    return verb


def _values(client: Client, kind: ObjectKind, object_id: int, target: str, bounds: Bounds) -> Mapping[str, Any]:
    body = client.object_body(kind, object_id, bounds)
    if body is None:
        raise StaleError(f"{target} is not there any more")
    return flat_object(body, kind, client.options.ea_value_key)


def _require(now: Mapping[str, Any], expects: Mapping[str, Any], target: str) -> None:
    for name, value in expects.items():
        if not holds(now.get(name), value):
            raise StaleError(f"{target}: {name} is not what was expected")


EFFECTS: Mapping[str, Effect[Client]] = {
    "pm.commitment_verb": Effect(send=carry_out_commitment, look_up=see_commitment),
    "pm.task_verb": Effect(send=carry_out_task, look_up=see_task),
    "pm.add_annotation": Effect(send=add_annotation, look_up=see_annotation),
    "pm.create_task": Effect(send=create_task, look_up=see_created_task),
    "pm.create_object": Effect(send=create_object, look_up=see_created_object),
}
"""By kind."""
