"""Flow 4: whole lives of a market, and what is true of every life hypothesis can think of."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from pipeline.flows import facts
from pipeline.words import Side
from tests.support.agreeing import found, untold
from tests.support.localization_world import DRAFT, MARKET, World

FILE = {"localizedFile": "https://files.example.test/hero-dach.psd"}
MADE = "e" * 32
REPLACED, EDITED = "signoff.master_replaced", "signoff.master_edited"


def distributed() -> World:
    world = World()
    world.distribute(MARKET)
    return world


def test_an_approved_market_has_one_released_record() -> None:
    world = distributed()

    world.all_approve(**FILE)
    world.look(Side.OPENTEXT)
    world.look(Side.APRIMO, facts.LOOK_AGAIN)

    assert world.released() == [MADE]
    assert (world.records[MADE]["master_version"], world.records[MADE]["older_master"]) == (f"{1:032d}", "No")
    assert world.told[-1]["record"] == MADE


def test_an_approval_for_a_market_that_was_removed_meanwhile_publishes_nothing() -> None:
    world = distributed()
    world.all_approve(**FILE)
    world.edit(markets=[])

    world.look(Side.OPENTEXT)

    assert (world.released(), world.live()) == ([], None)
    assert world.link.agreed_value("submitted") is False


def test_an_approval_of_a_version_that_is_not_the_masters_any_more_says_so() -> None:
    world = distributed()
    world.all_approve(**FILE)
    world.upload()

    world.look(Side.OPENTEXT)

    assert world.records[MADE]["older_master"] == "Yes"
    assert any(each["older"] is True and each["state"] == "approved" for each in world.told)


def test_a_restart_that_finds_the_process_over_begins_anew_after_the_decision() -> None:
    world = distributed()
    world.all_approve(**FILE)

    world.look(Side.APRIMO, facts.RESTART)

    assert world.released() == [MADE]
    assert [each.ended_at is None for each in world.processes.values()] == [False, True]


def test_an_edit_that_comes_while_a_translation_is_sent_back_travels_in_the_same_call() -> None:
    world = distributed()
    world.decide("changes_requested")
    world.edit(name="Hero in blue")

    world.look(Side.APRIMO, EDITED)

    live = world.live()
    assert live is not None
    assert live.variables["assetTitle"] == "Hero in blue"
    assert [command.KIND for command in world.sent[-2:]] == ["ot.set_variables", "ot.update_task"]


def test_what_was_published_stays_whatever_becomes_of_a_later_round() -> None:
    world = distributed()
    world.all_approve(**FILE)
    world.look(Side.OPENTEXT)
    world.look(Side.APRIMO, facts.RESTART)
    world.delete_process()
    world.look(Side.OPENTEXT)

    assert (world.released(), world.link.state) == ([MADE], "cancelled")
    assert found(world, world.flow.item_want(world.link)) == ()


def test_a_market_that_is_removed_ends_its_process() -> None:
    world = distributed()

    world.distribute()

    assert world.live() is None
    assert world.told[-1]["state"] == "withdrawn"


class Lives(RuleBasedStateMachine):
    """People on both sides do anything in any order; looks come late, twice or not at all."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()

    @initialize()
    def it_is_distributed(self) -> None:
        self.world.distribute(MARKET)

    @rule(is_listed=st.booleans(), is_told=st.booleans())
    def someone_lists_or_removes_the_market(self, *, is_listed: bool, is_told: bool) -> None:
        if is_told:
            self.world.distribute(*([MARKET] if is_listed else []))
        else:
            self.world.edit(markets=[MARKET] if is_listed else [])

    @rule(is_told=st.booleans())
    def someone_replaces_the_master(self, *, is_told: bool) -> None:
        self.world.upload()
        if is_told:
            self.world.look(Side.APRIMO, REPLACED)

    @rule(is_told=st.booleans())
    def someone_renames_the_master(self, *, is_told: bool) -> None:
        self.world.edit(name=f"Hero {self.world.count}")
        if is_told:
            self.world.look(Side.APRIMO, EDITED)

    @rule(
        outcome=st.sampled_from(("done", "approved", "approved", "rejected", "changes_requested", "noted")),
        named=st.sampled_from(({}, FILE, {"localizedRecordId": DRAFT})),
        is_told=st.booleans(),
    )
    def someone_decides(self, outcome: str, named: dict[str, str], *, is_told: bool) -> None:
        self.world.decide(outcome, **named)
        self._told(Side.OPENTEXT, is_told=is_told)

    @rule(named=st.sampled_from(({}, FILE, {"localizedRecordId": DRAFT})), is_told=st.booleans())
    def all_approve(self, named: dict[str, str], *, is_told: bool) -> None:
        self.world.all_approve(**named)
        self._told(Side.OPENTEXT, is_told=is_told)

    @rule()
    def someone_makes_a_draft(self) -> None:
        if DRAFT not in self.world.records:
            self.world.make_draft()

    @rule(record_id=st.sampled_from((DRAFT, MADE)), is_told=st.booleans())
    def someone_changes_a_localized_file(self, record_id: str, *, is_told: bool) -> None:
        if record_id in self.world.records:
            self.world.translate_anew(record_id)
            self._told(Side.APRIMO, is_told=is_told)

    @rule(record_id=st.sampled_from((DRAFT, MADE)), is_told=st.booleans())
    def someone_files_a_record_elsewhere(self, record_id: str, *, is_told: bool) -> None:
        if record_id in self.world.records:
            self.world.file(record_id, "/Elsewhere", leaves=self.world.filed(record_id))
            self._told(Side.APRIMO, is_told=is_told)

    @rule(status=st.sampled_from(("draft", "archived")), is_told=st.booleans())
    def someone_sets_the_status_of_the_markets_record(self, status: str, *, is_told: bool) -> None:
        record_id = self.world.link.item.rpartition(":")[2]
        if record_id in self.world.records:
            self.world.records[record_id]["record_status"] = status
            self._told(Side.APRIMO, is_told=is_told)

    @rule(is_told=st.booleans())
    def someone_deletes_the_process(self, *, is_told: bool) -> None:
        self.world.delete_process()
        self._told(Side.OPENTEXT, is_told=is_told)

    @rule(hours=st.sampled_from((1, 100)))
    def time_passes(self, hours: int) -> None:
        self.world.now += timedelta(hours=hours)

    @rule(side=st.sampled_from(tuple(Side)))
    def someone_tells_us(self, side: Side) -> None:
        self.world.look(side)

    @rule()
    def an_operator_asks_for_a_restart(self) -> None:
        self.world.look(Side.APRIMO, facts.RESTART)

    @invariant()
    def at_most_one_process_lives(self) -> None:
        assert sum(each.ended_at is None for each in self.world.processes.values()) <= 1
        assert sum(row.is_live for row in self.world.link.processes) <= 1

    @invariant()
    def nothing_is_released_but_what_the_market_approved(self) -> None:
        assert self.world.unfounded == []
        assert len(self.world.released()) <= 1

    def _told(self, side: Side, *, is_told: bool) -> None:
        if is_told:
            self.world.look(side)

    def teardown(self) -> None:
        """At rest nothing more is written; a process lives only where the market is listed, about what is there."""
        self._looks()
        before = len(self.world.sent)
        self._looks()
        assert len(self.world.sent) == before
        assert untold(self.world, self.world.flow.item_want(self.world.link), looks=12) == ()
        live = self.world.live()
        if live is not None:
            assert self.world.values["markets"] == [MARKET]
            assert live.variables["masterVersionId"] == f"{self._latest()}"

    def _latest(self) -> str:
        found = self.world.values["file_version"]
        return str(found["id"]) if isinstance(found, dict) else ""

    def _looks(self) -> None:
        """Everything is looked at, by the market's line and by what the master's line tells it."""
        for _ in range(2):
            self.world.look(Side.OPENTEXT)
            self.world.look(Side.APRIMO, facts.LOOK_AGAIN)
            self.world.look(Side.APRIMO)


TestLives = Lives.TestCase
TestLives.settings = settings(max_examples=40, stateful_step_count=20, deadline=None)
