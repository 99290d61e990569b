"""Flow 7: what somebody types in Aprimo where OpenText decides, once and again."""

from __future__ import annotations

from pipeline.commands import SendMessage
from pipeline.flows import facts
from pipeline.plan import Plan
from pipeline.words import Side
from tests.support.case_world import KINDS, World, opened


def differing(world: World) -> list[str]:
    """The fields of which a look at Aprimo tells a person that the two systems differ."""
    return [each.field for each in looked(world).changes.differences]


def looked(world: World) -> Plan:
    """What is planned about a look at Aprimo."""
    count = len(world.plans)
    world.look(Side.APRIMO)
    return world.plans[count]


def cancelled() -> World:
    """A case whose process somebody deleted in OpenText."""
    world = opened()
    world.delete_process("A duplicate")
    world.settle_down()
    assert world.values["state"] == "cancelled"
    return world


# ---- status --------------------------------------------------------------------------------------------------------


def test_a_status_typed_after_the_process_was_deleted_is_put_back_once() -> None:
    world = cancelled()
    world.put("in_progress")

    for _ in range(3):
        world.look(Side.APRIMO)

    assert world.values["state"] == "cancelled"
    assert world.written.count(("state", "cancelled")) == 2
    assert ("state", "in_progress") not in world.written


def test_the_same_status_typed_again_stays_and_is_a_persons_to_decide() -> None:
    world = opened()
    world.put("resolved")
    assert differing(world) == []
    assert world.values["state"] == "open"

    world.put("resolved")

    assert differing(world) == ["state"]
    assert differing(world) == ["state"]
    assert world.values["state"] == "resolved"


def test_news_of_the_tasks_are_shown_over_a_status_that_was_typed_twice() -> None:
    world = opened()
    for _ in range(2):
        world.put("resolved")
        world.look(Side.APRIMO)

    world.do("triage", responsible="legal")
    world.settle_down()

    assert world.values["state"] == "in_progress"
    assert differing(world) == []


def test_a_case_that_is_over_cannot_be_held() -> None:
    world = cancelled()
    world.put("on_hold")

    assert differing(world) == []
    assert world.values["state"] == "cancelled"
    world.put("on_hold")
    assert differing(world) == ["state"]
    assert world.live() is None


def test_a_case_that_is_over_and_was_held_in_vain_begins_anew_once_it_is_opened() -> None:
    world = cancelled()
    for _ in range(2):
        world.put("on_hold")
        world.look(Side.APRIMO)

    world.put("open")
    world.settle_down()

    assert [each.definition_key for each in world.waiting()] == ["triage"]
    assert sorted(world.processes) == ["instance-1", "instance-2"]


def test_a_case_that_is_made_on_hold_has_its_tasks_and_nobody_is_told_that_they_are_overdue() -> None:
    world = opened("on_hold", kind=KINDS["blocker"])
    world.now = world.now.replace(year=world.now.year + 1)

    world.look(Side.OPENTEXT, facts.DUE)

    assert sorted(each.definition_key for each in world.waiting()) == ["agency", "procurement"]
    assert world.values["state"] == "on_hold"
    assert world.link.wake_at is None
    assert not [each for each in world.sent if isinstance(each, SendMessage)]


def test_those_who_work_on_a_case_hear_that_it_is_held_and_held_no_more() -> None:
    world = opened()

    for state in ("on_hold", "open"):
        world.put(state)
        world.settle_down()

    live = world.live()
    assert live is not None
    assert [each.text.partition(" [")[0] for each in live.comments] == [
        "Requester (Aprimo): On hold",
        "Requester (Aprimo): No longer on hold",
    ]


# ---- owner and priority --------------------------------------------------------------------------------------------


def test_an_owner_whom_nobody_knows_typed_again_stays_and_is_a_persons_to_decide() -> None:
    world = opened()
    world.edit(owner="nobody")
    first = looked(world)
    assert world.values["owner"] == ""
    assert [each.code for each in first.changes.notices] == ["owner_not_moved"]

    world.edit(owner="nobody")

    assert differing(world) == ["owner"]
    assert world.values["owner"] == "nobody"
    assert world.task("triage").assignee == ""


def test_news_of_the_tasks_are_shown_over_an_owner_who_was_typed_twice() -> None:
    world = opened(kind=KINDS["blocker"])
    for step in ("agency", "procurement"):
        world.change(world.task(step), assignee=f"{step}@example.test")
    world.settle_down()
    for _ in range(2):
        world.edit(owner="ann@example.test")
        world.look(Side.APRIMO)
    assert world.values["owner"] == "ann@example.test"

    world.change(world.task("agency"), assignee="")
    world.look(Side.APRIMO)

    assert world.task("agency").assignee == ""
    assert world.values["owner"] == "procurement@example.test"


def test_a_priority_that_the_file_does_not_name_typed_again_stays_and_moves_no_task() -> None:
    world = opened()
    world.edit(priority="9")
    first = looked(world)
    assert world.values["priority"] == "3582"
    assert [each.code for each in first.changes.notices] == ["unknown_priority"]

    world.edit(priority="9")

    assert differing(world) == ["priority"]
    assert world.values["priority"] == "9"
    assert world.task("triage").priority == 50
