"""Flow 5: whole lives of commitments and campaigns, and what is true of every life hypothesis can think of."""

from __future__ import annotations

from pipeline.flows.shared.asking import GRANTED
from pipeline.keys import aprimo_key
from pipeline.words import Side
from tests.support.agreeing import found
from tests.support.budget_world import CAMPAIGN, campaign, commitment

DELETED = "aprimo.commitment.deleted"


def test_a_commitment_is_approved_once_by_those_whom_its_amount_asks() -> None:
    world = commitment("600000.00")
    world.all_approve()
    world.settle_down()

    assert (world.values["state"], world.values["decision"]) == ("approved", "approved")
    assert world.values["approved_amount"] == "600000"
    assert world.values["approvers"] == "finance@example.test; cfo@example.test; second@example.test"
    assert world.written.count(("state", "approved")) == 1
    assert world.holds == {CAMPAIGN: False}


def test_a_campaign_that_plans_too_much_is_on_hold_until_its_spend_is_approved() -> None:
    world = campaign(planned="14000.00")
    assert (world.values["hold"], len(world.processes)) == ("on hold", 1)

    world.all_approve()
    world.settle_down()

    assert (world.values["hold"], world.link.agreed_value(f"{GRANTED}EUR")) == ("", "14000")


def test_a_commitment_is_not_approved_in_another_currency_than_was_shown() -> None:
    world = commitment()
    world.all_approve()
    world.edit(currency="USD")

    world.look(Side.OPENTEXT)
    world.settle_down()

    assert (world.values["state"], world.values["decision"]) == ("submitted", "")
    live = world.live()
    assert live is not None
    assert (live.variables["amount"], live.variables["currency"]) == ("15000.00", "USD")


def test_an_approval_of_another_currency_than_was_asked_for_approves_nothing() -> None:
    world = commitment()
    world.tamper(currency="USD")
    assert [each.field for each in found(world)] == ["currency"]

    world.all_approve()
    world.look(Side.OPENTEXT)
    world.settle_down()

    assert (world.values["state"], world.values["decision"]) == ("submitted", "unknown")


def test_a_commitment_that_is_deleted_holds_its_campaign_no_more() -> None:
    world = commitment()
    assert world.holds == {CAMPAIGN: True}

    world.delete()
    world.look(Side.APRIMO, DELETED)

    assert (world.live(), world.holds) == (None, {CAMPAIGN: False})


def test_a_commitment_that_moves_to_another_campaign_holds_that_one_instead() -> None:
    world = commitment()

    world.edit(activities=["5013"])
    world.look(Side.APRIMO)

    assert world.holds == {CAMPAIGN: False, aprimo_key("activity", "5013"): True}
