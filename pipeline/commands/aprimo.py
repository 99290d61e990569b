"""What a plan may want done in Aprimo's Productivity Management."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

from pipeline.commands.base import Cause, Command, register
from pipeline.words import BusinessKey, EffectKey, JsonValue, Side


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
    IS_WHOLE: ClassVar[bool] = True

    object_kind: str
    object_id: int
    fields: Mapping[str, JsonValue]

    def target(self) -> str:
        """The PM object."""
        return f"{self.object_kind}:{self.object_id}"

    def changed_ids(self, vendor_ref: str) -> tuple[str, ...]:
        """The PM object."""
        del vendor_ref
        return (str(self.object_id),)

    def effect_key(self, cause: Cause) -> EffectKey:
        """Per plan and object: the same values may rightly be written again later."""
        return EffectKey(f"fields:{cause.event_id}:{cause.plan_number}:{self.object_kind}:{self.object_id}")

    def lasting(self) -> Mapping[str, JsonValue]:
        """The fields by which one sees later that it took effect: those that nobody else writes, if there are any.

        What is expected as well, such as the state, people change: who sees a brief back in draft may submit it again
        before anybody looks. It is one write, so that the rest of it tells.
        """
        return {name: value for name, value in self.fields.items() if name not in self.expects} or self.fields


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

    def changed_ids(self, vendor_ref: str) -> tuple[str, ...]:
        """The project."""
        del vendor_ref
        return (str(self.project_id),)

    def effect_key(self, cause: Cause) -> EffectKey:
        """One verb per project and revision."""
        del cause
        return EffectKey(f"{self.verb}:project:{self.project_id}:{self.revision}")


@register
@dataclass(frozen=True, kw_only=True)
class CommitmentVerb(Command):
    """Submit, approve, reject, retrieve or cancel a commitment.

    expects names the status and the amount that were shown to the approver, by wire name: it is never approved for
    another amount. revision is the process's.
    """

    KIND: ClassVar[str] = "pm.commitment_verb"
    SIDE: ClassVar[Side] = Side.APRIMO
    ROUTE: ClassVar[str] = "commitments"
    LATE_S: ClassVar[float] = 60.0

    verb: str
    committed_id: int
    revision: int

    def target(self) -> str:
        """The commitment."""
        return f"commitment:{self.committed_id}"

    def changed_ids(self, vendor_ref: str) -> tuple[str, ...]:
        """The commitment."""
        del vendor_ref
        return (str(self.committed_id),)

    def effect_key(self, cause: Cause) -> EffectKey:
        """One verb per commitment and revision of the process."""
        del cause
        return EffectKey(f"{self.verb}:commitment:{self.committed_id}:{self.revision}")


@register
@dataclass(frozen=True, kw_only=True)
class TaskVerb(Command):
    """Accept, decline, close or delegate a task.

    delegate alone takes the two ids: whose part of the task (`assigneeId`) goes to which user.
    """

    KIND: ClassVar[str] = "pm.task_verb"
    SIDE: ClassVar[Side] = Side.APRIMO
    ROUTE: ClassVar[str] = "tasks"
    LATE_S: ClassVar[float] = 60.0

    verb: str
    task_id: int
    assignee_id: int | None = None
    user_id: int | None = None

    def target(self) -> str:
        """The task."""
        return f"task:{self.task_id}"

    def changed_ids(self, vendor_ref: str) -> tuple[str, ...]:
        """The task."""
        del vendor_ref
        return (str(self.task_id),)

    def effect_key(self, cause: Cause) -> EffectKey:
        """Per event: a task may rightly be delegated twice."""
        return EffectKey(f"{self.verb}:task:{self.task_id}:{cause.event_id}")


@register
@dataclass(frozen=True, kw_only=True)
class AddAnnotation(Command):
    """Put a reviewer's remark on an asset version; a marker made of the effect key ends its text."""

    KIND: ClassVar[str] = "pm.add_annotation"
    SIDE: ClassVar[Side] = Side.APRIMO
    ROUTE: ClassVar[str] = "assets"
    LATE_S: ClassVar[float] = 60.0

    asset_id: int
    version: int
    origin: str
    origin_id: str
    text: str

    def target(self) -> str:
        """The asset version."""
        return f"asset:{self.asset_id}/{self.version}"

    def changed_ids(self, vendor_ref: str) -> tuple[str, ...]:
        """The asset."""
        del vendor_ref
        return (str(self.asset_id),)

    def effect_key(self, cause: Cause) -> EffectKey:
        """One remark reaches one version once."""
        del cause
        return EffectKey(f"annotation:{self.origin}:{self.origin_id}:{self.asset_id}:{self.version}")


@register
@dataclass(frozen=True, kw_only=True)
class CreateTask(Command):
    """Hand a person a simple task in a project; a marker made of the effect key ends its description.

    fields: what else the task is given, by wire name: `assignedTo`, `beginDate`, `endDate`, …
    """

    KIND: ClassVar[str] = "pm.create_task"
    SIDE: ClassVar[Side] = Side.APRIMO
    ROUTE: ClassVar[str] = "tasks"
    LATE_S: ClassVar[float] = 120.0

    project_id: int
    name: str
    description: str
    business_key: BusinessKey
    revision: int
    purpose: str
    fields: Mapping[str, JsonValue] = field(default_factory=dict)

    def target(self) -> str:
        """The project: the task does not exist yet."""
        return f"project:{self.project_id}/task"

    def changed_ids(self, vendor_ref: str) -> tuple[str, ...]:
        """The task that was made."""
        return (vendor_ref,) if vendor_ref else ()

    def effect_key(self, cause: Cause) -> EffectKey:
        """One task per item, revision and purpose."""
        del cause
        return EffectKey(f"task:{self.business_key}:{self.revision}:{self.purpose}")


@register
@dataclass(frozen=True, kw_only=True)
class CreateObject(Command):
    """Make a generic object that bears our reference in an attribute, by which a look-up finds it.

    object_kind: `generic_object_alpha`, …; reference_field: `extrAttr<id>`; fields: the others, by wire name.
    """

    KIND: ClassVar[str] = "pm.create_object"
    SIDE: ClassVar[Side] = Side.APRIMO
    ROUTE: ClassVar[str] = "generic-objects"
    LATE_S: ClassVar[float] = 120.0

    object_kind: str
    reference_field: str
    reference: str
    fields: Mapping[str, JsonValue]

    def target(self) -> str:
        """The reference: the object does not exist yet."""
        return f"{self.object_kind}:{self.reference}"

    def changed_ids(self, vendor_ref: str) -> tuple[str, ...]:
        """The object that was made."""
        return (vendor_ref,) if vendor_ref else ()

    def effect_key(self, cause: Cause) -> EffectKey:
        """One object per reference."""
        del cause
        return EffectKey(f"create:{self.object_kind}:{self.reference}")
