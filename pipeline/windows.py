"""Windows of feeds, and the commits in which their pages are accepted.

A window is `[watermark - overlap, now - lag)`. Its pages are accepted one commit each; the watermark moves in the
commit of the last page, so a poll that dies half-way reads the window again, and known keys make that harmless.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from pipeline import intake
from pipeline.events import NewEvent, Raw, Reading
from pipeline.ports import Bounds, Checkpoint, Errand, Ports
from pipeline.words import CallPurpose, ReceiptVerdict, Urgency

LAG_S = 5.0
"""A source may still be writing rows of the last seconds."""
FIRST_LOOK_BACK_S = 86_400.0
"""Where a feed begins that was never read."""


@dataclass(frozen=True, kw_only=True)
class Polled:
    """What a poll did: rows read and events stored."""

    rows: int = 0
    stored: int = 0


@dataclass(frozen=True, kw_only=True)
class Window:
    """What is read now: [since, until) of a feed; watermark is where it stands."""

    feed: str
    watermark: datetime
    since: datetime
    until: datetime

    def done(self) -> Checkpoint:
        """The checkpoint once the whole window is accepted."""
        return Checkpoint(feed=self.feed, watermark=self.until)

    def halved(self) -> Checkpoint:
        """The checkpoint that makes the next window end half-way, but not before the watermark has moved on."""
        ends = self.watermark + (self.until - self.watermark) / 2
        is_worth_it = ends - self.watermark > timedelta(seconds=LAG_S)
        return Checkpoint(feed=self.feed, watermark=self.watermark, window_until=ends if is_worth_it else None)


def window_of(feed: str, overlap_s: float, ports: Ports) -> Window:
    """What is to be read of a feed now."""
    now, checkpoint = ports.store.run(lambda tx: (tx.now, tx.ledger.checkpoint(feed)))
    until = now - timedelta(seconds=LAG_S)
    if checkpoint is None:
        first = until - timedelta(seconds=FIRST_LOOK_BACK_S)
        return Window(feed=feed, watermark=first, since=first, until=until)
    # A clock that was set back must not turn a window round.
    until = max(checkpoint.window_until or until, checkpoint.watermark)
    since = checkpoint.watermark - timedelta(seconds=overlap_s)
    return Window(feed=feed, watermark=checkpoint.watermark, since=since, until=until)


def bounds_of(ports: Ports) -> Bounds:
    """How long the calls of one poll may take: as long as those of a step."""
    began = ports.monotonic()
    return Bounds(
        no_call_after=began + ports.limits.no_new_call_after_s,
        lease_until=began + ports.limits.lease_s,
        urgency=Urgency.STANDARD,
        errand=Errand(purpose=CallPurpose.POLL),
    )


def reading_of(source: str, row: Mapping[str, object], events: tuple[NewEvent, ...], at: datetime) -> Reading:
    """A row of a list as accept takes it; at: the row's own time."""
    body = json.dumps(row, default=str, sort_keys=True).encode()
    return Reading(
        raw=Raw(source=source, headers={}, body=body, received_at=at),
        verdict=ReceiptVerdict.HANDLED if events else ReceiptVerdict.IGNORED,
        reason="" if events else "not_ours",
        events=events,
    )


def accept_page(readings: Sequence[Reading], done: Checkpoint | None, ports: Ports) -> Polled:
    """Accept one page in one commit; the checkpoint, if any, goes with it.

    A row that SQL itself refuses is kept as refused, so that it neither vanishes nor stops its feed.
    """
    ours = [reading for reading in readings if reading.events]
    stored = 0
    if ours or done:
        accepted = intake.accept(
            ours, store=ports.store, new_id=ports.new_id, limits=ports.limits, checkpoint=None if ours else done
        )
        ports.waker.wake(accepted.hints)
        stored = accepted.stored
        refused = [intake.not_storable(ours[index], why) for index, why in accepted.failed.items()]
        if refused:
            intake.accept(refused, store=ports.store, new_id=ports.new_id, limits=ports.limits)
    return Polled(rows=len(readings), stored=stored)


def added(one: Polled, other: Polled) -> Polled:
    """Both together."""
    return Polled(rows=one.rows + other.rows, stored=one.stored + other.stored)
