"""One installation under chaos: two workers for each vendor, orders for failpoints, and what can be asked of it."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import TypeVar

import requests
from celery import Celery
from redis import Redis
from sqlalchemy.exc import SQLAlchemyError

from config.celery_options import celery_options
from console.embedded_plan import READY, signoff_command
from console.supervisor_child import Spec
from console.supervisor_loop import Supervisor
from pipeline.errors import StoreAwayError
from tasks.waker import LANES, CeleryWaker
from tests.chaos.checker.evidence import Evidence, Run
from tests.chaos.strikes import Orders
from tests.chaos.witness import evidence_of, logs, page_text
from tests.support.bad_days_histories import OUR_USER
from tests.support.bad_days_office import ALL_FLOWS, Office, opened

T = TypeVar("T")

_UNUSUAL = re.compile(
    r'stand="(?:waiting|held)".* [1-9]|^signoff_(?:flow|vendor)_dead_letters_open.* [1-9]'
    r"|^signoff_gate_closed.* 1|^signoff_(?:broker|database)_up 0"
)


class NeverHappenedError(Exception):
    """What was waited for did not come true in its time."""


@dataclass(kw_only=True)
class Scene:
    """Where a seed is played. is_over is set when nothing more can come."""

    office: Office
    crew: Supervisor
    waker: CeleryWaker
    redis: Redis
    is_over: Event = field(default_factory=Event)
    _read_to: dict[Path, int] = field(default_factory=dict)

    @property
    def orders(self) -> Orders:
        """The orders for failpoints."""
        return self.office.orders

    @property
    def urls(self) -> Mapping[str, str]:
        """Base addresses of both sandboxes and the web app."""
        return self.office.urls

    def wait_for(self, look: Callable[[], T], *, what: str, within_s: float = 60.0, every_s: float = 0.05) -> T:
        """What a look gives as soon as that is something. Raises NeverHappenedError, also when the seed is over."""
        deadline = time.monotonic() + within_s
        while not (found := look()):
            if self.is_over.is_set() or time.monotonic() > deadline:
                raise NeverHappenedError(what)
            time.sleep(every_s)
        return found

    def evidence(self, run: Run) -> Evidence:
        """Everything that the checker judges, as it stands now."""
        return evidence_of(self.office, run, self.log())

    def begin(self) -> None:
        """A new seed begins: what was written to the logs before is not its own."""
        self.is_over.clear()
        self._read_to = {path: path.stat().st_size for path in logs(self.office)}

    def log(self) -> str:
        """What every role has written in this seed."""
        texts = [path.read_bytes()[self._read_to.get(path, 0) :] for path in logs(self.office)]
        return b"\n".join(texts).decode(errors="replace")

    def unusual(self) -> list[str]:
        """The series of `/metrics` that say that something waits, is dead, held or away now."""
        try:
            return [line for line in page_text(self.office, "metrics").splitlines() if _UNUSUAL.search(line)]
        except requests.RequestException:
            return []


@contextmanager
def open_scene(folder: Path, database_url: str | None) -> Iterator[Scene]:
    """A scene in a folder with every shipped flow, on SQLite unless another database is given."""
    with opened(folder, database_url, log_level="info", flows=ALL_FLOWS) as office, scene_of(office) as scene:
        yield scene


@contextmanager
def scene_of(office: Office) -> Iterator[Scene]:
    """The scene of an installation that runs."""
    settings = office.running.settings
    app = Celery("chaos", set_as_current=False)
    app.config_from_object(celery_options(settings))
    redis = Redis.from_url(str(settings.broker_url))
    with ExitStack() as held:
        held.callback(redis.close)
        crew = held.enter_context(_second_workers(office))
        yield Scene(office=office, crew=crew, waker=CeleryWaker(app, redis), redis=redis)


@contextmanager
def _second_workers(office: Office) -> Iterator[Supervisor]:
    """One more worker for each vendor, kept alive like the installation's own."""
    environ = {**os.environ, **office.environ}
    log = office.log.with_name("second.log").open("w", encoding="utf-8", buffering=1)
    specs = [
        Spec(
            role=f"second-{vendor}",
            argv=signoff_command("worker", "--target", vendor),
            environ=environ,
            ready=READY,
            stage=0,
        )
        for vendor in OUR_USER
    ]
    crew = Supervisor(specs, lambda role, line: print(f"{role:<16} | {line}", file=log))
    try:
        crew.start(timeout_s=120)
        yield crew
    finally:
        crew.stop()
        log.close()


def patiently(ask: Callable[[], T]) -> T:
    """What a question to SQL answers, asked again where somebody cut its connection."""
    for _ in range(5):
        try:
            return ask()
        except (SQLAlchemyError, StoreAwayError):
            time.sleep(0.2)
    return ask()


__all__ = ["LANES", "NeverHappenedError", "Scene", "open_scene", "patiently"]
