"""Our own log: nothing lost (I1), dead letters complete (I6), audit chain whole (I7), every effort bounded (I9)."""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC

from tests.chaos.checker.evidence import Evidence, Row
from tests.chaos.checker.violation import Violation
from tests.chaos.checker.world import World, moment

_ENDS = frozenset({"delivered", "superseded", "ignored", "dead"})
_START_OF_CHAIN = "0" * 64
_HASHED = ("number", "act", "before_hash", "after_hash", "previous_hash")
_SALTED = ("actor", "object", "values")
_OWN_SOURCES = frozenset({"signoff", "signoff.reconciliation"})
"""Sources whose events were never received: follow-ups of other events, and heals of what was found to differ."""
_WRITES_MAX = {"ot.complete_task": 2, "dam.upload": 10_000, "dam.order": 1}
"""Requests that change something which one send may make, where it is not one."""
_NOT_EFFECTS = ("search", "token", "runtime/models")
_NOT_AUTHENTICATED = 401


def no_loss(evidence: Evidence, _: World) -> Iterator[Violation]:
    """I1: what was acknowledged is refused with a reason, or has an event with exactly one end; nothing is open."""
    tables = evidence.tables
    events = {row["id"]: row for row in tables["events"]}
    yield from _callouts(evidence)
    for row in tables["receipts"]:
        about = f"receipt {row['id']} of {row['source']}"
        if row["verdict"] != "handled" and not row["reason"]:
            yield Violation(invariant="I1", about=about, says=f"it was {row['verdict']} without a reason")
        if row["verdict"] == "handled" and row["event_id"] not in events:
            yield Violation(invariant="I1", about=about, says="it was handled and has no event")
    letters = Counter(row["event_id"] for row in tables["dead_letters"] if row["state"] == "open")
    for row in tables["events"]:
        says = _wrong_end(row, events, letters[row["id"]])
        if says:
            yield Violation(invariant="I1", about=f"{row['id']} {row['type']} {row['subject']}", says=says)
    for row in tables["lines"]:
        if row["leased_until"] or row["ready_at"]:
            says = f"it is not at rest: {row['step']}, {row['wait_reason'] or 'ready'}, leased by {row['leased_by']}"
            yield Violation(invariant="I1", about=row["key"], says=says)


def has_open_work(evidence: Evidence) -> bool:
    """Whether anything was still under way when the tables were read."""
    is_open = any(row["state"] not in _ENDS for row in evidence.tables["events"])
    return is_open or any(row["leased_until"] or row["ready_at"] for row in evidence.tables["lines"])


def letters_complete(evidence: Evidence, _: World) -> Iterator[Violation]:
    """I6: a dead letter has its original, every attempt, a reason code with its cure, and a trace."""
    tables = evidence.tables
    events = {row["id"]: row for row in tables["events"]}
    bodies = _with_original(tables["receipts"], events)
    attempts: dict[str, list[int]] = defaultdict(list)
    for row in tables["attempts"]:
        attempts[row["delivery_id"]].append(row["number"])
    deliveries = {row["id"] for row in tables["deliveries"]}
    for letter in tables["dead_letters"]:
        about, event = f"letter {letter['id']}", events.get(letter["event_id"])
        numbers = sorted(attempts[letter["delivery_id"]]) if letter["delivery_id"] else []
        lacks = [
            *(["its event"] if event is None else []),
            *(
                ["its original"]
                if event and event["source"] not in _OWN_SOURCES and event["dedupe_key"] not in bodies
                else []
            ),
            *(["a trace"] if event and not event["trace_id"] else []),
            *(["a code"] if not letter["code"] else []),
            *(["a hint"] if not letter["hint"] else []),
            *(["its delivery"] if letter["delivery_id"] and letter["delivery_id"] not in deliveries else []),
            *(["attempts"] if numbers != list(range(1, len(numbers) + 1)) else []),
        ]
        if lacks:
            yield Violation(invariant="I6", about=about, says=f"it lacks {', '.join(lacks)}")
        if event and (letter["state"] == "open") != (event["state"] == "dead") and _is_last(letter, evidence):
            says = f"it is {letter['state']}, its event {event['state']}"
            yield Violation(invariant="I6", about=about, says=says)


