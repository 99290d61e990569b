"""What must be true of Signoff's rows, whatever was played, once all is at rest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime

from pipeline.codes import CODES
from pipeline.commands import KINDS
from pipeline.store import chain
from pipeline.words import DeliveryState, EventState, GateKind, LetterState, Purpose
from tests.simulation.plays import World
from tests.simulation.scene import Scene
from tests.simulation.vendors import Seen
from tests.support.memory.rows import Row, Tables

_UNDER_WAY = frozenset({DeliveryState.SENDING, DeliveryState.UNKNOWN})
_OUR_FAULTS = frozenset({"plan_failed", "carry_failed", "settle_failed", "owned_by_other"})
"""Codes that no fault of the day explains."""
_ENDED = frozenset({EventState.DELIVERED, EventState.IGNORED, EventState.SUPERSEDED})


def broken(scene: Scene, world: World) -> Iterator[str]:
    """Every invariant that does not hold, each in a sentence."""
    tables = scene.memory.tables
    yield from _lost(tables, world)
    yield from _doubled(world)
    yield from _blind(scene)
    yield from _attempts(scene)
    yield from _letters(tables)
    yield from _lines(tables)
    yield from _chain(tables)


@dataclass(kw_only=True)
class Watch:
    """What must be true of a call in the moment in which it leaves."""

    tables: Tables
    seen: list[str] = field(default_factory=list)

    def call(self, call: Seen) -> None:
        """A call leaves: nobody had paused what it belongs to before its attempt was written."""
        delivery = next(
            row
            for row in self.tables["deliveries"].where("effect_key", call.effect_key)
            if row["state"] in _UNDER_WAY
        )
        event = self._event(delivery["event_id"])
        tries = self.tables["attempts"].where("delivery_id", delivery["id"])
        written_at = max(each["started_at"] for each in tries if each["purpose"] == call.purpose)
        for scope in (f"flow:{event['flow']}", f"vendor:{KINDS[call.kind].SIDE}"):
            begun_at = self._paused_since(scope, call.at)
            if begun_at is not None and written_at > begun_at:
                self.seen.append(f"pause: {call.purpose} {call.effect_key} left while {scope} was paused")

    def _event(self, event_id: str) -> Row:
        row = self.tables["events"].get(event_id)
        if row is None:
            raise KeyError(event_id)
        return row

    def _paused_since(self, scope: str, now: datetime) -> datetime | None:
        gate = self.tables["gates"].get(scope, GateKind.PAUSE)
        if gate is None or (gate["until"] is not None and gate["until"] <= now):
            return None
        return max(row["at"] for row in self.tables["audit"].where("act", "pause.begun") if row["object"] == scope)


def _lost(tables: Tables, world: World) -> Iterator[str]:
    """What was acknowledged is stored, and every event has ended."""
    stored = {(row["dedupe_key"], row["flow"]) for row in tables["events"]}
    for reading in world.intake.acknowledged:
        for event in reading.events:
            if (event.dedupe_key, event.flow) not in stored:
                yield f"lost: {event.dedupe_key} was acknowledged and is not there"
    for row in tables["events"]:
        if row["state"] not in _ENDED:
            yield f"lost: event {row['id']} is {row['state']} at rest"


def _doubled(world: World) -> Iterator[str]:
    """What may happen once happened once."""
    times = Counter(change.identity for change in world.aprimo.changes if change.identity)
    for identity, count in times.items():
        if count > 1:
            yield f"doubled: {identity} took effect {count} times"


def _blind(scene: Scene) -> Iterator[str]:
    """After a send whose outcome nobody knows, the next call for that effect is a look-up."""
    for vendor in scene.vendors.values():
        unknown: set[str] = set()
        for call in vendor.calls:
            if call.purpose is Purpose.LOOK_UP:
                unknown.discard(call.effect_key)
            elif call.effect_key in unknown:
                yield f"blind: {call.effect_key} was sent again without a look-up"
            elif not call.is_answered:
                unknown.add(call.effect_key)


def _attempts(scene: Scene) -> Iterator[str]:
    """No call without its row, and never more tries than the policy allows."""
    tables = scene.memory.tables
    keys = {row["id"]: row["effect_key"] for row in tables["deliveries"]}
    rows = Counter((keys[row["delivery_id"]], row["purpose"]) for row in tables["attempts"])
    calls = Counter(
        (call.effect_key, str(call.purpose)) for vendor in scene.vendors.values() for call in vendor.calls
    )
    for (key, purpose), count in calls.items():
        if count > rows[key, purpose]:
            yield f"attempts: {count} calls to {purpose} {key}, and {rows[key, purpose]} rows"
    yield from _late_writers(tables)
    for row in tables["deliveries"]:
        if row["failures"] > scene.limits.retry.tries:
            yield f"attempts: {row['id']} failed {row['failures']} times"


def _late_writers(tables: Tables) -> Iterator[str]:
    """Whoever lost a line begins no attempt on it: tokens only rise."""
    lines = {row["id"]: row["line_key"] for row in tables["events"]}
    line_of = {row["id"]: lines[row["event_id"]] for row in tables["deliveries"]}
    newest: dict[str, int] = {}
    for row in sorted(tables["attempts"], key=lambda each: (each["started_at"], each["token"])):
        line = line_of[row["delivery_id"]]
        if row["token"] < newest.get(line, 0):
            yield f"fencing: attempt {row['number']} of {row['delivery_id']} by whoever had lost {line}"
        newest[line] = max(newest.get(line, 0), row["token"])


def _letters(tables: Tables) -> Iterator[str]:
    """Every death has its letter, with a code that has a cure; every closed letter says by whom."""
    for row in tables["dead_letters"]:
        if row["code"] not in CODES:
            yield f"letters: {row['id']} has the code {row['code']}, which has no cure"
        if row["code"] in _OUR_FAULTS:
            yield f"letters: {row['event_id']} died of a fault of ours: {row['code']}, {row['hint']}"
        if row["state"] == LetterState.OPEN:
            yield f"letters: {row['id']} is open at rest"
        elif row["closed_at"] is None or not row["closed_by"]:
            yield f"letters: {row['id']} does not say who closed it"
    deaths = Counter(row["object"] for row in tables["audit"] if row["act"] == "event.dead")
    letters = Counter(row["event_id"] for row in tables["dead_letters"])
    for event_id in deaths.keys() | letters.keys():
        if deaths[event_id] != letters[event_id]:
            yield f"letters: {event_id} died {deaths[event_id]} times and has {letters[event_id]} letters"


def _lines(tables: Tables) -> Iterator[str]:
    """At rest no line is held, leased or due, and what is not done is unknown or dropped."""
    for line in tables["lines"]:
        if line["ready_at"] is not None or line["leased_until"] is not None or line["head"] != line["tail"] + 1:
            yield f"lines: {line['key']} is not idle"
    for row in tables["deliveries"]:
        if row["state"] not in {DeliveryState.DONE, DeliveryState.DROPPED}:
            yield f"deliveries: {row['id']} is {row['state']} at rest"


def _chain(tables: Tables) -> Iterator[str]:
    """The audit chain is whole."""
    previous = chain.START
    for row in sorted(tables["audit"], key=lambda each: int(each["number"])):
        linked = chain.Linked(**row)
        if linked.previous_hash != previous or chain.hash_of(linked) != linked.hash:
            yield f"audit: entry {linked.number} does not fit"
        previous = linked.hash
