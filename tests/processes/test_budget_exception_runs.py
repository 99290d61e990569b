"""What a budget exception does, run from the very file that is deployed."""

import pytest

from tests.support.machine_host import RunningProcess
from tests.support.model_docs import start_variables
from tests.support.model_walk import answer, begin


def begun(**changes: object) -> RunningProcess:
    return begin("budgetException", start_variables("budgetException", **changes))


def at_approval(tier: str) -> RunningProcess:
    run = begun(tier=tier, justification="It pays.")
    answer(run, "finance", "approved")
    return run


def test_an_exception_without_a_justification_asks_for_one() -> None:
    assert begun().open_tasks() == ["justification"]


def test_a_justification_that_came_with_it_goes_to_finance_at_once() -> None:
    assert begun(justification="It pays.").open_tasks() == ["finance"]


def test_finance_is_not_asked_before_there_is_a_justification() -> None:
    run = begun()

    answer(run, "justification", "justified")
    assert run.open_tasks() == ["justification"]

    answer(run, "justification", "justified", justification="It pays.")
    assert run.open_tasks() == ["finance"]


def test_a_withdrawn_exception_ends() -> None:
    run = begun()

    answer(run, "justification", "withdrawn", justification="Not needed.")

    assert run.passed()[-1] == "withdrawn"


def test_finance_may_ask_for_a_better_justification() -> None:
    run = begun(justification="It pays.")

    answer(run, "finance", "changes_requested")

    assert run.open_tasks() == ["justification"]


@pytest.mark.parametrize("outcome", ["rejected", "noted", ""])
def test_what_finance_does_not_approve_ends(outcome: str) -> None:
    run = begun(justification="It pays.")

    answer(run, "finance", outcome)

    assert run.passed()[-1] == "finance_refused"


@pytest.mark.parametrize(
    ("tier", "approver"),
    [("manager", "manager"), ("director", "director"), ("cfo", "cfo"), ("four_eyes", "cfo"), ("unheard of", "cfo")],
)
def test_the_tier_decides_the_approver(tier: str, approver: str) -> None:
    assert at_approval(tier).open_tasks() == [approver]


@pytest.mark.parametrize("tier", ["manager", "director", "cfo"])
def test_one_approver_is_enough_up_to_the_top_tier(tier: str) -> None:
    run = at_approval(tier)

    answer(run, tier, "approved")

    assert run.passed()[-1] == f"{tier}_approved"


@pytest.mark.parametrize("tier", ["four_eyes", "unheard of"])
def test_above_the_top_tier_a_second_approver_is_needed(tier: str) -> None:
    run = at_approval(tier)

    answer(run, "cfo", "approved")

    assert run.open_tasks() == ["second"]
    answer(run, "second", "approved")
    assert run.passed()[-1] == "second_approved"


@pytest.mark.parametrize("outcome", ["rejected", "changes_requested", ""])
@pytest.mark.parametrize("tier", ["manager", "director", "cfo"])
def test_an_approver_who_does_not_approve_ends_it(tier: str, outcome: str) -> None:
    run = at_approval(tier)

    answer(run, tier, outcome)

    assert run.passed()[-1] == f"{tier}_refused"


def test_the_second_approver_can_refuse_what_the_first_approved() -> None:
    run = at_approval("four_eyes")
    answer(run, "cfo", "approved")

    answer(run, "second", "rejected")

    assert run.passed()[-1] == "second_refused"


def test_when_the_tiers_term_has_passed_the_lead_gets_a_task_once() -> None:
    run = at_approval("director")

    run.pass_time(days=1, hours=23)
    assert run.open_tasks() == ["director"]

    run.pass_time(hours=2)
    assert sorted(run.open_tasks()) == ["director", "director_lead"]

    run.pass_time(days=10)
    assert sorted(run.open_tasks()) == ["director", "director_lead"]
