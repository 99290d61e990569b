"""Flow 5, sentence by sentence: commitments above their limit, and campaigns that spend beyond their budget."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.support.acceptance import Desk

CAMPAIGN = {
    "name": "Spring launch",
    "activityTypeId": 17,
    "activityStateId": 3,
    "ownerId": 88,
    "currencyCode": 3,
    "extrAttr302": "12000.00",
}
PROCESS = "budgetException"


def campaign(desk: Desk, **fields: Any) -> int:  # noqa: ANN401 - JSON.
    return int(desk.aprimo.make_activity(**(CAMPAIGN | fields))["activityId"])


def commitment(desk: Desk, price: float, *, activity: int, currency: int = 3, order: str = "PO-118") -> int:
    """A commitment that was written and submitted; its id."""
    body = {
        "supplierId": 55,
        "purchaseOrderNumber": order,
        "currencyCode": currency,
        "ownerId": 88,
        "commitmentItems": [{"activityId": activity, "description": "Photo shoot", "quantity": 1, "price": price}],
        "extendedAttributes": [],
        "multipleValueExtendedAttributes": [],
    }
    answer = desk.aprimo.api("POST", "commitments", body)
    assert answer.status_code == 201, answer.text
    number = int(answer.json()["committedId"])
    verb(desk, number, "submit")
    return number


def verb(desk: Desk, number: int, name: str) -> None:
    answer = desk.aprimo.api("POST", f"commitments/{number}/{name}", {})
    assert answer.status_code == 204, answer.text


def reprice(desk: Desk, number: int, price: float) -> None:
    """Somebody changes what the commitment's item costs."""
    now = desk.aprimo.api("GET", f"commitments/{number}").json()
    item = {**now["commitmentItems"][0], "price": price}
    body = {
        "commitmentItems": [{name: item[name] for name in ("activityId", "description", "quantity", "price")}],
        "extendedAttributes": now["extendedAttributes"],
        "multipleValueExtendedAttributes": now["multipleValueExtendedAttributes"],
    }
    answer = desk.aprimo.api("PUT", f"commitments/{number}", body)
    assert answer.status_code == 200, answer.text


def shown(desk: Desk, path: str) -> dict[str, Any]:
    """An object as Aprimo shows it, attributes as `extrAttr<id>`."""
    found: dict[str, Any] = desk.aprimo.api("GET", path).json()
    return found | {f"extrAttr{each['eaId']}": each["eaValue"] for each in found["extendedAttributes"]}


def answer(
    desk: Desk, instance: str, role: str, outcome: str, comment: str = "", *, who: str = "", **more: object
) -> None:
    """Somebody of a role answers."""
    task = desk.opentext.tasks(instance)[role]
    desk.decide(task, who or f"{role}.one@example.test", outcome, comment, **more)
    desk.rest()


def justify(desk: Desk, instance: str) -> None:
    answer(desk, instance, "justification", "justified", variables={"justification": "The venue became dearer."})


def approve(desk: Desk, instance: str, *roles: str) -> None:
    """The justification is given, and everybody who is asked approves."""
    justify(desk, instance)
    for role in ("finance", *roles):
        answer(desk, instance, role, "approved")


def tier_of(desk: Desk, instance: str) -> str:
    rows = desk.opentext.rows(f"process-instances/{instance}/variables")
    return next(str(row["value"]) for row in rows if row["name"] == "tier")


def by_commitment(desk: Desk, number: int) -> str:
    return desk.instance(PROCESS, f"aprimo:commitment:{number}")


@pytest.mark.parametrize("source", ["webhook", "poller"])
def test_a_commitment_that_waits_for_approval_and_crosses_the_rule_starts_an_exception(
    desk: Desk, source: str
) -> None:
    if source == "poller":
        desk.mute_aprimo()
    number = commitment(desk, 15000.0, activity=campaign(desk))

    desk.rest() if source == "webhook" else desk.poll()

    (process,) = desk.running(PROCESS)
    assert process["businessKey"] == f"aprimo:commitment:{number}"
    assert shown(desk, f"commitments/{number}")["extrAttr383"].startswith("In approval, revision 1: 15000.00 EUR.")


def test_a_commitment_within_its_limit_starts_nothing(desk: Desk) -> None:
    number = commitment(desk, 10000.0, activity=campaign(desk))

    desk.rest()

    assert desk.running(PROCESS) == []
    assert shown(desk, f"commitments/{number}")["commitmentStatus"] == 2


@pytest.mark.parametrize(
    ("price", "tier"),
    [(25000.0, "manager"), (25000.01, "director"), (100000.01, "cfo"), (500000.01, "four_eyes")],
)
def test_amount_tiers_decide_the_approver(desk: Desk, price: float, tier: str) -> None:
    number = commitment(desk, price, activity=campaign(desk))

    desk.rest()

    assert tier_of(desk, by_commitment(desk, number)) == tier


