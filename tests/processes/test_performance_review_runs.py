"""What a performance review does, run from the very file that is deployed."""

import pytest

from tests.support.machine_host import RunningProcess
from tests.support.model_docs import start_variables
from tests.support.model_walk import answer, begin, value

RESULTS = [{"recordId": "8f2c", "score": 82, "verdict": "reuse", "findings": "Above the benchmark."}]


def assessed() -> RunningProcess:
    run = begin("performanceReview", start_variables("performanceReview"))
    answer(run, "assessment", "done", results=RESULTS)
    return run


def test_the_analysts_results_are_signed_off_by_the_marketing_lead() -> None:
    run = assessed()
    assert run.open_tasks() == ["sign_off"]

    answer(run, "sign_off", "approved")

    assert run.passed()[-1] == "signed_off"
    assert value(run, "results") == RESULTS


def test_the_lead_may_send_the_results_back() -> None:
    run = assessed()

    answer(run, "sign_off", "changes_requested")

    assert run.open_tasks() == ["assessment"]


@pytest.mark.parametrize("outcome", ["rejected", "noted", ""])
def test_anything_else_ends_without_a_sign_off(outcome: str) -> None:
    run = assessed()

    answer(run, "sign_off", outcome)

    assert run.passed()[-1] == "not_signed_off"
