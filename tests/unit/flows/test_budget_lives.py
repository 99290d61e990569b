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
from pipeline.keys import aprimo_key, kind_of
from pipeline.plan import Verdict
from pipeline.words import Side
from tests.support.agreeing import found, pair_of
from tests.support.budget_world import ACCOUNT, LIMITED, World, campaign, commitment, tier_of
from tests.support.lives import FlowLives

STATES = ("draft", "submitted", "submitted", "submitted", "cancelled", "approved", "rejected", "")
AMOUNTS = ("9000.00", "15000.00", "15000.00", "40000.00", "200000.00", "600000.00", "600000.00", "")
MONEY = st.sampled_from(("", "9000.00", "12500.00", "14000.00", "40000.00", "600000.00"))
CURRENCIES = ("EUR", "EUR", "EUR", "USD", "GBP", "")
ANSWERS = ("approved", "approved", "approved", "approved", "rejected", "changes_requested", "withdrawn", "noted")
PEOPLE = st.sampled_from(("", "", "one@example.test"))
HAND_SET = ("draft", "cancelled", "approved", "rejected", "")
TOLD = st.booleans()
HISTORY = timedelta(hours=1)
"""After that long no history lags any more."""
UNANSWERED = frozenset({"unknown", "cancelled", "changes_requested"})
"""How a process may have ended so that its commitment waits on, and nothing begins anew by itself."""


class BudgetLives(FlowLives):
    """What happens to either: people decide, processes end, items are deleted."""

    world: World

    def begins(self, amount: str) -> None:
        """Another item, of an amount."""
        raise NotImplementedError  # Commitments and campaigns each say how; this is no machine that is played.

    @precondition(lambda self: self.world.waiting())
    @rule(answer=st.sampled_from(ANSWERS), by=PEOPLE, said=st.sampled_from(("Dearer.", "")), is_told=TOLD)
    def someone_answers(self, answer: str, by: str, said: str, *, is_told: bool) -> None:
        self.world.answer(answer, by=by, justification=said)
        self.told(Side.OPENTEXT, is_told=is_told)

    @precondition(lambda self: self.world.live())
    @rule(by=PEOPLE, is_told=TOLD)
    def all_approve(self, by: str, *, is_told: bool) -> None:
        self.world.all_approve(by=by)
        self.told(Side.OPENTEXT, is_told=is_told)

    @precondition(lambda self: self.world.waiting())
    @rule(is_told=TOLD)
    def it_is_refused(self, *, is_told: bool) -> None:
        self.world.answer("justified", justification="Dearer.")
        self.world.answer("rejected")
        self.told(Side.OPENTEXT, is_told=is_told)

    @precondition(lambda self: self.world.live())
    @rule(is_faulty=st.booleans(), is_told=TOLD)
    def the_process_ends_early(self, *, is_faulty: bool, is_told: bool) -> None:
        self.world.end_early() if is_faulty else self.world.delete_process("A duplicate")
        self.told(Side.OPENTEXT, is_told=is_told)

    @precondition(lambda self: self.world.live())
    @rule(
        variables=st.sampled_from(({"amount": "15000.00"}, {"tier": "manager"}, {"currency": "USD"})),
        is_told=TOLD,
    )
    def someone_changes_what_the_approvers_are_shown(self, variables: dict[str, str], *, is_told: bool) -> None:
        self.world.tamper(**variables)
        self.told(Side.OPENTEXT, is_told=is_told)

    @rule(is_told=TOLD, amount=st.sampled_from(AMOUNTS))
    def someone_deletes_the_item(self, amount: str, *, is_told: bool) -> None:
        """And makes another, whose life begins."""
        self.world.delete()
        if is_told:
            self.world.look(Side.APRIMO, f"aprimo.{kind_of(self.world.link.business_key)}.deleted")
            assert self.world.live() is None
            assert not any(self.world.holds.values()) or not self.world.is_commitment
        self.rests()
        self.begins(amount)

    @rule()
    def the_timetable_tells_us(self) -> None:
        self.world.look(Side.OPENTEXT, facts.DUE, data={"reason": self.world.link.wake_reason})

    @invariant()
    def nothing_begins_twice_for_one_revision(self) -> None:
        begun = Counter(each.revision for each in self.world.sent if isinstance(each, StartProcess))
        assert max(begun.values(), default=1) == 1

    def teardown(self) -> None:
        """So it is at the end of every life."""
        self.rests()

    def rests(self) -> None:
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
        if not world.is_deleted and all(plan.verdict is not Verdict.REFUSE for plan in world.plans[-2:]):
            self.is_being_decided()

    def is_being_decided(self) -> None:
        """What needs an approval is being approved, and holds what it is to hold."""
        raise NotImplementedError  # Commitments and campaigns each say how; this is no machine that is played.