def test_a_justification_is_required_before_finance_sees_it(desk: Desk) -> None:
    number = commitment(desk, 15000.0, activity=campaign(desk))
    desk.rest()
    instance = by_commitment(desk, number)
    assert list(desk.opentext.tasks(instance)) == ["justification"]

    justify(desk, instance)

    assert list(desk.opentext.tasks(instance)) == ["finance"]
    assert shown(desk, f"commitments/{number}")["extrAttr340"] == "The venue became dearer."


def test_an_approved_commitment_is_approved_with_amount_justification_approvers_and_date(desk: Desk) -> None:
    number = commitment(desk, 15000.0, activity=campaign(desk))
    desk.rest()

    approve(desk, by_commitment(desk, number), "manager")

    now = shown(desk, f"commitments/{number}")
    assert now["commitmentStatus"] == 3
    assert (now["extrAttr340"], now["extrAttr341"]) == ("The venue became dearer.", "15000")
    assert now["extrAttr342"] == "finance.one@example.test; manager.one@example.test"
    assert now["extrAttr382"] == "approved"
    assert now["extrAttr386"].endswith("Z")
    assert desk.running(PROCESS) == []
    assert desk.states.letters() == []


def test_a_rejected_commitment_is_rejected(desk: Desk) -> None:
    number = commitment(desk, 15000.0, activity=campaign(desk))
    desk.rest()
    instance = by_commitment(desk, number)
    justify(desk, instance)
    answer(desk, instance, "finance", "rejected", "Not this year.")

    now = shown(desk, f"commitments/{number}")
    assert now["commitmentStatus"] == 4
    assert now["extrAttr383"] == "Rejected by Finance (finance.one@example.test), revision 1: Not this year."


def test_above_the_top_tier_two_approvers_are_needed(desk: Desk) -> None:
    number = commitment(desk, 600000.0, activity=campaign(desk))
    desk.rest()

    approve(desk, by_commitment(desk, number), "cfo")
    assert shown(desk, f"commitments/{number}")["commitmentStatus"] == 2
    answer(desk, by_commitment(desk, number), "second", "approved")

    assert shown(desk, f"commitments/{number}")["commitmentStatus"] == 3


def test_one_person_alone_is_no_four_eyes(desk: Desk) -> None:
    number = commitment(desk, 600000.0, activity=campaign(desk))
    desk.rest()
    instance = by_commitment(desk, number)
    justify(desk, instance)
    answer(desk, instance, "finance", "approved")
    answer(desk, instance, "cfo", "approved", who="cfo.one@example.test")
    answer(desk, instance, "second", "approved", who="cfo.one@example.test")

    now = shown(desk, f"commitments/{number}")
    assert (now["commitmentStatus"], now["extrAttr382"]) == (2, "unknown")


def test_another_amount_while_open_ends_the_process_and_starts_a_revision_in_its_tier(desk: Desk) -> None:
    number = commitment(desk, 15000.0, activity=campaign(desk))
    desk.rest()
    first = by_commitment(desk, number)

    reprice(desk, number, 40000.0)
    desk.rest()

    second = by_commitment(desk, number)
    assert second != first
    assert tier_of(desk, second) == "director"


def test_an_amount_within_the_limit_again_leaves_nothing_to_approve(desk: Desk) -> None:
    number = commitment(desk, 15000.0, activity=campaign(desk))
    desk.rest()

    reprice(desk, number, 900.0)
    desk.rest()

    assert desk.running(PROCESS) == []
    now = shown(desk, f"commitments/{number}")
    assert (now["commitmentStatus"], now.get("extrAttr382") or "") == (2, "")


def test_a_withdrawn_commitment_ends_the_process_and_may_be_submitted_again(desk: Desk) -> None:
    number = commitment(desk, 15000.0, activity=campaign(desk))
    desk.rest()
    verb(desk, number, "retrieve")
    desk.rest()
    assert desk.running(PROCESS) == []

    verb(desk, number, "submit")
    desk.rest()

    (process,) = desk.running(PROCESS)
    assert process["name"].endswith("revision 2")


