"""What the review of an asset does, run from the very file that is deployed."""

import json

import pytest

from sandbox.opentext.juel import evaluate
from tests.support.machine_host import RunningProcess
from tests.support.model_docs import listening, start_variables
from tests.support.model_walk import answer, begin

REVIEWS = ("compliance", "legal", "product")


def begun(**changes: object) -> RunningProcess:
    return begin("assetReview", start_variables("assetReview", **changes))


def reviewed(compliance: str, legal: str, product: str) -> RunningProcess:
    run = begun()
    for review, outcome in zip(REVIEWS, (compliance, legal, product), strict=True):
        answer(run, review, outcome)
    return run


def test_compliance_legal_and_product_review_side_by_side() -> None:
    assert begun().open_tasks() == list(REVIEWS)


def test_three_approvals_approve_the_version() -> None:
    assert reviewed("approved", "approved", "approved").passed()[-1] == "approved"


def test_a_refusal_does_not_cut_off_the_others_so_that_all_feedback_is_collected() -> None:
    run = begun()

    answer(run, "legal", "rejected")

    assert run.open_tasks() == ["compliance", "product"]


@pytest.mark.parametrize("outcome", ["rejected", "changes_requested", "noted", ""])
@pytest.mark.parametrize("review", REVIEWS)
def test_anything_but_an_approval_goes_to_the_consolidation(review: str, outcome: str) -> None:
    answers = dict.fromkeys(REVIEWS, "approved") | {review: outcome}

    assert reviewed(**answers).open_tasks() == ["consolidate"]


@pytest.mark.parametrize("outcome", ["rejected", "approved", "noted"])
def test_the_consolidation_cannot_approve(outcome: str) -> None:
    run = reviewed("approved", "rejected", "approved")

    answer(run, "consolidate", outcome)

    assert run.passed()[-1] == "not_approved"


def test_requested_changes_open_the_creative_revision_with_the_collected_feedback() -> None:
    run = reviewed("approved", "changes_requested", "approved")

    answer(run, "consolidate", "changes_requested", feedback="Claim 3 needs a source.")

    (position,) = (each for each in run.machine.positions() if each.is_task)
    assert position.element.id == "creative_revision"
    assert evaluate(position.element.documentation, run.machine.scope_at(position)) == (
        "Feedback on file version 3: Claim 3 needs a source. In Aprimo: https://aprimo.example.test/5012"
    )


def test_a_finished_revision_ends_the_process_without_approval() -> None:
    run = reviewed("approved", "changes_requested", "approved")
    answer(run, "consolidate", "changes_requested")

    answer(run, "creative_revision", "done")

    assert run.machine.is_ended
    assert run.passed()[-1] == "revised"


def test_every_review_calls_back_under_its_own_name() -> None:
    run = begun(**listening())

    for review in REVIEWS:
        answer(run, review, "approved")

    told = [json.loads(call.fields["requestBody"])["data"] for call in run.calls]
    assert [(each["taskDefinitionKey"], each["outcome"]) for each in told] == [(name, "approved") for name in REVIEWS]
