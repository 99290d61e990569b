"""A database with one event of each fate, for the pages and the commands that show them."""

from __future__ import annotations

import atexit
import itertools
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pipeline.events import Reading
from pipeline.intake import accept
from pipeline.ports import Claim, EventMove, Limits, NewLetter, Release, Tx
from pipeline.routes import aprimo_looks
from pipeline.store import SqlStore, migrate
from pipeline.store.pages import SqlPages
from pipeline.words import EventId, EventState, ReceiptVerdict, Side, Step
from tests.support.hook_samples import NOW, ROUTES, raw

STANDARD = "standard.aprimo"


@dataclass(frozen=True, kw_only=True)
class Rows:
    """A database, its truth and its pages; the clock stands at NOW."""

    url: str
    store: SqlStore
    pages: SqlPages
    numbers: Iterator[int]

    def look(self, object_id: int) -> None:
        """Accept a look at an activity; events are `ev-0001` and on."""
        events = aprimo_looks(
            ROUTES,
            kind="activity",
            object_id=object_id,
            type="aprimo.activity.updated",
            dedupe_key=f"aprimo.pm.webhook:{next(self.numbers)}",
            time=NOW,
        )
        reading = Reading(raw=raw(b"{}", source="aprimo.pm.webhook"), verdict=ReceiptVerdict.HANDLED, events=events)
        accept(
            [reading], store=self.store, new_id=lambda prefix: f"{prefix}-{next(self.numbers):04}", limits=Limits()
        )

    def die(self, event_id: EventId, *, code: str, hint: str) -> None:
        """Claim the event's line and let its head die."""

        def work(tx: Tx) -> None:
            (claim,) = tx.lines.claim(
                Step.TRANSFORM, STANDARD, [event_id], me="test", is_alone=False, limit=1, lease_s=90
            )
            tx.events.move([EventMove(id=event_id, before=EventState.ACCEPTED, after=EventState.DEAD, reason=code)])
            tx.letters.open([NewLetter(event_id=event_id, delivery_id=None, code=code, hint=hint)])
            tx.lines.release([held(claim)])

        self.store.run(work)


def held(claim: Claim) -> Release:
    """The line rests until a person acts."""
    return Release(key=claim.key, token=claim.token, step=Step.TRANSFORM, lane=STANDARD, vendor=Side.APRIMO)


@contextmanager
def rows(folder: Path) -> Iterator[Rows]:
    """A fresh SQLite database in the folder."""
    url = fresh_database(folder)
    made = Rows(
        url=url,
        store=SqlStore(url, clock=lambda: NOW),
        pages=SqlPages(url, clock=lambda: NOW),
        numbers=itertools.count(1),
    )
    yield made
    made.store.dispose()
    made.pages.dispose()


def fresh_database(folder: Path) -> str:
    """The URL of an empty SQLite database in the folder, under the name that settings give it."""
    shutil.copytree(_migrated(), folder, dirs_exist_ok=True)
    return f"sqlite:///{folder}/signoff.sqlite3"


@cache
def _migrated() -> str:
    """A folder with an empty database; migrating takes half a second, copying none."""
    folder = tempfile.mkdtemp()
    atexit.register(shutil.rmtree, folder)
    migrate(f"sqlite:///{folder}/signoff.sqlite3")
    return folder
