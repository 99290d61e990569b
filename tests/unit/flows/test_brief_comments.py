"""Flow 1: comments travel both ways, once each."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from pipeline.commands import AddComment, SetFields
from pipeline.flows import campaign_brief, facts
from pipeline.flows.shared import notes
from pipeline.keys import digest, line_key
from pipeline.plan import CommentRead, CommentRow, FollowUp, Plan, Verdict
from pipeline.words import Side
from tests.support.briefs import (
    FLOW,
    INSTANCE,
    KEY,
    NOW,
    OWNER,
    all_tasks,
    applied,
    brief,
    event,
    in_approval,
    no_link,
    plan,
    process,
    reviewed,
    shown,
    task,
    words,
)

NOTES = line_key(FLOW, KEY, is_notes=True)
SAID = CommentRead(
    origin_id="c-1", author="legal.one@example.test", text="Which music?", at=NOW + timedelta(minutes=5)
)
REMARK = event(
    Side.OPENTEXT,
    facts.COMMENT,
    line_key=NOTES,
    data={"remarks": [{"origin_id": "r-1", "text": "Please hurry", "author": "requester.one@example.test"}]},
)


def authors(made: Plan) -> list[str]:
    return [remark.author for follow_up in made.follow_ups for remark in notes.read(follow_up.data)]


def test_a_reviewers_comment_appears_in_aprimo() -> None:
    made = plan(in_approval(), process(*all_tasks(), comments=(SAID,)))

    (write,) = made.commands
    assert isinstance(write, SetFields)
    assert write.fields == {"extrAttr309": "2026-01-12 09:05 · legal.one@example.test (OpenText): Which music?"}
    assert made.changes.comments == (
        CommentRow(
            origin=Side.OPENTEXT,
            origin_id="c-1",
            author="legal.one@example.test",
            text="Which music?",
            at=NOW + timedelta(minutes=5),
        ),
    )


def test_comments_are_shown_whole_newest_first() -> None:
    later = replace(SAID, origin_id="c-2", text="Found it", at=NOW + timedelta(minutes=9))
    link = reviewed(in_approval(), process(*all_tasks(), comments=(SAID,)))

    made = plan(link, process(*all_tasks(), comments=(SAID, later)))

    (write,) = made.commands
    assert isinstance(write, SetFields)
    assert str(write.fields["extrAttr309"]).splitlines() == [
        "2026-01-12 09:09 · legal.one@example.test (OpenText): Found it",
        "2026-01-12 09:05 · legal.one@example.test (OpenText): Which music?",
    ]


def test_a_comment_appears_once() -> None:
    commented = process(*all_tasks(), comments=(SAID,))
    link = reviewed(in_approval(), commented)

    assert plan(link, commented).commands == ()


def test_a_comment_we_carried_is_never_carried_back() -> None:
    ours = replace(SAID, text="requester.one@example.test (Aprimo): Please hurry [sg-0123456789]")

    made = plan(in_approval(), process(*all_tasks(), comments=(ours,)))

    assert (made.commands, made.changes.comments) == ((), ())


def test_a_task_comment_that_the_process_lists_too_appears_once() -> None:
    decided = task("brand", "approved", comment="Fine")
    twice = CommentRead(origin_id="c-9", author="brand.one@example.test", text="Fine", at=NOW)

    made = plan(in_approval(), process(decided, *all_tasks()[1:], comments=(twice,)))

    assert [row.origin_id for row in made.changes.comments] == ["c-9"]


def test_a_task_comment_that_changes_is_shown_as_it_is_now() -> None:
    link = reviewed(in_approval(), process(task("brand", comment="Hm", by="b@x.test"), *all_tasks()[1:]))

    made = plan(link, process(task("brand", comment="Hm, no", by="b@x.test"), *all_tasks()[1:]))

    (write,) = made.commands
    assert isinstance(write, SetFields)
    assert write.fields["extrAttr309"] == "2026-01-12 09:00 · b@x.test (OpenText): Hm, no"


def test_a_remark_becomes_a_fact_on_the_notes_line() -> None:
    link = in_approval()

    made = plan(link, shown(link, remark=" Please hurry ", at=NOW))

    assert (made.verdict, made.commands) == (Verdict.IGNORE, ())
    assert made.follow_ups == (
        FollowUp(
            line_key=NOTES,
            subject=KEY,
            flow=FLOW,
            type=facts.COMMENT,
            side=Side.OPENTEXT,
            data={
                "remarks": [
                    {
                        "origin_id": digest(["Please hurry", NOW.isoformat()]),
                        "text": "Please hurry",
                        "author": "requester.one@example.test",
                    }
                ]
            },
        ),
    )
    assert made.changes.agreed["remark"].value == " Please hurry "


def test_a_remark_is_told_once() -> None:
    link = in_approval()
    link = applied(link, plan(link, shown(link, remark="Please hurry")).changes)

    made = plan(link, shown(link, remark="Please hurry"))

    assert (made.reason, made.follow_ups) == ("unchanged", ())


def test_a_remark_that_was_cleared_and_typed_again_is_a_new_one() -> None:
    link = in_approval()
    for said in ("Please hurry", ""):
        link = applied(link, plan(link, shown(link, remark=said)).changes)

    made = plan(link, shown(link, remark="Please hurry"))

    assert len(made.follow_ups) == 1


def test_a_remark_typed_with_the_submission_travels_with_it() -> None:
    made = plan(no_link(), brief(remark="Second try"))

    assert [remark.text for each in made.follow_ups for remark in notes.read(each.data)] == ["Second try"]


def test_a_remark_on_a_draft_waits_for_the_submission() -> None:
    made = plan(no_link(), brief("draft", remark="Second try"))

    assert (made.follow_ups, made.changes.agreed.get("remark")) == ((), None)


def test_the_author_of_a_remark_is_whom_the_notice_names() -> None:
    link = in_approval()
    editor = {"id": 91, "email": "signoff.integration@example.test", "name": "Signoff"}

    made = plan(link, shown(link, remark="Hello", editor=editor), what=event(data={"by": 88}))

    assert authors(made) == [OWNER["email"]]


def test_the_author_of_a_remark_is_else_the_last_editor() -> None:
    link = in_approval()
    editor = {"id": 89, "email": "requester.two@example.test", "name": "Requester Two"}

    made = plan(link, shown(link, remark="Hello", editor=editor))

    assert authors(made) == ["requester.two@example.test"]


def test_a_remark_reaches_the_live_process_as_a_comment() -> None:
    made = plan(in_approval(), what=REMARK)

    assert made.commands == (
        AddComment(
            instance_id=INSTANCE,
            origin="aprimo",
            origin_id="r-1",
            text="requester.one@example.test (Aprimo): Please hurry",
        ),
    )
    assert made.changes.comments == (
        CommentRow(
            origin=Side.APRIMO,
            origin_id="r-1",
            author="requester.one@example.test",
            text="Please hurry",
            at=NOW,
            target_id="[sg-5564bbc79d]",
        ),
    )


def test_a_remark_reaches_the_reviewers_once() -> None:
    link = applied(in_approval(), plan(in_approval(), what=REMARK).changes)

    made = plan(link, what=REMARK)

    assert (made.reason, made.commands) == ("already_carried", ())


def test_several_remarks_of_one_look_travel_together_and_each_once() -> None:
    link = applied(in_approval(), plan(in_approval(), what=REMARK).changes)
    both = [{"origin_id": name, "text": f"Said {name}", "author": ""} for name in ("r-1", "r-2", "r-3")]

    made = plan(link, what=replace(REMARK, data={"remarks": both}))

    assert [command.text for command in made.commands if isinstance(command, AddComment)] == [
        "Requester (Aprimo): Said r-2",
        "Requester (Aprimo): Said r-3",
    ]
    assert [row.origin_id for row in made.changes.comments] == ["r-2", "r-3"]


def test_a_remark_without_a_live_process_goes_nowhere() -> None:
    made = plan(no_link(), what=REMARK)

    assert (made.verdict, made.reason) == (Verdict.IGNORE, "no_live_process")


def test_a_carried_remark_is_shown_among_the_comments() -> None:
    link = applied(in_approval(), plan(in_approval(), what=REMARK).changes)

    made = plan(link, process(*all_tasks()))

    (write,) = made.commands
    assert isinstance(write, SetFields)
    assert write.fields == {"extrAttr309": "2026-01-12 09:00 · requester.one@example.test (Aprimo): Please hurry"}


def test_the_notes_line_knows_nothing_but_remarks() -> None:
    strange = replace(REMARK, type="opentext.workflow.task.completed")

    assert campaign_brief.plan(strange, {}, in_approval(), words()).reason == "not_ours"


def test_a_tenant_without_a_remark_field_carries_none() -> None:
    without = words(fields={name: word for name, word in words().fields.items() if name != "remark"})
    link = in_approval(by=without)

    assert plan(link, shown(link, remark="Hello"), by=without).follow_ups == ()
