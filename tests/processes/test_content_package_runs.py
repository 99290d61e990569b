"""What the release of a content package does, run from the very file that is deployed."""

import pytest

from sandbox.opentext.juel import evaluate
from tests.support.machine_host import RunningProcess
from tests.support.model_docs import start_variables
from tests.support.model_walk import answer, begin


def begun(**changes: object) -> RunningProcess:
    return begin("contentPackage", start_variables("contentPackage", **changes))


def test_the_content_lead_is_asked_first_and_then_every_channels_owner() -> None:
    run = begun()
    assert run.open_tasks() == ["content"]

    answer(run, "content", "approved")

    parts = [
        (evaluate(each.element.attributes["category"], run.machine.scope_at(each)), each.element.id)
        for each in run.machine.positions()
        if each.is_task
    ]
    assert parts == [("web", "channel_owner"), ("print", "channel_owner")]


def test_the_final_approval_comes_after_the_last_channel() -> None:
    run = begun()
    answer(run, "content", "approved")
    answer(run, "channel_owner", "approved", 1)
    assert run.open_tasks() == ["channel_owner"]

    answer(run, "channel_owner", "approved")

    assert run.open_tasks() == ["final_approval"]
    answer(run, "final_approval", "approved")
    assert run.passed()[-1] == "approved"


def test_without_channels_the_final_approval_follows_the_lead() -> None:
    run = begun(channels=[])

    answer(run, "content", "approved")

    assert run.open_tasks() == ["final_approval"]


@pytest.mark.parametrize("outcome", ["rejected", "changes_requested", "noted", ""])
def test_a_channel_that_does_not_approve_ends_the_rest(outcome: str) -> None:
    run = begun()
    answer(run, "content", "approved")

    answer(run, "channel_owner", outcome)

    assert run.machine.is_ended
    assert run.passed()[-1] == "channel_refused"


@pytest.mark.parametrize("outcome", ["rejected", "changes_requested", ""])
def test_lead_and_final_approver_can_refuse(outcome: str) -> None:
    lead = begun(channels=[])
    final = begun(channels=[])
    answer(final, "content", "approved")

    answer(lead, "content", outcome)
    answer(final, "final_approval", outcome)

    assert (lead.passed()[-1], final.passed()[-1]) == ("content_refused", "not_approved")
