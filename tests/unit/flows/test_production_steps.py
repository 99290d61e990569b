"""Flow 3: steps come in one after the other, and Aprimo shows how far the work is and whose turn it is."""

from __future__ import annotations

from datetime import timedelta

import pytest

from pipeline.commands import SendMessage, SetFields, StartProcess
from pipeline.flows import facts
from pipeline.plan import Notice, TaskRead, Verdict, Wake
from pipeline.words import Side
from tests.support.briefs import applied, lines
from tests.support.productions import (
    DUE_VARIABLES,
    DUES,
    INSTANCE,
    KEY,
    NOW,
    WANTED,
    done,
    event,
    in_production,
    no_link,
    plan,
    process,
    request,
    seen,
    task,
    words,
    written,
)

PROGRESS = ("percent", "step", "step_owner", "next_due", "late")


def progress(*tasks: TaskRead) -> tuple[object, ...]:
    """What is agreed on after a look at a process with these tasks."""
    link = seen(in_production(), process(*tasks))
    return tuple(link.agreed_value(name) for name in PROGRESS)


def test_a_submitted_request_starts_its_process_with_every_due_date_and_then_says_so() -> None:
    start, write = plan(no_link(), request()).commands

    assert isinstance(start, StartProcess)
    assert start.variables == {
        "signoffEffect": f"start:content_production:{KEY}:1",
        "signoffItem": KEY,
        "signoffRevision": 1,
        "signoffCallback": "",
        "signoffToken": "",
        "aprimoLink": "https://sandbox.aprimo.example.test/#/content-requests/71",
        "contentTitle": "Spring page",
        "contentBrief": "A page for the offer.",
        "wantedDate": WANTED,
        "languages": ["de", "fr"],
        "requester": "requester.one@example.test",
        "producedAssets": [],
        "copywritingGroup": "Copywriters",
        "designGroup": "Designers",
        "translationPrefix": "Translators ",
        "localizationPrefix": "Localizers ",
        "qaGroup": "Quality assurance",
        "copywritingLeads": "Copy leads",
        "designLeads": "Design leads",
        "translationLeads": "Translation leads",
        "localizationLeads": "Localization leads",
        "qaLeads": "QA leads",
        **DUE_VARIABLES,
    }
    assert isinstance(write, SetFields)
    assert (write.object_kind, write.object_id) == ("generic_object_charlie", 71)
    assert written(plan(no_link(), request())) == {
        "case": KEY,
        "matrix": lines(
            "Revision 1 · in production · times in UTC",
            "Copywriting · waiting · due 2026-03-03 16:00",
            "Design · waiting · due 2026-03-06 16:00",
            "Translation de · waiting · due 2026-03-10 16:00",
            "Translation fr · waiting · due 2026-03-10 16:00",
            "Localization de · waiting · due 2026-03-12 16:00",
            "Localization fr · waiting · due 2026-03-12 16:00",
            "Final QA · waiting · due 2026-03-13 16:00",
        ),
        "percent": 0,
        "step": "Copywriting",
        "step_owner": "Copywriters",
        "next_due": "2026-03-03T16:00:00Z",
        "late": "no",
        "message": "In production, revision 1",
    }


def test_a_draft_starts_nothing() -> None:
    made = plan(no_link(), request("draft"))

    assert (made.verdict, made.reason, made.commands) == (Verdict.IGNORE, "not_submitted", ())


def test_everything_that_is_missing_is_told_at_once() -> None:
    made = plan(no_link(), request(name="", wanted="", owner=None))

    assert (made.verdict, made.reason, made.hint) == (
        Verdict.REFUSE,
        "values_missing",
        "Fill in: name, wanted, owner.",
    )


@pytest.mark.parametrize("wanted", ["soon", "0001-01-02T00:00:00Z"])
def test_a_wanted_date_that_nobody_can_reckon_with_starts_nothing(wanted: str) -> None:
    made = plan(no_link(), request(wanted=wanted))

    assert (made.verdict, made.reason, made.hint) == (
        Verdict.REFUSE,
        "value_malformed",
        "Not of its type: wanted.",
    )


