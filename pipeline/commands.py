"""Commands: what a plan wants done in a system, one frozen type per kind.

A kind says where it goes (side, route), how its effect is known (effect key), what must still be true
just before the call (`expects`), and how long an unanswered call may still take effect (`late_s`).
A kind without an effect key and a look-up cannot be registered: `register` refuses it, and the
adapters' tables of effects are checked against `KINDS` when a worker starts.

Source of keys and times: the table of commands in docs/commands.md.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from pipeline.words import BusinessKey, EffectKey, EventId, JsonValue, Side


@dataclass(frozen=True, kw_only=True)
class Cause:
    """What a command is planned for; part of the effect keys that are unique per plan."""

    event_id: EventId
    plan_number: int


@dataclass(frozen=True, kw_only=True)
class Command:
    """Base of all kinds. `undoes`: the effect key this command takes back, if any."""

    KIND: ClassVar[str]
    SIDE: ClassVar[Side]
    ROUTE: ClassVar[str]
    LATE_S: ClassVar[float]

    expects: Mapping[str, JsonValue] = field(default_factory=dict)
    undoes: str = ""

    def target(self) -> str:
        """The object in the vendor's system, e.g. `activity:5012`."""
        raise TypeError(f"{type(self).__name__} names no target")

    def effect_key(self, cause: Cause) -> EffectKey:
        """The natural identity of the effect: unique among deliveries that are not dropped."""
        raise TypeError(f"{type(self).__name__} has no effect key for {cause}")


KINDS: dict[str, type[Command]] = {}


def register(kind: type[Command]) -> type[Command]:
    """Make a kind known. Raises TypeError when it lacks a route, a `late` time, a target or an effect key."""
    lacks = [name for name in ("KIND", "SIDE", "ROUTE", "LATE_S") if not hasattr(kind, name)]
    lacks += [name for name in ("target", "effect_key") if getattr(kind, name) is getattr(Command, name)]
    if lacks:
        raise TypeError(f"{kind.__name__} cannot be registered, it lacks: {', '.join(lacks)}")
    KINDS[kind.KIND] = kind
    return kind


def dump(command: Command) -> dict[str, JsonValue]:
    """The fields of a command as JSON, without `expects` and `undoes` (they have columns of their own)."""
    values = dataclasses.asdict(command)
    return {name: value for name, value in values.items() if name not in {"expects", "undoes"}}


def load(kind: str, values: Mapping[str, Any], *, expects: Mapping[str, JsonValue], undoes: str) -> Command:
    """The command that `dump` wrote, tuples again where JSON has lists. Raises KeyError for an unknown kind."""
    tuples = {field.name for field in dataclasses.fields(KINDS[kind]) if str(field.type).startswith("tuple")}
    whole = {name: tuple(value) if name in tuples else value for name, value in values.items()}
    return KINDS[kind](**whole, expects=expects, undoes=undoes)


@register
@dataclass(frozen=True, kw_only=True)
class StartProcess(Command):
    """Start a process; `signoffEffect` in its variables is the effect key, by which a look-up finds it.

    secret_variables go out with `encryption: true`. The instance id comes back as the delivery's vendor_ref.
    """

    KIND: ClassVar[str] = "ot.start_process"
    SIDE: ClassVar[Side] = Side.OPENTEXT
    ROUTE: ClassVar[str] = "process-instances"
    LATE_S: ClassVar[float] = 120.0

    flow: str
    process_key: str
    business_key: BusinessKey
    revision: int
    name: str
    variables: Mapping[str, JsonValue]
    secret_variables: tuple[str, ...] = ()

    def target(self) -> str:
        """The business key: the instance does not exist yet."""
        return f"process:{self.business_key}"

    def effect_key(self, cause: Cause) -> EffectKey:
        """One start per flow, business key and revision, whatever the event."""
        del cause
        return EffectKey(f"start:{self.flow}:{self.business_key}:{self.revision}")


@register
@dataclass(frozen=True, kw_only=True)
class EndProcess(Command):
    """End a running process with a reason: withdrawn, edited, superseded, deleted."""

    KIND: ClassVar[str] = "ot.end_process"
    SIDE: ClassVar[Side] = Side.OPENTEXT
    ROUTE: ClassVar[str] = "process-instances"
    LATE_S: ClassVar[float] = 0.0

    instance_id: str
    reason: str

    def target(self) -> str:
        """The instance."""
        return f"process-instance:{self.instance_id}"

    def effect_key(self, cause: Cause) -> EffectKey:
        """An instance ends once."""
        del cause
        return EffectKey(f"end:{self.instance_id}")


