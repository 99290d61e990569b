"""Flow 8: whole lives of a campaign's reviews, and what is true of every life hypothesis can think of."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from pipeline.flows import facts
from pipeline.flows.shared.insights import VERDICTS
from pipeline.plan import Verdict
from pipeline.words import JsonValue, ReviewState, Side
from tests.support.agreeing import untold
from tests.support.insight_world import END, HERO, NEXT_END, World, result, reviewed
from tests.support.lives import FlowLives

ENDS = (END, END, NEXT_END, "2026-02-20", "2025-06-30", "")
ANSWERS = ("approved", "approved", "approved", "rejected", "changes_requested", "noted")
TOLD = st.booleans()
HISTORY = timedelta(hours=1)
"""After that long no history lags any more."""


def test_a_review_that_is_signed_off_is_shown_on_its_asset() -> None:
    world = reviewed()

    world.sign_off(result("reuse"))
    world.settle_down()

    assert world.values["message"] == "Signed off, revision 1"
    assert (world.asset.values["verdict"], world.asset.values["insight_period"]) == ("Reuse", f"2025-10-01 to {END}")
    assert world.asset.verdicts() == {"reuse"}
    assert world.asset.values["insight_on"] == world.now.date().isoformat()


def test_what_somebody_edits_of_a_campaigns_last_review_is_put_back() -> None:
    world = reviewed()
    world.sign_off(result("reuse"))
    world.settle_down()
    said = world.values["summary"]

    world.edit(summary="All is well")
    world.look(Side.APRIMO)

    assert world.values["summary"] == said


def test_a_campaign_whose_end_moved_while_it_was_reviewed_is_reviewed_again_without_another_notice() -> None:
    world = reviewed()
    world.edit(end=NEXT_END)
    world.look(Side.APRIMO)

    world.sign_off(result("reuse"))
    world.look(Side.OPENTEXT)

    live = world.live()
    assert live is not None
    assert live.variables["periodEnd"] == NEXT_END


def test_a_review_whose_start_was_given_up_half_way_gives_way_to_one_of_the_period_that_is_there_now() -> None:
    world = World()
    world.look_and_die(Side.APRIMO, after=1)
    world.edit(end=NEXT_END)

    world.settle_down()

    assert [each.variables["periodEnd"] for each in world.processes.values()] == [END, NEXT_END]
    assert [each.ended_at is None for each in world.processes.values()] == [False, True]
    assert world.values["message"] == f"In review, revision 2: 2025-10-01 to {NEXT_END}"


def test_what_was_signed_off_of_a_start_that_was_given_up_half_way_is_shown_before_the_next_review() -> None:
    world = World()
    world.look_and_die(Side.APRIMO, after=1)
    world.sign_off(result("revise"))
    world.edit(end=NEXT_END)

    world.settle_down()

    assert world.asset.values["verdict"] == "Revise"
    assert world.values["message"] == f"In review, revision 2: 2025-10-01 to {NEXT_END}"


def test_a_restart_takes_over_what_was_signed_off_unheard() -> None:
    world = reviewed()
    world.sign_off(result("reuse"))

    world.look(Side.APRIMO, facts.RESTART)

    assert world.asset.values["verdict"] == "Reuse"


class Lives(FlowLives):
    """People on both sides do anything in any order; looks come late, twice or not at all."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        self.world = World()

    @initialize(archives=st.booleans(), end=st.sampled_from(ENDS))
    def a_campaign_is_over(self, end: str, *, archives: bool) -> None:
        self.world = World(archives=archives)
        self.world.edit(end=end)
        self.world.look(Side.APRIMO)

    @rule(end=st.sampled_from(ENDS), is_told=TOLD)
    def someone_moves_its_end(self, end: str, *, is_told: bool) -> None:
        self.world.edit(end=end)
        self.told(Side.APRIMO, is_told=is_told)

    @rule(assets=st.sampled_from(([HERO], [HERO], [])), name=st.sampled_from(("Spring", "Spring", "")), is_told=TOLD)
    def someone_edits_what_is_reviewed(self, assets: list[str], name: str, *, is_told: bool) -> None:
        self.world.edit(assets=list(assets), name=name)
        self.told(Side.APRIMO, is_told=is_told)

    @rule(
        name=st.sampled_from(("message", "summary", "period", "case")), value=st.sampled_from(("", "x")), is_told=TOLD
    )
    def someone_edits_what_it_shows(self, name: str, value: str, *, is_told: bool) -> None:
        self.world.edit(**{name: value})
        self.told(Side.APRIMO, is_told=is_told)

    @rule(
        name=st.sampled_from(("score", "verdict", "findings", "needs_revision", "retire_proposal", "insight_period")),
        value=st.sampled_from(("", "1", "Reuse")),
        is_told=TOLD,
    )
    def someone_edits_the_asset(self, name: str, value: str, *, is_told: bool) -> None:
        self.world.asset.edit(**{name: value})
        if is_told:
            self.world.look_at_asset()

    @rule(verdict=st.sampled_from(VERDICTS), is_told=TOLD)
    def someone_files_the_asset_otherwise(self, verdict: str, *, is_told: bool) -> None:
        self.world.asset.file_by_hand(verdict)
        if is_told:
            self.world.look_at_asset()

    @precondition(lambda self: self.world.waiting())
    @rule(
        answer=st.sampled_from(ANSWERS),
        verdict=st.sampled_from((*VERDICTS, "perhaps")),
        count=st.sampled_from((1, 1, 1, 0, 2)),
        is_told=TOLD,
    )
    def someone_answers(self, answer: str, verdict: str, count: int, *, is_told: bool) -> None:
        results: list[dict[str, JsonValue]] = [result(verdict)] * count
        self.world.answer(answer, *results)
        self.told(Side.OPENTEXT, is_told=is_told)

    @precondition(lambda self: self.world.live())
    @rule(verdict=st.sampled_from(VERDICTS), is_told=TOLD)
    def all_is_signed_off(self, verdict: str, *, is_told: bool) -> None:
        self.world.sign_off(result(verdict))
        self.told(Side.OPENTEXT, is_told=is_told)

    @precondition(lambda self: not self.world.live() and self.world.link.live_process() is None)
    @rule(end=st.sampled_from((END, NEXT_END, "2025-06-30")))
    def someone_begins_a_review_in_opentext(self, end: str) -> None:
        self.world.begin_there(end=end)
        self.world.look(Side.OPENTEXT)

    @precondition(lambda self: not self.world.live() and self.world.link.live_process() is None)
    @rule(end=st.sampled_from((END, NEXT_END, "2025-06-30")), verdict=st.sampled_from(VERDICTS))
    def a_review_is_begun_and_signed_off_in_opentext(self, end: str, verdict: str) -> None:
        self.world.begin_there(end=end)
        self.world.look(Side.OPENTEXT)
        self.world.sign_off(result(verdict))
        self.world.look(Side.OPENTEXT)

    @precondition(lambda self: self.world.live())
    @rule(is_faulty=st.booleans(), is_told=TOLD)
    def the_process_ends_early(self, *, is_faulty: bool, is_told: bool) -> None:
        self.world.end_early() if is_faulty else self.world.delete_process("A duplicate")
        self.told(Side.OPENTEXT, is_told=is_told)

    @rule()
    def its_time_comes(self) -> None:
        self.world.its_time_comes()

    @invariant()
    def nothing_comes_to_the_asset_that_was_not_signed_off(self) -> None:
        assert self.world.unfounded == []

    @invariant()
    def a_task_is_made_once_for_a_period(self) -> None:
        tasks = [value for name, value in self.world.asset.written if name == "task"]
        assert len(set(map(str, tasks))) == len(tasks)

    @invariant()
    def every_decision_has_evidence(self) -> None:
        for row in self.world.link.reviews:
            assert bool(row.evidence) is (row.state is ReviewState.DECIDED)

    def teardown(self) -> None:
        """At rest nothing is written, the asset shows the latest result, and a campaign whose time it is has one."""
        world = self.world
        world.settle_down()
        world.now += HISTORY
        world.settle_down()
        world.its_time_comes()
        world.look_at_asset()
        before = (len(world.sent), len(world.asset.sent))
        world.look(Side.APRIMO)
        world.look(Side.OPENTEXT)
        world.look_at_asset()
        assert (len(world.sent), len(world.asset.sent)) == before
        assert untold(world) == untold(world.asset, looks=1) == ()
        is_refused = any(plan.verdict is Verdict.REFUSE for plan in world.plans[-2:])
        if is_refused:
            return
        self._shows_the_latest()
        if world.is_time() and world.values["assets"]:
            assert world.live() is not None or world.link.agreed_value("reviewed") == world.period()

    def _shows_the_latest(self) -> None:
        world, latest = self.world, self.world.latest()
        if latest is None:
            assert world.asset.written == []
            return
        verdict = str(latest["verdict"])
        is_tagged = verdict != "retire" or world.archives
        left = {each.field for plan in world.asset.plans[-1:] for each in plan.changes.differences}
        if "classifications" not in left:
            assert world.asset.verdicts() == ({verdict} if is_tagged else set())
        if "verdict" not in left:
            assert world.asset.values["verdict"] == verdict.capitalize()


TestLives = Lives.TestCase
TestLives.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
