"""Accept: the one door by which anything enters, whatever producer brought it.

A group of inputs becomes rows in one commit, in a fixed number of statements: lines are touched in key
order (which locks them), known dedupe keys are read, new events get the positions behind each tail, tails
move. Positions come from the locked line, never from an id sequence: ids become visible out of order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

from pipeline import codes, failpoints, holds, keys
from pipeline.errors import StoreAwayError
from pipeline.events import Event, NewEvent, Reading
from pipeline.failpoints import Point
from pipeline.plan import FollowUp
from pipeline.ports import Checkpoint, EventMove, HeldWake, Hint, Letter, Limits, LineNow, StoredEvent, TailMove, Tx
from pipeline.ports import Store as StorePort
from pipeline.words import (
    BusinessKey,
    EventId,
    EventKind,
    EventState,
    LetterState,
    LineKey,
    ReceiptVerdict,
    Step,
    Urgency,
    WaitReason,
    lane,
    most_urgent,
)

NewId = Callable[[str], str]


@dataclass(frozen=True, kw_only=True)
class Accepted:
    """What became of a group: hints to publish after the commit, and why SQL would not take an input, by index."""

    hints: tuple[Hint, ...] = ()
    stored: int = 0
    failed: Mapping[int, str] = field(default_factory=dict)


def accept(
    readings: Sequence[Reading],
    *,
    store: StorePort,
    new_id: NewId,
    limits: Limits,
    checkpoint: Checkpoint | None = None,
) -> Accepted:
    """Store a group of inputs in one commit; a group that fails is tried one by one.

    checkpoint: a feed's new watermark, saved in the same commit (and not at all when an input failed).
    Raises StoreAwayError when SQL cannot take any of it.
    """
    try:
        accepted = store.run(lambda tx: _accept(tx, readings, new_id=new_id, limits=limits, checkpoint=checkpoint))
    except StoreAwayError:
        raise
    except Exception as error:  # noqa: BLE001 - One input that SQL refuses must not take its group along.
        if len(readings) == 1:
            return Accepted(failed={0: type(error).__name__})
        return _one_by_one(readings, store=store, new_id=new_id, limits=limits)
    failpoints.hit(Point.ACCEPT_AFTER_COMMIT)
    return accepted


def not_storable(reading: Reading, why: str) -> Reading:
    """An input that SQL itself refuses, as it is kept: refused, with its body and the kind of error."""
    return replace(reading, verdict=ReceiptVerdict.REFUSED, reason=f"not_storable ({why})", events=())


def place(
    tx: Tx, events: Iterable[NewEvent], *, new_id: NewId, limits: Limits
) -> tuple[list[StoredEvent], list[Hint]]:
    """Store events at the tails of their lines, in the caller's transaction. Known ones are passed over."""
    fresh = _unique(_replaced(tx, list(events)))
    lines = tx.lines.touch({event.line_key: event.flow for event in fresh})
    known = tx.events.known([(event.dedupe_key, event.flow) for event in fresh])
    fresh = [event for event in fresh if (event.dedupe_key, event.flow) not in known]
    stored = _at_tails(fresh, lines, new_id)
    tx.events.insert([(item.id, item.position, item.event) for item in stored])
    moves = _moves(tx, stored, lines, limits)
    tx.lines.move_tails(moves)
    mended = _overtake(tx, stored, lines)
    return stored, [*_hints(stored, moves, limits.batch_lines), *mended]


def fact(cause: Event, follow_up: FollowUp, *, part: str = "") -> NewEvent:
    """The event of a plan's follow-up; one cause has at most one of a type (and part) on a line."""
    return NewEvent(
        flow=follow_up.flow,
        source="signoff",
        type=follow_up.type,
        kind=EventKind.FACT,
        side=follow_up.side,
        subject=follow_up.subject,
        line_key=follow_up.line_key,
        dedupe_key=keys.follow_up(cause.id, follow_up.line_key, follow_up.type + part),
        time=cause.time,
        data=follow_up.data,
        urgency=follow_up.urgency,
        trace_id=cause.trace_id,
    )


