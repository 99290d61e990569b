"""Transactions: all or nothing, again after a conflict, and one clear error where SQL is away."""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import DatabaseError, OperationalError

from pipeline.differences import Cause, Explained, Mismatch
from pipeline.errors import StoreAwayError
from pipeline.flows.tenant import Policy
from pipeline.holds import pass_on
from pipeline.plan import Hold
from pipeline.ports import Hint, HoldsWanted, Store, Tx
from pipeline.store import SqlPages, SqlStore, engine, tables
from pipeline.words import EventId, WaitReason
from tests.support.databases import Postgres
from tests.support.store_rows import FLOW, ReadRows, add, item, line_of, new_event, release, take


def _touch(*numbers: int) -> Callable[[Tx], None]:
    def touch(tx: Tx) -> None:
        tx.lines.touch({line_of(number): FLOW for number in numbers})

    return touch


def _lines(store: SqlStore) -> list[str]:
    with store.begin() as tx:
        return list(tx.lines._conn.execute(text("select key from lines order by key")).scalars())  # type: ignore[attr-defined]  # Behind the port.


def _wait_for_a_lock(url: str) -> None:
    """Until somebody waits for a row that another transaction has."""
    until = time.monotonic() + 20
    with psycopg.connect(url, autocommit=True) as connection:
        while not connection.execute("select 1 from pg_locks where not granted").fetchall():
            assert time.monotonic() < until


def test_the_store_is_the_port(store: Store) -> None:
    port: Store = store
    with port.begin() as tx:
        assert tx.events.known([]) == frozenset()


def test_an_error_undoes_the_whole_transaction(store: Store, read_rows: ReadRows) -> None:
    def fails() -> None:
        with store.begin() as tx:
            _touch(1)(tx)
            raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError, match="in the middle"):
        fails()
    assert read_rows(tables.lines) == []


def test_run_gives_what_the_work_gives_and_commits(store: Store, read_rows: ReadRows) -> None:
    def work(tx: Tx) -> str:
        _touch(1)(tx)
        return "done"

    assert store.run(work) == "done"
    assert [line.key for line in read_rows(tables.lines)] == [line_of(1)]


def test_an_error_of_the_work_is_not_tried_again(store: Store) -> None:
    tries = []

    def work(_tx: Tx) -> None:
        tries.append(1)
        raise RuntimeError("ours")

    with pytest.raises(RuntimeError, match="ours"):
        store.run(work)
    assert len(tries) == 1


def test_now_is_the_databases_clock_and_stands_still(any_database_url: str) -> None:
    store = SqlStore(any_database_url)
    with store.begin() as tx:
        first, second = tx.now, tx.now
    store.dispose()

    assert first == second
    assert first.tzinfo is UTC
    assert abs(datetime.now(UTC) - first) < timedelta(seconds=60)


def test_deadlocked_work_is_done_again_as_a_whole(postgres_url: str) -> None:
    """Settle locks its own line first and its follow-ups' lines later: two of them may cross."""
    store = SqlStore(postgres_url)
    store.run(_touch(1, 2))
    both_hold_one, tries, errors = threading.Barrier(2), [], []

    def cross(first: int, second: int) -> None:
        def work(tx: Tx) -> None:
            _touch(first)(tx)
            if len(tries) < 2:
                tries.append(first)
                both_hold_one.wait(timeout=20)
            else:
                tries.append(first)
            _touch(second)(tx)

        try:
            store.run(work)
        except BaseException as error:  # noqa: BLE001 - Whatever it is, the test shows it.
            errors.append(error)

    workers = [threading.Thread(target=cross, args=pair) for pair in ((1, 2), (2, 1))]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(timeout=30)
    store.dispose()

    assert errors == []
    assert len(tries) == 3


def test_work_that_lost_a_race_for_a_unique_row_sees_the_row_at_its_next_try(postgres_url: str) -> None:
    """One notice may be on its way to two lines at once: its provisional and its right one."""
    store = SqlStore(postgres_url)
    entered, tries = threading.Event(), []

    def slow(tx: Tx) -> None:
        add(tx, [new_event(1)])
        entered.set()
        done.wait(timeout=20)

    def quick(tx: Tx) -> int:
        tries.append(1)
        twin = new_event(2, notice="1")
        twin = type(twin)(**{**vars(twin), "dedupe_key": new_event(1).dedupe_key})
        known = tx.events.known([(twin.dedupe_key, twin.flow)])
        if not known:
            add(tx, [twin])
        return len(known)

    done = threading.Event()
    first = threading.Thread(target=lambda: store.run(slow))
    first.start()
    assert entered.wait(timeout=20)
    releasing = threading.Timer(0.3, done.set)
    releasing.start()
    seen = store.run(quick)
    first.join(timeout=20)
    releasing.join()
    store.dispose()

    assert (seen, len(tries)) == (1, 2)


