"""What a new plan does to deliveries that stand already: pure, on values.

An effect key is held by one delivery that is not dropped. So before a command is stored it is told whether
its effect took place (done), may have taken place (unknown), or certainly did not (all else).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from pipeline.commands import Cause, Command
from pipeline.errors import PipelineError
from pipeline.words import DeliveryId, DeliveryState, EffectKey, EventId

_DROPPABLE = frozenset({DeliveryState.PLANNED, DeliveryState.FAILED})


class EffectHeldError(PipelineError):
    """Another open event is about to bring this very effect about: two lines claim one effect, a fault of a flow."""


@dataclass(frozen=True, kw_only=True)
class Stored:
    """A delivery that is not dropped, and whether its event is still open."""

    id: DeliveryId
    event_id: EventId
    effect_key: EffectKey
    state: DeliveryState
    is_event_open: bool


@dataclass(frozen=True, kw_only=True)
class Held:
    """An `unknown` delivery, of this event or an ended one, that takes its place in a new plan that wants it too."""

    id: DeliveryId
    cause: Cause
    ordinal: int


@dataclass(kw_only=True)
class Changes:
    """What to drop, to take over and to add; an added one has its cause, ordinal and effect key."""

    dropped: list[DeliveryId] = field(default_factory=list)
    adopted: list[Held] = field(default_factory=list)
    added: list[tuple[Cause, int, EffectKey, Command]] = field(default_factory=list)


def replan(wanted: Sequence[tuple[Cause, Sequence[tuple[EffectKey, Command]]]], stored: Sequence[Stored]) -> Changes:
    """Reconcile new plans with what is stored. Raises EffectHeldError."""
    own = {cause.event_id for cause, _ in wanted}
    changes = Changes()
    changes.dropped = [item.id for item in stored if _is_dropped(item, own)]
    holders = {item.effect_key: item for item in stored if item.id not in set(changes.dropped)}
    for cause, planned in wanted:
        for ordinal, (key, command) in enumerate(planned, start=1):
            _place(changes, cause, ordinal, key, command, holder=holders.get(key))
    return changes


def _is_dropped(item: Stored, own: set[EventId]) -> bool:
    return item.state in _DROPPABLE and (item.event_id in own or not item.is_event_open)


def _place(
    changes: Changes, cause: Cause, ordinal: int, key: EffectKey, command: Command, *, holder: Stored | None
) -> None:
    if holder is None:
        changes.added.append((cause, ordinal, key, command))
    elif holder.state is DeliveryState.DONE:
        return
    elif holder.state is DeliveryState.UNKNOWN and (holder.event_id == cause.event_id or not holder.is_event_open):
        changes.adopted.append(Held(id=holder.id, cause=cause, ordinal=ordinal))
    elif holder.event_id == cause.event_id:
        return
    else:
        raise EffectHeldError(f"{key} is held by delivery {holder.id} of event {holder.event_id}")
