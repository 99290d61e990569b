"""`kill -9` at every failpoint, one process each: nothing is lost, doubled or overtaken, and the checker agrees."""

from __future__ import annotations

import os
import signal
import subprocess
from collections import defaultdict
from functools import partial

from console.demo_repair import run_command
from console.embedded_plan import signoff_command
from pipeline.failpoints import Point
from tests.chaos.checker.evidence import Run
from tests.chaos.checker.verdict import judge
from tests.chaos.seed import at_rest
from tests.chaos.strikes import Order
from tests.chaos.witness import evidence_of
from tests.support import processes
from tests.support.bad_days import LIMIT_S, Day, bad_day
from tests.support.bad_days_office import Office

PLAYED = (6, 1, 2, 3, 4, 5, 7, 8, 9, 10)
"""Briefs of every story: two revisions, a withdrawal, an edit, an escalation, a remark."""
SPARE = tuple(range(11, 27))
"""What is handed in, one after another, when all of them are over and not every failpoint was met yet."""
STRUCK_WITHIN_S = 180.0
GOES_ON_WITHIN_S = 80.0
_wait_until = partial(processes.wait_until, every_s=0.1)
TO_REPLAY = {"refused_by_vendor", "poison"}
"""Why an event may be dead afterwards: Aprimo refused it, or it met three of the kills in a row."""


def test_a_process_killed_at_any_failpoint_loses_and_doubles_nothing(office: Office) -> None:
    """Kills of one kind of step come one after another; a line that was hit goes on before the next."""
    of_step = defaultdict(list)
    for point in Point:
        of_step[point.partition(".")[0]].append(point)
    of_operator = of_step.pop("replay")
    with bad_day(office, "Killed everywhere", PLAYED, SPARE) as day:
        refused = office.break_route(
            "aprimo", method="PUT", path="/api/activities/*", match="extrAttr306", kind="status", status=400
        )
        kills = [partial(_kill_one_by_one, day, points) for points in of_step.values()]
        day.play_during(
            *kills,
            partial(_replay_the_poisoned, day, until=sum(map(len, of_step.values()))),
            is_busy=lambda: sum(not role.is_over for role in day.stage.roles) > 1,  # One waits: it was refused.
        )
        refused.await_hit()
        _wait_until(office.rows.open_letters, what="the dead letter of what was refused")
        letter = office.rows.open_letters()[0]
        assert [_replay_and_die(office, letter, point) for point in of_operator] == ["open", "replayed"]
        day.play_during(partial(_replay_what_dies, day))
        day.end()

    assert sorted(_struck(office)) == sorted(Point)
    acts = Run(acts=(f"dead_letter.replayed {letter}",))
    assert judge(at_rest(lambda: evidence_of(office, acts, ""))) == []


def _kill_one_by_one(day: Day, points: list[Point]) -> None:
    for point in points:
        day.office.orders.give(Order(point=point))
        _wait_until(partial(_struck_at, day.office, point), limit_s=STRUCK_WITHIN_S, what=f"a kill at {point}")
        day.kills += 1
        day.office.rows.let_leases_run_out(_struck_at(day.office, point)[-1])
        _wait_until(lambda: not day.office.rows.crashed(), limit_s=GOES_ON_WITHIN_S, what=f"going on after {point}")


def _replay_the_poisoned(day: Day, *, until: int) -> None:
    """Replays what met three kills in a row, until as many have struck: behind a dead head nothing is done."""
    office = day.office

    def are_struck() -> bool:
        for letter in office.rows.open_letters("poison"):
            _replay(office, letter)
        return len(_struck(office)) >= until

    _wait_until(are_struck, limit_s=2 * LIMIT_S, what="all kills")


def _struck(office: Office) -> list[Point]:
    """Where this day's orders were carried out; other days order something of some kind."""
    return [each.order.point for each in office.orders.struck() if each.order == Order(point=each.order.point)]


def _struck_at(office: Office, point: Point) -> list[int]:
    return [each.pid for each in office.orders.struck() if each.order.point is point]


def _replay_and_die(office: Office, letter: str, point: Point) -> str:
    """An operator's command that is killed; gives the letter's state afterwards."""
    office.orders.give(Order(point=point))
    words = signoff_command("dead-letters", "replay", letter, "--by", "ops", "--note", "mended")
    ended = subprocess.run(words, env={**os.environ, **office.environ}, capture_output=True, check=False)
    assert ended.returncode == -signal.SIGKILL
    return str(_letters(office)[letter]["state"])


def _replay_what_dies(day: Day) -> None:
    """Replays what is dead still, until every story is over and nothing is open any more."""
    office = day.office

    def is_at_rest() -> bool:
        for letter in office.rows.open_letters():
            assert _letters(office)[letter]["code"] in TO_REPLAY
            _replay(office, letter)
        return day.stage.is_over and office.rows.is_at_rest()

    # The day gives up before that, and says what is open.
    _wait_until(is_at_rest, limit_s=2 * LIMIT_S, what="the end of all work")


def _replay(office: Office, letter: str) -> None:
    run_command(office.environ, "dead-letters", "replay", letter, "--json", "--by", "ops", "--note", "mended")


def _letters(office: Office) -> dict[str, dict[str, object]]:
    found = run_command(office.environ, "dead-letters", "list", "--state", "any", "--json")["dead_letters"]
    return {str(each["id"]): each for each in found}