def test_of_two_that_give_back_at_once_the_later_one_wakes_who_waits_for_both(postgres_url: str) -> None:
    """Neither sees what the other has not committed; each would think that the other still has its own."""
    store = SqlStore(postgres_url)
    one, two = (Hold(object=f"activity:{number}", field_set="status") for number in (1, 2))
    with store.begin() as tx:
        first, second, third = add(tx, [new_event(number) for number in (1, 2, 3)])
        tx.holds.take([_wanted(first, one), _wanted(second, two)])
        (claim,) = take(tx, third)
        waiting = replace(release(claim, ready_at=tx.now), wait_reason=WaitReason.HELD, wanted=(one, two))
        tx.lines.release([waiting])
    woken: list[Hint] = []

    def give_back(event_id: EventId) -> Callable[[Tx], None]:
        return lambda tx: woken.extend(pass_on(tx, tx.holds.give_back([event_id])))

    other = threading.Thread(target=store.run, args=(give_back(second),))
    with store.begin() as tx:
        give_back(first)(tx)
        assert woken == []
        other.start()
        _wait_for_a_lock(postgres_url)
    other.join(timeout=20)
    store.dispose()

    assert [hint.event_ids for hint in woken] == [(third,)]


def _wanted(event_id: EventId, *wanted: Hold) -> HoldsWanted:
    return HoldsWanted(
        event_id=event_id, flow=FLOW, business_key=item(1), holds=wanted, read_at=datetime.now(UTC), keeps_own=False
    )


def test_a_look_that_meets_a_heal_just_being_accepted_leaves_it_as_it_is(postgres_url: str) -> None:
    """A look takes no line, so the two are kept apart by the difference's own row."""
    store = SqlStore(postgres_url)
    shown = Mismatch(field="matrix", agreed="ours", aprimo="scribble", opentext="ours")
    edited = Explained(mismatch=shown, cause=Cause.EDITED_IN_APRIMO, policy=Policy.AUTOMATIC)
    (kept,) = store.run(lambda tx: tx.differences.keep("rc-1", FLOW, {item(1): [edited]}))

    def look(tx: Tx) -> None:
        tx.differences.keep("rc-2", FLOW, {item(1): [edited]})

    looking = threading.Thread(target=store.run, args=(look,))

    with store.begin() as tx:
        (heal,) = add(tx, [new_event(1)])
        assert tx.differences.begin_heal(kept.id, heal, "scribble")
        looking.start()
        _wait_for_a_lock(postgres_url)
    looking.join(timeout=20)
    (found,) = store.run(lambda tx: tx.differences.find(is_open=None))
    store.dispose()

    assert (found.state, found.heal_event_id, found.former) == ("healing", heal, "scribble")
    assert found.run_id == "rc-2"


def test_a_sqlite_file_that_stays_locked_is_sql_away(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "SQLITE_BUSY_TIMEOUT_MS", 20)
    store = SqlStore(sqlite_url)
    blocker = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None)
    blocker.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreAwayError, match="SQL cannot take it: database is locked"):
        store.run(_touch(1))
    blocker.execute("ROLLBACK")
    blocker.close()

    store.run(_touch(2))
    assert _lines(store) == [line_of(2)]
    store.dispose()


def test_a_sqlite_file_that_is_locked_for_a_while_is_waited_for(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "SQLITE_BUSY_TIMEOUT_MS", 20)
    store = SqlStore(sqlite_url)
    blocker = sqlite3.connect(sqlite_url.removeprefix("sqlite:///"), isolation_level=None, check_same_thread=False)
    blocker.execute("BEGIN IMMEDIATE")
    opening = threading.Timer(0.1, lambda: blocker.execute("ROLLBACK"))
    opening.start()
    store.run(_touch(1))
    opening.join()
    blocker.close()

    assert _lines(store) == [line_of(1)]
    store.dispose()


def test_a_folder_that_is_gone_is_sql_away(tmp_path: Path) -> None:
    store = SqlStore(f"sqlite:///{tmp_path / 'gone' / 'signoff.sqlite3'}")
    pages = SqlPages(f"sqlite:///{tmp_path / 'gone' / 'signoff.sqlite3'}")
    with pytest.raises(StoreAwayError, match="unable to open database file"):
        store.run(_touch(1))
    with pytest.raises(StoreAwayError, match="unable to open database file"), store.begin():
        pass
    with pytest.raises(StoreAwayError, match="unable to open database file"):
        pages.status()


def test_a_server_that_is_not_there_is_sql_away(tmp_path: Path) -> None:
    store = SqlStore(f"postgresql://postgres:@/signoff?host={tmp_path}")
    with pytest.raises(StoreAwayError, match="SQL cannot take it"):
        store.run(_touch(1))


