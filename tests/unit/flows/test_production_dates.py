"""Flow 3: due dates are reckoned backwards, move with the wanted date, and may be moved by those who work."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from pipeline.commands import EndProcess, SetVariables, UpdateTask
from pipeline.flows import content_production, facts, production_parts
from pipeline.flows.shared import schedule
from pipeline.plan import Link, Notice, Verdict
from pipeline.words import JsonValue, ReviewState
from tests.support.productions import (
    DUE_VARIABLES,
    DUES,
    INSTANCE,
    ITEM_WANT,
    NOW,
    PROCESS_WANT,
    WANTED,
    done,
    event,
    in_production,
    plan,
    process,
    seen,
    shown,
    task,
    words,
    written,
)

LATER = "2026-03-20T00:00:00Z"
"""A week after it was wanted first: every step has a week more."""
WEEK = timedelta(days=7)
LATER_VARIABLES = {f"{step}Due": f"{due + WEEK:%Y-%m-%dT%H:%M:%SZ}" for step, due in DUES.items()}


def in_design() -> Link:
    """The copy is written, the design is under way."""
    return seen(in_production(), IN_DESIGN)


IN_DESIGN = process(*done("copywriting"), task("design"))


# ---- when all is wanted ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "moment"),
    [
        ("2026-03-13T00:00:00Z", datetime(2026, 3, 13, 16, 0, tzinfo=UTC)),
        ("2026-03-13", datetime(2026, 3, 13, 16, 0, tzinfo=UTC)),
        ("2026-07-10", datetime(2026, 7, 10, 15, 0, tzinfo=UTC)),
        ("2026-03-13T11:30:00Z", datetime(2026, 3, 13, 11, 30, tzinfo=UTC)),
        ("2026-03-13T12:30:00+01:00", datetime(2026, 3, 13, 11, 30, tzinfo=UTC)),
        ("soon", None),
        ("", None),
        (None, None),
    ],
)
def test_a_date_without_a_time_of_day_means_that_days_closing(wanted: JsonValue, moment: datetime | None) -> None:
    calendar = words().terms_of(production_parts.Terms).calendar

    assert schedule.deadline(wanted, calendar) == moment


# ---- the wanted date is changed in Aprimo ------------------------------------------------------------------------


def test_a_changed_wanted_date_moves_the_open_task_and_the_variables_of_coming_steps_and_shows_it() -> None:
    link = in_design()

    made = plan(link, shown(link, wanted=LATER), IN_DESIGN)

    assert made.commands[:-1] == (
        SetVariables(
            instance_id=INSTANCE, variables={"wantedDate": LATER, "languages": ["de", "fr"], **LATER_VARIABLES}
        ),
        UpdateTask(
            task_id="task-design-1",
            fields={"dueDate": "2026-03-13T16:00:00Z"},
            expects={"dueDate": "2026-03-06T16:00:00Z"},
        ),
    )
    assert written(made)["next_due"] == "2026-03-13T16:00:00Z"
    assert str(written(made)["matrix"]).splitlines()[2:4] == [
        "Design · waiting · due 2026-03-13 16:00",
        "Translation de · waiting · due 2026-03-17 16:00",
    ]
    assert made.changes.agreed["wanted"].value == LATER


def test_the_process_is_read_only_where_what_changed_concerns_its_dates() -> None:
    link = in_design()

    def asked(**values: JsonValue) -> bool:
        read = {ITEM_WANT: shown(link, **values)}
        return PROCESS_WANT in content_production.wants(event(), read, link, words())

    assert [asked(), asked(name="Summer page"), asked(wanted=LATER), asked(languages=["de"])] == [
        False,
        False,
        True,
        True,
    ]


def test_every_language_that_is_still_open_gets_the_new_date() -> None:
    tasks = (*done("copywriting", "design"), *(task("translation", part=part) for part in ("de", "fr")))
    link = seen(in_production(), process(*tasks))

    made = plan(link, shown(link, wanted=LATER), process(*tasks))

    moved = [each for each in made.commands if isinstance(each, UpdateTask)]
    assert [each.task_id for each in moved] == ["task-translation-de-1", "task-translation-fr-1"]
    assert {str(each.fields["dueDate"]) for each in moved} == {"2026-03-17T16:00:00Z"}


def test_a_step_that_is_late_no_more_is_not_escalated() -> None:
    link = in_design()
    late = DUES["design"] + timedelta(hours=1)
    overdue = process(*done("copywriting"), task("design"), at=late)

    made = plan(link, shown(link, wanted=LATER, at=late), overdue)

    assert [each.KIND for each in made.commands] == ["ot.set_variables", "ot.update_task", "pm.set_fields"]
    assert written(made).get("late", "no") == "no"


def test_what_a_plan_left_half_done_is_found_by_the_next_look_at_the_process() -> None:
    """The date was agreed with the start; the process was started with the one before it."""
    link = in_production(wanted=LATER)

    made = plan(link, process(task("copywriting")))

    assert [each.KIND for each in made.commands[:2]] == ["ot.set_variables", "ot.update_task"]


def test_a_date_that_is_none_moves_nothing_and_the_requester_is_told() -> None:
    link = in_design()

    made = plan(link, shown(link, wanted="soon", brief="Two pages."), IN_DESIGN)

    assert made.commands == (SetVariables(instance_id=INSTANCE, variables={"contentBrief": "Two pages."}),)
    assert made.changes.notices == (
        Notice(
            code="date_unusable:wanted",
            text="The field wanted is no date that can be reckoned with: 'soon'. Due dates stay as they are.",
            person="requester.one@example.test",
        ),
    )
    assert "wanted" not in made.changes.agreed


def test_nothing_moves_in_a_process_that_is_over() -> None:
    tasks = (*done("copywriting", "design", "translation", "localization"), task("qa", "approved"))
    link = in_design()

    made = plan(link, shown(link, wanted=LATER), process(*tasks, ended=NOW))

    assert [each.KIND for each in made.commands] == ["pm.set_fields"]
    assert written(made)["state"] == "produced"


# ---- a due date is moved in OpenText -----------------------------------------------------------------------------


def test_a_due_date_that_was_moved_in_opentext_is_shown_and_stays() -> None:
    link = in_design()
    moved = process(*done("copywriting"), task("design", due=DUES["design"] + timedelta(days=3)))

    made = plan(link, moved)

    assert [each.KIND for each in made.commands] == ["pm.set_fields"]
    assert written(made)["next_due"] == "2026-03-09T16:00:00Z"


def test_a_coming_step_whose_variable_was_moved_is_shown_as_due_then() -> None:
    link = in_design()

    link = seen(link, process(*done("copywriting"), task("design"), qaDue="2026-03-16T09:00:00Z"))

    assert str(link.agreed_value("matrix")).splitlines()[-1] == "Final QA · waiting · due 2026-03-16 09:00"
    assert plan(link, shown(link)).verdict is Verdict.IGNORE


def test_a_wanted_date_that_changes_later_reckons_anew_what_was_moved_by_hand() -> None:
    by_hand = process(*done("copywriting"), task("design", due=DUES["design"] + timedelta(days=3)))
    link = seen(in_design(), by_hand)

    made = plan(link, shown(link, wanted=LATER), by_hand)

    assert made.commands[1] == UpdateTask(
        task_id="task-design-1",
        fields={"dueDate": "2026-03-13T16:00:00Z"},
        expects={"dueDate": "2026-03-09T16:00:00Z"},
    )


# ---- what else changes midway ------------------------------------------------------------------------------------


def test_a_language_that_is_added_in_time_travels_and_is_waited_for() -> None:
    link = in_design()

    made = plan(link, shown(link, languages=["de", "fr", "it"]), IN_DESIGN)

    assert made.commands[0] == SetVariables(
        instance_id=INSTANCE,
        variables={"languages": ["de", "fr", "it"], "wantedDate": WANTED, **DUE_VARIABLES},
    )
    added = [row.stakeholder for row in made.changes.reviews if row.state is ReviewState.OPEN]
    assert added == ["translation:it", "localization:it"]
    assert "Translation it · waiting" in str(written(made)["matrix"])


def test_a_language_that_is_taken_away_in_time_is_waited_for_no_more() -> None:
    link = in_design()

    made = plan(link, shown(link, languages=["de"]), IN_DESIGN)

    gone = [row.stakeholder for row in made.changes.reviews if row.state is ReviewState.WITHDRAWN]
    assert gone == ["localization:fr", "translation:fr"]
    assert "fr" not in str(written(made)["matrix"])


def test_without_languages_the_steps_before_get_the_time() -> None:
    link = in_design()

    made = plan(link, shown(link, languages=[]), IN_DESIGN)

    assert made.commands[1] == UpdateTask(
        task_id="task-design-1",
        fields={"dueDate": "2026-03-12T16:00:00Z"},
        expects={"dueDate": "2026-03-06T16:00:00Z"},
    )


def test_once_somebody_translates_another_language_needs_a_new_revision() -> None:
    tasks = (*done("copywriting", "design"), *(task("translation", part=part) for part in ("de", "fr")))
    link = seen(in_production(), process(*tasks))

    made = plan(link, shown(link, languages=["de", "fr", "it"]), process(*tasks))

    assert made.commands == (EndProcess(instance_id=INSTANCE, reason="Superseded by a new revision (Signoff)"),)
    assert [each.type for each in made.follow_ups] == [facts.RESTART]
    assert made.changes.agreed["submitted"].value is False


def test_a_field_that_the_tenant_calls_material_needs_a_new_revision() -> None:
    known = words()
    fields = {**known.fields, "brief": replace(known.fields["brief"], is_material=True)}
    strict = replace(known, fields=fields)
    link = in_production(by=strict)

    made = plan(link, shown(link, brief="Something else"), by=strict)

    assert [each.KIND for each in made.commands] == ["ot.end_process"]


def test_a_name_that_changes_just_travels() -> None:
    link = in_design()

    made = plan(link, shown(link, name="Summer page"))

    assert made.commands == (SetVariables(instance_id=INSTANCE, variables={"contentTitle": "Summer page"}),)
