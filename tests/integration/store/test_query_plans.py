"""Under a backlog the claim and the watches stay on their partial indexes: they cost what they take."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.engine import Engine

from pipeline.commands import Cause
from pipeline.store import SqlStore
from pipeline.words import EffectKey, EventId, Step, WakeReason
from tests.support.databases import Postgres
from tests.support.store_rows import FLOW, LANE, Clock, line_of

BACKLOG = 20_000
READY_AT = {
    "sqlite": "strftime('%Y-%m-%d %H:%M:%S', '2026-01-12 09:00:00', '-' || i || ' seconds') || '.123456'",
    "postgresql": "timestamptz '2026-01-12 09:00:00.123456+00' - make_interval(secs => i)",
}
LINES = """
    with recursive numbers(i) as (select 0 union all select i + 1 from numbers where i < {last})
    insert into lines
           (key, flow, lane, tail, head, step, vendor, route, ready_at, failures, token, crashes)
    select '{flow}/aprimo:activity:' || i, '{flow}', case when i % 2 = 1 then '{lane}' else 'standard.opentext' end,
           1, 1, case when i % 4 = 0 then 'carry' else 'transform' end, 'aprimo', '', {ready_at}, 0, 0, 0
      from numbers
"""
LINKS = """
    with recursive numbers(i) as (select 0 union all select i + 1 from numbers where i < {last})
    insert into links (id, flow, business_key, state, revision, agreed, seen, wake_at, wake_reason, row_version, item,
                       loops, stopped)
    select '{flow}/aprimo:activity:' || i, '{flow}', 'aprimo:activity:' || i, '', 0, '{{}}', '{{}}', {wake_at},
           case when i % 100 = 1 then 'embargo' else 'review_due' end, 0, '', '{{}}', 0
      from numbers
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def backlog(request: pytest.FixtureRequest) -> Iterator[SqlStore]:
    """A store of its own with a backlog: nobody pays for its rows later."""
    if request.param == "sqlite":
        url = str(request.getfixturevalue("sqlite_url"))
    else:
        server: Postgres = request.getfixturevalue("postgres")
        url = server.migrated_database()
    store = SqlStore(url, clock=Clock())
    filled = LINES.format(last=BACKLOG - 1, flow=FLOW, lane=LANE, ready_at=READY_AT[request.param])
    with _engine(store).begin() as conn:
        conn.execute(text(filled))
        conn.execute(text(LINKS.format(last=BACKLOG - 1, flow=FLOW, wake_at=READY_AT[request.param])))
        conn.execute(text("analyze"))
    yield store
    store.dispose()


def _engine(store: SqlStore) -> Engine:
    return store._engines.engine()


def _claim(store: SqlStore) -> list[str]:
    with store.begin() as tx:
        taken = tx.lines.claim(Step.TRANSFORM, LANE, (), me="me", is_alone=False, limit=50, lease_s=1.0)
    return [claim.key for claim in taken]


def _due(store: SqlStore) -> list[str]:
    with store.begin() as tx:
        return [link.business_key for link in tx.links.due({WakeReason.EMBARGO}, limit=10)]


def _plans(store: SqlStore, work: Callable[[SqlStore], object], first_word: str) -> list[str]:
    """How the database carries out the statements of some work, asked with their own parameters."""
    sent: list[tuple[str, Any]] = []

    def keep(_conn: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        if statement.startswith(first_word):
            sent.append((statement, parameters))

    event.listen(_engine(store), "before_cursor_execute", keep)
    work(store)
    event.remove(_engine(store), "before_cursor_execute", keep)
    explain = "explain query plan" if _engine(store).dialect.name == "sqlite" else "explain"
    with _engine(store).begin() as conn:
        found = [conn.exec_driver_sql(f"{explain} {statement}", parameters) for statement, parameters in sent]
        return ["\n".join(" ".join(str(cell) for cell in row) for row in rows) for rows in found]


def test_the_fill_claim_uses_its_partial_index_under_a_backlog(backlog: SqlStore) -> None:
    *_, fill = _plans(backlog, _claim, "WITH")

    assert "lines_ready_idx" in fill, fill
    for whole_table in ("Seq Scan on lines", "SCAN lines\n"):
        assert whole_table not in fill, fill
    # The index gives the order too: nothing is sorted, so nothing more is read than is taken.
    for sorting in ("Sort", "TEMP B-TREE FOR ORDER BY"):
        assert sorting not in fill, fill


def test_a_claim_from_a_backlog_takes_the_oldest(backlog: SqlStore) -> None:
    assert _claim(backlog) == [line_of(BACKLOG - 1 - 2 * number) for number in range(50)]


def test_a_watch_reads_only_what_is_due_for_its_reason(backlog: SqlStore) -> None:
    (plan,) = _plans(backlog, _due, "SELECT links")

    assert "links_wake_idx" in plan, plan
    assert "wake_reason" in plan, plan
    assert _due(backlog) == [f"aprimo:activity:{number}" for number in range(19_901, 18_901, -100)]


def _look_up(store: SqlStore) -> object:
    cause = Cause(event_id=EventId("ev-1-1"), plan_number=1)
    with store.begin() as tx:
        return tx.deliveries.refs([EffectKey("start:1")]), tx.deliveries.plan([(cause, [])])


def test_sqlite_finds_the_holders_of_effect_keys_by_their_index(sqlite_url: str) -> None:
    """Asked whether a predicate is 1 it would know no index for it, and read every delivery there ever was."""
    store = SqlStore(sqlite_url, clock=Clock())

    plans = _plans(store, _look_up, "SELECT deliveries")

    store.dispose()
    assert len(plans) == 2
    for plan in plans:
        assert "deliveries_effect_key_key" in plan, plan
        assert "SCAN deliveries" not in plan, plan
