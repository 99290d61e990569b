"""Sweep: top the queue up from SQL.

Messages are hints: a wiped queue fills by itself, and a backlog is not published twice over.
Lines whose lease ran out travel alone, so that a poison event harms no neighbour.
"""

from __future__ import annotations

from collections.abc import Sequence

from pipeline import failpoints
from pipeline.failpoints import Point
from pipeline.ports import Due, Hint, Ports
from pipeline.words import EventId, Step


def sweep(ports: Ports) -> int:
    """Publish what is due and not hinted of late, as much as the queue has room for; returns how many lines."""
    room = ports.waker.room(ports.limits.queue_mark)
    if room <= 0:
        return 0
    # A message holds up to a batch of lines, and the mark counts messages.
    limit = room * ports.limits.batch_lines
    due = ports.store.run(lambda tx: tx.lines.due(limit=limit, rehint_after_s=ports.limits.rehint_after_s))
    failpoints.hit(Point.SWEEP_AFTER_COMMIT)
    # All of them: a line that is marked as hinted has its message.
    ports.waker.wake(_hints(due, ports.limits.batch_lines))
    return len(due)


def _hints(due: Sequence[Due], batch: int) -> list[Hint]:
    alone = [Hint(step=line.step, lane=line.lane, event_ids=(line.event_id,)) for line in due if line.is_expired]
    groups: dict[tuple[Step, str], list[EventId]] = {}
    for line in due:
        if not line.is_expired:
            groups.setdefault((line.step, line.lane), []).append(line.event_id)
    together = [
        Hint(step=step, lane=name, event_ids=tuple(ids[start : start + batch]))
        for (step, name), ids in groups.items()
        for start in range(0, len(ids), batch)
    ]
    return [*alone, *together]
