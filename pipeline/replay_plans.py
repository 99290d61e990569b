"""Replay plans: what replaying dead letters would come to, read now and shown before anything is done.

Each letter's event is read and planned as the worker would do it, without a claim; nothing is sent. What is shown is
stored under the hash of its content, and `replay_runs` does exactly that. A plan is whole, or there is none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

from pipeline import preview, rounds, steps
from pipeline.errors import PipelineError
from pipeline.events import Event
from pipeline.keys import digest
from pipeline.plan import Link, deliver
from pipeline.ports import Bounds, Delivery, Letter, Ports, ReplayItem, ReplayPlan, Sent, Tx
from pipeline.preview import Preview
from pipeline.replay_items import Outlook, Words, left_out
from pipeline.replay_waits import Patience
from pipeline.rounds import Inquiry
from pipeline.words import BusinessKey, EffectKey, EventId, EventState, Side

NOT_OPEN = "It is no open dead letter any more."
_HASH_DIGITS = 16


def make(
    letters: Sequence[Letter],
    *,
    is_resume: bool,
    by: str,
    at: datetime,
    words: Words,
    ports: Ports,
    patience: Patience,
) -> ReplayPlan:
    """Read what these letters are about, plan their replay, and keep the plan. at: what the flows take for now.

    Raises the error of a system that stays away: nothing is kept then.
    """
    shown: dict[str, ReplayItem] = {}
    left = list(letters)
    while left:
        some = left[: patience.together(ports.limits)]
        outlooks = _read(some, is_resume=is_resume, at=at, ports=ports)
        _look_up(outlooks, ports)
        shown |= patience.read_of(some, _items(some, outlooks, words, ports), ports.limits)
        left = [letter for letter in left if letter.id not in shown]
        if left and patience.wait_s:
            patience.pause(patience.wait_s)
    items = [shown[letter.id] for letter in letters]
    content = [[item.letter_id, item.resumes, item.digest, dict(item.seen), item.left] for item in items]
    made = ReplayPlan(
        hash=digest([is_resume, content])[:_HASH_DIGITS], is_resume=is_resume, by=by, at=at, items=tuple(items)
    )

    def keep(tx: Tx) -> None:
        tx.replays.save(made)

    ports.store.run(keep)
    return made


def foresee(
    letters: Sequence[Letter], *, is_resume: bool, at: datetime, words: Words, ports: Ports
) -> list[ReplayItem | PipelineError]:
    """What replaying each of these letters would come to, if it was done now; nothing that was tried is looked up.

    An error for each letter that cannot be read now.
    """
    return _items(letters, _read(letters, is_resume=is_resume, at=at, ports=ports), words, ports)


def _read(letters: Sequence[Letter], *, is_resume: bool, at: datetime, ports: Ports) -> list[Outlook]:
    """Those of the letters that are open, with what was read for them now."""
    known = ports.store.run(partial(_load, letters))
    asked = [(letter, inquiry) for letter in letters if (inquiry := _inquiry(letter, known, at)) is not None]
    previews = preview.preview_all([inquiry for _, inquiry in asked], ports)
    outlooks = []
    for (letter, inquiry), found in zip(asked, previews, strict=True):
        left = known.left.get(letter.event_id, ())
        seen = _resumed(found, left, is_resume=is_resume)
        outlooks.append(
            Outlook(
                letter=letter,
                head=inquiry.head,
                left=left,
                closed_sides=known.closed_sides,
                seen=seen,
                is_resume=is_resume,
            )
        )
    _read_targets(outlooks, known, ports)
    return outlooks


def _items(
    letters: Sequence[Letter], outlooks: Sequence[Outlook], words: Words, ports: Ports
) -> list[ReplayItem | PipelineError]:
    done = ports.store.run(partial(_done, [key for outlook in outlooks for key in outlook.effect_keys()]))
    items = {outlook.letter.id: outlook.item(words, done) for outlook in outlooks}
    return [items.get(letter.id) or left_out(letter, NOT_OPEN) for letter in letters]


@dataclass(frozen=True, kw_only=True)
class _Known:
    """What is stored of some letters: their events, links and open deliveries, and who may not be called."""

    heads: Mapping[EventId, Event]
    links: Mapping[tuple[str, BusinessKey], Link]
    left: Mapping[EventId, tuple[Delivery, ...]]
    closed_sides: frozenset[Side]


def _load(letters: Sequence[Letter], tx: Tx) -> _Known:
    firsts = tx.events.next_open([letter.line_key for letter in letters])
    heads = {event.id: event for event in firsts.values() if event.state is EventState.DEAD}
    return _Known(
        heads=heads,
        links=tx.links.of([(each.flow, each.subject) for each in heads.values()]),
        left=tx.deliveries.open_of(list(heads)),
        closed_sides=steps.closed_sides(tx),
    )


def _done(keys: Sequence[EffectKey], tx: Tx) -> frozenset[EffectKey]:
    return frozenset(tx.deliveries.refs(keys))


def _inquiry(letter: Letter, known: _Known, at: datetime) -> Inquiry | None:
    """The dead event as the worker would take it up; None where the letter is not open any more."""
    head = known.heads.get(letter.event_id)
    if head is None:
        return None
    link = known.links.get((head.flow, head.subject)) or Link(id=None, flow=head.flow, business_key=head.subject)
    fresh = replace(head, state=EventState.ACCEPTED, stale_count=0)
    return Inquiry(head=fresh, link=link, closed_sides=known.closed_sides, as_of=at)


def _resumed(found: Preview | PipelineError, left: Sequence[Delivery], *, is_resume: bool) -> Preview | PipelineError:
    """What was read, with what stands planned already in place of a new plan where there is any."""
    if isinstance(found, PipelineError) or not (is_resume and left):
        return found
    return replace(found, plan=deliver(*(delivery.command for delivery in left)))


def _read_targets(outlooks: Sequence[Outlook], known: _Known, ports: Ports) -> None:
    """Read what would be written and was not read by the flow, so that its values now are shown and compared."""
    wanted = list(dict.fromkeys(want for outlook in outlooks for want in outlook.unread()))
    read = rounds.read_all(wanted, known.closed_sides, preview.bounds(ports), ports) if wanted else {}
    for outlook in outlooks:
        outlook.take({want: read[want] for want in outlook.unread()})


def _look_up(outlooks: Sequence[Outlook], ports: Ports) -> None:
    """Ask the vendors whether calls that were tried took effect after all; one that cannot be asked tells nothing."""
    bounds = preview.bounds(ports)
    for outlook in outlooks:
        outlook.found |= {each.effect_key for each in outlook.tried() if _is_there(each, bounds, ports)}


def _is_there(delivery: Delivery, bounds: Bounds, ports: Ports) -> bool:
    vendor = ports.vendors[delivery.command.SIDE]
    try:
        return isinstance(vendor.look_up(delivery.command, delivery.effect_key, bounds), Sent)
    except PipelineError:
        return False
