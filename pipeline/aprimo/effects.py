"""What each command does in Aprimo, and how one sees afterwards whether it did: one pair per kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.aprimo import dam_effects, dam_file_effects, pm_effects, wire
from pipeline.aprimo.client import Client
from pipeline.aprimo.options import Verb
from pipeline.aprimo.pm_changes import body_of_changes
from pipeline.aprimo.pm_objects import flat_object, holds
from pipeline.aprimo.translate import is_same
from pipeline.aprimo.wire import OBJECT_KINDS, ObjectKind
from pipeline.commands import ProjectVerb, SetFields
from pipeline.errors import PermanentError, StaleError
from pipeline.ports import Bounds, NotThere, Sent
from pipeline.transport.effects import Effect
from pipeline.words import EffectKey, JsonValue

# ---- pm.set_fields -----------------------------------------------------------------------------------------------


def set_fields(client: Client, command: SetFields, effect_key: EffectKey, bounds: Bounds) -> Sent:
    """Read, compare, write only what differs. The gap between read and write cannot be closed: PM has no ETag."""
    del effect_key
    kind = _kind(command)
    body = _existing(client.object_body(kind, command.object_id, bounds), command)
    now = flat_object(body, kind, client.options.ea_value_key)
    changes = _differing(now, command.fields)
    if not changes:
        return Sent(how="already")
    for name in (name for name, value in command.expects.items() if not holds(now.get(name), value)):
        raise StaleError(f"{command.target()}: {name} is not what was expected")
    part = next(iter(changes)) if len(changes) == 1 else ""
    if command.object_kind == "task" and part in wire.TASK_PARTS:
        client.put_task_part(command.object_id, part, changes[part], bounds)
    else:
        changed = body_of_changes(kind, body, changes, ea_value_key=client.options.ea_value_key)
        client.put_object(kind, command.object_id, changed, bounds)
    return Sent(how="sent")


def see_fields(client: Client, command: SetFields, effect_key: EffectKey, bounds: Bounds) -> Sent | NotThere:
    """There when every field that nobody else writes has the value that was to be set."""
    del effect_key
    kind = _kind(command)
    body = client.object_body(kind, command.object_id, bounds)
    if body is None or _differing(flat_object(body, kind, client.options.ea_value_key), command.lasting()):
        return NotThere()
    return Sent(how="found")


def _kind(command: SetFields) -> ObjectKind:
    kind = OBJECT_KINDS.get(command.object_kind)
    if kind is None:
        raise PermanentError("kind_unknown", f"Fields of a {command.object_kind} cannot be set.")
    return kind


def _existing(body: Mapping[str, Any] | None, command: SetFields | ProjectVerb) -> Mapping[str, Any]:
    if body is None:
        # The plan saw it: it was deleted or hidden since. The next look says which.
        raise StaleError(f"{command.target()} is not there any more")
    return body


def _differing(now: Mapping[str, Any], wanted: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    return {name: value for name, value in wanted.items() if not is_same(now.get(name), value)}


# ---- pm.project_verb ---------------------------------------------------------------------------------------------


def carry_out_verb(client: Client, command: ProjectVerb, effect_key: EffectKey, bounds: Bounds) -> Sent:
    """Read the status, then carry the verb out if it leads anywhere from there."""
    del effect_key
    verb = _verb(client, command)
    status = _status(client, command, bounds)
    if status in verb.leads_to:
        return Sent(how="already")
    if status not in verb.legal_from:
        raise StaleError(f"{command.target()} is {status!r}: it cannot {command.verb}")
    if not client.project_verb(command.project_id, command.verb, bounds):
        raise StaleError(f"{command.target()} changed: it cannot {command.verb} any more")
    return Sent(how="sent")


def see_verb(client: Client, command: ProjectVerb, effect_key: EffectKey, bounds: Bounds) -> Sent | NotThere:
    """There when the project has the status the verb leads to."""
    del effect_key
    verb = _verb(client, command)
    return Sent(how="found") if _status(client, command, bounds) in verb.leads_to else NotThere()


def _verb(client: Client, command: ProjectVerb) -> Verb:
    verb = client.options.project_verbs.get(command.verb)
    if verb is None:
        raise PermanentError("verb_unknown", f"{command.verb!r} is no verb of projects.")
    return verb


def _status(client: Client, command: ProjectVerb, bounds: Bounds) -> str:
    project = client.project(command.project_id, bounds)
    if project is None:
        raise PermanentError("project_unknown", f"Aprimo shows us no {command.target()}: mend the item's project id.")
    return client.status_name(project.status, bounds)


EFFECTS: Mapping[str, Effect[Client]] = {
    "pm.set_fields": Effect(send=set_fields, look_up=see_fields),
    "pm.project_verb": Effect(send=carry_out_verb, look_up=see_verb),
    **pm_effects.EFFECTS,
    **dam_effects.EFFECTS,
    **dam_file_effects.EFFECTS,
}