@pytest.mark.parametrize(
    ("tasks", "told"),
    [
        ((task("copywriting"),), (0, "Copywriting", "Copywriters", "2026-03-03T16:00:00Z", "no")),
        (
            (task("copywriting", by="ann@example.test"),),
            (0, "Copywriting", "ann@example.test", "2026-03-03T16:00:00Z", "no"),
        ),
        ((*done("copywriting"), task("design")), (20, "Design", "Designers", "2026-03-06T16:00:00Z", "no")),
        (
            (*done("copywriting", "design"), task("translation", part="de"), task("translation", "done", part="fr")),
            (60, "Translation de", "Translators de", "2026-03-10T16:00:00Z", "no"),
        ),
        (
            (
                *done("copywriting", "design", "translation"),
                task("localization", part="de", due=DUES["qa"]),
                task("localization", part="fr", by="fay@example.test"),
            ),
            (70, "Localization de, fr", "Localizers de; fay@example.test", "2026-03-12T16:00:00Z", "no"),
        ),
        (
            (*done("copywriting", "design", "translation", "localization"), task("qa", due=NOW)),
            (90, "Final QA", "Quality assurance", "2026-03-02T09:00:00Z", "yes"),
        ),
    ],
)
def test_the_step_whose_task_is_open_says_how_far_the_work_is(
    tasks: tuple[TaskRead, ...], told: tuple[object, ...]
) -> None:
    assert progress(*tasks) == told


def test_without_languages_their_steps_take_no_time_and_count_for_nothing() -> None:
    link = in_production(languages=[])

    link = seen(link, process(*done("copywriting"), task("design"), languages=[]))

    assert (link.agreed_value("percent"), link.agreed_value("next_due")) == (33, "2026-03-06T16:00:00Z")
    assert [row.stakeholder for row in link.reviews] == ["copywriting", "design", "qa"]
    assert next(row.due_at for row in link.reviews if row.stakeholder == "qa") == DUES["qa"]


def test_work_that_is_sent_back_counts_as_not_done_and_says_why() -> None:
    first = done("copywriting", "design", "translation", "localization")
    back = task("qa", "to_design", opened=NOW + timedelta(hours=5))
    again = task("design", turn=2, opened=NOW + timedelta(hours=6))

    link = seen(in_production(), process(*first, back, again))

    assert (link.agreed_value("percent"), link.agreed_value("step")) == (20, "Design")
    assert link.agreed_value("matrix") == lines(
        "Revision 1 · in production · times in UTC",
        "Copywriting · done · copywriting.one@example.test · 2026-03-02 10:00",
        "Design · waiting · due 2026-03-06 16:00",
        "Translation de · waiting · due 2026-03-10 16:00",
        "Translation fr · waiting · due 2026-03-10 16:00",
        "Localization de · waiting · due 2026-03-12 16:00",
        "Localization fr · waiting · due 2026-03-12 16:00",
        "Final QA · back to design · qa.one@example.test · 2026-03-02 15:00",
    )


def test_what_sent_the_work_back_waits_again_once_the_next_step_is_done() -> None:
    first = done("copywriting", "design", "translation", "localization")
    back = task("qa", "to_design", opened=NOW + timedelta(hours=5))
    again = done("design", turn=2, since=NOW + timedelta(hours=6))
    open_ = [task("translation", part=each, turn=2, opened=NOW + timedelta(hours=7)) for each in ("de", "fr")]

    link = seen(in_production(), process(*first, back, *again, *open_))

    assert link.agreed_value("percent") == 50
    assert str(link.agreed_value("matrix")).splitlines()[-1] == "Final QA · waiting · due 2026-03-13 16:00"


def test_between_two_steps_nothing_is_said_of_how_far_the_work_is() -> None:
    link = seen(in_production(), process(task("copywriting")))

    made = plan(link, process(*done("copywriting")))

    assert set(written(made)) == {"matrix"}


def test_a_look_at_the_request_alone_says_the_same_as_one_at_the_process() -> None:
    first = done("copywriting", "design", "translation", "localization")
    back = task("qa", "to_design", opened=NOW + timedelta(hours=5))
    link = seen(in_production(), process(*first, back, task("design", turn=2, opened=NOW + timedelta(hours=6))))

    made = plan(link, request(**{name: known.value for name, known in link.agreed.items() if name in words().fields}))

    assert (made.verdict, made.reason) == (Verdict.IGNORE, "unchanged")


