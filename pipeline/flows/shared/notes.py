"""The notes line: what a marketer remarks in Aprimo reaches the reviewers as a comment, once.

It has a line of its own, so that a dead remark never blocks a decision or a withdrawal.
"""

from __future__ import annotations

from pipeline.commands import AddComment, Cause
from pipeline.events import Event
from pipeline.flows import facts
from pipeline.flows.shared.case import Case
from pipeline.flows.shared.values import is_empty, same, text
from pipeline.keys import comment_marker, digest, line_key
from pipeline.people import label
from pipeline.plan import Agreed, CommentRow, FollowUp, Link, LinkChanges, Plan, deliver, ignore
from pipeline.words import Side

REMARK = "remark"
EDITOR = "editor"
OWNER = "owner"


def remarked(case: Case) -> tuple[tuple[FollowUp, ...], dict[str, Agreed]]:
    """The follow-up for a remark that is new since we last looked, and what is agreed once it is stored."""
    if case.item is None or REMARK not in case.words.fields or REMARK not in case.item.values:
        return (), {}
    value = case.item.values[REMARK]
    if same(value, case.link.agreed_value(REMARK)):
        return (), {}
    author = _author(case)
    agreed = {REMARK: Agreed(value=value, owner=Side.APRIMO, written_by=author, at=case.now)}
    return (() if is_empty(value) else (_follow_up(case, text(value).strip(), author),)), agreed


def carry(event: Event, link: Link) -> Plan:
    """Carry a remark into the live process."""
    if event.type != facts.COMMENT:
        return ignore("not_ours")
    live = link.live_process()
    if live is None or live.instance_id is None:
        return ignore("no_live_process")
    origin_id, author, said = (text(event.data.get(name)) for name in ("origin_id", "author", "text"))
    if any(row.origin is Side.APRIMO and row.origin_id == origin_id for row in link.comments):
        return ignore("already_carried")
    command = AddComment(
        instance_id=live.instance_id,
        origin=Side.APRIMO,
        origin_id=origin_id,
        text=f"{author or 'Requester'} (Aprimo): {said}",
    )
    effect = command.effect_key(Cause(event_id=event.id, plan_number=event.plan_number))
    row = CommentRow(
        origin=Side.APRIMO,
        origin_id=origin_id,
        author=author or "Requester",
        text=said,
        at=event.time,
        target_id=comment_marker(effect),
    )
    return deliver(command, changes=LinkChanges(comments=(row,)))


def _author(case: Case) -> str:
    """Who remarked: the person the notice names, where the item tells us who that is, else its last editor."""
    people = [case.value(name) for name in (EDITOR, OWNER)]
    by = text(case.event.data.get("by"))
    named = next((each for each in people if isinstance(each, dict) and by and text(each.get("id")) == by), None)
    return label(named) or next((label(each) for each in people if label(each)), "")


def _follow_up(case: Case, said: str, author: str) -> FollowUp:
    version = case.item.version if case.item else ""
    return FollowUp(
        line_key=line_key(case.words.flow, case.link.business_key, is_notes=True),
        subject=case.link.business_key,
        flow=case.words.flow,
        type=facts.COMMENT,
        side=Side.OPENTEXT,
        data={"origin_id": digest([said, version]), "text": said, "author": author},
    )
