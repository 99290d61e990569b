"""Receipts, checkpoints, ticks, gates, people and the audit chain."""

from __future__ import annotations

import hashlib
import json
import threading
from dataclasses import replace
from datetime import timedelta
from typing import Any

from pipeline.events import Raw, Reading
from pipeline.ports import AuditEntry, Checkpoint, Gate, Person, SeenRow, Store, Tx
from pipeline.store import SqlPages, chain, tables
from pipeline.words import EventId, GateKind, ReceiptVerdict
from tests.support.store_rows import START, Clock, ReadRows, add, new_event


def _reading(verdict: ReceiptVerdict, body: bytes = b'{"Id":1}') -> Reading:
    raw = Raw(source="aprimo.pm.webhook", headers={"X-SH1": "***"}, body=body, received_at=START)
    return Reading(raw=raw, verdict=verdict, reason="bad_callout" if verdict is ReceiptVerdict.REFUSED else "")


def test_a_receipt_keeps_what_came_in_byte_for_byte(store: Store, read_rows: ReadRows) -> None:
    body = b'\xff\x00{"EventId": "e-1"}'
    with store.begin() as tx:
        add(tx, [new_event(1)])
        tx.ledger.keep_receipts([(_reading(ReceiptVerdict.HANDLED, body), EventId("ev-1-1"))], refused_kept_max=10)

    (row,) = read_rows(tables.receipts)
    assert (row.source, row.received_at, row.verdict, row.reason) == ("aprimo.pm.webhook", START, "handled", "")
    assert (row.headers, row.body, row.event_id) == ({"X-SH1": "***"}, body, "ev-1-1")
    assert row.body_sha256 == hashlib.sha256(body).hexdigest()


def test_of_refused_receipts_only_the_newest_are_kept(store: Store, read_rows: ReadRows) -> None:
    with store.begin() as tx:
        tx.ledger.keep_receipts([(_reading(ReceiptVerdict.IGNORED), None)], refused_kept_max=2)
        for body in (b"1", b"2", b"3"):
            tx.ledger.keep_receipts([(_reading(ReceiptVerdict.REFUSED, body), None)], refused_kept_max=2)

    assert [(row.verdict, row.body) for row in read_rows(tables.receipts)] == [
        ("ignored", b'{"Id":1}'),
        ("refused", b"2"),
        ("refused", b"3"),
    ]


def test_a_checkpoint_is_what_was_saved_last(store: Store) -> None:
    first = Checkpoint(feed="aprimo.activities", watermark=START, window_until=START + timedelta(minutes=5))
    second = Checkpoint(feed="aprimo.activities", watermark=START + timedelta(minutes=5))
    with store.begin() as tx:
        assert tx.ledger.checkpoint("aprimo.activities") is None
        tx.ledger.save_checkpoint(first)
        assert tx.ledger.checkpoint("aprimo.activities") == first
        tx.ledger.save_checkpoint(second)
        assert tx.ledger.checkpoint("aprimo.activities") == second


def test_a_slot_of_a_job_is_taken_once(store: Store, read_rows: ReadRows, clock: Clock) -> None:
    nine, later = START, START + timedelta(minutes=5)
    with store.begin() as tx:
        assert tx.ledger.last_tick("poll") is None
        assert tx.ledger.begin_tick("poll", nine, "worker-1")
        assert not tx.ledger.begin_tick("poll", nine, "worker-2")
        assert tx.ledger.begin_tick("poll", later, "worker-2")
        assert tx.ledger.last_tick("poll") == later
    ended_at = clock.pass_s(3)
    with store.begin() as tx:
        tx.ledger.end_tick("poll", nine, "worker-1", "Aprimo is away")
        tx.ledger.end_tick("poll", later, "worker-1", "not its own")

    assert [
        (row.slot, row.claimed_by, row.started_at, row.ended_at, row.error) for row in read_rows(tables.ticks)
    ] == [
        (nine, "worker-1", START, ended_at, "Aprimo is away"),
        (later, "worker-2", START, None, ""),
    ]


def test_gates_are_closed_until_their_time_or_a_person_opens_them(store: Store, clock: Clock) -> None:
    breaker = Gate(
        scope="vendor:aprimo", kind=GateKind.BREAKER, until=START + timedelta(seconds=30), reason="503", by="signoff"
    )
    pause = Gate(scope="vendor:aprimo", kind=GateKind.PAUSE, until=None, reason="stock-taking", by="ops")
    with store.begin() as tx:
        tx.ledger.close_gate(breaker)
        tx.ledger.close_gate(pause)
        assert tx.ledger.gates() == [breaker, pause]
    clock.pass_s(30)
    with store.begin() as tx:
        assert tx.ledger.gates() == [pause]
        assert tx.ledger.open_gate("vendor:aprimo", GateKind.PAUSE)
        assert tx.ledger.gates() == []


def test_a_gate_that_is_not_closed_cannot_be_opened(store: Store, clock: Clock) -> None:
    with store.begin() as tx:
        assert not tx.ledger.open_gate("vendor:aprimo", GateKind.PAUSE)
        tx.ledger.close_gate(
            Gate(scope="vendor:aprimo", kind=GateKind.PAUSE, until=START + timedelta(seconds=5), reason="", by="ops")
        )
        assert not tx.ledger.open_gate("vendor:aprimo", GateKind.BREAKER)
    clock.pass_s(5)
    with store.begin() as tx:
        assert not tx.ledger.open_gate("vendor:aprimo", GateKind.PAUSE)


