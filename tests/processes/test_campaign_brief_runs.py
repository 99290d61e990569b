"""What the campaign brief's process does, run from the very file that is deployed."""

import json

import pytest

from sandbox.opentext.juel import evaluate
from tests.support.campaign_brief import FILE, ITEM, brief_variables
from tests.support.machine_host import RunningProcess

XML = FILE.read_bytes()
CALL_BACK = "https://signoff.example.test/hooks/opentext"


def begun(**changes: object) -> RunningProcess:
    return RunningProcess.of(XML, variables=brief_variables(**changes)).started()


def decide(run: RunningProcess, review: str, outcome: str = "approved", number: int = 0) -> None:
    run.complete(review, number, **{f"{review}Outcome": outcome})


def approve_all(run: RunningProcess) -> None:
    for review in ("legal", "regional", "brand", "regional", "finance"):
        decide(run, review)


def escalate(run: RunningProcess, review: str) -> None:
    assert run.deliver(f"escalate_{review}", "escalate")


def test_all_reviews_begin_at_once() -> None:
    assert begun().open_tasks() == ["brand", "legal", "finance", "regional", "regional"]


def test_the_tasks_go_to_the_groups_of_the_variables() -> None:
    run = begun()
    seen = []
    for position in run.machine.positions():
        if position.is_task:
            scope = run.machine.scope_at(position)
            seen.append(evaluate(position.element.attributes["candidateGroups"], scope))

    assert seen == ["Brand", "Legal", "Finance", "Regional DACH", "Regional Nordics"]


def test_with_every_approval_the_process_ends_approved() -> None:
    run = begun()

    approve_all(run)

    assert run.machine.is_ended
    assert run.passed()[-2:] == ["reviews", "approved"]


@pytest.mark.parametrize("outcome", ["rejected", "changes_requested"])
@pytest.mark.parametrize("review", ["brand", "legal", "finance", "regional"])
def test_the_first_other_outcome_ends_the_rest(review: str, outcome: str) -> None:
    run = begun()

    decide(run, review, outcome)

    assert run.machine.is_ended
    assert run.passed()[-2:] == ["reviews_stopped", "not_approved"]


def test_a_single_approved_region_does_not_decide_for_the_others() -> None:
    run = begun()

    decide(run, "regional", number=1)

    assert run.open_tasks() == ["brand", "legal", "finance", "regional"]


def test_without_regions_the_regional_part_is_passed_over() -> None:
    run = begun(regions=[])
    assert run.open_tasks() == ["brand", "legal", "finance"]

    for review in ("brand", "legal", "finance"):
        decide(run, review)

    assert run.passed()[-1] == "approved"


@pytest.mark.parametrize("review", ["brand", "legal", "finance", "regional"])
def test_an_overdue_review_stays_open_beside_its_leads_task(review: str) -> None:
    run = begun(escalatedRegion="DACH", regions=["DACH"])

    escalate(run, review)

    assert sorted(run.open_tasks()) == sorted(["brand", "legal", "finance", "regional", f"{review}_lead"])
    decide(run, review)
    assert sorted(run.open_tasks()) == sorted({"brand", "legal", "finance", "regional"} - {review})


def test_every_overdue_region_can_be_escalated() -> None:
    run = begun(escalatedRegion="DACH")

    escalate(run, "regional")
    escalate(run, "regional")

    assert run.open_tasks().count("regional_lead") == 2


def test_a_lead_who_is_done_changes_nothing_for_the_review() -> None:
    run = begun()
    escalate(run, "legal")

    run.complete("legal_lead")

    assert run.open_tasks() == ["brand", "legal", "finance", "regional", "regional"]


def test_an_unknown_outcome_is_never_read_as_approval() -> None:
    run = begun()

    decide(run, "legal", "noted")

    assert run.passed()[-1] == "not_approved"


def test_every_review_calls_back_with_what_it_needs_to_be_looked_up() -> None:
    run = begun(signoffCallback=CALL_BACK, regions=["DACH"])

    for review in ("brand", "legal", "finance", "regional"):
        decide(run, review)

    assert [call.activity_id for call in run.calls] == [
        "brand_call_back",
        "legal_call_back",
        "finance_call_back",
        "regional_call_back",
    ]
    first = run.calls[0].fields
    assert first["requestMethod"] == "POST"
    assert first["requestUrl"] == CALL_BACK
    assert first["requestHeaders"] == "Content-Type: application/json"
    assert first["requestSecureHeaders"] == "Authorization: Bearer one-time-token"
    assert first["ignoreException"] == "true"
    body = json.loads(first["requestBody"])
    execution = body["data"].pop("executionId")
    assert body == {
        "specversion": "1.0",
        "id": execution,
        "type": "opentext.workflow.task.completed",
        "source": "workflow/campaignBrief",
        "subject": ITEM,
        "data": {"processInstanceId": "root", "taskDefinitionKey": "brand", "outcome": "approved"},
    }
    assert len({json.loads(call.fields["requestBody"])["id"] for call in run.calls}) == 4


def test_nobody_is_called_when_nobody_listens() -> None:
    run = begun()

    approve_all(run)

    assert run.calls == []


def test_a_refusal_calls_back_too() -> None:
    run = begun(signoffCallback=CALL_BACK)

    decide(run, "finance", "rejected")

    assert [json.loads(call.fields["requestBody"])["data"]["outcome"] for call in run.calls] == ["rejected"]