def _accept(
    tx: Tx, readings: Sequence[Reading], *, new_id: NewId, limits: Limits, checkpoint: Checkpoint | None
) -> Accepted:
    events = [event for reading in readings if reading.verdict is ReceiptVerdict.HANDLED for event in reading.events]
    stored, hints = place(tx, events, new_id=new_id, limits=limits) if events else ([], [])
    ids = {(item.event.dedupe_key, item.event.flow): item.id for item in stored}
    receipts = [(reading, _event_of(reading, ids)) for reading in readings]
    tx.ledger.keep_receipts(
        # What was known already is kept already: a replayed body must not fill the disk.
        [(reading, event_id) for reading, event_id in receipts if event_id or not reading.events],
        refused_kept_max=limits.refused_kept_max,
    )
    if checkpoint:
        tx.ledger.save_checkpoint(checkpoint)
    failpoints.hit(Point.ACCEPT_IN_COMMIT)
    return Accepted(hints=tuple(hints), stored=len(stored))


def _one_by_one(readings: Sequence[Reading], *, store: StorePort, new_id: NewId, limits: Limits) -> Accepted:
    parts = [accept([reading], store=store, new_id=new_id, limits=limits) for reading in readings]
    return Accepted(
        hints=tuple(hint for part in parts for hint in part.hints),
        stored=sum(part.stored for part in parts),
        failed={index: part.failed[0] for index, part in enumerate(parts) if part.failed},
    )


def _event_of(reading: Reading, ids: dict[tuple[str, str], EventId]) -> EventId | None:
    return next((ids[key] for event in reading.events if (key := (event.dedupe_key, event.flow)) in ids), None)


def _unique(events: Iterable[NewEvent]) -> list[NewEvent]:
    return list({(event.dedupe_key, event.flow): event for event in events}.values())


def _replaced(tx: Tx, events: list[NewEvent]) -> list[NewEvent]:
    """Events of instances and of items that are another line's go there; the rest stay where they are."""
    return _items_replaced(tx, _instances_replaced(tx, events))


def _items_replaced(tx: Tx, events: list[NewEvent]) -> list[NewEvent]:
    """What Aprimo tells of an object that a link made, or is about, belongs to the link's line."""
    told = [(event.flow, event.subject) for event in events if keys.kind_of(event.subject)]
    homes = tx.links.lines_of_items(list(dict.fromkeys(told)))
    return [_moved(event, homes.get((event.flow, event.subject))) for event in events]


def _moved(event: NewEvent, home: BusinessKey | None) -> NewEvent:
    return event if home is None else replace(event, subject=home, line_key=keys.line_key(event.flow, home))


def _instances_replaced(tx: Tx, events: list[NewEvent]) -> list[NewEvent]:
    """Events of instances that we know go to their item's line; the rest keep the provisional one."""
    wanted = {str(event.data.get("instance_id", "")) for event in events if _is_provisional(event)}
    if not wanted:
        return events
    homes = tx.links.lines_of_instances(sorted(wanted))
    return [_at_home(event, homes) if _is_provisional(event) else event for event in events]


def _is_provisional(event: NewEvent) -> bool:
    return event.subject.startswith("opentext:process:") and bool(event.data.get("instance_id"))


def _at_home(event: NewEvent, homes: dict[str, tuple[str, BusinessKey]]) -> NewEvent:
    home = homes.get(str(event.data["instance_id"]))
    return _moved(event, home[1] if home and home[0] == event.flow else None)


def _at_tails(events: Sequence[NewEvent], lines: dict[LineKey, LineNow], new_id: NewId) -> list[StoredEvent]:
    tails = {key: line.tail for key, line in lines.items()}
    stored = []
    for event in events:
        tails[event.line_key] += 1
        stored.append(
            StoredEvent(
                id=EventId(new_id("ev")), line_key=event.line_key, position=tails[event.line_key], event=event
            )
        )
    return stored


