"""A worker sleeps past its lease and wakes up as a zombie: what it writes late is refused, and it sends nothing."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from pipeline.commands.aprimo import SetFields
from pipeline.commands.opentext import StartProcess
from pipeline.failpoints import Point
from tests.support.bad_days import bad_day
from tests.support.bad_days_office import Office, parent_of
from tests.support.processes import wait_until


def test_what_a_zombie_writes_or_sends_late_is_refused(office: Office) -> None:
    """One sleeps with a start under way, one between noting a write to Aprimo and sending it."""
    with bad_day(office, "Zombies") as day, office.second_workers():
        zombies = day.play_during(
            partial(_put_to_sleep, office, Point.SEND_DURING, StartProcess.KIND),
            partial(_put_to_sleep, office, Point.SEND_BEFORE, SetFields.KIND),
        )
        for zombie in zombies:
            day.play_until(partial(_is_carried_by_another, office, zombie), what="another worker's turn")
        for zombie in zombies:
            _wake(office, zombie)
        figures = day.end()

    starter, writer = [[office.rows.tries(effect) for effect in zombie.effects] for zombie in zombies]
    assert ["send/lost", "look_up/found"] in starter
    assert ["send/lost", "look_up/not_there", "send/sent"] in writer
    assert figures.lost >= 2
    assert figures.repeated == 0


@dataclass(frozen=True, kw_only=True)
class _Zombie:
    """The process in mid-call, the worker that it belongs to, and the keys of what it was sending."""

    pid: int
    worker: int
    effects: tuple[str, ...]


def _put_to_sleep(office: Office, point: Point, kind: str) -> _Zombie:
    pid = office.stopped_at(point, kind)
    effects = tuple(office.rows.under_way(pid))
    assert effects, f"what the process at {point} sends is in no row"
    return _Zombie(pid=pid, worker=parent_of(pid), effects=effects)


def _is_carried_by_another(office: Office, zombie: _Zombie) -> bool:
    """Whether somebody who is awake has ended what the zombie was sending."""
    return all(office.rows.tries(effect)[-1].endswith(("/sent", "/found")) for effect in zombie.effects)


def _wake(office: Office, zombie: _Zombie) -> None:
    """The process in mid-call first: its worker would kill it at once, because its time is up."""
    overslept = office.overslept()
    office.thaw(zombie.pid)
    wait_until(lambda: office.overslept() > overslept, limit_s=60, what="the end of the zombie's step")
    office.thaw(zombie.worker)
