"""Chaos in the small: a seed of troubles on each database; and in the long run doubled messages and wiped queues."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import partial

import pytest

from tests.chaos.cast import STORIES
from tests.chaos.checker.evidence import Evidence
from tests.chaos.checker.verdict import judge
from tests.chaos.deck import draw
from tests.chaos.report import details, line
from tests.chaos.scene import LANES, Scene, patiently, scene_of
from tests.chaos.seed import evidence_at_rest, play
from tests.chaos.trouble import Met, Trouble
from tests.chaos.troubles_inside import of_broker, tell_again
from tests.support import findings
from tests.support.bad_days import SUBJECT, Day, bad_day
from tests.support.bad_days_office import Office
from tests.support.reports import REPORTS, renew

SEEDS = {"sqlite": 5, "postgresql": 4}
"""Between them they draw most kinds of trouble; `./run chaos` draws all."""
YARDSTICK = {
    "approved+": 12,
    "rejected": 11,
    "changes_requested_and_resubmitted": 13,
    "withdrawn": 10,
    "edited_while_in_approval": 13,
    "overdue_and_escalated": 12,
}
"""What each story delivers in a run without faults."""
RECOVERY_LIMIT_S = 120.0
"""Twice what is promised: the suite may share its machine."""
MESSAGES = 1_000
TIMES = 3
"""How often each event is told again at a time."""
QUEUE_MAX = 100
"""Messages that may wait before more are told."""
WIPE_EVERY_S = 1.0


@pytest.fixture(scope="module")
def scene(office: Office) -> Iterator[Scene]:
    with scene_of(office) as opened:
        yield opened


def test_a_seed_of_chaos_and_a_thousand_messages_more_change_nothing(scene: Scene) -> None:
    database = scene.office.rows.database
    seed = SEEDS[database]
    more = Trouble(kind="duplicate", what=f"{MESSAGES} messages more", at_s=0.0, act=_tell_a_thousand_times)

    played = play(scene, seed, [*draw(seed, database), more], YARDSTICK, recovery_limit_s=RECOVERY_LIMIT_S)

    findings.note(SUBJECT, f"Chaos on {database}: {line(played)}")
    assert details(played) == []


def _tell_a_thousand_times(scene: Scene) -> Met:
    told = 0
    while told < MESSAGES:
        scene.wait_for(lambda: _waiting(scene) < QUEUE_MAX, what="a queue with room")
        told += tell_again(scene, TIMES)
    return Met(hits=told)


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_ten_thousand_messages_more_over_several_workers_change_nothing(scene: Scene) -> None:
    told = _under_load(scene, messages=10_000, wipes=0)

    evidence = evidence_at_rest(scene)
    _renew(scene, "doubled messages", _figures(told, evidence))
    assert judge(evidence) == []


@pytest.mark.long
@pytest.mark.timeout(1800)
def test_ten_wipes_under_load_lose_nothing(scene: Scene) -> None:
    told = _under_load(scene, messages=0, wipes=10)

    evidence = evidence_at_rest(scene)
    _renew(scene, "wipes", _figures(told, evidence))
    assert judge(evidence) == []


@dataclass(kw_only=True)
class Told:
    """What came on top of the work: messages and wipes so far, over how many days of six briefs."""

    messages: int = 0
    wipes: int = 0
    days: int = 0


def _under_load(scene: Scene, *, messages: int, wipes: int) -> Told:
    """Plays days of work until so many messages were told again and so many wipes came in mid-flight."""
    told = Told()
    scene.begin()
    while told.messages < messages or told.wipes < wipes:
        told.days += 1
        with bad_day(scene.office, f"Load {told.days} of {messages} and {wipes}", STORIES) as day:
            day.play_during(partial(_disturb, scene, day, told, Told(messages=messages, wipes=wipes)))
            day.end()
    return told


def _disturb(scene: Scene, day: Day, told: Told, wanted: Told) -> None:
    """Disturbs one day, until it is over or has had enough."""
    wipe_at = 0.0
    while not day.stage.is_over and (told.messages < wanted.messages or told.wipes < wanted.wipes):
        if told.messages < wanted.messages and _waiting(scene) < QUEUE_MAX:
            told.messages += tell_again(scene, TIMES)
        is_at_work = patiently(scene.office.rows.oldest_open_s) > 0
        if told.wipes < wanted.wipes and is_at_work and time.monotonic() > wipe_at:
            told.wipes += of_broker(scene.redis.flushall)
            wipe_at = time.monotonic() + WIPE_EVERY_S
        time.sleep(0.1)


def _waiting(scene: Scene) -> int:
    return sum(of_broker(partial(scene.redis.llen, lane)) for lane in LANES)


def _figures(told: Told, evidence: Evidence) -> dict[str, object]:
    found = [violation.invariant for violation in judge(evidence)]
    return {
        **asdict(told),
        "events": len(evidence.tables["events"]),
        "deliveries": len(evidence.tables["deliveries"]),
        "lost": found.count("I1"),
        "doubled": found.count("I2"),
        "out of order": found.count("I3"),
    }


def _renew(scene: Scene, what: str, figures: dict[str, object]) -> None:
    renew(
        REPORTS / "load.md",
        title="Doubled messages and wiped queues under load",
        about=(
            "Days of six briefs, two workers for each vendor; what is under way is told again three times for each"
            " step, or the broker is wiped once a second. Judged by the checker. Renewed by `./run test --long`."
        ),
        row=f"{what}, {scene.office.rows.database}",
        figures=figures,
    )
