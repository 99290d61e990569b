"""Under a backlog the claim stays on its partial index: it costs what it takes, not what waits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import event, text
from sqlalchemy.engine import Engine

from pipeline.store import SqlStore
from pipeline.words import Step
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
        conn.execute(text("analyze"))
    yield store
    store.dispose()


def _engine(store: SqlStore) -> Engine:
    return store._engines.engine()


def _claim(store: SqlStore) -> list[str]:
    with store.begin() as tx:
        taken = tx.lines.claim(Step.TRANSFORM, LANE, (), me="me", is_alone=False, limit=50, lease_s=1.0)
    return [claim.key for claim in taken]


def _plans(store: SqlStore) -> list[str]:
    """How the database carries out the statements of a claim, asked with the claim's own parameters."""
    sent: list[tuple[str, Any]] = []

    def keep(_conn: object, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        if statement.startswith("WITH"):
            sent.append((statement, parameters))

    event.listen(_engine(store), "before_cursor_execute", keep)
    _claim(store)
    event.remove(_engine(store), "before_cursor_execute", keep)
    explain = "explain query plan" if _engine(store).dialect.name == "sqlite" else "explain"
    with _engine(store).begin() as conn:
        found = [conn.exec_driver_sql(f"{explain} {statement}", parameters) for statement, parameters in sent]
        return ["\n".join(" ".join(str(cell) for cell in row) for row in rows) for rows in found]


def test_the_fill_claim_uses_its_partial_index_under_a_backlog(backlog: SqlStore) -> None:
    *_, fill = _plans(backlog)

    assert "lines_ready_idx" in fill, fill
    for whole_table in ("Seq Scan on lines", "SCAN lines\n"):
        assert whole_table not in fill, fill
    # The index gives the order too: nothing is sorted, so nothing more is read than is taken.
    for sorting in ("Sort", "TEMP B-TREE FOR ORDER BY"):
        assert sorting not in fill, fill


def test_a_claim_from_a_backlog_takes_the_oldest(backlog: SqlStore) -> None:
    assert _claim(backlog) == [line_of(BACKLOG - 1 - 2 * number) for number in range(50)]
