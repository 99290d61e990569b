"""Workers are killed in mid-call and answers get lost: what may have been done is looked up, and never doubled."""

from __future__ import annotations

import os
import signal

from console.demo_scenario import Story
from tests.support.bad_days import Day, bad_day
from tests.support.bad_days_office import Office, parent_of

START = {"method": "POST", "path": "/workflow/v1/process-instances"}
COMMENT = {"method": "POST", "path": "*/comments"}
MESSAGE = {"method": "PUT", "path": "/workflow/v1/process-instances/executions/*"}
UNDER_WAY_S = 2.0
LATE_START_S = 2.0
"""A start's `late` time is 3 s here: a look-up before that proves nothing."""


def test_a_worker_killed_in_mid_carry_doubles_nothing(office: Office) -> None:
    """Its call is under way: the start takes effect after the kill, the write to Aprimo before it."""
    with bad_day(office, "Killed") as day:
        day.play_during(lambda: _kill_worker_in_start(day), lambda: _kill_child_in_write(day))
        figures = day.end()

    assert _tries_of_start(day, Story.REJECTED) == ["send/lost", "look_up/found"]
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


def _kill_worker_in_start(day: Day) -> None:
    """Kills the whole worker of the process that holds the line."""
    name = day.role(Story.REJECTED).brief.name
    day.office.break_route("opentext", **START, match=name, kind="delay", delay_s=UNDER_WAY_S).await_hit()
    _kill(day, parent_of(_holder(day, Story.REJECTED)))


def _kill_child_in_write(day: Day) -> None:
    """Kills only the process that holds the line."""
    path = f"/api/activities/{day.role(Story.EDITED).id}"
    day.office.break_route(
        "aprimo", method="PUT", path=path, match="extrAttr306", kind="slow_body", delay_s=UNDER_WAY_S
    ).await_hit()
    _kill(day, _holder(day, Story.EDITED))


def _holder(day: Day, story: Story) -> int:
    pid = day.office.rows.holder(day.subject(story))
    assert pid is not None, "nobody carries the brief: the call was over already"
    return pid


def _kill(day: Day, pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    day.kills += 1
