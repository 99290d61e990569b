"""Producers and claimers as processes that crash, are killed and oversleep: what the claim has to withstand.

Every process is forked from one that has used the store already, as Celery's workers are.
"""

from __future__ import annotations

import multiprocessing
import os
import random
import signal
import time
import traceback
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.process import BaseProcess
from pathlib import Path
from uuid import uuid4

from sqlalchemy import Column, Integer, MetaData, Table, Text, select

from pipeline import intake
from pipeline.events import NewEvent
from pipeline.ports import Claim, EventMove, Limits, Release, Tx
from pipeline.store import SqlStore
from pipeline.store.lines import SqlLines
from pipeline.words import EventId, EventState, Side, Step
from tests.support.store_rows import LANE, new_event

CRASHED = 42
LAST_CRASHING_PRODUCER = 20

handled = Table(
    "handled",
    MetaData(),
    Column("number", Integer, primary_key=True),
    Column("event_id", Text),
    Column("line_key", Text),
    Column("position", Integer),
)
"""A log beside the store's tables, without any unique that would hide a double."""


@dataclass(frozen=True, kw_only=True)
class Trouble:
    """At which claim of its life, and each so many after it, a worker meets what; and how long leases run."""

    lease_s: float = 0.5
    oversleeps_at: int = 3
    crashes_at: int = 7
    crashes_in_commit_at: int = 11
    again_after: int = 17
    taken_over_within_s: float = 5.0


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What all processes share."""

    url: str
    folder: Path
    items: int
    notices: int
    trouble: Trouble

    @property
    def is_over(self) -> bool:
        return (self.folder / "stop").exists()

    def note(self, what: str, count: int = 1) -> None:
        """Count something across processes; survives a kill."""
        if count:
            with (self.folder / "notes").open("a") as notes:
                notes.write(f"{what}\n" * count)

    def last_words(self) -> str:
        """Why a process ended that was not to end."""
        path = self.folder / "last-words"
        return path.read_text() if path.exists() else ""

    def noted(self) -> dict[str, int]:
        """Everything that was counted."""
        path = self.folder / "notes"
        found: dict[str, int] = {}
        for line in path.read_text().splitlines() if path.exists() else []:
            found[line] = found.get(line, 0) + 1
        return found


def _play(role: Callable[[Scene, SqlStore, int], None], scene: Scene, store: SqlStore, seed: int) -> None:
    try:
        role(scene, store, seed)
    except BaseException:
        (scene.folder / "last-words").write_text(traceback.format_exc())
        raise


def produce(scene: Scene, store: SqlStore, seed: int) -> None:
    """Tell of every event, each item's in order; begin anew after a crash, and tell all of it again."""
    chance = random.Random(seed)  # noqa: S311 - Chance, not secrets.
    todo = [(number, 0) for number in range(scene.items)]
    while todo:
        group = chance.sample(todo, min(3, len(todo)))
        events = [new_event(number, notice=str(notice)) for number, notice in group]
        # It begins anew each time, so one that crashed for ever would never come to an end.
        crashes = seed <= LAST_CRASHING_PRODUCER and chance.random() < 0.05

        scene.note("told", len(events))
        scene.note("stored", store.run(partial(_accept, events=events, seed=seed, crashes=crashes)))
        todo = [(n, k) for n, k in todo if (n, k) not in group]
        todo += [(n, k + 1) for n, k in group if k + 1 < scene.notices]


def _accept(tx: Tx, *, events: list[NewEvent], seed: int, crashes: bool) -> int:
    stored, _ = intake.place(tx, events, new_id=lambda _: f"{seed}-{uuid4().hex}", limits=Limits())
    if crashes:
        os._exit(CRASHED)
    return len(stored)


def work(scene: Scene, store: SqlStore, seed: int) -> None:
    """Claim and handle until the scene is over."""
    chance = random.Random(seed)  # noqa: S311 - Chance, not secrets.
    me = f"{seed}-{os.getpid()}"
    done = 0
    while not scene.is_over:
        claims = store.run(partial(_claim, me=me, event_ids=(), scene=scene))
        for event_id in store.run(_expired) if chance.random() < 0.3 else ():  # Now and then it sweeps.
            claims += store.run(partial(_claim, me=me, event_ids=(event_id,), scene=scene))
        # On a slow machine it may have taken over from itself: the last lease counts.
        claims = list({claim.key: claim for claim in claims}.values())
        if not claims:
            time.sleep(0.01)
            continue
        done += 1
        scene.note("taken over", sum(claim.is_taken_over for claim in claims))
        _handle(scene, store, claims, done % scene.trouble.again_after)