def _moves(tx: Tx, stored: Sequence[StoredEvent], lines: dict[LineKey, LineNow], limits: Limits) -> list[TailMove]:
    of_line: dict[LineKey, list[StoredEvent]] = {}
    for item in stored:
        of_line.setdefault(item.line_key, []).append(item)
    return [_move(tx, lines[key], items, limits) for key, items in of_line.items()]


def _move(tx: Tx, line: LineNow, items: Sequence[StoredEvent], limits: Limits) -> TailMove:
    urgency = Urgency.BULK if line.is_idle else line.urgency
    for item in items:
        urgency = most_urgent(urgency, item.event.urgency)
    first, tail = items[0].event, items[-1].position
    if not line.is_idle:
        return TailMove(key=line.key, tail=tail, urgency=urgency, kick=_is_kick(tx, line, limits))
    return TailMove(
        key=line.key,
        tail=tail,
        urgency=urgency,
        start=True,
        ready_at=tx.now + timedelta(seconds=first.settle_s),
        lane=lane(urgency, first.side),
        vendor=first.side,
    )


def _is_kick(tx: Tx, line: LineNow, limits: Limits) -> bool:
    """A new notice pulls a backoff forward, never a vendor's own wait, and not in a hot loop."""
    if line.wait_reason is not WaitReason.BACKOFF or line.is_leased:
        return False
    return line.kicked_at is None or line.kicked_at <= tx.now - timedelta(seconds=limits.kick_every_s)


def _overtake(tx: Tx, stored: Sequence[StoredEvent], lines: dict[LineKey, LineNow]) -> list[Hint]:
    """A newer look mends a dead event whose cause was mended at its source."""
    looks = {
        item.line_key: item
        for item in reversed(stored)
        if item.event.kind is EventKind.LOOK and _is_held(lines[item.line_key])
    }
    if not looks:
        return []
    letters = tx.letters.open_on(sorted(looks))
    mended = [
        (letter, looks[key])
        for key, letter in letters.items()
        if codes.is_mended_at_source(letter.code) and not tx.letters.has_unknown(letter.event_id)
    ]
    return [hint for letter, item in mended for hint in _goes_on(tx, letter, item, lines[item.line_key])]


def _is_held(line: LineNow) -> bool:
    return not line.is_idle and line.ready_at is None and not line.is_leased


def _goes_on(tx: Tx, letter: Letter, item: StoredEvent, line: LineNow) -> list[Hint]:
    tx.letters.close(letter.id, to=LetterState.OVERTAKEN, by="signoff", note=f"overtaken by {item.id}")
    tx.deliveries.drop_open([letter.event_id])
    tx.events.move(
        [
            EventMove(
                id=letter.event_id,
                before=EventState.DEAD,
                after=EventState.SUPERSEDED,
                reason="overtaken",
                superseded_by=item.id,
            )
        ]
    )
    first = tx.events.next_open([line.key])[line.key]
    goes_to = lane(line.urgency, first.side)
    tx.lines.wake_held(
        [HeldWake(key=line.key, step=Step.TRANSFORM, lane=goes_to, vendor=first.side, head=first.position)]
    )
    freed = tx.holds.give_back([letter.event_id])
    return [Hint(step=Step.TRANSFORM, lane=goes_to, event_ids=(first.id,)), *holds.pass_on(tx, freed)]


def _hints(stored: Sequence[StoredEvent], moves: Sequence[TailMove], batch: int) -> list[Hint]:
    firsts = {item.line_key: item for item in reversed(stored)}
    by_lane: dict[tuple[str, float], list[EventId]] = {}
    for move in moves:
        if move.start:
            item = firsts[move.key]
            by_lane.setdefault((move.lane, item.event.settle_s), []).append(item.id)
    return [
        Hint(step=Step.TRANSFORM, lane=name, event_ids=tuple(ids[start : start + batch]), wait_s=wait_s)
        for (name, wait_s), ids in by_lane.items()
        for start in range(0, len(ids), batch)
    ]
