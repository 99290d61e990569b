"""The intake with a real database behind it: what comes twice is stored once, what is no use is kept, and capped."""

from __future__ import annotations

import asyncio
import itertools
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import httpx
import pytest
from sqlalchemy import create_engine, text
from starlette.applications import Starlette

from console.web.committer import Committer
from console.web.doors import doors
from console.web.intake import Intake, intake_routes
from console.web.strangers import Strangers
from pipeline.events import Reading
from pipeline.intake import Accepted, accept
from pipeline.keys import pm_poll
from pipeline.ports import Hint, Limits
from pipeline.routes import aprimo_looks
from pipeline.store import SqlStore
from pipeline.words import ReceiptVerdict
from tests.support.hook_samples import JSON, NOW, OPENTEXT, PM, ROUTES, raw, sample, signed
from tests.support.web_rows import fresh_database
from tests.support.web_server import served
from tests.support.web_settings import web_settings

REFUSED_KEPT = 3


@dataclass
class Behind:
    """A running intake, its database, and what it published."""

    url: str
    address: str = ""
    commits: int = 0
    hints: list[Hint] = field(default_factory=list)

    def post(self, path: str, body: bytes) -> int:
        """The status of a proved POST."""
        answer = httpx.post(
            self.address + path, content=body, headers={**JSON, **signed(path, body)}, trust_env=False
        )
        return answer.status_code

    def change(self, statement: str) -> None:
        """Meddle with the database."""
        engine = create_engine(self.url)
        with engine.begin() as connection:
            connection.execute(text(statement))
        engine.dispose()

    def rows(self, query: str) -> list[tuple[object, ...]]:
        """What the database holds."""
        engine = create_engine(self.url)
        with engine.connect() as connection:
            found = [tuple(row) for row in connection.execute(text(query))]
        engine.dispose()
        return found


@pytest.fixture
def behind(tmp_path: Path) -> Iterator[Behind]:
    made = Behind(fresh_database(tmp_path))
    store = SqlStore(made.url)
    numbers = itertools.count(1)
    take = partial(
        accept,
        store=store,
        new_id=lambda prefix: f"{prefix}-{next(numbers):04}",
        limits=Limits(refused_kept_max=REFUSED_KEPT),
    )

    def counted(readings: Sequence[Reading]) -> Accepted:
        made.commits += 1
        return take(readings)

    with running(Committer(counted, made.hints.extend), made):
        yield made
    store.dispose()


@contextmanager
def running(committer: Committer, made: Behind) -> Iterator[None]:
    """The intake, served over HTTP."""
    intake = Intake(committer=committer, strangers=Strangers(lambda: 0.0), body_max_bytes=100_000, now=lambda: NOW)
    committer.start()
    with served(Starlette(routes=intake_routes(doors(web_settings(), ROUTES), intake))) as made.address:
        yield
    committer.stop()


def webhook(number: int) -> bytes:
    """The webhook of one of many activities."""
    values = {**json.loads(sample("activity_updated")), "ObjectId": number, "EventId": f"event-{number}"}
    return json.dumps(values).encode()


def test_what_is_answered_with_202_is_in_the_database(behind: Behind) -> None:
    assert behind.post(PM, sample("activity_updated")) == 202

    assert behind.rows("select id, state, line_key, position from events") == [
        ("ev-0001", "accepted", "campaign_brief/aprimo:activity:5012", 1)
    ]
    assert behind.rows("select source, verdict, event_id, body from receipts") == [
        ("aprimo.pm.webhook", "handled", "ev-0001", sample("activity_updated"))
    ]


def test_a_replayed_event_id_is_answered_with_202_and_stored_once(behind: Behind) -> None:
    """A retry has an Id and a RetryCount of its own; a replay by a stranger who recorded it has not even that."""
    again = json.dumps({**json.loads(sample("activity_updated")), "Id": "another", "RetryCount": 3}).encode()

    statuses = [behind.post(PM, body) for body in (sample("activity_updated"), sample("activity_updated"), again)]

    assert statuses == [202, 202, 202]
    assert behind.rows("select count(*), max(position) from events") == [(1, 1)]
    assert behind.rows("select event_id from receipts order by id") == [("ev-0001",)]


def test_a_replayed_call_back_is_stored_once(behind: Behind) -> None:
    assert [behind.post(OPENTEXT, sample("task_completed")) for _ in range(2)] == [202, 202]
    assert behind.rows("select count(*) from events") == [(1,)]


def test_a_change_told_by_webhook_and_poller_stands_twice_on_one_line(behind: Behind) -> None:
    """Their keys differ, because neither knows the other's; the second look finds nothing to do."""
    row = {"activityId": 5012, "modifiedDate": "2026-02-03T10:15:30"}
    polled = aprimo_looks(
        ROUTES,
        kind="activity",
        object_id=5012,
        type="aprimo.activity.updated",
        dedupe_key=pm_poll("activities", 5012, "2026-02-03T10:15:30", row),
        time=NOW,
    )
    store = SqlStore(behind.url)
    reading = Reading(raw=raw(json.dumps(row).encode()), verdict=ReceiptVerdict.HANDLED, events=polled)

    behind.post(PM, sample("activity_updated"))
    accept([reading], store=store, new_id=lambda prefix: f"{prefix}-polled", limits=Limits())
    store.dispose()

    assert behind.rows("select source, line_key, position from events order by position") == [
        ("aprimo.pm.webhook", "campaign_brief/aprimo:activity:5012", 1),
        ("aprimo.pm.poll", "campaign_brief/aprimo:activity:5012", 2),
    ]


def test_refused_bodies_are_kept_up_to_their_cap(behind: Behind) -> None:
    bodies = [b'{"number": %d}' % number for number in range(5)]

    assert [behind.post(PM, body) for body in bodies] == [202] * 5
    assert behind.rows("select body from receipts order by id") == [(body,) for body in bodies[-REFUSED_KEPT:]]
    assert behind.rows("select count(*) from events") == [(0,)]


def test_a_database_that_cannot_take_it_is_answered_with_503_and_the_next_retry_with_202(behind: Behind) -> None:
    behind.change("alter table receipts rename to gone")
    assert behind.post(PM, sample("activity_updated")) == 503
    assert behind.rows("select count(*) from events") == [(0,)]

    behind.change("alter table gone rename to receipts")
    assert behind.post(PM, sample("activity_updated")) == 202
    assert behind.rows("select count(*) from events") == [(1,)]


def test_many_concurrent_webhooks_take_few_commits(behind: Behind) -> None:
    """Each of 200 is answered with 202, and none is lost or doubled."""

    async def post_all() -> list[int]:
        async with httpx.AsyncClient(base_url=behind.address, trust_env=False, timeout=30) as client:
            calls = [
                client.post(PM, content=body, headers={**JSON, **signed(PM, body)})
                for body in map(webhook, range(1, 201))
            ]
            return [answer.status_code for answer in await asyncio.gather(*calls)]

    assert asyncio.run(post_all()) == [202] * 200

    assert behind.rows("select count(*), count(distinct line_key) from events") == [(200, 200)]
    assert behind.commits < 100
