"""What each command does in OpenText, and how one sees afterwards whether it did: one pair per kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pipeline.commands import AddComment, EndProcess, SendMessage, SetVariables, StartProcess
from pipeline.errors import PermanentError, StaleError, TransientError
from pipeline.keys import comment_marker, digest
from pipeline.opentext import task_effects, wire
from pipeline.opentext.client import Client
from pipeline.opentext.hooks import token_for
from pipeline.opentext.translate import EFFECT, REVISION
from pipeline.ports import Bounds, NotThere, Sent
from pipeline.transport.effects import Effect
from pipeline.words import EffectKey, JsonValue, WaitReason

ITEM = "signoffItem"
HISTORY_LAG_S = 2.0
"""History may be written a moment after the runtime changed."""

# ---- ot.start_process ----------------------------------------------------------------------------------------------


def start_process(client: Client, command: StartProcess, effect_key: EffectKey, bounds: Bounds) -> Sent:
    """Start at once: from a clean state nothing is searched, and from `unknown` only the look-up leads here."""
    secrets = _secrets(client, command)
    values: dict[str, JsonValue] = {
        **command.variables,
        **secrets,
        ITEM: command.business_key,
        REVISION: command.revision,
        EFFECT: effect_key,
    }
    body: dict[str, Any] = {
        "processDefinitionKey": command.process_key,
        "businessKey": command.business_key,
        "name": command.name,
        "variables": [wire.variable(name, value, is_secret=name in secrets) for name, value in values.items()],
        "includeUserIds": client.options.uses_user_ids,
    }
    return Sent(how="sent", vendor_ref=client.start(body, tuple(filter(None, secrets.values())), bounds))


def see_start(client: Client, command: StartProcess, effect_key: EffectKey, bounds: Bounds) -> Sent | NotThere:
    """There when an instance, running or ended, bears the effect key; business keys alone are not unique."""
    for row in client.started_as(command.business_key, command.process_key, bounds):
        if row.variables.get(EFFECT) == effect_key:
            return Sent(how="found", vendor_ref=row.id)
    return NotThere()


def _secrets(client: Client, command: StartProcess) -> dict[str, str]:
    """The secret variables; one the command leaves empty is the process's own call-back token, made only here."""
    secret = client.options.call_back_secret
    made = token_for(secret, command.business_key) if secret else ""
    return {name: str(command.variables.get(name) or made) for name in command.secret_variables}


# ---- ot.end_process ------------------------------------------------------------------------------------------------


def end_process(client: Client, command: EndProcess, effect_key: EffectKey, bounds: Bounds) -> Sent:
    """End it; one that has ended is left as it is."""
    del effect_key
    if client.end(command.instance_id, command.reason, bounds):
        return Sent(how="sent", vendor_ref=command.instance_id)
    _require_end(client, command.instance_id, bounds)
    return Sent(how="already", vendor_ref=command.instance_id)


def see_end(client: Client, command: EndProcess, effect_key: EffectKey, bounds: Bounds) -> Sent | NotThere:
    """There when it runs no more and history has its end."""
    del effect_key
    if client.instance(command.instance_id, bounds) is not None:
        return NotThere()
    _require_end(client, command.instance_id, bounds)
    return Sent(how="found", vendor_ref=command.instance_id)


def _require_end(client: Client, instance_id: str, bounds: Bounds) -> None:
    row = client.historic_instance(instance_id, bounds)
    if row is None:
        raise PermanentError("instance_hidden", f"OpenText shows us no instance {instance_id}, not even in history.")
    if row.ended_at is None:
        raise TransientError(
            f"Instance {instance_id} runs no more, and history has no end of it yet.",
            wait_s=HISTORY_LAG_S,
            reason=WaitReason.PROCESSING,
        )


# ---- ot.set_variables ----------------------------------------------------------------------------------------------


