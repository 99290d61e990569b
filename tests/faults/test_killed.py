"""Workers are killed in mid-call and answers get lost: what may have been done is looked up, and never doubled."""

from __future__ import annotations

from functools import partial

from console.demo_scenario import Story
from pipeline.commands.aprimo import SetFields
from pipeline.commands.opentext import StartProcess
from pipeline.failpoints import Point
from tests.chaos.strikes import Action, Order
from tests.support.bad_days import Day, bad_day
from tests.support.bad_days_office import Office

START = {"method": "POST", "path": "/workflow/v1/process-instances"}
COMMENT = {"method": "POST", "path": "*/comments"}
MESSAGE = {"method": "PUT", "path": "/workflow/v1/process-instances/executions/*"}
LATE_START_S = 2.0
"""A start's `late` time is 3 s here: a look-up before that proves nothing."""


def test_a_worker_killed_in_mid_carry_doubles_nothing(office: Office) -> None:
    """Its call is under way: a whole worker's in a start, in a write to Aprimo only the process that sends it."""
    with bad_day(office, "Killed") as day:
        day.play_during(
            partial(_kill, day, Action.KILL_WORKER, StartProcess.KIND),
            partial(_kill, day, Action.KILL, SetFields.KIND),
        )
        figures = day.end()

    starts = [_tries_of_start(day, role.brief.story) for role in day.stage.roles]
    assert ["send/lost", "look_up/found"] in starts
    assert figures.kills == 2
    assert figures.lost >= 2


def test_what_is_done_while_its_answer_is_lost_is_looked_up_and_not_sent_again(office: Office) -> None:
    with bad_day(office, "Answers lost") as day:
        lost_start = office.break_route("opentext", **START, match=day.role(Story.APPROVED).brief.name, kind="drop")
        late_start = office.break_route(
            "opentext", **START, match=day.role(Story.REJECTED).brief.name, kind="late", delay_s=LATE_START_S
        )
        lost_comment = office.break_route("opentext", **COMMENT, match="[sg-", kind="drop")
        lost_message = office.break_route("opentext", **MESSAGE, kind="drop")
        day.end()
        assert [each.hits for each in (lost_start, late_start, lost_comment, lost_message)] == [1, 1, 1, 1]
    assert _tries_of_start(day, Story.APPROVED) == ["send/unknown", "look_up/found"]
    first, *between, last = _tries_of_start(day, Story.REJECTED)
    assert (first, set(between) <= {"look_up/not_yet"}, last) == ("send/unknown", True, "look_up/found")


def _tries_of_start(day: Day, story: Story) -> list[str]:
    return day.office.rows.tries(f"start:campaign_brief:{day.subject(story)}:1")


def _kill(day: Day, action: Action, kind: str) -> None:
    """Whoever has just sent a command of this kind dies before it reads the answer."""
    day.office.struck(Order(point=Point.SEND_DURING, action=action, kind=kind))
    day.kills += 1
