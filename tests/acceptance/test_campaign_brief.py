"""Flow 1, sentence by sentence: what a marketer and the reviewers do, and what both systems show then."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.acceptance import Desk

BRIEF = {
    "name": "Spring launch",
    "description": "A page and a mailing.",
    "activityTypeId": 17,
    "activityStateId": 1,
    "ownerId": 88,
    "currencyCode": 3,
    "beginDate": "2026-03-01T00:00:00",
    "endDate": "2026-05-31T00:00:00",
    "extrAttr302": "12000.00",
    "extrAttr303": "Families",
    "extrAttr304": "web; print",
    "extrAttr305": "DACH; Nordics",
}


def submitted(desk: Desk, **fields: Any) -> int:  # noqa: ANN401 - JSON.
    """A brief that was written and submitted; its id."""
    brief = desk.aprimo.make_activity(**(BRIEF | fields))
    number = int(brief["activityId"])
    put(desk, number, activityStateId=2)
    return number


def put(desk: Desk, number: int, **fields: Any) -> None:  # noqa: ANN401 - JSON.
    answer = desk.aprimo.api("PUT", f"activities/{number}", fields)
    assert answer.status_code == 200, answer.text


def shown(desk: Desk, number: int) -> dict[str, Any]:
    """The brief as Aprimo shows it, attributes as `extrAttr<id>`."""
    activity: dict[str, Any] = desk.aprimo.api("GET", f"activities/{number}").json()
    return activity | {f"extrAttr{each['eaId']}": each["eaValue"] for each in activity["extendedAttributes"]}


def decide_all(desk: Desk, number: int, **others: str) -> None:
    """Everybody approves but those who are named with another answer."""
    instance = desk.instance("campaignBrief", f"aprimo:activity:{number}")
    for name, task in desk.opentext.tasks(instance).items():
        role = name.split()[0]
        if role in others or not others:
            desk.decide(task, f"{role}.one@example.test", others.get(role, "approved"), f"{role} has looked")


@pytest.mark.parametrize("source", ["webhook", "poller"])
def test_it_starts_when_a_briefs_state_becomes_submitted(desk: Desk, source: str) -> None:
    if source == "poller":
        desk.mute_aprimo()
    number = submitted(desk)

    if source == "webhook":
        desk.rest()
    else:
        desk.poll()

    (process,) = desk.running("campaignBrief")
    assert process["businessKey"] == f"aprimo:activity:{number}"
    assert shown(desk, number)["extrAttr306"].startswith("Revision 1 · in approval")


def test_each_review_is_shown_as_it_happens_and_the_decision_moves_the_campaign_on(desk: Desk) -> None:
    number = submitted(desk)
    desk.rest()

    decide_all(desk, number, brand="approved")
    desk.rest()
    matrix = shown(desk, number)["extrAttr306"]
    assert "Brand · approved · brand.one@example.test" in matrix
    assert "Legal · waiting" in matrix
    assert shown(desk, number)["activityStateId"] == 2

    decide_all(desk, number)
    desk.rest()
    assert shown(desk, number)["activityStateId"] == 3
    assert shown(desk, number)["extrAttr307"] == "approved"
    assert desk.states.letters() == []


@pytest.mark.parametrize("end", ["decision", "withdrawal"])
def test_a_dead_remark_never_blocks_a_decision_or_a_withdrawal(desk: Desk, end: str) -> None:
    number = submitted(desk)
    desk.rest()
    desk.opentext_sandbox.fault("POST", "/workflow/v1/process-instances/*/comments", "status", status=400)
    put(desk, number, extrAttr310="Please hurry")
    desk.rest()
    assert desk.states.letters() == [("refused_by_vendor", "open")]

    if end == "decision":
        decide_all(desk, number)
    else:
        put(desk, number, activityStateId=6)
    desk.rest()

    assert desk.running("campaignBrief") == []
    assert shown(desk, number)["activityStateId"] == (3 if end == "decision" else 6)
    assert desk.states.letters() == [("refused_by_vendor", "open")]
