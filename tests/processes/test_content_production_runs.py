"""What the production of content does, run from the very file that is deployed."""

import pytest

from sandbox.opentext.juel import evaluate
from tests.support.machine_host import ROOT, RunningProcess
from tests.support.model_docs import start_variables
from tests.support.model_walk import answer, begin, overdue


def begun(**changes: object) -> RunningProcess:
    return begin("contentProduction", start_variables("contentProduction", **changes))


def at_qa(**changes: object) -> RunningProcess:
    run = begun(**changes)
    while run.open_tasks() != ["qa"]:
        answer(run, run.open_tasks()[0], "done")
    return run


def test_copy_comes_before_design_and_design_before_the_languages() -> None:
    run = begun()
    seen = [run.open_tasks()]
    for step in ("copywriting", "design"):
        answer(run, step, "done")
        seen.append(run.open_tasks())

    assert seen == [["copywriting"], ["design"], ["translation", "translation"]]


def test_all_languages_are_translated_and_then_localized_side_by_side() -> None:
    run = begun()
    for step in ("copywriting", "design", "translation"):
        answer(run, step, "done")
    assert run.open_tasks() == ["translation"]

    answer(run, "translation", "done")

    assert run.open_tasks() == ["localization", "localization"]
    groups = [
        evaluate(each.element.attributes["candidateGroups"], run.machine.scope_at(each))
        for each in run.machine.positions()
        if each.is_task
    ]
    assert groups == ["localization groupde", "localization groupfr"]


def test_without_languages_qa_follows_the_design() -> None:
    run = begun(languages=[])
    answer(run, "copywriting", "done")

    answer(run, "design", "done")

    assert run.open_tasks() == ["qa"]


@pytest.mark.parametrize(("outcome", "step"), [("to_design", "design"), ("to_copy", "copywriting"), ("fine", "qa")])
def test_qa_may_send_back_and_an_odd_answer_asks_it_again(outcome: str, step: str) -> None:
    run = at_qa()

    answer(run, "qa", outcome)

    assert run.open_tasks() == [step]


def test_what_comes_after_a_step_that_was_sent_back_is_done_again() -> None:
    run = at_qa()
    answer(run, "qa", "to_design")

    answer(run, "design", "done")

    assert run.open_tasks() == ["translation", "translation"]


def test_only_an_approval_by_qa_ends_the_production() -> None:
    run = at_qa()

    answer(run, "qa", "approved", producedAssets=["8f2c"])

    assert run.passed()[-1] == "produced"


def test_a_coming_step_takes_the_due_date_that_its_variable_has_when_it_begins() -> None:
    run = begun()
    run.values[ROOT]["designDue"] = "2026-02-20T17:00:00Z"

    answer(run, "copywriting", "done")

    (design,) = (each for each in run.machine.positions() if each.is_task)
    assert evaluate(design.element.attributes["dueDate"], run.machine.scope_at(design)) == "2026-02-20T17:00:00Z"


def test_a_late_step_stays_open_beside_its_leads_task() -> None:
    run = begun()

    overdue(run, "copywriting")

    assert sorted(run.open_tasks()) == ["copywriting", "copywriting_lead"]
    answer(run, "copywriting", "done")
    assert run.open_tasks() == ["design"]