def set_variables(client: Client, command: SetVariables, effect_key: EffectKey, bounds: Bounds) -> Sent:
    """Read, compare, set what differs and add what is not there."""
    del effect_key
    now = client.variables(command.instance_id, bounds)
    if now is None:
        raise _ended(command.target())
    changes = _differing(now, command.variables)
    if not changes:
        return Sent(how="already")
    for name in _differing(now, command.expects):
        raise StaleError(f"{command.target()}: variable {name} is not what was expected")
    for name in (name for name in changes if name in now):
        if not client.put_variable(command.instance_id, wire.variable(name, changes[name]), bounds):
            raise _ended(command.target())
    added = [wire.variable(name, value) for name, value in changes.items() if name not in now]
    if added and not client.add_variables(command.instance_id, added, bounds):
        raise _ended(command.target())
    return Sent(how="sent")


def see_variables(client: Client, command: SetVariables, effect_key: EffectKey, bounds: Bounds) -> Sent | NotThere:
    """There when every variable has the value that was to be set."""
    del effect_key
    now = client.variables(command.instance_id, bounds)
    is_there = now is not None and not _differing(now, command.variables)
    return Sent(how="found") if is_there else NotThere()


def _differing(now: Mapping[str, JsonValue], wanted: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """Names whose value is another; missing, null and "" are one."""
    return {name: value for name, value in wanted.items() if not _is_same(now.get(name), value)}


def _is_same(one: JsonValue, other: JsonValue) -> bool:
    return digest("" if one is None else one) == digest("" if other is None else other)


def _ended(target: str) -> StaleError:
    return StaleError(f"{target} does not run any more")


# ---- ot.send_message -----------------------------------------------------------------------------------------------


def send_message(client: Client, command: SendMessage, effect_key: EffectKey, bounds: Bounds) -> Sent:
    """Find the execution that waits, deliver to it; the marker goes along and shows later that it was delivered."""
    execution_id = client.execution_at(command.instance_id, command.activity_id, bounds)
    if execution_id is None:
        if _bears_marker(client, command, effect_key, bounds):
            return Sent(how="found")
        raise StaleError(f"nothing waits at {command.target()}")
    values = {**command.variables, command.marker: effect_key}
    variables = [wire.variable(name, value) for name, value in values.items()]
    if not client.send_message(execution_id, command.message, variables, bounds):
        raise StaleError(f"nothing waits at {command.target()} any more")
    return Sent(how="sent")


def see_message(client: Client, command: SendMessage, effect_key: EffectKey, bounds: Bounds) -> Sent | NotThere:
    """There when the instance bears the marker."""
    return Sent(how="found") if _bears_marker(client, command, effect_key, bounds) else NotThere()


def _bears_marker(client: Client, command: SendMessage, effect_key: EffectKey, bounds: Bounds) -> bool:
    variables: Mapping[str, JsonValue] | None = client.variables(command.instance_id, bounds)
    if variables is None:
        ended = client.historic_instance(command.instance_id, bounds)
        variables = ended.variables if ended else {}
    return variables.get(command.marker) == effect_key


# ---- ot.add_comment ------------------------------------------------------------------------------------------------


def add_comment(client: Client, command: AddComment, effect_key: EffectKey, bounds: Bounds) -> Sent:
    """Put the remark on the instance, with the marker at its end."""
    comment_id = client.comment(command.instance_id, f"{command.text} {comment_marker(effect_key)}", bounds)
    if comment_id is None:
        raise _ended(command.target())
    return Sent(how="sent", vendor_ref=comment_id)


def see_comment(client: Client, command: AddComment, effect_key: EffectKey, bounds: Bounds) -> Sent | NotThere:
    """There when a comment on the instance, or in the history of an ended one, contains the marker."""
    comments = client.comments(command.instance_id, bounds)
    if comments is None:
        ended = client.historic_instance(command.instance_id, bounds)
        comments = ended.comments if ended else ()
    found = next((comment for comment in comments if comment_marker(effect_key) in comment.text), None)
    return Sent(how="found", vendor_ref=found.origin_id) if found else NotThere()


EFFECTS: Mapping[str, Effect[Client]] = {
    "ot.start_process": Effect(send=start_process, look_up=see_start),
    "ot.end_process": Effect(send=end_process, look_up=see_end),
    "ot.set_variables": Effect(send=set_variables, look_up=see_variables),
    "ot.send_message": Effect(send=send_message, look_up=see_message),
    "ot.add_comment": Effect(send=add_comment, look_up=see_comment),
    **task_effects.EFFECTS,
}
