"""Flow 3: whole lives of a request, and what is true of every life hypothesis can think of."""

from __future__ import annotations

from datetime import timedelta

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from pipeline.differences import Explained
from pipeline.flows import facts
from pipeline.plan import Verdict
from pipeline.words import Side
from tests.support.agreeing import untold
from tests.support.lives import FlowLives
from tests.support.production_world import World
from tests.support.productions import WANTED

LANGUAGES = st.lists(st.sampled_from(("de", "fr", "it")), max_size=2, unique=True)
DATES = st.sampled_from((WANTED, "2026-03-20T00:00:00Z", "2026-03-03T00:00:00Z", "2026-04-01T12:00:00Z", "soon", ""))
ANSWERS = ("done", "done", "done", "done", "rubber_stamped")
CHECKS = ("approved", "approved", "to_design", "to_copy", "looks fine")
TITLES = {
    "copywriting": "Copywriting",
    "design": "Design",
    "translation": "Translation",
    "localization": "Localization",
    "qa": "Final QA",
}


def requested(languages: list[str]) -> World:
    world = World()
    world.edit(languages=[*languages])
    world.put("submitted")
    world.look(Side.APRIMO)
    return world


def test_a_request_is_worked_through_step_by_step_and_its_percentage_only_rises() -> None:
    world = requested(["de", "fr"])
    seen = [int(str(world.values["percent"]))]

    while world.waiting():
        task = world.waiting()[0]
        world.decide(task, "approved" if task.definition_key == "qa" else "done")
        world.look(Side.OPENTEXT)
        seen.append(int(str(world.values["percent"])))

    assert seen == [0, 20, 50, 60, 70, 80, 90, 100]
    assert world.values["state"] == "produced"


def test_work_that_is_sent_back_goes_through_all_that_follows_again() -> None:
    world = requested(["de"])
    answers = iter(("done", "done", "done", "done", "to_design", "done", "done", "done", "approved"))
    seen = []

    while world.waiting():
        world.decide(world.waiting()[0], next(answers))
        world.look(Side.OPENTEXT)
        seen.append(world.values["step"])

    assert seen == [
        "Design",
        "Translation de",
        "Localization de",
        "Final QA",
        "Design",
        "Translation de",
        "Localization de",
        "Final QA",
        "",
    ]
    assert world.values["state"] == "produced"


def test_a_withdrawal_that_races_the_last_approval_wins() -> None:
    world = requested([])
    for answer in ("done", "done", "approved"):
        world.decide(world.waiting()[0], answer)
    world.put("withdrawn")

    world.look(Side.OPENTEXT)
    world.settle_down()

    assert world.values["state"] == "withdrawn"
    assert ("state", "produced") not in world.written


def test_a_language_that_races_the_last_approval_needs_a_new_revision() -> None:
    world = requested([])
    for answer in ("done", "done", "approved"):
        world.decide(world.waiting()[0], answer)
    world.edit(languages=["de"])

    world.look(Side.OPENTEXT)
    world.settle_down()

    assert (world.values["state"], world.values["message"]) == ("submitted", "In production, revision 2")


def test_a_late_step_tells_its_lead_once_however_often_the_timetable_looks() -> None:
    world = requested([])
    world.now += timedelta(days=9)

    for _ in range(3):
        world.look(Side.OPENTEXT, facts.DUE)

    assert [each.KIND for each in world.sent].count("ot.send_message") == 1
    assert world.values["late"] == "yes"


def _is_emptied(found: Explained, world: World) -> bool:
    """Whether it is a wanted date that somebody took away: work goes on by the last one, until there is another."""
    return found.mismatch.field == "wanted" and world.values["wanted"] == ""