@register
@dataclass(frozen=True, kw_only=True)
class SetVariables(Command):
    """Set process variables; setting them again to the same values changes nothing."""

    KIND: ClassVar[str] = "ot.set_variables"
    SIDE: ClassVar[Side] = Side.OPENTEXT
    ROUTE: ClassVar[str] = "variables"
    LATE_S: ClassVar[float] = 0.0

    instance_id: str
    variables: Mapping[str, JsonValue]

    def target(self) -> str:
        """The instance."""
        return f"process-instance:{self.instance_id}"

    def effect_key(self, cause: Cause) -> EffectKey:
        """Per plan: the same values may rightly be set again later."""
        names = ",".join(sorted(self.variables))
        return EffectKey(f"variables:{cause.event_id}:{cause.plan_number}:{self.instance_id}:{names}")


@register
@dataclass(frozen=True, kw_only=True)
class SendMessage(Command):
    """Deliver a BPMN message to the execution of an instance that waits at `activity_id`.

    marker is the name of the variable that is set to the effect key with the message; a look-up reads it.
    """

    KIND: ClassVar[str] = "ot.send_message"
    SIDE: ClassVar[Side] = Side.OPENTEXT
    ROUTE: ClassVar[str] = "executions"
    LATE_S: ClassVar[float] = 60.0

    instance_id: str
    activity_id: str
    message: str
    marker: str
    variables: Mapping[str, JsonValue] = field(default_factory=dict)

    def target(self) -> str:
        """The instance and the waiting activity."""
        return f"process-instance:{self.instance_id}/{self.activity_id}"

    def effect_key(self, cause: Cause) -> EffectKey:
        """Per event, instance and marker: an event sends one message for one purpose."""
        return EffectKey(f"message:{cause.event_id}:{self.instance_id}:{self.marker}")


@register
@dataclass(frozen=True, kw_only=True)
class AddComment(Command):
    """Add a comment to a process instance; a marker `[sg-…]` made of the effect key ends its text."""

    KIND: ClassVar[str] = "ot.add_comment"
    SIDE: ClassVar[Side] = Side.OPENTEXT
    ROUTE: ClassVar[str] = "comments"
    LATE_S: ClassVar[float] = 60.0

    instance_id: str
    origin: str
    origin_id: str
    text: str

    def target(self) -> str:
        """The instance."""
        return f"process-instance:{self.instance_id}"

    def effect_key(self, cause: Cause) -> EffectKey:
        """One remark reaches one instance once."""
        del cause
        return EffectKey(f"comment:{self.origin}:{self.origin_id}:{self.instance_id}")


@register
@dataclass(frozen=True, kw_only=True)
class SetFields(Command):
    """Set fields of one PM object in one write.

    fields: wire names to values: `activityStateId`, `extrAttr306`, …; `expects` uses the same names.
    """

    KIND: ClassVar[str] = "pm.set_fields"
    SIDE: ClassVar[Side] = Side.APRIMO
    ROUTE: ClassVar[str] = "activities"
    LATE_S: ClassVar[float] = 0.0

    object_kind: str
    object_id: int
    fields: Mapping[str, JsonValue]

    def target(self) -> str:
        """The PM object."""
        return f"{self.object_kind}:{self.object_id}"

    def effect_key(self, cause: Cause) -> EffectKey:
        """Per plan and object: the same values may rightly be written again later."""
        return EffectKey(f"fields:{cause.event_id}:{cause.plan_number}:{self.object_kind}:{self.object_id}")


@register
@dataclass(frozen=True, kw_only=True)
class ProjectVerb(Command):
    """Start, pause, cancel or close a project; the state is read before, so it happens once."""

    KIND: ClassVar[str] = "pm.project_verb"
    SIDE: ClassVar[Side] = Side.APRIMO
    ROUTE: ClassVar[str] = "projects"
    LATE_S: ClassVar[float] = 60.0

    verb: str
    project_id: int
    revision: int

    def target(self) -> str:
        """The project."""
        return f"project:{self.project_id}"

    def effect_key(self, cause: Cause) -> EffectKey:
        """One verb per project and revision."""
        del cause
        return EffectKey(f"{self.verb}:project:{self.project_id}:{self.revision}")