def chain_whole(evidence: Evidence, _: World) -> Iterator[Violation]:
    """I7: every entry hashes what it says and what stood before it; each transition has one; each act is there."""
    tables = evidence.tables
    previous, number = _START_OF_CHAIN, 0
    for row in sorted(tables["audit"], key=lambda row: row["number"]):
        number += 1
        about = f"entry {row['number']}"
        if row["number"] != number:
            yield Violation(invariant="I7", about=about, says=f"entry {number} is missing")
            number = row["number"]
        if row["previous_hash"] != previous:
            yield Violation(invariant="I7", about=about, says="it does not follow the entry before it")
        if row["hash"] != _hash(row):
            yield Violation(invariant="I7", about=about, says="its hash is not that of what it says")
        previous = row["hash"]
    entries = Counter((row["act"], row["object"]) for row in tables["audit"])
    for (act, subject), times in _transitions(evidence).items():
        if entries[act, subject] != times:
            says = f"{entries[act, subject]} entries say {act}, not {times}"
            yield Violation(invariant="I7", about=subject, says=says)


def bounded(evidence: Evidence, _: World) -> Iterator[Violation]:
    """I9: no more tries than the policy, none after a refusal, none blind after an unknown end; none unrecorded."""
    tables = evidence.tables
    attempts: dict[str, list[Row]] = defaultdict(list)
    for row in sorted(tables["attempts"], key=lambda row: row["number"]):
        attempts[row["delivery_id"]].append(row)
    replayed = {row["event_id"] for row in tables["dead_letters"] if row["state"] == "replayed"}
    for delivery in tables["deliveries"]:
        if delivery["failures"] > evidence.run.tries_max:
            says = f"{delivery['failures']} failures, the policy allows {evidence.run.tries_max}"
            yield Violation(invariant="I9", about=delivery["id"], says=says)
        yield from _blind(delivery, attempts[delivery["id"]], is_replayed=delivery["event_id"] in replayed)
    for vendor, prefixes in (("aprimo", ("pm.", "dam.")), ("opentext", ("ot.",))):
        yield from _unrecorded(evidence, vendor, prefixes)


# ---- I1 ------------------------------------------------------------------------------------------------------------


def _callouts(evidence: Evidence) -> Iterator[Violation]:
    """Every callout that we answered with 2xx has left an event or a receipt."""
    known = {row["dedupe_key"].rpartition(":")[2] for row in evidence.tables["events"]}
    kept = "\n".join(row["body"] or "" for row in evidence.tables["receipts"] if row["verdict"] != "handled")
    for callout in evidence.callouts:
        if callout["state"] == "delivered" and callout["eventId"] not in known and callout["eventId"] not in kept:
            about = f"callout {callout['eventId']} about {callout['resource']} {callout['objectId']}"
            yield Violation(invariant="I1", about=about, says="it was acknowledged and left nothing")


def _wrong_end(event: Row, events: dict[str, Row], open_letters: int) -> str:
    if event["state"] not in _ENDS:
        return f"it is still {event['state']}"
    if event["state"] in {"ignored", "superseded"} and not event["reason"]:
        return f"it is {event['state']} without a reason"
    if event["state"] == "superseded" and event["reason"] in {"covered", "overtaken"}:
        by = events.get(event["superseded_by"])
        return "" if by is not None and by["id"] != event["id"] else "nobody superseded it"
    if (event["state"] == "dead") != (open_letters == 1):
        return f"it is {event['state']} and has {open_letters} open letters"
    return ""


# ---- I6, I7 --------------------------------------------------------------------------------------------------------


def _with_original(receipts: Iterable[Row], events: Mapping[str, Row]) -> set[str]:
    """Keys of notices that were kept whole; one may be events of several flows, its receipt names one."""
    kept = [row["event_id"] for row in receipts if row["body"] and row["headers"] is not None]
    return {events[id_]["dedupe_key"] for id_ in kept if id_ in events}


