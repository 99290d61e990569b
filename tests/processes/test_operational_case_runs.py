"""What an operational case does, run from the very file that is deployed."""

import pytest

from sandbox.opentext.juel import evaluate
from tests.support.machine_host import RunningProcess
from tests.support.model_docs import start_variables
from tests.support.model_walk import answer, begin


def begun(**changes: object) -> RunningProcess:
    return begin("operationalCase", start_variables("operationalCase", **changes))


def at_confirmation() -> RunningProcess:
    run = begun(responsible="legal")
    answer(run, "legal", "done")
    answer(run, "resolution", "resolved", resolutionNote="A new image is there.")
    return run


def test_the_groups_that_are_responsible_for_the_kind_are_asked_side_by_side() -> None:
    assert begun(responsible="marketing agency").open_tasks() == ["marketing", "agency"]


@pytest.mark.parametrize("responsible", ["", "facilities"])
def test_where_no_group_is_known_the_triage_names_it(responsible: str) -> None:
    run = begun(responsible=responsible)
    assert run.open_tasks() == ["triage"]

    answer(run, "triage", "done", responsible="procurement legal")

    assert run.open_tasks() == ["procurement", "legal"]


def test_a_triage_that_names_nobody_is_asked_again() -> None:
    run = begun()

    answer(run, "triage", "done")

    assert run.open_tasks() == ["triage"]


def test_the_resolution_waits_for_every_group() -> None:
    run = begun(responsible="marketing procurement legal agency")
    seen = []
    for group in ("legal", "marketing", "agency", "procurement"):
        answer(run, group, "done")
        seen.append(run.open_tasks())

    assert seen == [
        ["marketing", "procurement", "agency"],
        ["procurement", "agency"],
        ["procurement"],
        ["resolution"],
    ]


def test_the_requester_sees_the_resolution_and_confirms() -> None:
    run = at_confirmation()
    (position,) = (each for each in run.machine.positions() if each.is_task)
    seen = evaluate(position.element.documentation, run.machine.scope_at(position))
    assert seen.startswith("A new image is there. missing asset, about aprimo:activity:5012.")

    answer(run, "confirm", "confirmed")

    assert run.passed()[-1] == "confirmed"


def test_a_reopened_case_goes_to_the_triage_and_all_its_groups_are_heard_again() -> None:
    run = at_confirmation()

    answer(run, "confirm", "reopened")
    assert run.open_tasks() == ["triage"]

    answer(run, "triage", "done", responsible="legal agency")
    answer(run, "legal", "done")
    assert run.open_tasks() == ["agency"]


@pytest.mark.parametrize("outcome", ["approved", "maybe", ""])
def test_only_the_requesters_word_ends_a_case(outcome: str) -> None:
    run = at_confirmation()

    answer(run, "confirm", outcome)

    assert run.open_tasks() == ["confirm"]


@pytest.mark.parametrize("at", ["triage", "legal", "resolution", "confirm"])
def test_the_message_close_ends_a_case_wherever_it_stands(at: str) -> None:
    run = begun(responsible="" if at == "triage" else "legal")
    while run.open_tasks() != [at]:
        answer(run, run.open_tasks()[0], "done")

    assert run.deliver("close_case", "close")

    assert run.machine.is_ended
    assert run.passed()[-1] == "closed"


def test_the_priority_is_the_tasks() -> None:
    run = begun(responsible="legal", priority=80)
    (position,) = (each for each in run.machine.positions() if each.is_task)

    assert evaluate(position.element.attributes["priority"], run.machine.scope_at(position)) == 80
