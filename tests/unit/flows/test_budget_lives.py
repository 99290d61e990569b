"""Flow 5: whole lives of commitments and campaigns, and what is true of every life hypothesis can think of."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta
from decimal import Decimal

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from pipeline.commands import StartProcess
from pipeline.differences import Cause, Known
from pipeline.flows import facts
from pipeline.flows.shared.asking import GRANTED
from pipeline.keys import aprimo_key
from pipeline.plan import Verdict
from pipeline.words import Side
from tests.support.agreeing import found, pair_of
from tests.support.budget_world import ACCOUNT, CAMPAIGN, World, campaign, commitment, tier_of
from tests.support.lives import FlowLives

STATES = ("draft", "submitted", "submitted", "submitted", "cancelled", "approved", "rejected", "")
AMOUNTS = ("9000.00", "15000.00", "15000.00", "40000.00", "200000.00", "600000.00", "")
MONEY = st.sampled_from(("", "9000.00", "12500.00", "14000.00", "40000.00", "600000.00"))
CURRENCIES = ("EUR", "EUR", "USD", "GBP", "")
ANSWERS = ("approved", "approved", "approved", "rejected", "changes_requested", "withdrawn", "noted")
PEOPLE = st.sampled_from(("", "", "one@example.test"))
MEANWHILE = ("nothing", "amount", "currency", "draft", "cancelled", "on hold", "approved", "rejected")
TOLD = st.booleans()
DELETED = "aprimo.commitment.deleted"
HISTORY = timedelta(hours=1)
"""After that long no history lags any more."""
UNANSWERED = frozenset({"unknown", "cancelled", "changes_requested"})
"""How a process may have ended so that its commitment waits on, and nothing begins anew by itself."""


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


def test_a_start_that_was_given_up_half_way_is_finished_though_somebody_has_approved_meanwhile() -> None:
    world = commitment(state="draft")
    world.put("submitted")
    world.look_and_die(Side.APRIMO, after=1)
    world.put("approved")

    world.settle_down()

    assert list(world.processes) == ["instance-1"]
    assert (world.link.agreed_value("state"), world.link.agreed_value("tier")) == ("submitted", "manager")


class Lives(FlowLives):
    """People on both sides do anything in any order; looks come late, twice or not at all."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.is_deletion_told = False

    @initialize(is_commitment=st.sampled_from((True, True, False)), amount=st.sampled_from(AMOUNTS))
    def it_begins(self, *, is_commitment: bool, amount: str) -> None:
        self.world = commitment(amount) if is_commitment else campaign(request=amount)

    # ---- a commitment ----------------------------------------------------------------------------------------------

    @precondition(lambda self: self.world.is_commitment)
    @rule(state=st.sampled_from(STATES), is_told=TOLD)
    def someone_sets_the_status(self, state: str, *, is_told: bool) -> None:
        self.world.put(state)
        self.told(Side.APRIMO, is_told=is_told)

    @precondition(lambda self: self.world.is_commitment)
    @rule(amount=st.sampled_from(AMOUNTS), currency=st.sampled_from(CURRENCIES), is_told=TOLD)
    def someone_changes_the_amount(self, amount: str, currency: str, *, is_told: bool) -> None:
        self.world.edit(amount=amount, currency=currency)
        self.told(Side.APRIMO, is_told=is_told)

    @precondition(lambda self: self.world.is_commitment)
    @rule(
        name=st.sampled_from(("name", "remark", "matrix", "decision", "message", "approved_amount", "justification")),
        value=st.sampled_from(("approved", "1.00", "")),
        is_told=TOLD,
    )
    def someone_edits(self, name: str, value: str, *, is_told: bool) -> None:
        self.world.edit(**{name: value})
        self.told(Side.APRIMO, is_told=is_told)

    @precondition(lambda self: self.world.is_commitment)
    @rule(campaigns=st.sampled_from((["5012"], ["5013"], ["5012", "5013"], [])), is_told=TOLD)
    def someone_moves_it_to_other_campaigns(self, campaigns: list[str], *, is_told: bool) -> None:
        self.world.edit(activities=list(campaigns))
        self.told(Side.APRIMO, is_told=is_told)

    # ---- a campaign ------------------------------------------------------------------------------------------------

    @precondition(lambda self: not self.world.is_commitment)
    @rule(name=st.sampled_from(("budget", "planned", "request")), amount=MONEY, is_told=TOLD)
    def someone_plans(self, name: str, amount: str, *, is_told: bool) -> None:
        self.world.edit(**{name: amount})
        self.told(Side.APRIMO, is_told=is_told)

    @precondition(lambda self: not self.world.is_commitment)
    @rule(
        name=st.sampled_from(("currency", "account", "reason", "hold", "message")),
        value=st.sampled_from(("EUR", "USD", ACCOUNT, "999", "")),
        is_told=TOLD,
    )
    def someone_edits_the_campaign(self, name: str, value: str, *, is_told: bool) -> None:
        self.world.edit(**{name: value})
        self.told(Side.APRIMO, is_told=is_told)

    @precondition(lambda self: not self.world.is_commitment)
    @rule(name=st.sampled_from(("forecast_amount", "total_commit")), amount=MONEY)
    def someone_spends(self, name: str, amount: str) -> None:
        self.world.spend(**{name: amount or "0"})

    @precondition(lambda self: not self.world.is_commitment)
    @rule(number=st.integers(min_value=7, max_value=8), is_held=st.booleans())
    def a_commitment_tells(self, number: int, *, is_held: bool) -> None:
        key = aprimo_key("commitment", number)
        self.world.holds[key] = is_held
        self.world.is_told_of_a_commitment(key, is_held=is_held)

    # ---- either ----------------------------------------------------------------------------------------------------

    @precondition(lambda self: self.world.waiting())
    @rule(
        answer=st.sampled_from(ANSWERS),
        by=PEOPLE,
        justification=st.sampled_from(("Dearer.", "Dearer.", "")),
        is_told=TOLD,
    )
    def someone_answers(self, answer: str, by: str, justification: str, *, is_told: bool) -> None:
        self.world.answer(answer, by=by, justification=justification)
        self.told(Side.OPENTEXT, is_told=is_told)

    @precondition(lambda self: self.world.live())
    @rule(by=PEOPLE, meanwhile=st.sampled_from(MEANWHILE), is_told=TOLD)
    def all_approve(self, by: str, meanwhile: str, *, is_told: bool) -> None:
        self.world.all_approve(by=by)
        match meanwhile:
            case "nothing":
                pass
            case "amount":
                self.world.edit(**{"amount" if self.world.is_commitment else "request": "24000.00"})
            case "currency":
                self.world.edit(currency="USD")
            case state if self.world.is_commitment:
                self.world.put("" if state == "on hold" else state)
        self.told(Side.OPENTEXT, is_told=is_told)

    @precondition(lambda self: self.world.live())
    @rule(is_faulty=st.booleans(), is_told=TOLD)
    def the_process_ends_early(self, *, is_faulty: bool, is_told: bool) -> None:
        self.world.end_early() if is_faulty else self.world.delete_process("A duplicate")
        self.told(Side.OPENTEXT, is_told=is_told)

    @precondition(lambda self: self.world.live())
    @rule(variables=st.sampled_from(({"amount": "15000.00"}, {"tier": "manager"}, {"currency": "USD"})), is_told=TOLD)
    def someone_changes_what_the_approvers_are_shown(self, variables: dict[str, str], *, is_told: bool) -> None:
        self.world.tamper(**variables)
        self.told(Side.OPENTEXT, is_told=is_told)

    @rule(is_told=TOLD)
    def someone_deletes_the_item(self, *, is_told: bool) -> None:
        self.world.delete()
        self.is_deletion_told |= is_told
        if is_told:
            self.world.look(Side.APRIMO, DELETED)

    @rule()
    def someone_comments(self) -> None:
        self.world.comment("Hm")

    @rule()
    def the_timetable_tells_us(self) -> None:
        self.world.look(Side.OPENTEXT, facts.DUE, data={"reason": self.world.link.wake_reason})

    # ---- what is true at any time ----------------------------------------------------------------------------------

    @invariant()
    def nothing_begins_twice_for_one_revision(self) -> None:
        begun = Counter(each.revision for each in self.world.sent if isinstance(each, StartProcess))
        assert max(begun.values(), default=1) == 1

    @invariant()
    def a_campaign_may_spend_what_was_approved_and_no_more(self) -> None:
        world = self.world
        granted = str(world.link.agreed_value(f"{GRANTED}EUR") or "")
        approved = {world.shown(each) for each in world.processes.values() if world.approved(each)}
        assert not granted or f"{granted} EUR" in approved

    # ---- what is true at rest --------------------------------------------------------------------------------------

    def teardown(self) -> None:
        """At rest nothing is written, what differs is found with its cause, and what waits is being decided."""
        world = self.world
        world.settle_down()
        world.now += HISTORY
        world.settle_down()
        self.the_timetable_tells_us()
        world.settle_down()
        before = len(world.sent)
        world.look(Side.APRIMO)
        world.look(Side.OPENTEXT)
        assert len(world.sent) == before
        assert world.unfounded == []
        explained = [world.flow.explain(each, pair_of(world), Known()) for each in found(world)]
        assert [each for each in explained if each.cause is Cause.UNEXPLAINED] == []
        is_refused = any(plan.verdict is Verdict.REFUSE for plan in world.plans[-2:])
        if self.is_deletion_told or not is_refused:
            self._is_being_decided()
            self._is_held_as_long_as_it_is_open()
            self._is_approved_or_found()

    def _is_being_decided(self) -> None:
        """What needs an approval has a process of its amount in its tier, unless that ended without an answer."""
        world, live, owed = self.world, self.world.live(), self.world.owed()
        newest = next(iter(world.link.processes[::-1]), None)
        if live is not None:
            assert not world.is_deleted
            assert world.values["state"] not in {"draft", "cancelled"}
        for each in owed if world.is_commitment else ():
            is_answered = newest is not None and newest.outcome in UNANSWERED and newest.item_version == each
            assert is_answered or (newest is not None and newest.is_live and newest.item_version == each)
            assert is_answered or world.link.agreed_value("tier") == tier_of(Decimal(each.partition(" ")[0]))
        if owed and not world.is_commitment:
            assert live is not None or set(owed) <= {each.item_version for each in world.link.processes}

    def _is_held_as_long_as_it_is_open(self) -> None:
        world, is_live = self.world, self.world.link.live_process() is not None
        if world.is_commitment:
            named = world.values["activities"]
            held = {key for key, is_held in world.holds.items() if is_held}
            campaigns = {aprimo_key("activity", str(each)) for each in named} if isinstance(named, list) else set()
            assert held == (campaigns if is_live else set())
        elif not world.is_deleted and not self._is_left_to_a_person("hold"):
            is_held = any(world.holds.values()) or is_live or world.is_refused()
            assert world.values["hold"] == ("on hold" if is_held else "")

    def _is_approved_or_found(self) -> None:
        """An approval of ours stands on the amount that was approved, or comparing finds it."""
        world = self.world
        if world.is_deleted or world.values["state"] != "approved" or not world.above_limit():
            return
        if not world.link.processes:
            return
        approved = {world.shown(each) for each in world.processes.values() if world.approved(each)}
        assert world.above_limit() in approved or found(world) != ()

    def _is_left_to_a_person(self, name: str) -> bool:
        return any(each.field == name for plan in self.world.plans[-2:] for each in plan.changes.differences)


TestLives = Lives.TestCase
TestLives.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
