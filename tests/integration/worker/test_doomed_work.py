"""Events that kill their worker, and steps that never end: real workers, and nobody else comes to harm."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from celery import Celery

from config.celery_options import celery_options
from config.settings import load
from pipeline.intake import accept
from pipeline.ports import Ports
from pipeline.store.engine import writer
from pipeline.sweep import sweep
from tasks.wiring import Wiring
from tests.support import findings
from tests.support.databases import postgres, postgres_url, sqlite_template, sqlite_url
from tests.support.doomed_worker import (
    KILLS_IN_CARRY,
    KILLS_IN_TRANSFORM,
    NEVER_ENDS,
    ROLE,
    Notes,
    with_fakes,
)
from tests.support.fakes import look, reading
from tests.support.processes import wait_until
from tests.support.states import States
from tests.support.valkey_server import running_valkey

__all__ = ["postgres", "postgres_url", "sqlite_template", "sqlite_url"]

HARD_LIMIT_S = 3.0
LEASE_S = 4.0
REHINT_AFTER_S = 6.0
SLACK_S = 15.0
"""Of a machine with much else to do. What is meant is seen in rows; the limits say that the wait has an end."""
STEPS = 3
CRASHES = 3
ENGINE = {
    "CONNECT_TIMEOUT_S": 0.5,
    "READ_TIMEOUT_S": 0.5,
    "CALL_DEADLINE_S": 0.5,
    "NO_NEW_CALL_AFTER_S": 1.5,
    "MARGIN_S": 0.5,
    "BUDGET_WAIT_MAX_S": 0.5,
    "HARD_LIMIT_S": HARD_LIMIT_S,
    "LEASE_S": LEASE_S,
    "COUNTDOWN_MAX_S": 1,
    "REHINT_AFTER_S": REHINT_AFTER_S,
    "WORKER_CONCURRENCY": 1,
}


@dataclass(frozen=True, kw_only=True)
class Shop:
    """A worker with one process, and what it has done."""

    ports: Ports
    notes: Notes
    states: States

    def accept(self, *numbers: int) -> None:
        """A look at each item, all of them in one commit: the worker gets them in one message."""
        events = [look(f"aprimo:activity:{number}") for number in numbers]
        told = accept([reading(*events)], store=self.ports.store, new_id=self.ports.new_id, limits=self.ports.limits)
        self.ports.waker.wake(told.hints)

    def until(self, holds: Callable[[], object], *, limit_s: float = 60.0, what: str) -> float:
        """Sweep, as the timetable does, until the condition holds; gives how long that took."""
        began = time.monotonic()

        def swept() -> bool:
            sweep(self.ports)
            return bool(holds())

        wait_until(swept, limit_s=limit_s, every_s=0.2, what=what)
        return time.monotonic() - began

    def done(self, *numbers: int) -> bool:
        """Whether each of these took effect."""
        return set(map(str, numbers)) <= set(self.notes.of("effects"))


@contextmanager
def shop(folder: Path, database_url: str) -> Iterator[Shop]:
    with running_valkey(folder / "broker") as broker_url:
        told = {
            "SIGNOFF_BROKER_URL": broker_url,
            "SIGNOFF_DATABASE_URL": database_url.replace("postgresql://", "postgresql+psycopg://", 1),
            "SIGNOFF_DATA_DIR": str(folder),
            **{f"SIGNOFF_ENGINE_{name}": str(value) for name, value in ENGINE.items()},
        }
        settings = load(told)
        app = Celery("shop", set_as_current=False)
        app.config_from_object(celery_options(settings))
        made, looking = Wiring(settings, app), writer(settings.database_url)
        with worker(folder, {**os.environ, **told}, broker_url):
            yield Shop(ports=with_fakes(made.ports, folder), notes=Notes(folder=folder), states=States(looking))
        made.store.dispose()
        made.redis.close()
        app.close()
        looking.dispose()


@contextmanager
def worker(folder: Path, environ: dict[str, str], broker_url: str) -> Iterator[None]:
    log = folder / "log"
    argv = [sys.executable, "-m", "tests.support.doomed_worker", str(folder)]
    with log.open("w") as said, subprocess.Popen(argv, env=environ, stdout=said, stderr=said) as process:
        try:
            wait_until(lambda: f"signoff {ROLE} is ready" in log.read_text(), limit_s=60, what="the worker")
            yield
        finally:
            process.kill()


@pytest.mark.parametrize(
    ("doomed", "database"), [(KILLS_IN_TRANSFORM, "sqlite_url"), (KILLS_IN_CARRY, "postgres_url")]
)
def test_an_event_that_kills_its_worker_three_times_is_poison_and_harms_no_neighbour(
    request: pytest.FixtureRequest, tmp_path: Path, doomed: int, database: str
) -> None:
    neighbours, others = range(10, 20), range(30, 35)
    with shop(tmp_path, str(request.getfixturevalue(database))) as running:
        running.accept(doomed, *neighbours)
        took_s = running.until(lambda: running.done(*neighbours), what="the neighbours")
        running.accept(*others)
        others_s = running.until(lambda: running.done(*others), what="the others")
        running.until(running.states.letters, what="the dead letter")
        running.until(lambda: {*running.states.events()} == {"dead", "delivered"}, what="the rest")

        assert running.states.letters() == [("poison", "open")]
        assert len(running.notes.of("deaths")) == CRASHES
        assert Counter(running.states.events()) == Counter({"dead": 1, "delivered": len(neighbours) + len(others)})
        assert set(Counter(running.notes.of("effects")).values()) == {1}
        # Their claim died with the first process: they wait for the end of that lease, and for no other.
        taken = {running.states.claimed(f":{number}") for number in neighbours}
        assert taken <= {STEPS, STEPS + 1}, taken
        assert {running.states.claimed(f":{number}") for number in others} == {STEPS}
    findings.note("doomed work", f"poison: neighbours after {took_s:.1f} s, others after {others_s:.1f} s")
    # Celery may notice a death at the hard limit only, that of the one process twice.
    assert took_s < REHINT_AFTER_S + 2 * HARD_LIMIT_S + SLACK_S


def test_a_step_that_never_ends_is_cut_by_the_hard_limit_and_its_slot_is_free(
    tmp_path: Path, sqlite_url: str
) -> None:
    """The worker has one process: while the step hangs, nothing else can be worked on."""
    with shop(tmp_path, sqlite_url) as running:
        running.accept(NEVER_ENDS)
        running.until(lambda: running.notes.of("hung"), what="the step that hangs")
        running.accept(40)
        free_s = running.until(lambda: running.done(40), what="the other item")
        running.until(running.states.letters, what="the dead letter")

        assert running.states.letters() == [("poison", "open")]
        assert len(running.notes.of("hung")) == CRASHES
        assert running.states.deliveries() == ["unknown", "done"]
    findings.note("doomed work", f"hung step: its slot was free after {free_s:.1f} s")
    assert free_s < HARD_LIMIT_S + SLACK_S
