"""The guide's example as a ninth flow: what docs/add-a-flow.md adds is put in place here, and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.acceptance.test_campaign_brief import put, shown
from tests.support import acceptance
from tests.support.acceptance import Desk
from tests.support.claim_check import added
from tests.support.model_walk import EXAMPLE

CLAIM = {
    "name": "Oat drink",
    "description": "Half the sugar.",
    "activityTypeId": 18,
    "activityStateId": 1,
    "ownerId": 88,
    "currencyCode": 3,
    "beginDate": "2026-03-01T00:00:00",
    "endDate": "2026-05-31T00:00:00",
}
MATRIX, DECISION, MESSAGE = "extrAttr306", "extrAttr307", "extrAttr308"


@pytest.fixture(autouse=True)
def _added(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The line of the registry, the rows of the ownership table, the flow's file and its model."""
    monkeypatch.setattr(acceptance, "PACKAGED_FLOWS", EXAMPLE)
    monkeypatch.setattr(acceptance, "PACKAGED_PROCESSES", EXAMPLE)
    with added():
        yield


@pytest.fixture
def desk(_added: None, desk: Desk) -> Desk:
    return desk


def submitted(desk: Desk) -> int:
    """A claim that was written, submitted and has reached legal; its id."""
    number = int(desk.aprimo.make_activity(**CLAIM)["activityId"])
    put(desk, number, activityStateId=2)
    desk.rest()
    return number


def review(desk: Desk, number: int) -> dict[str, Any]:
    """What legal has to do."""
    instance = desk.instance("claimCheck", f"aprimo:activity:{number}")
    (task,) = desk.opentext.tasks(instance).values()
    return task


def answer(desk: Desk, number: int, outcome: str, comment: str) -> None:
    """Legal answers."""
    desk.decide(review(desk, number), "legal.one@example.test", outcome, comment)
    desk.rest()


@pytest.mark.parametrize(
    ("outcome", "state", "message"),
    [
        ("approved", 3, "Approved, revision 1"),
        ("rejected", 4, "Rejected by Legal (legal.one@example.test), revision 1: Says who?"),
    ],
)
def test_what_is_submitted_is_checked_and_the_answer_comes_back(
    desk: Desk, outcome: str, state: int, message: str
) -> None:
    number = submitted(desk)
    assert shown(desk, number)[MATRIX].startswith("Revision 1 · in approval")
    assert "requester.one@example.test: Half the sugar." in review(desk, number)["description"]

    answer(desk, number, outcome, "Says who?")

    now = shown(desk, number)
    assert (now["activityStateId"], now[DECISION], now[MESSAGE]) == (state, outcome, message)
    assert f"Legal · {outcome} · legal.one@example.test" in now[MATRIX]
    assert desk.states.letters() == []


def test_what_is_withdrawn_is_checked_no_longer(desk: Desk) -> None:
    number = submitted(desk)

    put(desk, number, activityStateId=6)
    desk.rest()

    assert desk.running("claimCheck") == []
    now = shown(desk, number)
    assert (now["activityStateId"], now.get(DECISION, "")) == (6, "")
    assert now[MESSAGE] == "Withdrawn, the approval of revision 1 was ended"


def test_what_is_edited_meanwhile_is_checked_anew(desk: Desk) -> None:
    number = submitted(desk)

    put(desk, number, description="A third less sugar.")
    desk.rest()

    assert len(desk.running("claimCheck")) == 1
    assert ": A third less sugar." in review(desk, number)["description"]
    answer(desk, number, "approved", "")
    assert shown(desk, number)[MESSAGE] == "Approved, revision 2"