def _is_last(letter: Row, evidence: Evidence) -> bool:
    later = [row for row in evidence.tables["dead_letters"] if row["event_id"] == letter["event_id"]]
    return letter["id"] == max(row["id"] for row in later)


def _hash(row: Row) -> str:
    """Of actor, object and the salt of the values it covers salted hashes; nobody is erased while all this runs."""
    at = moment(row["at"]).astimezone(UTC).isoformat(timespec="microseconds")
    salted = {name: _sha256(f"{row['salts'].get(name)}:{row.get(name, '')}") for name in _SALTED}
    covered = {**{name: row[name] for name in _HASHED}, **salted, "at": at}
    return _sha256(json.dumps(covered, sort_keys=True, separators=(",", ":"), ensure_ascii=True))


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _transitions(evidence: Evidence) -> Counter[tuple[str, str]]:
    """How often each act must be on record."""
    tables = evidence.tables
    wanted: Counter[tuple[str, str]] = Counter()
    for row in tables["events"]:
        if row["plan_number"]:
            wanted["event.planned", row["id"]] = row["plan_number"]
            wanted["event.delivered", row["id"]] = int(row["state"] == "delivered" and _was_carried(row, evidence))
    for row in tables["dead_letters"]:
        wanted["event.dead", row["event_id"]] += 1
        if row["state"] in {"replayed", "discarded"}:
            wanted[f"dead_letter.{row['state']}", str(row["id"])] += 1
    ends = {row["delivery_id"]: row["outcome"] for row in tables["attempts"] if row["outcome"] in _DONE}
    for row in tables["deliveries"]:
        if row["state"] == "done":
            wanted[f"delivery.{ends.get(row['id'], 'sent')}", row["id"]] = 1
    for act in evidence.run.acts:
        name, _, subject = act.partition(" ")
        wanted[name, subject] = max(1, wanted[name, subject])
    return wanted


_DONE = frozenset({"sent", "found", "already"})


def _was_carried(event: Row, evidence: Evidence) -> bool:
    """Whether its last plan sent anything: then settle ended it."""
    return any(
        row["event_id"] == event["id"] and row["plan_number"] == event["plan_number"]
        for row in evidence.tables["deliveries"]
    )


# ---- I9 ------------------------------------------------------------------------------------------------------------


def _blind(delivery: Row, attempts: list[Row], *, is_replayed: bool) -> Iterator[Violation]:
    """Sends that must not have left: after a refusal, or after an unknown end that nobody looked up."""
    last = ""
    for row in attempts:
        if row["purpose"] == "send":
            if last in {"unknown", "lost"}:
                says = f"attempt {row['number']} was sent although the one before ended {last}"
                yield Violation(invariant="I9", about=delivery["id"], says=says)
            if last == "permanent" and not is_replayed:
                says = f"attempt {row['number']} was sent although the one before was refused for good"
                yield Violation(invariant="I9", about=delivery["id"], says=says)
            last = row["outcome"]
        elif row["outcome"] == "not_there":
            last = row["outcome"]


def _unrecorded(evidence: Evidence, vendor: str, prefixes: tuple[str, ...]) -> Iterator[Violation]:
    """The requests that the vendor saw and the sends that we recorded bound each other."""
    seen = [
        row
        for row in evidence.requests[vendor]
        if row["method"] != "GET" and not any(part in row["route"] for part in _NOT_EFFECTS)
    ]
    kinds = {row["id"]: row["kind"] for row in evidence.tables["deliveries"]}
    sends = [
        row
        for row in evidence.tables["attempts"]
        if row["purpose"] == "send" and kinds[row["delivery_id"]].startswith(prefixes)
    ]
    asked = sum(row["count"] for row in seen)
    again = sum(row["count"] for row in seen if row["status"] == _NOT_AUTHENTICATED)
    most = sum(_WRITES_MAX.get(kinds[row["delivery_id"]], 1) for row in sends) + again
    least = sum(1 for row in sends if row["outcome"] == "sent")
    if not least <= asked <= most:
        says = f"it saw {asked} requests of ours that may change something; by our attempts {least} to {most}"
        yield Violation(invariant="I9", about=vendor, says=says)
