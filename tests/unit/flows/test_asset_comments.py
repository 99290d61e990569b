"""Flow 2: what is said in either system reaches the other once."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from pipeline.commands import AddCheck, AddComment
from pipeline.flows import facts
from pipeline.plan import CommentRead, CommentRow
from pipeline.words import Side
from tests.support.assets import INSTANCE, NOTES, RECORD, V2, after, event, in_review, plan, process, reviews, task
from tests.support.briefs import NOW, applied

ASKED = CommentRead(
    origin_id="c-1", author="legal.one@example.test", text="Which claim?", at=NOW + timedelta(minutes=5)
)
SAID = event(
    Side.APRIMO,
    facts.SAID,
    line_key=NOTES,
    data={
        "remarks": [{"origin_id": "c-1", "author": "legal.one@example.test", "text": "Which claim?"}],
        "file_version": V2,
    },
)
REMARKED = event(
    Side.OPENTEXT,
    facts.COMMENT,
    line_key=NOTES,
    data={"remarks": [{"origin_id": "annotation:a1", "author": "Owner One", "text": "Darker?"}]},
)


def test_a_comment_in_opentext_is_on_its_way_to_the_version_that_is_reviewed() -> None:
    made = plan(in_review(), process(*reviews(), comments=(ASKED,)))

    (fact,) = made.follow_ups
    assert (fact.line_key, fact.type, fact.side, fact.data) == (NOTES, facts.SAID, Side.APRIMO, SAID.data)


def test_it_becomes_a_result_that_informs() -> None:
    link = after(in_review(), process(*reviews(), comments=(ASKED,)))

    made = plan(link, what=SAID)

    assert made.commands == (
        AddCheck(
            record_id=RECORD,
            file_version_id=V2,
            check="Review comments",
            outcome="info",
            description="legal.one@example.test (OpenText): Which claim?",
            origin="opentext:c-1",
        ),
    )
    (row,) = made.changes.comments
    assert (row.origin, row.origin_id, row.at) == (Side.OPENTEXT, "c-1", ASKED.at)
    assert row.target_id.startswith("[sg-")


def test_it_does_so_once() -> None:
    link = after(in_review(), process(*reviews(), comments=(ASKED,)))
    link = applied(link, plan(link, what=SAID).changes)

    assert plan(link, what=SAID).reason == "already_carried"
    assert plan(link, process(*reviews(), comments=(ASKED,))).follow_ups == ()


def test_a_comment_that_came_with_a_decision_is_told_with_its_result_only() -> None:
    told = task("legal", "approved", comment="Which claim?")
    listed = process(task("compliance"), told, task("product"), comments=(ASKED,))

    made = plan(in_review(), listed)

    assert made.follow_ups == ()
    (check,) = (command for command in made.commands if isinstance(command, AddCheck))
    assert check.description.endswith(". Which claim?")


def test_a_comment_of_ours_is_never_carried_back() -> None:
    ours = replace(ASKED, text="Owner One (Aprimo): Darker? [sg-0123456789]")

    assert plan(in_review(), process(*reviews(), comments=(ours,))).follow_ups == ()


def test_an_annotation_reaches_the_reviewers_as_a_comment_once() -> None:
    made = plan(in_review(), what=REMARKED)

    assert made.commands == (
        AddComment(
            instance_id=INSTANCE, origin="aprimo", origin_id="annotation:a1", text="Owner One (Aprimo): Darker?"
        ),
    )
    link = applied(in_review(), made.changes)
    assert link.comments == (
        CommentRow(
            origin=Side.APRIMO,
            origin_id="annotation:a1",
            author="Owner One",
            text="Darker?",
            at=NOW,
            target_id=link.comments[0].target_id,
        ),
    )
    assert plan(link, what=REMARKED).reason == "already_carried"


def test_what_is_said_after_a_new_version_came_stays_with_the_old_one() -> None:
    late = event(Side.OPENTEXT, facts.LAST_WORDS, data={"instance_id": INSTANCE})
    (row,) = in_review().processes
    link = replace(in_review(), processes=(replace(row, state=row.state.ENDED),))

    made = plan(link, process(*reviews(), comments=(ASKED,)), what=late)

    (fact,) = made.follow_ups
    assert fact.data["file_version"] == V2
