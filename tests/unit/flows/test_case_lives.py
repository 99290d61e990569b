"""Flow 7: whole lives of a case, and what is true of every life hypothesis can think of."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from pipeline.commands import CreateObject
from pipeline.flows import facts
from pipeline.plan import Verdict
from pipeline.words import Side
from tests.support.agreeing import found, untold
from tests.support.case_world import (
    HIGH,
    KINDS,
    LATE,
    LOW,
    NORMAL,
    OVER,
    STATES,
    URGENT,
    World,
    opened,
    opened_late,
    started,
)
from tests.support.lives import FlowLives

ANSWERS = {"resolution": ("resolved", "resolved", "never mind"), "confirm": ("confirmed", "reopened", "perhaps")}
PEOPLE = st.sampled_from(("", "ann@example.test", "bob@example.test", "nobody"))
PLACES = st.integers(min_value=0, max_value=2)
TOLD = st.booleans()


def test_a_case_that_is_reopened_is_worked_through_again_until_its_requester_confirms() -> None:
    world = opened(kind=KINDS["blocker"])
    seen = []

    for step, outcome, responsible in [
        ("procurement", "done", ""),
        ("agency", "done", ""),
        ("resolution", "resolved", ""),
        ("confirm", "reopened", ""),
        ("triage", "done", "legal"),
        ("legal", "done", ""),
        ("resolution", "resolved", ""),
        ("confirm", "confirmed", ""),
    ]:
        world.do(step, outcome=outcome, **({"responsible": responsible} if responsible else {}))
        seen.append(world.values["state"])

    assert seen == [
        "in_progress",
        "in_progress",
        "resolved",
        "reopened",
        "in_progress",
        "in_progress",
        "resolved",
        "closed",
    ]


@pytest.mark.parametrize("status", ["in_progress", "on_hold"])
def test_a_case_that_is_over_and_stands_otherwise_by_hand_differs_in_its_status_and_in_nothing_else(
    status: str,
) -> None:
    world = opened()
    world.delete_process("A duplicate")
    world.settle_down()
    assert world.values["state"] == "cancelled"

    world.put(status)

    assert [each.field for each in found(world)] == ["state"]


class Lives(FlowLives):
    """People in both systems do what they like; looks come late, twice or not at all."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        self.world = World()

    @initialize(
        birth=st.sampled_from(("open", "on_hold", "there", "late")), kind=st.sampled_from(sorted(KINDS.values()))
    )
    def it_begins(self, birth: str, kind: str) -> None:
        if birth == "there":
            self.world = started()
        elif birth == "late":
            self.world = opened_late()
        else:
            self.world = opened(birth, kind=kind)

    @rule(status=st.sampled_from((*STATES, "", "open")), is_told=TOLD)
    def somebody_sets_the_status_in_aprimo(self, status: str, *, is_told: bool) -> None:
        self.world.put(status)
        self.told(Side.APRIMO, is_told=is_told)

    @rule(priority=st.sampled_from((LOW, NORMAL, HIGH, URGENT, "9", "")), is_told=TOLD)
    def somebody_sets_the_priority_in_aprimo(self, priority: str, *, is_told: bool) -> None:
        self.world.edit(priority=priority)
        self.told(Side.APRIMO, is_told=is_told)

    @rule(owner=PEOPLE, is_told=TOLD)
    def somebody_sets_the_owner_in_aprimo(self, owner: str, *, is_told: bool) -> None:
        self.world.edit(owner=owner)
        self.told(Side.APRIMO, is_told=is_told)

    @rule(
        name=st.sampled_from(("name", "description", "about", "remark", "resolution", "message", "matrix", "case")),
        value=st.sampled_from(("", "Look", "aprimo:activity:9")),
        is_told=TOLD,
    )
    def somebody_edits_the_rest_in_aprimo(self, name: str, value: str, *, is_told: bool) -> None:
        self.world.edit(**{name: value})
        self.told(Side.APRIMO, is_told=is_told)

    @rule(kind=st.sampled_from((*KINDS.values(), "9")), is_told=TOLD)
    def somebody_sets_the_kind_in_aprimo(self, kind: str, *, is_told: bool) -> None:
        self.world.edit(kind=kind)
        self.told(Side.APRIMO, is_told=is_told)

    @precondition(lambda self: self.world.waiting())
    @rule(
        place=PLACES,
        choice=PLACES,
        responsible=st.sampled_from(("", "legal", "marketing agency")),
        is_told=TOLD,
    )
    def somebody_answers_a_task(self, place: int, choice: int, responsible: str, *, is_told: bool) -> None:
        waiting = self.world.waiting()
        task = waiting[place % len(waiting)]
        outcome = ANSWERS.get(task.definition_key, ("done", "done", "whatever"))[choice]
        named = {"responsible": responsible} if task.definition_key == "triage" else {}
        note = {"resolutionNote": "It is there."} if task.definition_key == "resolution" else {}
        self.world.decide(task, outcome, **named, **note)
        self.told(Side.OPENTEXT, is_told=is_told)

    @precondition(lambda self: self.world.waiting())
    @rule(
        place=PLACES,
        priority=st.sampled_from((0, 25, 60, 100)),
        who=PEOPLE,
        is_told=TOLD,
    )
    def somebody_changes_a_task(self, place: int, priority: int, who: str, *, is_told: bool) -> None:
        waiting = self.world.waiting()
        self.world.change(waiting[place % len(waiting)], priority=priority, assignee=who)
        self.told(Side.OPENTEXT, is_told=is_told)

    @precondition(lambda self: self.world.live())
    @rule(is_faulty=st.booleans(), is_told=TOLD)
    def the_process_ends_early(self, *, is_faulty: bool, is_told: bool) -> None:
        self.world.end_early() if is_faulty else self.world.delete_process("A duplicate")
        self.told(Side.OPENTEXT, is_told=is_told)

    @precondition(lambda self: self.world.link.business_key == LATE)
    @rule()
    def the_late_review_is_done(self) -> None:
        self.world.look(Side.APRIMO, facts.REVIEW_DONE, data={"what": "Brand has answered."})

    @invariant()
    def one_process_lives_and_one_object_is_made(self) -> None:
        assert sum(each.ended_at is None for each in self.world.processes.values()) <= 1
        assert sum(row.is_live for row in self.world.link.processes) <= 1
        assert sum(isinstance(each, CreateObject) for each in self.world.sent) <= 1

    @rule()
    def both_are_looked_at_and_say_the_same(self) -> None:
        """At rest nothing is written, and what differs was put back once and is a person's to decide."""
        world = self.world
        world.now += timedelta(hours=1)  # No history lags any more.
        world.settle_down()
        world.plans.clear()
        before = len(world.sent)
        world.look(Side.APRIMO)
        differing = {each.field for each in world.plans[0].changes.differences}
        is_whole = world.plans[0].verdict is not Verdict.REFUSE
        world.look(Side.OPENTEXT)
        assert len(world.sent) == before
        assert untold(world) == ()
        assert differing <= {loop.field for loop in world.link.loops.values() if loop.over}
        if world.values["state"] and is_whole:
            self._say_the_same(differing)

    def teardown(self) -> None:
        """So it is at the end of every life."""
        self.both_are_looked_at_and_say_the_same()

    def _say_the_same(self, differing: set[str]) -> None:
        world, live, row = self.world, self.world.live(), self.world.link.live_process()
        assert (row.instance_id if row else None) == (live.instance_id if live else None)
        if "state" not in differing:
            assert (world.values["state"] in OVER) is (live is None)
            assert live is None or world.values["state"] in {"on_hold", world.stands()}
        if "owner" not in differing:
            holders = dict.fromkeys(task.assignee for task in world.waiting() if task.assignee)
            assert sorted(str(world.values["owner"]).split("; ")) == sorted(holders or [""])
        if live is None:
            return
        assert live.variables["caseTitle"] == world.values["name"]
        assert live.variables["subjectItem"] == world.values["about"]
        assert "priority" in differing or world.values["priority"] == world.level()
        note = live.variables.get("resolutionNote") or ""
        assert "resolution" in differing or world.values["resolution"] == note


TestLives = Lives.TestCase
TestLives.settings = settings(max_examples=60, stateful_step_count=25, deadline=None)
