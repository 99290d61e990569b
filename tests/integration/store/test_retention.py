"""What is over lets go of its payload in time; keys, hashes and whatever open work needs stay."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, Table, event, insert
from sqlalchemy.engine import Engine

from pipeline.plan import Notice
from pipeline.ports import Payload, Store
from pipeline.store import SqlStore
from pipeline.store.retention import RETAINED
from pipeline.store.tables import (
    attempts,
    dead_letters,
    deliveries,
    differences,
    events,
    lines,
    notices,
    orders,
    receipts,
    replay_items,
    replay_plans,
    runs,
    ticks,
    uploads,
)
from tests.support.databases import Postgres
from tests.support.store_rows import FLOW, START, ReadRows
from tests.support.stores import AnyStore, engine_behind

DAY = timedelta(days=1)
OLD, CUTOFF, YOUNG = START - 9 * DAY, START - 7 * DAY, START - 5 * DAY
Add = Callable[..., None]


@pytest.fixture
def add(store: AnyStore, url_behind: str) -> Iterator[Add]:
    """Puts a row into a table as it stands after some life; what is not given is whatever stands there mostly."""
    engine = engine_behind(store, url_behind)

    def put(table: Table, **values: Any) -> None:  # noqa: ANN401 - Values of any column.
        with engine.begin() as conn:
            if table is events:
                conn.execute(insert(lines).values(_LINE | {"key": values["id"]}))
            conn.execute(insert(table).values(_ROWS[table.name] | values))

    yield put
    engine.dispose()


_LINE = {
    "flow": FLOW,
    "lane": "",
    "tail": 1,
    "head": 2,
    "step": "transform",
    "vendor": "aprimo",
    "route": "",
    "token": 0,
}
_ROWS: dict[str, dict[str, Any]] = {
    "receipts": {
        "source": "aprimo.pm.webhook",
        "received_at": OLD,
        "verdict": "handled",
        "reason": "",
        "headers": {"x": "y"},
        "body": b"what came in",
        "body_sha256": "its hash",
    },
    "events": {
        "flow": FLOW,
        "source": "aprimo.pm.webhook",
        "type": "changed",
        "kind": "look",
        "side": "aprimo",
        "subject": "aprimo:activity:1",
        "position": 1,
        "state": "delivered",
        "time": OLD,
        "data": {"by": "somebody"},
        "plan": {"changes": {}},
        "urgency": "standard",
        "trace_id": "",
        "accepted_at": OLD,
        "ended_at": OLD,
    },
    "deliveries": {
        "plan_number": 1,
        "kind": "pm.set_fields",
        "target": "activity:1",
        "values": {"fields": {"title": "Spring"}},
        "expects": {"state": 2},
        "undoes": "",
        "state": "done",
    },
    "attempts": {
        "number": 1,
        "token": 1,
        "purpose": "send",
        "started_at": OLD,
        "ended_at": OLD,
        "outcome": "permanent",
        "status": 400,
        "code": "refused",
        "detail": "The vendor did not like it.",
    },
    "dead_letters": {
        "code": "refused",
        "hint": "The vendor did not like it.",
        "state": "discarded",
        "opened_at": OLD,
        "closed_at": OLD,
        "closed_by": "ops",
        "note": "done by hand",
    },
    "notices": {
        "about": "a source",
        "revision": 1,
        "person": "",
        "code": "silent",
        "text": "It fell silent.",
        "at": OLD,
    },
    "runs": {
        "flow": FLOW,
        "phase": "over",
        "cursor": "",
        "suspects": [],
        "started_at": OLD,
        "counts": {},
        "report": {},
    },
    "differences": {
        "flow": FLOW,
        "business_key": "aprimo:activity:1",
        "cause": "edited_in_aprimo",
        "policy": "automatic",
        "first_seen": OLD,
        "last_seen": OLD,
    },
    "ticks": {"claimed_by": "me", "started_at": OLD, "ended_at": OLD},
    "uploads": {
        "source": "https://files.example/a.png",
        "file_name": "a.png",
        "sha256": "",
        "size_bytes": 1,
        "segment_bytes": 0,
        "uri": "",
        "next_segment": 0,
        "token": "",
        "updated_at": OLD,
    },
    "orders": {"order_id": "77", "updated_at": OLD},
    "replay_plans": {"is_resume": False, "by": "ops", "at": OLD},
    "replay_items": {"item": {}},
}


def _event(add: Add, name: str, **values: Any) -> None:  # noqa: ANN401 - As `add`.
    add(events, **{"id": name, "line_key": name, "dedupe_key": name, **values})


def _delivery(add: Add, event_id: str, **values: Any) -> None:  # noqa: ANN401 - As `add`.
    number = values.pop("ordinal", 1)
    name = f"{event_id}.1.{number}"
    add(deliveries, **{"id": name, "event_id": event_id, "ordinal": number, "effect_key": name, **values})


def _prune(store: Store, payload: Payload, *, before: datetime = CUTOFF, limit: int = 100) -> int:
    with store.begin() as tx:
        return tx.upkeep.prune(payload, before=before, limit=limit)


def test_a_body_goes_when_its_event_has_been_over_for_long_and_its_hash_stays(
    store: Store, add: Add, read_rows: ReadRows
) -> None:
    _event(add, "over")
    add(receipts, event_id="over")

    assert _prune(store, Payload.HANDLED) == 1

    (row,) = read_rows(receipts)
    assert (row.body, row.headers) == (None, {})
    assert (row.body_sha256, row.source, row.verdict, row.event_id) == (
        "its hash",
        "aprimo.pm.webhook",
        "handled",
        "over",
    )
    assert _prune(store, Payload.HANDLED) == 0


@pytest.mark.parametrize(
    "other",
    [
        {"state": "dead", "ended_at": None},
        {"state": "planned", "ended_at": None},
        {"state": "delivered", "ended_at": YOUNG},
    ],
)
def test_a_body_stays_while_an_event_of_another_flow_that_it_brought_needs_it(
    store: Store, add: Add, read_rows: ReadRows, other: dict[str, Any]
) -> None:
    """The receipt names the first event only; the letter of the second one shows the same bytes."""
    _event(add, "first", dedupe_key="notice")
    _event(add, "second", dedupe_key="notice", flow="asset_review", **other)
    add(receipts, event_id="first")

    assert _prune(store, Payload.HANDLED) == 0
    assert [row.body for row in read_rows(receipts)] == [b"what came in"]


def test_each_verdict_is_a_class_of_its_own(store: Store, add: Add, read_rows: ReadRows) -> None:
    for verdict in ("handled", "ignored", "refused"):
        add(receipts, verdict=verdict)
    add(receipts, verdict="ignored", received_at=YOUNG)

    assert [_prune(store, each) for each in (Payload.IGNORED, Payload.REFUSED)] == [1, 1]
    assert [(row.verdict, row.body is None) for row in read_rows(receipts)] == [
        ("handled", False),
        ("ignored", True),
        ("refused", True),
        ("ignored", False),
    ]


def test_an_event_keeps_its_keys_and_states_when_what_it_carried_goes(
    store: Store, add: Add, read_rows: ReadRows
) -> None:
    _event(add, "over")
    _delivery(add, "over")

    assert _prune(store, Payload.EVENTS) == 1

    (row,), (sent,) = read_rows(events), read_rows(deliveries)
    assert (row.data, row.plan, sent._mapping["values"], sent.expects) == ({}, None, {}, {})
    assert (row.dedupe_key, row.state, row.ended_at, sent.effect_key, sent.state) == (
        "over",
        "delivered",
        OLD,
        "over.1.1",
        "done",
    )
    assert _prune(store, Payload.EVENTS) == 0


@pytest.mark.parametrize(
    ("values", "delivery"),
    [
        ({"state": "dead", "ended_at": None}, "failed"),
        ({"state": "accepted", "ended_at": None}, "planned"),
        ({"ended_at": YOUNG}, "done"),
        ({"state": "ignored"}, "unknown"),
    ],
)
def test_what_is_open_young_or_unknown_keeps_what_it_carries(
    store: Store, add: Add, read_rows: ReadRows, values: dict[str, Any], delivery: str
) -> None:
    _event(add, "needed", **values)
    _delivery(add, "needed", state=delivery)

    assert _prune(store, Payload.EVENTS) == 0
    (row,), (sent,) = read_rows(events), read_rows(deliveries)
    assert (row.data, sent._mapping["values"]) == ({"by": "somebody"}, {"fields": {"title": "Spring"}})


def test_an_open_letter_keeps_every_attempt_as_it_was(store: Store, add: Add, read_rows: ReadRows) -> None:
    _event(add, "dead", state="dead", ended_at=None)
    _event(add, "over")
    for name, state in (("dead", "done"), ("over", "done")):
        _delivery(add, name, state=state)
        add(attempts, delivery_id=f"{name}.1.1")

    assert _prune(store, Payload.ATTEMPTS) == 1
    assert [(row.delivery_id, row.detail, row.status, row.code) for row in read_rows(attempts)] == [
        ("dead.1.1", "The vendor did not like it.", 400, "refused"),
        ("over.1.1", "", 400, "refused"),
    ]


def test_a_closed_letter_loses_its_hint_and_nothing_else(store: Store, add: Add, read_rows: ReadRows) -> None:
    _event(add, "over", state="ignored")
    _event(add, "dead again", state="dead", ended_at=None)
    add(dead_letters, event_id="over")
    add(dead_letters, event_id="dead again", state="replayed")
    add(dead_letters, event_id="dead again", state="open", closed_at=None)

    assert _prune(store, Payload.LETTERS) == 1
    assert [(row.hint, row.code, row.note) for row in read_rows(dead_letters)] == [
        ("", "refused", "done by hand"),
        ("The vendor did not like it.", "refused", "done by hand"),
        ("The vendor did not like it.", "refused", "done by hand"),
    ]


def test_a_notice_that_was_seen_loses_its_text_and_is_not_told_again(
    store: Store, add: Add, read_rows: ReadRows
) -> None:
    add(notices, seen_at=OLD)
    add(notices, about="another source")

    assert _prune(store, Payload.NOTICES) == 1
    assert [row.text for row in read_rows(notices)] == ["", "It fell silent."]
    with store.begin() as tx:
        assert not tx.ledger.tell_about("a source", Notice(code="silent", text="It fell silent."), revision=1)


def test_a_jobs_runs_go_but_for_its_newest_and_those_that_never_ended(
    store: Store, add: Add, read_rows: ReadRows
) -> None:
    for days, ended_at in ((5, OLD), (4, None), (3, OLD), (2, OLD)):
        add(ticks, job="sweep", slot=CUTOFF - days * DAY, ended_at=ended_at)
    add(ticks, job="gates", slot=CUTOFF - DAY)

    assert _prune(store, Payload.TICKS) == 2
    assert [(row.job, (CUTOFF - row.slot).days) for row in read_rows(ticks)] == [
        ("gates", 1),
        ("sweep", 4),
        ("sweep", 2),
    ]


@pytest.mark.parametrize(
    ("table", "payload"), [(uploads, Payload.TRANSFERS), (orders, Payload.ORDERS)], ids=["uploads", "orders"]
)
def test_how_far_a_transfer_came_goes_when_all_that_it_was_for_is_delivered(
    store: Store, add: Add, read_rows: ReadRows, table: Table, payload: Payload
) -> None:
    _event(add, "delivered")
    _event(add, "dead", state="dead", ended_at=None)
    _event(add, "given up", state="ignored")
    for name in ("delivered", "dead", "given up"):
        _delivery(add, name, effect_key=f"key of {name}")
        add(table, key=f"key of {name}")
    add(table, key="key of nothing")

    assert _prune(store, payload) == 1
    assert [row.key for row in read_rows(table)] == ["key of dead", "key of given up", "key of nothing"]


def test_what_a_plan_has_shown_goes_unless_it_is_being_applied(store: Store, add: Add, read_rows: ReadRows) -> None:
    for state in ("planned", "applying", "stopped", "applied"):
        add(replay_plans, hash=state, state=state)
        add(replay_items, plan_hash=state, place=0, at=CUTOFF - DAY)
    add(replay_items, plan_hash="planned", place=1, at=CUTOFF + DAY)

    assert _prune(store, Payload.REPLAYS) == 3
    assert [(row.plan_hash, row.place) for row in read_rows(replay_items)] == [("applying", 0), ("planned", 1)]


def test_a_comparison_goes_but_for_the_first_and_the_newest_of_its_flow_and_kind_and_those_that_never_ended(
    store: Store, add: Add, read_rows: ReadRows
) -> None:
    for name, mode, phase, days, ended_at in (
        ("r0", "recent", "items", 6, OLD),
        ("r1", "recent", "over", 5, OLD),
        ("r2", "recent", "items", 4, None),
        ("r3", "recent", "over", 3, OLD),
        ("r4", "recent", "over", 2, OLD),
        ("f2", "full", "over", 5, OLD),
        ("f3", "full", "over", 4, OLD),
        ("r5", "recent", "items", 1, OLD),
        ("f1", "full", "over", 6, OLD),
    ):
        add(runs, id=name, mode=mode, phase=phase, started_at=CUTOFF - days * DAY, ended_at=ended_at)

    assert _prune(store, Payload.RUNS) == 3
    assert sorted(row.id for row in read_rows(runs)) == ["f1", "f3", "r1", "r2", "r4", "r5"]


def test_a_difference_goes_when_it_is_closed_unless_a_person_took_its_heal_back(
    store: Store, add: Add, read_rows: ReadRows
) -> None:
    for field, state, undone_at in (("a", "closed", None), ("b", "open", None), ("c", "closed", OLD)):
        add(differences, field=field, state=state, undone_at=undone_at)
    add(differences, field="d", state="closed", last_seen=CUTOFF + DAY)

    assert _prune(store, Payload.DIFFERENCES) == 1
    assert sorted(row.field for row in read_rows(differences)) == ["b", "c", "d"]


def test_a_batch_takes_the_oldest_and_the_next_one_goes_on(store: Store, add: Add, read_rows: ReadRows) -> None:
    for days in (2, 4, 3, 1):
        add(receipts, verdict="ignored", received_at=CUTOFF - days * DAY)

    assert _prune(store, Payload.IGNORED, limit=3) == 3
    assert [row.body is None for row in read_rows(receipts)] == [True, True, True, False]
    assert [_prune(store, Payload.IGNORED, limit=3) for _ in range(2)] == [1, 0]


INDEXES = {
    Payload.HANDLED: "receipts_body_idx",
    Payload.IGNORED: "receipts_body_idx",
    Payload.REFUSED: "receipts_body_idx",
    Payload.EVENTS: "events_payload_idx",
    Payload.ATTEMPTS: "attempts_detail_idx",
    Payload.LETTERS: "dead_letters_hint_idx",
    Payload.NOTICES: "notices_text_idx",
    Payload.TICKS: "ticks_slot_idx",
    Payload.TRANSFERS: "uploads_updated_at_idx",
    Payload.ORDERS: "orders_updated_at_idx",
    Payload.REPLAYS: "replay_items_at_idx",
    Payload.RUNS: "runs_ended_at_idx",
    Payload.DIFFERENCES: "differences_closed_idx",
}


@pytest.fixture(params=["sqlite", "postgresql"])
def sql_only(request: pytest.FixtureRequest) -> Iterator[SqlStore]:
    server: Postgres | None = request.getfixturevalue("postgres") if request.param == "postgresql" else None
    store = SqlStore(server.clean_database() if server else str(request.getfixturevalue("sqlite_url")))
    yield store
    store.dispose()


@pytest.mark.parametrize("payload", Payload)
def test_what_is_left_is_found_by_an_index_that_holds_nothing_else(sql_only: SqlStore, payload: Payload) -> None:
    """With few rows PostgreSQL would read the table; that the index serves the query is what counts."""
    engine: Engine = sql_only._engines.engine()
    sent: list[tuple[str, Any]] = []

    def keep(_conn: Connection, _cursor: object, statement: str, parameters: object, *_: object) -> None:
        if f"FROM {RETAINED[payload].table.name}" in statement:
            sent.append((statement, parameters))

    event.listen(engine, "before_cursor_execute", keep)
    _prune(sql_only, payload)
    event.remove(engine, "before_cursor_execute", keep)
    with engine.begin() as conn:
        if conn.dialect.name == "postgresql":
            conn.exec_driver_sql("set local enable_seqscan = off")
            conn.exec_driver_sql("set local enable_sort = off")
        explain = "explain" if conn.dialect.name == "postgresql" else "explain query plan"
        statement, parameters = sent[0]
        rows = conn.exec_driver_sql(f"{explain} {statement}", parameters)
        plan = "\n".join(" ".join(str(cell) for cell in row) for row in rows)

    assert INDEXES[payload] in plan, plan
    for sorting in ("Sort", "TEMP B-TREE FOR ORDER BY"):
        assert sorting not in plan, plan