def test_an_answer_that_the_file_does_not_name_is_shown_as_unknown_and_told() -> None:
    made = plan(in_production(), process(task("copywriting", "half done"), task("design")))

    assert 'Copywriting · unknown ("half done")' in str(written(made)["matrix"])
    assert made.changes.notices == (
        Notice(
            code="unknown_outcome:copywriting",
            text="Copywriting answered 'half done', which the flow's file does not name.",
        ),
    )


# ---- late --------------------------------------------------------------------------------------------------------


def test_the_timetable_looks_again_when_a_step_becomes_late() -> None:
    link = seen(in_production(), process(task("copywriting")))

    assert link.wake_at == DUES["copywriting"] + timedelta(seconds=1)


def test_a_late_step_is_flagged_and_its_lead_told_in_the_same_plan() -> None:
    link = seen(in_production(), process(task("copywriting")))
    late = DUES["copywriting"] + timedelta(seconds=1)

    made = plan(link, process(task("copywriting"), at=late), what=event(Side.OPENTEXT, facts.DUE))

    assert made.commands[0] == SendMessage(
        instance_id=INSTANCE,
        activity_id="escalate_copywriting",
        message="escalate",
        marker="signoffEscalated_task-copywriting-1",
        variables={},
    )
    assert written(made)["late"] == "yes"
    assert "overdue, escalated to Copy leads" in str(written(made)["matrix"])


def test_the_lead_of_a_late_translation_hears_which_language() -> None:
    tasks = (*done("copywriting", "design"), task("translation", "done", part="de"), task("translation", part="fr"))
    late = DUES["translation"] + timedelta(seconds=1)
    link = seen(in_production(), process(*tasks))

    made = plan(link, process(*tasks, at=late))

    (message,) = (each for each in made.commands if isinstance(each, SendMessage))
    assert message.variables == {"escalatedLanguage": "fr"}


def test_after_that_it_looks_again_when_all_should_be_done() -> None:
    late = DUES["copywriting"] + timedelta(seconds=1)
    link = seen(in_production(), process(task("copywriting"), at=late))

    assert link.wake_at == DUES["qa"] + timedelta(seconds=1)
    again = plan(
        link,
        process(task("copywriting"), at=late + timedelta(hours=1), **{"signoffEscalated_task-copywriting-1": "x"}),
    )
    assert again.commands == ()


def test_a_step_with_more_time_than_all_of_it_has_is_late_when_the_wanted_date_has_passed() -> None:
    much_later = DUES["qa"] + timedelta(days=9)
    link = seen(in_production(), process(task("copywriting", due=much_later)))
    assert link.wake_at == DUES["qa"] + timedelta(seconds=1)

    link = seen(link, process(task("copywriting", due=much_later), at=DUES["qa"]))

    assert link.agreed_value("late") == "yes"


def test_a_late_step_that_gets_more_time_is_not_late_and_looked_at_when_that_is_over() -> None:
    late = DUES["copywriting"] + timedelta(seconds=1)
    link = seen(in_production(), process(task("copywriting"), at=late))
    more = DUES["design"]

    link = seen(link, process(task("copywriting", due=more), at=late + timedelta(hours=1)))

    assert (link.agreed_value("late"), link.agreed_value("next_due")) == ("no", "2026-03-06T16:00:00Z")
    assert (link.wake_at, link.wake_reason) == (more + timedelta(seconds=1), "review_due")


def test_what_cannot_be_done_in_time_is_late_from_the_start_and_looked_at_at_once() -> None:
    made = plan(no_link(), request(wanted="2026-03-04T00:00:00Z"))

    assert written(made)["late"] == "yes"
    assert made.changes.wake is not None
    assert made.changes.wake.at is not None
    assert made.changes.wake.at < NOW


def test_nothing_wakes_a_production_that_is_over() -> None:
    tasks = (*done("copywriting", "design", "translation", "localization"), task("qa", "approved"))
    link = seen(in_production(), process(task("copywriting")))

    made = plan(link, process(*tasks, ended=NOW))

    assert made.changes.wake == Wake(at=None)
    assert applied(link, made.changes).live_process() is None