def test_closing_a_gate_again_moves_its_end(store: Store) -> None:
    def breaker(seconds: int, reason: str) -> Gate:
        until = START + timedelta(seconds=seconds)
        return Gate(scope="vendor:aprimo", kind=GateKind.BREAKER, until=until, reason=reason, by="signoff")

    with store.begin() as tx:
        tx.ledger.close_gate(breaker(30, "503"))
        tx.ledger.close_gate(breaker(60, "timeouts"))

        assert tx.ledger.gates() == [breaker(60, "timeouts")]


def test_a_person_is_known_by_either_user(store: Store) -> None:
    both = Person(aprimo_user="88", opentext_user="one@example.test", how="e-mail")
    other = Person(aprimo_user="89", opentext_user="two@example.test", how="override")
    with store.begin() as tx:
        tx.ledger.put_person(both)
        tx.ledger.put_person(other)

        assert tx.ledger.people(aprimo_users=["88"]) == [both]
        assert tx.ledger.people(aprimo_users=["88"], opentext_users=["two@example.test"]) == [both, other]
        assert tx.ledger.people() == []


def test_a_person_who_stays_unresolved_stays_so_since_the_first_time(
    store: Store, pages: SqlPages, clock: Clock
) -> None:
    for _ in range(2):
        with store.begin() as tx:
            tx.ledger.put_person(Person(aprimo_user="88", unresolved_since=clock.now))
            tx.ledger.put_person(Person(opentext_user="ghost@example.test", unresolved_since=clock.now))
        clock.pass_s(60)

    assert pages.status().unresolved_people == (
        Person(aprimo_user="88", unresolved_since=START),
        Person(opentext_user="ghost@example.test", unresolved_since=START),
    )


def test_a_match_replaces_what_was_known_of_either_user(store: Store, pages: SqlPages) -> None:
    match = Person(aprimo_user="88", opentext_user="one@example.test", how="override")
    with store.begin() as tx:
        tx.ledger.put_person(Person(aprimo_user="88", unresolved_since=START))
        tx.ledger.put_person(Person(opentext_user="one@example.test", unresolved_since=START))
        tx.ledger.put_person(match)

        assert tx.ledger.people(aprimo_users=["88"]) == [match]
    assert pages.status().unresolved_people == ()


def test_the_audit_chain_holds_hashes_and_never_values(store: Store, read_rows: ReadRows, clock: Clock) -> None:
    with store.begin() as tx:
        tx.ledger.audit([])
        tx.ledger.audit(
            [
                AuditEntry(actor="ops", act="dead_letter.replayed", object="7", before="poison", after="mended"),
                AuditEntry(actor="signoff", act="event.planned", object="ev-1-1", after=["ot.start_process"]),
            ]
        )
    at = clock.pass_s(1)
    with store.begin() as tx:
        tx.ledger.audit([AuditEntry(actor="signoff", act="event.delivered", object="ev-1-1")])

    rows = read_rows(tables.audit)
    assert [(row.number, row.at, row.actor, row.act, row.object) for row in rows] == [
        (1, START, "ops", "dead_letter.replayed", "7"),
        (2, START, "signoff", "event.planned", "ev-1-1"),
        (3, at, "signoff", "event.delivered", "ev-1-1"),
    ]
    salted = json.dumps([rows[0].salts["values"], "poison"], sort_keys=True, separators=(",", ":"))
    assert (rows[0].before_hash, rows[2].before_hash) == (hashlib.sha256(salted.encode()).hexdigest(), "")
    assert [sorted(row.salts) for row in rows] == [["actor", "object", "values"]] * 3
    assert [row.previous_hash for row in rows] == ["0" * 64, rows[0].hash, rows[1].hash]
    assert [row.hash for row in rows] == [_expected_hash(row) for row in rows]


def test_entries_of_transactions_that_run_at_once_form_one_chain(store: Store, read_rows: ReadRows) -> None:
    def append(who: str) -> None:
        def entry(tx: Tx) -> None:
            tx.ledger.audit([AuditEntry(actor=who, act="event.planned", object=who)])

        for _ in range(10):
            store.run(entry)

    writers = [threading.Thread(target=append, args=(f"worker-{number}",)) for number in range(4)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join(timeout=60)

    rows = read_rows(tables.audit)
    assert [row.number for row in rows] == list(range(1, 41))
    assert [row.previous_hash for row in rows[1:]] == [row.hash for row in rows[:-1]]


def _expected_hash(row: Any) -> str:  # noqa: ANN401 - A row.
    values = {name: value for name, value in row._mapping.items() if name != "hash"}
    return chain.hash_of(chain.Linked(**values))


def test_what_a_list_showed_last_is_kept_per_feed(store: Store) -> None:
    seen = SeenRow(object_id="1", hash="a", changes=1)
    with store.begin() as tx:
        assert tx.ledger.seen_rows("aprimo.task", ["1", "2"]) == []
        tx.ledger.save_seen_rows("aprimo.task", [seen, replace(seen, object_id="2")])
        tx.ledger.save_seen_rows("aprimo.project", [replace(seen, hash="z")])
        tx.ledger.save_seen_rows("aprimo.task", [])
    with store.begin() as tx:
        tx.ledger.save_seen_rows("aprimo.task", [replace(seen, hash="b", changes=2)])

    with store.begin() as tx:
        rows = tx.ledger.seen_rows("aprimo.task", ["1", "2", "3"])
        assert sorted(rows, key=lambda row: row.object_id) == [
            replace(seen, hash="b", changes=2),
            replace(seen, object_id="2"),
        ]
        assert tx.ledger.seen_rows("aprimo.project", ["1"]) == [replace(seen, hash="z")]
