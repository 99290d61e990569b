"""What a plan may want done in Aprimo's Productivity Management."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from pipeline.commands.base import Cause, Command, register
from pipeline.words import EffectKey, JsonValue, Side


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
