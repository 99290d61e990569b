"""Each event is handled once and in order, whoever crashes, is killed or oversleeps his lease."""

from __future__ import annotations

import random
import time
from collections import Counter, defaultdict
from pathlib import Path

import pytest
from sqlalchemy import make_url

from pipeline.store import SqlPages, SqlStore, engine
from tests.support import findings
from tests.support.claim_processes import Crowd, Scene, Trouble, handled, produce, read_log, work
from tests.support.reports import REPORTS, renew
from tests.support.store_rows import FLOW

PRODUCERS, CLAIMERS = 3, 4
KILL_EVERY_S = 0.5


def _play(url: str, folder: Path, *, items: int, notices: int, kills: int, within_s: float) -> Crowd:
    writing = engine.writer(url)
    handled.metadata.drop_all(writing)
    handled.metadata.create_all(writing)
    writing.dispose()
    scene = Scene(url=url, folder=folder, items=items, notices=notices, trouble=Trouble())
    crowd = Crowd(scene=scene, store=SqlStore(url))
    read_log(crowd.store)  # The parent has open connections when it forks.
    for role, count in ((produce, PRODUCERS), (work, CLAIMERS)):
        for _ in range(count):
            crowd.start(role)
    chance = random.Random(7)  # noqa: S311 - Chance, not secrets.
    killed_at = time.monotonic()
    deadline = killed_at + within_s
    try:
        while len(read_log(crowd.store)) < items * notices:
            assert time.monotonic() < deadline, f"after {within_s} s: {scene.noted()}"
            crowd.look_after()
            if crowd.kills < kills and time.monotonic() > killed_at + KILL_EVERY_S:
                killed_at = time.monotonic()
                crowd.kill_one(chance)
            time.sleep(0.05)
    finally:
        crowd.stop()
    return crowd


def _judge(crowd: Crowd, url: str) -> dict[str, int]:
    """Hold what was handled against what was told; returns the counts."""
    scene, log = crowd.scene, read_log(crowd.store)
    crowd.store.dispose()
    places = defaultdict(list)
    for _, line, position in log:
        places[line].append(position)
    pages = SqlPages(url)
    events = pages.event_list(limit=100_000)
    pages.dispose()
    noted = scene.noted()
    counts = ", ".join(f"{count} {what}" for what, count in sorted(noted.items()))
    told = f"{len(log)} events handled: {counts}, {crowd.crashes} crashed, {crowd.kills} killed"
    findings.note("claims under crashes", told)

    assert len(events) == scene.items * scene.notices
    assert Counter(event.state for event in events) == {"ignored": len(events)}
    assert max(Counter(event_id for event_id, _, _ in log).values()) == 1
    assert {event_id for event_id, _, _ in log} == {event.id for event in events}
    assert dict(places) == {
        f"{FLOW}/aprimo:activity:{number}": list(range(1, scene.notices + 1)) for number in range(scene.items)
    }
    assert noted["told"] > len(events)
    assert noted["taken over"] > 0
    assert noted["late writes refused"] > 0
    assert crowd.crashes > 0
    assert crowd.kills > 0
    times = Counter(event_id for event_id, _, _ in log)
    return {
        "events": len(events),
        **dict(sorted(noted.items())),
        "crashed": crowd.crashes,
        "killed": crowd.kills,
        "lost": len({event.id for event in events} - set(times)),
        "doubled": sum(count - 1 for count in times.values()),
        "out of order": sum(line != sorted(line) for line in places.values()),
    }


def test_crashing_and_oversleeping_processes_handle_each_event_once_and_in_order(
    any_database_url: str, tmp_path: Path
) -> None:
    crowd = _play(any_database_url, tmp_path, items=8, notices=10, kills=6, within_s=60)

    _judge(crowd, any_database_url)


@pytest.mark.long
@pytest.mark.timeout(600)
def test_a_long_run_of_crashing_processes_handles_each_event_once_and_in_order(
    any_database_url: str, tmp_path: Path
) -> None:
    crowd = _play(any_database_url, tmp_path, items=40, notices=40, kills=60, within_s=400)

    figures = _judge(crowd, any_database_url)
    renew(
        REPORTS / "claims.md",
        title="Claims under crashes",
        about=(
            f"{PRODUCERS} producers and {CLAIMERS} claimers as processes that crash between and inside commits, are"
            " killed, and oversleep leases of half a second. Each event was handled once and in order. Renewed by"
            " `./run test --long`."
        ),
        row=make_url(any_database_url).get_backend_name(),
        figures=figures,
    )