def test_a_missing_table_is_a_fault_of_ours_and_not_sql_away(tmp_path: Path) -> None:
    store = SqlStore(f"sqlite:///{tmp_path / 'empty.sqlite3'}")
    with pytest.raises(OperationalError, match="no such table"):
        store.run(_touch(1))
    store.dispose()


def test_no_value_of_a_statement_stands_in_its_error(tmp_path: Path) -> None:
    store = SqlStore(f"sqlite:///{tmp_path / 'empty.sqlite3'}")
    with pytest.raises(OperationalError) as raised:
        store.run(_touch(4711))
    store.dispose()

    assert "4711" not in str(raised.value)


def test_work_goes_on_after_the_server_has_shown_everybody_out(postgres_url: str, postgres: Postgres) -> None:
    store = SqlStore(postgres_url)
    store.run(_touch(1))
    with psycopg.connect(postgres.url_of("postgres"), autocommit=True) as connection:
        connection.execute("select pg_terminate_backend(pid, 5000) from pg_stat_activity where datname = 'shared'")

    store.run(_touch(2))

    assert _lines(store) == [line_of(1), line_of(2)]
    store.dispose()


def test_a_commit_whose_answer_is_lost_is_not_done_again(postgres_url: str, postgres: Postgres) -> None:
    store = SqlStore(postgres_url)
    tries = []

    def work(tx: Tx) -> None:
        tries.append(1)
        _touch(1)(tx)
        pid = tx.lines._conn.execute(text("select pg_backend_pid()")).scalar_one()  # type: ignore[attr-defined]  # Behind the port.
        with psycopg.connect(postgres.url_of("postgres"), autocommit=True) as connection:
            connection.execute("select pg_terminate_backend(%s, 5000)", [pid])

    with pytest.raises(StoreAwayError, match="during the commit"):
        store.run(work)
    assert len(tries) == 1
    store.dispose()


def test_a_child_process_gets_connections_of_its_own(any_database_url: str) -> None:
    store = SqlStore(any_database_url)
    store.run(_touch(1))
    child = os.fork()
    if child == 0:
        try:
            store.run(_touch(2))
            os._exit(0)
        finally:
            os._exit(1)
    _, status = os.waitpid(child, 0)

    store.run(_touch(3))
    assert os.waitstatus_to_exitcode(status) == 0
    assert _lines(store) == [line_of(1), line_of(2), line_of(3)]
    store.dispose()


def test_a_disposed_store_opens_new_connections(sql_store: SqlStore) -> None:
    sql_store.run(_touch(1))
    sql_store.dispose()
    sql_store.dispose()

    assert _lines(sql_store) == [line_of(1)]


def test_a_reader_cannot_write(any_database_url: str) -> None:
    reading = engine.reader(any_database_url)
    with pytest.raises(DatabaseError, match=r"read.?only"), reading.begin() as conn:
        conn.execute(text("delete from gates"))
    reading.dispose()


def test_sqlite_commits_survive_a_power_cut(sqlite_url: str) -> None:
    writing = engine.writer(sqlite_url)
    with writing.begin() as conn:
        pragmas = [conn.execute(text(f"pragma {name}")).scalar_one() for name in ("journal_mode", "synchronous")]
        assert conn.execute(text("pragma foreign_keys")).scalar_one() == 1
    writing.dispose()

    assert pragmas == ["wal", 2]


@pytest.mark.parametrize("many", [2, 40])
def test_a_commit_takes_as_many_statements_however_large_the_batch(sql_store: SqlStore, many: int) -> None:
    """Executing many rows of one statement counts once: they are sent together."""
    counts = {"statements": 0}

    def count(*_: object) -> None:
        counts["statements"] += 1

    engine_of_all = sql_store._engines.engine()
    event.listen(engine_of_all, "before_cursor_execute", count)
    with sql_store.begin() as tx:
        ids = add(tx, [new_event(number) for number in range(many)])
    accepted = counts.pop("statements")
    counts["statements"] = 0
    with sql_store.begin() as tx:
        claims = take(tx, *ids)
        tx.events.waiting(claims)
        tx.deliveries.take_over(claims)
        tx.deliveries.open_of(ids)
        tx.links.of(
            [(FLOW, event.subject) for event in tx.events.next_open([claim.key for claim in claims]).values()]
        )
    event.remove(engine_of_all, "before_cursor_execute", count)
    began = 1 if engine_of_all.dialect.name == "sqlite" else 0  # Only there BEGIN is a statement of ours.

    assert len(claims) == many
    assert accepted == 4 + began
    assert counts["statements"] == 7 + began