def test_it_is_never_approved_for_another_amount_than_was_shown_to_the_approver(desk: Desk) -> None:
    """The amount changes after the last approval and before our write: nothing is approved."""
    number = commitment(desk, 15000.0, activity=campaign(desk))
    desk.rest()
    instance = by_commitment(desk, number)
    justify(desk, instance)
    answer(desk, instance, "finance", "approved")
    task = desk.opentext.tasks(instance)["manager"]
    desk.decide(task, "manager.one@example.test", "approved")
    reprice(desk, number, 24000.0)

    desk.rest()

    assert shown(desk, f"commitments/{number}")["commitmentStatus"] == 2
    (process,) = desk.running(PROCESS)
    assert process["name"].endswith("revision 2")
    verbs = [each["identity"] for each in desk.aprimo_sandbox.changes(f"commitment:{number}") if each["identity"]]
    assert f"commitment:{number}:approve" not in verbs


def test_it_is_never_approved_twice(desk: Desk) -> None:
    number = commitment(desk, 15000.0, activity=campaign(desk))
    desk.rest()
    approve(desk, by_commitment(desk, number), "manager")

    desk.poll()
    desk.poll()

    history = desk.aprimo_sandbox.changes(f"commitment:{number}")
    assert sum(each["identity"] == f"commitment:{number}:approve" for each in history) == 1


def test_a_commitment_approved_by_hand_is_shown_to_the_operators_and_not_undone(desk: Desk) -> None:
    number = commitment(desk, 15000.0, activity=campaign(desk))
    desk.rest()
    verb(desk, number, "approve")
    desk.rest()

    assert shown(desk, f"commitments/{number}")["commitmentStatus"] == 3
    assert "approved_by_hand" in desk.states.notices()
    assert len(desk.running(PROCESS)) == 1


def test_the_campaigns_spend_hold_flag_follows_its_commitments(desk: Desk) -> None:
    activity = campaign(desk)
    number = commitment(desk, 15000.0, activity=activity)
    desk.rest()
    assert shown(desk, f"activities/{activity}")["extrAttr330"] == "on hold"

    approve(desk, by_commitment(desk, number), "manager")

    assert not shown(desk, f"activities/{activity}").get("extrAttr330")


def test_planned_spend_above_the_budget_by_the_percentage_starts_an_exception(desk: Desk) -> None:
    activity = campaign(desk, extrAttr335="13200.01")

    desk.rest()

    instance = desk.instance(PROCESS, f"aprimo:activity:{activity}")
    assert tier_of(desk, instance) == "manager"
    now = shown(desk, f"activities/{activity}")
    assert now["extrAttr330"] == "on hold"
    assert "exceeds the budget of 12000.00 EUR by 1200.01 EUR" in now["extrAttr334"]


def test_the_spend_watch_finds_what_the_accounts_of_a_campaign_spent(
    open_desk: Callable[..., Desk],
) -> None:
    desk = open_desk({"budget_exception": lambda text: text.replace('every = "PT1H"', 'every = "PT1S"')})
    activity = campaign(desk, extrAttr333="410")
    desk.rest()
    assert desk.running(PROCESS) == []

    desk.aprimo_sandbox.admin("PUT", "funding-accounts/410", {"committed": 400000.0})
    desk.until(lambda: desk.tick() or desk.running(PROCESS))

    (process,) = desk.running(PROCESS)
    assert process["businessKey"] == f"aprimo:activity:{activity}"


def test_an_explicit_request_starts_an_exception_whose_approval_lifts_the_hold(desk: Desk) -> None:
    activity = campaign(desk, extrAttr331="20000.00", extrAttr332="A second city.")
    desk.rest()
    instance = desk.instance(PROCESS, f"aprimo:activity:{activity}")
    assert list(desk.opentext.tasks(instance)) == ["finance"]

    answer(desk, instance, "finance", "approved")
    answer(desk, instance, "manager", "approved")
    desk.poll()

    now = shown(desk, f"activities/{activity}")
    assert (now.get("extrAttr330") or "", now["extrAttr334"]) == ("", "Approved, revision 1")
    assert desk.running(PROCESS) == []


def test_a_process_that_somebody_cancels_approves_nothing_and_says_so(desk: Desk) -> None:
    number = commitment(desk, 15000.0, activity=campaign(desk))
    desk.rest()
    desk.opentext.workflow("DELETE", f"process-instances/{by_commitment(desk, number)}", deleteReason="not needed")

    desk.poll()

    now = shown(desk, f"commitments/{number}")
    assert (now["commitmentStatus"], now["extrAttr382"]) == (2, "cancelled")
    assert now["extrAttr383"].startswith("Cancelled in OpenText (not needed), revision 1.")


def test_an_amount_in_a_currency_without_limits_is_a_dead_letter_that_names_it(
    open_desk: Callable[..., Desk],
) -> None:
    desk = open_desk({"budget_exception": lambda text: text.replace("[limits.USD]", "[limits.GBP]")})
    commitment(desk, 15000.0, activity=campaign(desk), currency=1)

    desk.rest()

    assert desk.states.letters() == [("limits_missing", "open")]