class Commitments(BudgetLives):
    """People on both sides do anything to a commitment in any order; looks come late, twice or not at all."""

    @initialize(amount=st.sampled_from(AMOUNTS))
    def begins(self, amount: str) -> None:
        self.world = commitment(amount)

    @rule(state=st.sampled_from(STATES), is_told=TOLD)
    def someone_sets_the_status(self, state: str, *, is_told: bool) -> None:
        self.world.put(state)
        self.told(Side.APRIMO, is_told=is_told)

    @rule(amount=st.sampled_from(AMOUNTS), currency=st.sampled_from(CURRENCIES), is_told=TOLD)
    def someone_changes_the_amount(self, amount: str, currency: str, *, is_told: bool) -> None:
        self.world.edit(amount=amount, currency=currency)
        self.told(Side.APRIMO, is_told=is_told)

    @rule(
        name=st.sampled_from(("name", "remark", "matrix", "decision", "message", "approved_amount", "justification")),
        value=st.sampled_from(("approved", "1.00", "")),
        is_told=TOLD,
    )
    def someone_edits(self, name: str, value: str, *, is_told: bool) -> None:
        self.world.edit(**{name: value})
        self.told(Side.APRIMO, is_told=is_told)

    @rule(campaigns=st.sampled_from((["5012"], ["5013"], ["5012", "5013"], [])), is_told=TOLD)
    def someone_moves_it_to_other_campaigns(self, campaigns: list[str], *, is_told: bool) -> None:
        self.world.edit(activities=list(campaigns))
        self.told(Side.APRIMO, is_told=is_told)

    @precondition(lambda self: self.world.live())
    @rule(amount=st.sampled_from(AMOUNTS), currency=st.sampled_from(CURRENCIES))
    def all_approve_and_the_amount_is_another_by_then(self, amount: str, currency: str) -> None:
        self.world.all_approve()
        self.world.edit(amount=amount, currency=currency)
        self.world.look(Side.OPENTEXT)

    @precondition(lambda self: self.world.live())
    @rule(state=st.sampled_from(HAND_SET))
    def all_approve_and_it_stands_otherwise_by_then(self, state: str) -> None:
        self.world.all_approve()
        self.world.put(state)
        self.world.look(Side.OPENTEXT)

    @rule(amount=st.sampled_from(AMOUNTS), is_told=TOLD)
    def someone_submits(self, amount: str, *, is_told: bool) -> None:
        self.world.edit(amount=amount, currency="EUR", name="PO-118")
        self.world.put("submitted")
        self.told(Side.APRIMO, is_told=is_told)

    def is_being_decided(self) -> None:
        """It has a process of its amount in its tier, unless that ended unanswered; what stands approved was."""
        world, live, row = self.world, self.world.live(), self.world.link.live_process()
        named = world.values["activities"]
        held = {key for key, is_held in world.holds.items() if is_held}
        campaigns = {aprimo_key("activity", str(each)) for each in named} if isinstance(named, list) else set()
        assert held == (campaigns if row is not None else set())
        assert live is None or world.values["state"] not in {"draft", "cancelled"}
        newest = next(iter(world.link.processes[::-1]), None)
        for each in world.owed():
            assert newest is not None
            assert newest.item_version == each
            assert newest.outcome in UNANSWERED or newest.is_live
            assert world.link.agreed_value("tier") == tier_of(Decimal(each.partition(" ")[0]))
        if world.values["state"] == "approved" and world.above_limit() and world.link.processes:
            approved = {world.shown(each) for each in world.processes.values() if world.approved(each)}
            assert world.above_limit() in approved or found(world) != ()


class Campaigns(BudgetLives):
    """The same of a campaign: what it plans, spends and asks for, and what its commitments tell it."""

    @initialize(amount=st.sampled_from(AMOUNTS))
    def begins(self, amount: str) -> None:
        self.world = campaign(planned=amount)

    @rule(name=st.sampled_from(("budget", "planned", "request")), amount=MONEY, is_told=TOLD)
    def someone_plans(self, name: str, amount: str, *, is_told: bool) -> None:
        self.world.edit(**{name: amount})
        self.told(Side.APRIMO, is_told=is_told)

    @rule(
        name=st.sampled_from(("currency", "account", "reason", "hold", "message")),
        value=st.sampled_from(("EUR", "USD", ACCOUNT, "999", "")),
        is_told=TOLD,
    )
    def someone_edits(self, name: str, value: str, *, is_told: bool) -> None:
        self.world.edit(**{name: value})
        self.told(Side.APRIMO, is_told=is_told)

    @rule(name=st.sampled_from(("forecast_amount", "total_commit")), amount=MONEY)
    def someone_spends(self, name: str, amount: str) -> None:
        self.world.spend(**{name: amount or "0"})

    @rule(number=st.integers(min_value=7, max_value=8), is_held=st.booleans())
    def a_commitment_tells(self, number: int, *, is_held: bool) -> None:
        key = aprimo_key("commitment", number)
        self.world.holds[key] = is_held
        self.world.is_told_of_a_commitment(key, is_held=is_held)

    @invariant()
    def it_may_spend_what_was_approved_and_no_more(self) -> None:
        world = self.world
        granted = {f"{amount} {currency}" for currency in LIMITED if (amount := world.granted(currency))}
        assert granted <= {world.shown(each) for each in world.processes.values() if world.approved(each)}

    def is_being_decided(self) -> None:
        """What it asks for was answered or is being decided, one after the other, and holds it meanwhile."""
        world, row, owed = self.world, self.world.link.live_process(), self.world.owed()
        assert row is not None or set(owed) <= {each.item_version for each in world.link.processes}
        is_held = any(world.holds.values()) or row is not None or world.is_refused()
        differing = {each.field for plan in world.plans[-2:] for each in plan.changes.differences}
        assert "hold" in differing or world.values["hold"] == ("on hold" if is_held else "")


TestCommitments = Commitments.TestCase
TestCommitments.settings = settings(max_examples=40, stateful_step_count=25, deadline=None)
TestCampaigns = Campaigns.TestCase
TestCampaigns.settings = settings(max_examples=20, stateful_step_count=25, deadline=None)