def _claim(tx: Tx, *, me: str, event_ids: tuple[EventId, ...], scene: Scene) -> list[Claim]:
    return tx.lines.claim(
        Step.TRANSFORM,
        LANE,
        event_ids,
        me=me,
        is_alone=bool(event_ids),
        limit=3,
        lease_s=scene.trouble.lease_s,
    )


def _expired(tx: Tx) -> list[EventId]:
    return [due.event_id for due in tx.lines.due(limit=5, rehint_after_s=0.2) if due.is_expired]


def _handle(scene: Scene, store: SqlStore, claims: list[Claim], turn: int) -> None:
    if turn == scene.trouble.crashes_at:
        os._exit(CRASHED)
    if turn == scene.trouble.oversleeps_at:
        scene.note("overslept")
        _oversleep(scene, store, claims)
    crashes = turn == scene.trouble.crashes_in_commit_at
    refused = store.run(partial(_record, claims=claims, crashes=crashes))
    scene.note("late writes refused", refused)


def _oversleep(scene: Scene, store: SqlStore, claims: list[Claim]) -> None:
    """Sleep past the lease, and on until another has a line of ours."""
    time.sleep(scene.trouble.lease_s)
    deadline = time.monotonic() + scene.trouble.taken_over_within_s
    while time.monotonic() < deadline and not scene.is_over:
        if len(store.run(lambda tx: tx.lines.fence(claims))) < len(claims):
            return
        time.sleep(0.05)


def _record(tx: Tx, *, claims: list[Claim], crashes: bool) -> int:
    """End each held line's head, log it and move the line on; returns how many leases were lost."""
    tails = tx.lines.fence(claims)
    ours = [claim for claim in claims if claim.key in tails]
    heads = {key: events[0] for key, events in tx.events.waiting(ours).items()}
    tx.events.move(
        [
            EventMove(id=head.id, before=head.state, after=EventState.IGNORED, reason="handled")
            for head in heads.values()
        ]
    )
    _log(tx, [(head.id, head.line_key, head.position) for head in heads.values()])
    tx.lines.release([_release(tx, claim, tails[claim.key], heads[claim.key].position) for claim in ours])
    if crashes:
        os._exit(CRASHED)
    return len(claims) - len(ours)


def _release(tx: Tx, claim: Claim, tail: int, position: int) -> Release:
    return Release(
        key=claim.key,
        token=claim.token,
        step=Step.TRANSFORM,
        lane=LANE,
        vendor=Side.APRIMO,
        head=position + 1,
        ready_at=tx.now if position < tail else None,
    )


def _log(tx: Tx, rows: Iterable[tuple[str, str, int]]) -> None:
    assert isinstance(tx.lines, SqlLines)
    for event_id, line_key, position in rows:
        tx.lines._conn.execute(handled.insert().values(event_id=event_id, line_key=line_key, position=position))


@dataclass
class Crowd:
    """The processes of a scene: those that die before the end are replaced."""

    scene: Scene
    store: SqlStore
    crashes: int = 0
    kills: int = 0
    _seeds: int = 0
    _running: list[tuple[BaseProcess, Callable[[Scene, SqlStore, int], None]]] = field(default_factory=list)

    def start(self, role: Callable[[Scene, SqlStore, int], None]) -> None:
        self._seeds += 1
        process = multiprocessing.get_context("fork").Process(
            target=_play, args=(role, self.scene, self.store, self._seeds)
        )
        process.start()
        self._running.append((process, role))

    def look_after(self) -> None:
        """Replace the dead; a producer that came to its end stays away."""
        for process, role in list(self._running):
            if process.is_alive():
                continue
            self._running.remove((process, role))
            if process.exitcode not in {0, CRASHED, -signal.SIGKILL}:
                raise AssertionError(f"{role.__name__} ended with {process.exitcode}: {self.scene.last_words()}")
            if process.exitcode != 0:
                self.crashes += process.exitcode == CRASHED
                self.start(role)

    def kill_one(self, chance: random.Random) -> None:
        process, _ = chance.choice(self._running)
        process.kill()
        self.kills += 1

    def stop(self) -> None:
        (self.scene.folder / "stop").touch()
        for process, _ in self._running:
            process.join(timeout=20)
            process.kill()
            process.join()


def read_log(store: SqlStore) -> list[tuple[str, str, int]]:
    """(event id, line, position) in the order they were handled."""
    with store.begin() as tx:
        assert isinstance(tx.lines, SqlLines)
        rows = tx.lines._conn.execute(select(handled).order_by(handled.c.number))
        return [(row.event_id, row.line_key, row.position) for row in rows]
