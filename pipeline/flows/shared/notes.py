"""The notes line: what a marketer remarks in Aprimo reaches the reviewers as a comment, once.

It has a line of its own, so that a dead remark never blocks a decision or a withdrawal. Remarks stand in a field that
is typed over, or are objects of their own in Aprimo: annotations of a file, and other people's check results.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from pipeline.commands import AddComment, Cause
from pipeline.events import Event
from pipeline.flows import facts
from pipeline.flows.shared import follow_ups
from pipeline.flows.shared.case import Case
from pipeline.flows.shared.values import is_empty, same, text
from pipeline.keys import comment_marker, digest
from pipeline.people import label
from pipeline.plan import Agreed, CommentRow, FollowUp, Link, LinkChanges, Plan, Snapshot, deliver, ignore
from pipeline.words import JsonValue, Side

REMARK = "remark"
EDITOR = "editor"
OWNER = "owner"


@dataclass(frozen=True, kw_only=True)
class Remark:
    """What somebody said; origin_id is its id where it was said, or a hash where it has none."""

    origin_id: str
    author: str
    text: str

    def as_json(self) -> dict[str, JsonValue]:
        """As it stands in a fact."""
        return {"origin_id": self.origin_id, "author": self.author, "text": self.text}


def remarked(case: Case) -> tuple[tuple[FollowUp, ...], dict[str, Agreed]]:
    """The follow-up for a remark that is new since we last looked, and what is agreed once it is stored."""
    remarks, agreed = typed(case)
    return to_reviewers(case, remarks), agreed


def typed(case: Case) -> tuple[tuple[Remark, ...], dict[str, Agreed]]:
    """What was typed into the remark field since we last looked, and what is agreed once that is on its way."""
    if case.item is None or REMARK not in case.words.fields or REMARK not in case.item.values:
        return (), {}
    value = case.item.values[REMARK]
    if same(value, case.link.agreed_value(REMARK)):
        return (), {}
    author = _author(case)
    agreed = {REMARK: Agreed(value=value, owner=Side.APRIMO, written_by=author, at=case.now)}
    said = text(value).strip()
    remark = Remark(origin_id=digest([said, case.item.version]), author=author, text=said)
    return (() if is_empty(value) else (remark,)), agreed


def attached(snapshot: Snapshot | None, link: Link) -> tuple[Remark, ...]:
    """What people put on an object of Aprimo, such as a file version, and what the reviewers do not know yet."""
    carried = {row.origin_id for row in link.comments if row.origin is Side.APRIMO}
    return tuple(
        Remark(origin_id=each.origin_id, author=each.author, text=each.text.strip())
        for each in (snapshot.comments if snapshot else ())
        if each.origin_id not in carried
    )


def to_reviewers(case: Case, remarks: Sequence[Remark]) -> tuple[FollowUp, ...]:
    """One fact for the notes line with all remarks of a look; none where there are none."""
    if not remarks:
        return ()
    data: dict[str, JsonValue] = {"remarks": [each.as_json() for each in remarks]}
    return (follow_ups.to_notes(case, facts.COMMENT, side=Side.OPENTEXT, data=data),)


def read(data: Mapping[str, JsonValue]) -> tuple[Remark, ...]:
    """The remarks that a fact holds."""
    given = data.get("remarks")
    return tuple(
        Remark(origin_id=text(each.get("origin_id")), author=text(each.get("author")), text=text(each.get("text")))
        for each in (given if isinstance(given, list) else [])
        if isinstance(each, dict)
    )


def carry(event: Event, link: Link) -> Plan:
    """Carry remarks into the live process."""
    if event.type != facts.COMMENT:
        return ignore("not_ours")
    live = link.live_process()
    if live is None or live.instance_id is None:
        return ignore("no_live_process")
    carried = {row.origin_id for row in link.comments if row.origin is Side.APRIMO}
    remarks = [each for each in read(event.data) if each.origin_id not in carried]
    if not remarks:
        return ignore("already_carried")
    commands = [_comment(each, live.instance_id) for each in remarks]
    rows = _rows(event, remarks, commands)
    return deliver(*commands, changes=LinkChanges(comments=rows))


def _comment(remark: Remark, instance_id: str) -> AddComment:
    return AddComment(
        instance_id=instance_id,
        origin=Side.APRIMO,
        origin_id=remark.origin_id,
        text=f"{remark.author or 'Requester'} (Aprimo): {remark.text}",
    )


def _rows(event: Event, remarks: Iterable[Remark], commands: Iterable[AddComment]) -> tuple[CommentRow, ...]:
    cause = Cause(event_id=event.id, plan_number=event.plan_number)
    return tuple(
        CommentRow(
            origin=Side.APRIMO,
            origin_id=remark.origin_id,
            author=remark.author or "Requester",
            text=remark.text,
            at=event.time,
            target_id=comment_marker(command.effect_key(cause)),
        )
        for remark, command in zip(remarks, commands, strict=True)
    )


def _author(case: Case) -> str:
    """Who remarked: the person the notice names, where the item tells us who that is, else its last editor."""
    people = [case.value(name) for name in (EDITOR, OWNER)]
    by = text(case.event.data.get("by"))
    named = next((each for each in people if isinstance(each, dict) and by and text(each.get("id")) == by), None)
    return label(named) or next((label(each) for each in people if label(each)), "")
