"""Check results: what a review decided, and what was said, on exactly the file version that it was about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pipeline.commands import AddCheck, Cause
from pipeline.events import Event
from pipeline.flows import facts
from pipeline.flows.shared import follow_ups, matrix, notes, remarks, reviews
from pipeline.flows.shared.case import Case
from pipeline.flows.shared.notes import Remark
from pipeline.flows.shared.values import minute, text
from pipeline.flows.tenant import FlowWords
from pipeline.keys import comment_marker, split_aprimo_key
from pipeline.plan import CommentRow, FollowUp, Link, LinkChanges, Plan, ReviewRow, deliver, ignore
from pipeline.words import Decision, ReviewState, Side

_OUTCOMES: Mapping[Decision, str] = {Decision.APPROVED: "pass", Decision.UNKNOWN: "warning"}
"""Only an approval passes; what nobody understands neither passes nor fails."""
_AGAINST = "fail"
_SAID = "info"


def of_reviews(
    rows: Iterable[ReviewRow], link: Link, checks: Mapping[str, str], words: FlowWords
) -> tuple[AddCheck, ...]:
    """A result per review that was decided since we last looked. checks: a role's key -> its check, by name."""
    before = (row for row in link.reviews if row.state is ReviewState.DECIDED)
    known = {(row.revision, row.stakeholder, row.task_id) for row in before}
    return tuple(
        _result(row, _record_of(link), checks[key], words)
        for row in rows
        for key in [row.stakeholder.partition(":")[0]]
        if row.state is ReviewState.DECIDED and (row.revision, row.stakeholder, row.task_id) not in known
        if key in checks and row.item_version
    )


def said(case: Case, rows: Iterable[ReviewRow], version_id: str, checks: Mapping[str, str]) -> tuple[FollowUp, ...]:
    """A fact for the notes line with what was said in OpenText since; what came with a decision is in its result."""
    in_results = {row.comment.strip() for row in rows if row.stakeholder.partition(":")[0] in checks and row.at}
    new = [
        Remark(origin_id=row.origin_id, author=row.author, text=row.text.strip()).as_json()
        for row in remarks.changed(case.comments, case.link.comments)
        if row.origin is Side.OPENTEXT and row.text.strip() not in in_results
    ]
    if not new or not version_id:
        return ()
    return (
        follow_ups.to_notes(case, facts.SAID, side=Side.APRIMO, data={"remarks": [*new], "file_version": version_id}),
    )


def carry(event: Event, link: Link, check: str) -> Plan:
    """The plan of a record's notes line, both ways. check: the name of the one that comments stand under."""
    if event.type != facts.SAID:
        return notes.carry(event, link)
    known = {row.origin_id: row for row in link.comments if row.origin is Side.OPENTEXT}
    carried = {origin_id for origin_id, row in known.items() if row.target_id}
    new = [each for each in notes.read(event.data) if each.origin_id not in carried]
    if not new:
        return ignore("already_carried")
    version_id = text(event.data.get("file_version"))
    commands = [_comment(each, _record_of(link), version_id, check) for each in new]
    cause = Cause(event_id=event.id, plan_number=event.plan_number)
    rows = tuple(
        CommentRow(
            origin=Side.OPENTEXT,
            origin_id=each.origin_id,
            author=each.author,
            text=each.text,
            at=known[each.origin_id].at if each.origin_id in known else event.time,
            target_id=comment_marker(command.effect_key(cause)),
        )
        for each, command in zip(new, commands, strict=True)
    )
    return deliver(*commands, changes=LinkChanges(comments=rows))


def _record_of(link: Link) -> str:
    """The record's id."""
    return split_aprimo_key(link.item_key)[1]


def _result(row: ReviewRow, record_id: str, check: str, words: FlowWords) -> AddCheck:
    decision = row.decision or Decision.UNKNOWN
    head = [f"{reviews.title_of(row.stakeholder, words)}: {matrix.decision(row, words)}", row.by]
    head += [f"{minute(row.at)} UTC"] if row.at else []
    comment = f". {row.comment.strip()}" if row.comment.strip() else "."
    return AddCheck(
        record_id=record_id,
        file_version_id=row.item_version,
        check=check,
        outcome=_OUTCOMES.get(decision, _AGAINST),
        description=", ".join(cell for cell in head if cell) + comment,
        origin=f"task:{row.task_id}",
    )


def _comment(remark: Remark, record_id: str, version_id: str, check: str) -> AddCheck:
    return AddCheck(
        record_id=record_id,
        file_version_id=version_id,
        check=check,
        outcome=_SAID,
        description=f"{remark.author or 'Somebody'} (OpenText): {remark.text}",
        origin=f"opentext:{remark.origin_id}",
    )
