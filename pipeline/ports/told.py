"""Who told of what, as the completeness certificate reads it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from pipeline.words import EventId, EventState, Side


@dataclass(frozen=True, kw_only=True)
class Told:
    """An event that tells of an object or a process instance. object_id: as the source names it, as text."""

    event_id: EventId
    flow: str
    source: str
    side: Side
    object_id: str
    time: datetime
    accepted_at: datetime
    state: EventState
    reason: str
