"""How much work each flow was: its events, and the attempts that they led to."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from sqlalchemy import Connection, func, select

from pipeline.commands import KINDS
from pipeline.store.page import Page
from pipeline.store.tables import attempts, deliveries, events
from pipeline.words import Purpose


@dataclass(frozen=True, kw_only=True)
class Traffic(Page):
    """What a flow came to. events: all that were accepted. sends and lookups: attempts, by side."""

    events: int = 0
    sends: Mapping[str, int] = field(default_factory=dict)
    lookups: Mapping[str, int] = field(default_factory=dict)


def read_traffic(conn: Connection) -> dict[str, Traffic]:
    """Every flow that had an event, by name."""
    counts = conn.execute(select(events.c.flow, func.count()).group_by(events.c.flow)).all()
    sends, lookups = _attempts(conn, Purpose.SEND), _attempts(conn, Purpose.LOOK_UP)
    return {flow: Traffic(events=count, sends=_of(sends, flow), lookups=_of(lookups, flow)) for flow, count in counts}


def _attempts(conn: Connection, purpose: Purpose) -> Counter[tuple[str, str]]:
    joined = attempts.join(deliveries).join(events, events.c.id == deliveries.c.event_id)
    found = (
        select(events.c.flow, deliveries.c.kind, func.count())
        .select_from(joined)
        .where(attempts.c.purpose == purpose)
        .group_by(events.c.flow, deliveries.c.kind)
    )
    counts: Counter[tuple[str, str]] = Counter()
    for flow, kind, count in conn.execute(found):
        counts[flow, KINDS[kind].SIDE] += count
    return counts


def _of(counts: Counter[tuple[str, str]], flow: str) -> dict[str, int]:
    return {side: count for (name, side), count in sorted(counts.items()) if name == flow}
