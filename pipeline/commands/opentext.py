"""What a plan may want done in OpenText."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from pipeline.commands.base import Cause, Command, register
from pipeline.words import BusinessKey, EffectKey, JsonValue, Side


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

    def changed_ids(self, vendor_ref: str) -> tuple[str, ...]:
        """The instance that was started."""
        return (vendor_ref,) if vendor_ref else ()

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

    def changed_ids(self, vendor_ref: str) -> tuple[str, ...]:
        """The instance."""
        del vendor_ref
        return (self.instance_id,)

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
    IS_WHOLE: ClassVar[bool] = True

    instance_id: str
    variables: Mapping[str, JsonValue]

    def target(self) -> str:
        """The instance."""
        return f"process-instance:{self.instance_id}"

    def changed_ids(self, vendor_ref: str) -> tuple[str, ...]:
        """The instance."""
        del vendor_ref
        return (self.instance_id,)

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

    def changed_ids(self, vendor_ref: str) -> tuple[str, ...]:
        """The instance."""
        del vendor_ref
        return (self.instance_id,)

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

    def changed_ids(self, vendor_ref: str) -> tuple[str, ...]:
        """The instance."""
        del vendor_ref
        return (self.instance_id,)

    def effect_key(self, cause: Cause) -> EffectKey:
        """One remark reaches one instance once."""
        del cause
        return EffectKey(f"comment:{self.origin}:{self.origin_id}:{self.instance_id}")


@register
@dataclass(frozen=True, kw_only=True)
class UpdateTask(Command):
    """Change an open task, e.g. when its due date has moved in Aprimo.

    fields: wire names to values: `dueDate` (ISO 8601), `priority`, `name`, `description`, `category`, `owner`; None
    clears one. expects: what was read of them, by the same names, so that a newer edit by hand is never overwritten.
    """

    KIND: ClassVar[str] = "ot.update_task"
    SIDE: ClassVar[Side] = Side.OPENTEXT
    ROUTE: ClassVar[str] = "tasks"
    LATE_S: ClassVar[float] = 0.0
    IS_WHOLE: ClassVar[bool] = True

    task_id: str
    fields: Mapping[str, JsonValue]

    def target(self) -> str:
        """The task."""
        return f"task:{self.task_id}"

    def changed_ids(self, vendor_ref: str) -> tuple[str, ...]:
        """The task; the audit log says of which instance it is."""
        del vendor_ref
        return (self.task_id,)

    def effect_key(self, cause: Cause) -> EffectKey:
        """Per plan: a task may rightly get the same date again later."""
        names = ",".join(sorted(self.fields))
        return EffectKey(f"update-task:{cause.event_id}:{cause.plan_number}:{self.task_id}:{names}")


@register
@dataclass(frozen=True, kw_only=True)
class Assign(Command):
    """Say who is to do an open task.

    verb: `assign` (to user, whoever has it), `unassign` (back to its candidates), or `add_candidate` (a user or a
    group). expects: `assignee`, as it was read ("" for nobody), so that nobody loses a task that he has just taken.
    """

    KIND: ClassVar[str] = "ot.assign"
    SIDE: ClassVar[Side] = Side.OPENTEXT
    ROUTE: ClassVar[str] = "tasks"
    LATE_S: ClassVar[float] = 0.0

    verb: str
    task_id: str
    user: str = ""
    group: str = ""

    def target(self) -> str:
        """The task."""
        return f"task:{self.task_id}"

    def changed_ids(self, vendor_ref: str) -> tuple[str, ...]:
        """The task; the audit log says of which instance it is."""
        del vendor_ref
        return (self.task_id,)

    def effect_key(self, cause: Cause) -> EffectKey:
        """Per plan: a task may rightly come back to somebody who had it before."""
        whom = f"{self.user}{self.group}"
        return EffectKey(f"{self.verb}:{cause.event_id}:{cause.plan_number}:{self.task_id}:{whom}")


@register
@dataclass(frozen=True, kw_only=True)
class CompleteTask(Command):
    """Complete a task of the lead's, or one that exists for our own bookkeeping.

    Never a review: a flow makes no decision, and completes no task whose answer is one. outcome "" is none, for
    tasks that keep no answer. expects: as for `UpdateTask`, and `assignee`.
    """

    KIND: ClassVar[str] = "ot.complete_task"
    SIDE: ClassVar[Side] = Side.OPENTEXT
    ROUTE: ClassVar[str] = "tasks"
    LATE_S: ClassVar[float] = 60.0

    task_id: str
    outcome: str = ""
    variables: Mapping[str, JsonValue] = field(default_factory=dict)

    def target(self) -> str:
        """The task."""
        return f"task:{self.task_id}"

    def changed_ids(self, vendor_ref: str) -> tuple[str, ...]:
        """The task; the audit log says of which instance it is."""
        del vendor_ref
        return (self.task_id,)

    def effect_key(self, cause: Cause) -> EffectKey:
        """A task is completed once."""
        del cause
        return EffectKey(f"complete:{self.task_id}")