class Lives(FlowLives):
    """People on both sides do anything in any order; looks come late, twice or not at all."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        self.world = World()

    @initialize(languages=LANGUAGES)
    def it_is_requested(self, languages: list[str]) -> None:
        self.world = requested(languages)

    @rule(
        state=st.sampled_from(("draft", "submitted", "submitted", "withdrawn", "", "produced", "cancelled")),
        is_told=st.booleans(),
    )
    def someone_sets_a_state(self, state: str, *, is_told: bool) -> None:
        self.world.put(state)
        self.told(Side.APRIMO, is_told=is_told)

    @rule(wanted=DATES, is_told=st.booleans())
    def someone_changes_the_wanted_date(self, wanted: str, *, is_told: bool) -> None:
        self.world.edit(wanted=wanted)
        self.told(Side.APRIMO, is_told=is_told)

    @rule(languages=LANGUAGES, is_told=st.booleans())
    def someone_changes_the_languages(self, languages: list[str], *, is_told: bool) -> None:
        self.world.edit(languages=[*languages])
        self.told(Side.APRIMO, is_told=is_told)

    @rule(
        name=st.sampled_from(("name", "brief", "remark", "percent", "step", "late", "matrix", "assets")),
        value=st.sampled_from(("7", "100", "")),
        is_told=st.booleans(),
    )
    def someone_edits(self, name: str, value: str, *, is_told: bool) -> None:
        self.world.edit(**{name: value})
        self.told(Side.APRIMO, is_told=is_told)

    @precondition(lambda self: self.world.waiting())
    @rule(
        place=st.integers(min_value=0, max_value=2),
        answer=st.sampled_from(ANSWERS),
        check=st.sampled_from(CHECKS),
        is_told=st.booleans(),
    )
    def someone_works(self, place: int, answer: str, check: str, *, is_told: bool) -> None:
        waiting = self.world.waiting()
        task = waiting[place % len(waiting)]
        self.world.decide(task, check if task.definition_key == "qa" else answer)
        self.told(Side.OPENTEXT, is_told=is_told)

    @precondition(lambda self: self.world.waiting())
    @rule(days=st.integers(min_value=-9, max_value=9), is_told=st.booleans())
    def someone_moves_a_due_date(self, days: int, *, is_told: bool) -> None:
        self.world.move(self.world.waiting()[0], self.world.now + timedelta(days=days))
        self.told(Side.OPENTEXT, is_told=is_told)

    @precondition(lambda self: self.world.live())
    @rule(is_told=st.booleans())
    def all_is_worked_through(self, *, is_told: bool) -> None:
        while self.world.waiting():
            task = self.world.waiting()[0]
            self.world.decide(task, "approved" if task.definition_key == "qa" else "done")
        self.told(Side.OPENTEXT, is_told=is_told)

    @precondition(lambda self: self.world.live())
    @rule(is_faulty=st.booleans(), is_told=st.booleans())
    def the_process_ends_early(self, *, is_faulty: bool, is_told: bool) -> None:
        self.world.end_early() if is_faulty else self.world.delete_process("cleaned up")
        self.told(Side.OPENTEXT, is_told=is_told)

    def teardown(self) -> None:
        """At rest nothing is written; what is requested has a live process, and Aprimo shows where that stands."""
        world = self.world
        world.now += timedelta(hours=1)  # No history lags any more.
        world.settle_down()
        world.look(Side.OPENTEXT, facts.DUE)
        before = len(world.sent)
        world.look(Side.APRIMO)
        world.look(Side.OPENTEXT)
        assert len(world.sent) == before
        assert [each for each in untold(world) if not _is_emptied(each, world)] == []
        is_known = world.link.state not in {"unknown", "decision_waits"}
        is_whole = all(plan.verdict is not Verdict.REFUSE for plan in world.plans[-2:])
        if world.values["state"] == "submitted" and is_known and is_whole:
            self._shows_where_it_stands()
        if world.live() is not None:
            assert world.values["state"] not in {"draft", "withdrawn"}

    def _shows_where_it_stands(self) -> None:
        world = self.world
        waiting = world.waiting()
        assert waiting
        if self._is_edited_by_hand():
            return
        assert str(world.values["step"]).startswith(TITLES[waiting[0].definition_key])
        dues = [task.due_at for task in waiting if task.due_at]
        assert world.values["next_due"] == f"{min(dues):%Y-%m-%dT%H:%M:%SZ}"
        if min(dues) <= world.now - timedelta(minutes=1):
            assert world.values["late"] == "yes"

    def _is_edited_by_hand(self) -> bool:
        """Whether a hand edit came twice, and a person is to decide on it."""
        codes = [notice.code for plan in self.world.plans for notice in plan.changes.notices]
        return any(code.startswith("edited_on_wrong_side") for code in codes)


TestLives = Lives.TestCase
TestLives.settings = settings(max_examples=100, stateful_step_count=25, deadline=None)
