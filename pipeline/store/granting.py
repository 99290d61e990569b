"""Who gets which holds: pure, on the rows as they are locked.

An event gets all that it wants or nothing, and lets go of what it has besides. So nobody who waits stands in the
way of another, and no two can wait for each other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from pipeline.plan import Hold
from pipeline.ports import HoldAnswer, HoldsWanted
from pipeline.words import EventId


@dataclass(frozen=True, kw_only=True)
class Row:
    """A hold as stored: who has it, None when it is free, and since when."""

    event_id: EventId | None
    since: datetime


@dataclass(kw_only=True)
class Grants:
    """What came of asking, and the rows to write. An event that only gives back has no answer."""

    answers: dict[EventId, HoldAnswer] = field(default_factory=dict)
    taken: dict[Hold, HoldsWanted] = field(default_factory=dict)
    freed: dict[Hold, None] = field(default_factory=dict)


def grant(wanted: Sequence[HoldsWanted], stored: Mapping[Hold, Row], now: datetime) -> Grants:
    """Go through what is wanted, first come first served. stored: a row for every hold that is wanted or had."""
    grants, rows = Grants(), dict(stored)
    for want in wanted:
        own = {hold for hold, row in rows.items() if row.event_id == want.event_id}
        is_free = all(rows[hold].event_id in (None, want.event_id) for hold in want.holds)
        wants = set(want.holds) if is_free else set()
        for hold in sorted(own - wants) if not want.keeps_own else ():
            rows[hold] = Row(event_id=None, since=now)
            grants.freed[hold] = None
        if want.holds:
            grants.answers[want.event_id] = _answer(want, rows) if is_free else HoldAnswer.HELD
        for hold in sorted(wants - own):
            rows[hold] = Row(event_id=want.event_id, since=now)
            grants.taken[hold] = want
            grants.freed.pop(hold, None)
    return grants


def _answer(want: HoldsWanted, rows: Mapping[Hold, Row]) -> HoldAnswer:
    """Whether the plan may stand: nobody else can have written since what it rests on was read."""
    is_late = any(rows[hold].event_id is None and rows[hold].since > want.read_at for hold in want.holds)
    return HoldAnswer.READ_AGAIN if is_late else HoldAnswer.TAKEN
