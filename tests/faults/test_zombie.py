"""A worker sleeps past its lease and wakes up as a zombie: what it writes late is refused, and it sends nothing."""

from __future__ import annotations

from dataclasses import dataclass

from console.demo_scenario import Story
from tests.support.bad_days import Day, bad_day
from tests.support.bad_days_office import Fault, Office, parent_of
from tests.support.processes import wait_until

UNDER_WAY_S = 1.5


def test_what_a_zombie_writes_or_sends_late_is_refused(office: Office) -> None:
    """One sleeps with a start under way, one between reading the brief in Aprimo and writing to it."""
    with bad_day(office, "Zombies") as day, office.second_workers():
        zombies = day.play_during(lambda: _sleep_in_start(day), lambda: _sleep_before_write(day))
        day.play_until(lambda: _is_carried(day, Story.REJECTED), what="another worker's look-up")
        day.play_until(lambda: _is_carried(day, Story.EDITED), what="another worker's write")
        for zombie in zombies:
            _wake(office, zombie)
        figures = day.end()

    start = f"start:campaign_brief:{day.subject(Story.REJECTED)}:1"
    assert office.rows.tries(start) == ["send/lost", "look_up/found"]
    assert figures.lost >= 2
    assert figures.repeated == 0


@dataclass(frozen=True, kw_only=True)
class _Zombie:
    """The process in mid-call, and the worker that it belongs to."""

    pid: int
    worker: int


def _sleep_in_start(day: Day) -> _Zombie:
    _slow_start(day, Story.REJECTED).await_hit()
    return _put_to_sleep(day, Story.REJECTED)


def _sleep_before_write(day: Day) -> _Zombie:
    """The read that a carry makes before it writes is the first one after the start."""
    _slow_start(day, Story.EDITED).await_hit()
    path = f"/api/activities/{day.role(Story.EDITED).id}"
    read = day.office.break_route("aprimo", method="GET", path=path, kind="delay", delay_s=UNDER_WAY_S)
    read.await_hit()
    return _put_to_sleep(day, Story.EDITED)


def _slow_start(day: Day, story: Story) -> Fault:
    path, name = "/workflow/v1/process-instances", day.role(story).brief.name
    return day.office.break_route("opentext", method="POST", path=path, match=name, kind="delay", delay_s=UNDER_WAY_S)


def _put_to_sleep(day: Day, story: Story) -> _Zombie:
    pid = day.office.rows.holder(day.subject(story))
    assert pid is not None, "nobody carries the brief: the call was over already"
    zombie = _Zombie(pid=pid, worker=parent_of(pid))
    day.office.freeze(zombie.pid, zombie.worker)
    return zombie


def _is_carried(day: Day, story: Story) -> bool:
    """Whether the brief's first plan was carried after its worker fell asleep."""
    seen = day.role(story).seen
    return seen is not None and bool(seen.item.matrix)


def _wake(office: Office, zombie: _Zombie) -> None:
    """The process in mid-call first: its worker would kill it at once, because its time is up."""
    overslept = office.overslept()
    office.thaw(zombie.pid)
    wait_until(lambda: office.overslept() > overslept, what="the end of the zombie's step")
    office.thaw(zombie.worker)
