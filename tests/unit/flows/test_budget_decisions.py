"""Flow 5: what is approved, by whom, and what holds a campaign, where people and notices come in each other's way."""

from __future__ import annotations

from pipeline.flows.shared.asking import GRANTED
from pipeline.keys import aprimo_key
from pipeline.words import Side
from tests.support.agreeing import found
from tests.support.budget_world import ACCOUNT, CAMPAIGN, campaign, commitment

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


def test_a_decision_waits_while_the_commitment_stands_where_nobody_has_a_word_for() -> None:
    world = commitment()
    world.all_approve()
    world.put("")
    world.look(Side.OPENTEXT)
    world.settle_down()
    assert (world.values["decision"], world.link.state) == ("", "decision_waits")

    world.put("submitted")
    world.look(Side.APRIMO)

    assert (world.values["state"], world.values["decision"]) == ("approved", "approved")


def test_a_rejection_of_what_somebody_has_approved_by_hand_is_shown_and_undoes_nothing() -> None:
    world = commitment()
    world.put("approved")
    world.look(Side.APRIMO)
    world.answer("justified", justification="Dearer.")
    world.answer("rejected")

    world.look(Side.OPENTEXT)
    world.settle_down()

    assert (world.values["state"], world.values["decision"]) == ("approved", "rejected")
    assert [each.field for each in found(world)] == ["process"]


def test_an_approval_by_hand_of_another_amount_ends_the_approval_of_the_one_that_was_shown() -> None:
    world = commitment()
    world.edit(amount="90000.00")
    world.put("approved")
    world.all_approve()

    world.look(Side.OPENTEXT)
    world.settle_down()

    assert (world.values["decision"], world.values["approved_amount"]) == ("", "")
    assert [each.field for each in found(world)] == ["process"]


def test_a_commitment_that_was_rejected_and_is_submitted_again_unseen_is_decided_anew() -> None:
    world = commitment()
    world.answer("justified", justification="Dearer.")
    world.answer("rejected")
    world.look(Side.OPENTEXT)
    assert world.values["state"] == "rejected"

    world.put("submitted")
    world.look(Side.APRIMO)

    assert [each.ended_at is None for each in world.processes.values()] == [False, True]


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


def test_a_smaller_request_takes_nothing_from_what_was_approved_before() -> None:
    world = campaign(planned="14000.00")
    world.all_approve()
    world.look(Side.OPENTEXT)

    world.edit(request="9000.00")
    world.look(Side.APRIMO)
    world.all_approve()
    world.settle_down()

    assert world.link.agreed_value(f"{GRANTED}EUR") == "14000"
    assert world.live() is None


def test_a_refused_spend_holds_its_campaign_whatever_else_is_approved() -> None:
    world = campaign(planned="14000.00")
    world.answer("justified", justification="Dearer.")
    world.answer("rejected")
    world.look(Side.OPENTEXT)
    assert world.values["hold"] == "on hold"

    world.edit(request="9000.00")
    world.look(Side.APRIMO)
    world.all_approve()
    world.settle_down()

    assert (world.values["message"], world.values["hold"]) == ("Approved, revision 2", "on hold")


def test_a_spend_that_is_refused_again_in_another_currency_keeps_its_campaign_on_hold() -> None:
    world = campaign(planned="14000.00")
    world.answer("justified", justification="Dearer.")
    world.answer("rejected")
    world.edit(currency="USD")
    world.settle_down()
    assert [each.item_version for each in world.link.processes] == ["14000 EUR", "14000 USD"]

    world.answer("justified", justification="Dearer.")
    world.answer("rejected")
    world.settle_down()

    assert (world.values["hold"], world.owed(), world.is_refused()) == ("on hold", ("14000 USD",), True)


def test_spend_that_crosses_the_rule_in_a_second_currency_is_asked_for_though_the_first_was_refused() -> None:
    world = campaign(planned="14000.00")
    world.answer("justified", justification="Dearer.")
    world.answer("rejected")
    world.spend(currency="USD", forecast_amount="19000.00")
    world.edit(account=ACCOUNT)

    world.settle_down()
    assert [each.item_version for each in world.link.processes] == ["14000 EUR", "19000 USD"]
    world.all_approve()
    world.settle_down()

    assert (world.values["hold"], world.owed()) == ("on hold", ("14000 EUR",))


def test_a_start_that_was_given_up_half_way_is_finished_though_somebody_has_approved_meanwhile() -> None:
    world = commitment(state="draft")
    world.put("submitted")
    world.look_and_die(Side.APRIMO, after=1)
    world.put("approved")

    world.settle_down()

    assert list(world.processes) == ["instance-1"]
    assert (world.link.agreed_value("state"), world.link.agreed_value("tier")) == ("submitted", "manager")
